"""Params named by the user: ``-p config``."""

import argparse
import dataclasses
import math
import os
import types
from typing import NamedTuple

import numpy as np
import pytest

from nbtrack.capture.params.named import named_params
from nbtrack.capture.stable import stable_text
from nbtrack.errors import InvalidInput


@dataclasses.dataclass
class Optimizer:
    lr: float = 0.1
    betas: tuple = (0.9, 0.99)


@dataclasses.dataclass
class Config:
    optimizer: Optimizer = dataclasses.field(default_factory=Optimizer)
    epochs: int = 5


class Pair(NamedTuple):
    lr: float
    model: dict


class Model:
    """Gives its fields as pydantic does."""

    def model_dump(self):
        return {"depth": 3, "name": "m"}


class Estimator:
    """Gives its fields as scikit-learn does."""

    def get_params(self, deep=True):
        assert deep is False
        return {"C": 1.0, "kernel": math.sqrt}


EXPECTED = {"config.lr": 0.1, "config.model.depth": 3}


@pytest.mark.parametrize(
    "config",
    [
        {"lr": 0.1, "model": {"depth": 3}},
        argparse.Namespace(lr=0.1, model=argparse.Namespace(depth=3)),
        types.SimpleNamespace(lr=0.1, model={"depth": 3}),
        types.MappingProxyType({"lr": 0.1, "model": {"depth": 3}}),
        Pair(0.1, {"depth": 3}),
    ],
)
def test_values_are_named_by_their_path(config):
    assert named_params({"config": config}, ["config"]) == EXPECTED


def test_dataclasses_are_split_into_fields():
    assert named_params({"c": Config()}, ["c"]) == {"c.optimizer.lr": 0.1, "c.optimizer.betas": [0.9, 0.99], "c.epochs": 5}


def test_pydantic_models_and_estimators_are_split_into_fields():
    assert named_params({"m": Model()}, ["m"]) == {"m.depth": 3, "m.name": "m"}
    assert named_params({"e": Estimator()}, ["e"]) == {"e.C": 1.0, "e.kernel": "math.sqrt"}


def test_simple_values_and_several_names_are_params():
    assert named_params({"lr": np.float32(0.5), "n": 3, "x": None}, ["lr", "x"]) == {"lr": 0.5, "x": None}


def test_nested_objects_are_described_by_name():
    class Odd:
        pass

    config = {"loss": Odd, "activation": len, "kernel": slice(1, 2), "model": Odd(), "empty": {}, "big": list(range(200))}
    params = named_params({"c": config}, ["c"])
    assert params["c.loss"].endswith("Odd")
    assert params["c.activation"] == "builtins.len"
    assert params["c.kernel"] == "slice(1, 2, None)"
    assert params["c.model"].startswith("<")
    assert " at 0x" not in params["c.model"]
    assert params["c.empty"] == {}
    assert params["c.big"] == "<builtins.list>"


def test_characters_that_mlflow_forbids_in_names_are_replaced():
    assert named_params({"c": {"a b": 1, "x=y": 2, 3: 4}}, ["c"]) == {"c.a b": 1, "c.x_y": 2, "c.3": 4}


def test_secrets_are_redacted():
    assert named_params({"c": {"api_key": "abc", "db": {"password": 5}}}, ["c"]) == {
        "c.api_key": "[redacted]",
        "c.db.password": "[redacted]",
    }


def test_a_missing_name_is_an_error_that_suggests_similar_ones():
    with pytest.raises(InvalidInput, match=r"no variable 'confg'.*did you mean config"):
        named_params({"config": 1, "_confg": 2}, ["confg"])
    with pytest.raises(InvalidInput, match="assign it"):
        named_params({}, ["config"])


def test_functions_are_not_suggested():
    with pytest.raises(InvalidInput, match=r"no variable 'ope' .*; assign it in an earlier cell"):
        named_params({"open": open, "_ope": 1}, ["ope"])


@pytest.mark.parametrize("value", [np.zeros(3), object(), Config, len])
def test_a_value_without_fields_is_an_error(value):
    with pytest.raises(InvalidInput, match="which no param can hold"):
        named_params({"x": value}, ["x"])


def test_a_value_that_is_too_long_is_an_error():
    with pytest.raises(InvalidInput, match=r"c\.text is longer than the 6000 characters"):
        named_params({"c": {"text": "x" * 6001}}, ["c"])


def test_environment_variables_are_refused():
    for environ in (os.environ, {"PATH": "/bin", "HOME": "/root"}):
        with pytest.raises(InvalidInput, match="environment variables"):
            named_params({"env": environ}, ["env"])


def test_a_dict_that_contains_itself_ends():
    loop = {"a": 1}
    loop["self"] = loop
    params = named_params({"c": loop}, ["c"])
    assert params["c.a"] == 1
    assert len(params) < 20


class Broken:
    """An estimator whose params cannot be read."""

    def get_params(self, deep=True):
        raise RuntimeError("not fitted")


class Odd:
    def __repr__(self):
        raise RuntimeError("no")

    __str__ = __repr__

    def __hash__(self):
        return 1


def test_a_nested_object_that_raises_affects_no_other_param():
    config = {"lr": 0.1, "broken": Broken(), "odd": Odd(), "set": {Odd()}, Odd(): 1, "list": [[Odd()] * 10**6]}
    params = named_params({"c": config}, ["c"])
    assert params["c.lr"] == 0.1
    assert params["c.broken"] == f"<{__name__}.Broken>"
    assert params["c.odd"] == f"<{__name__}.Odd>"
    assert params["c.set"] == "<builtins.set>"
    assert params["c.list"] == "<builtins.list>"
    assert params["c.Odd"] == 1


def test_an_object_that_raises_when_read_is_an_error():
    with pytest.raises(InvalidInput, match="m is a Broken that raises when it is read; name the values that matter"):
        named_params({"m": Broken()}, ["m"])


def test_too_many_values_are_an_error():
    with pytest.raises(InvalidInput, match="d holds 1,000,000 values"):
        named_params({"d": dict.fromkeys(range(10**6))}, ["d"])


def test_sets_are_described_the_same_in_every_process():
    class Options:
        def __repr__(self):
            return "Options(words={'b', 'a', 'c'})"

    words = {chr(97 + i) for i in range(26)} | {frozenset("xyz"), slice}
    params = named_params({"c": {"words": words, "options": Options()}}, ["c"])
    assert params["c.options"] == "Options(words={'a', 'b', 'c'})"
    assert params["c.words"] == "<builtins.set>" or params["c.words"] == stable_text(params["c.words"])
