"""Bytes of values for digests: the same in every process, bounded, whatever the values do."""

import subprocess
import sys
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from nbtrack.capture.stable import stable_text
from nbtrack.capture.value_bytes import ValueBytes, is_plain


class Mean:
    """Raises on every access."""

    def __repr__(self):
        raise RuntimeError("no")

    __str__ = __len__ = __hash__ = __eq__ = __getattr__ = __repr__


def read(*values):
    return ValueBytes().read(values)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2), (1, 1.0), (1, "1"), (True, 1), ("a", b"a"), ([1, 2], [2, 1]), ([1], (1,)), ({"a": 1}, {"a": 2}), ({1}, {2}),
        (Decimal("1.5"), Decimal("1.6")), (pd.Timestamp("2020"), pd.Timestamp("2021")), (np.zeros(3), np.ones(3)),
        ("x" * 10_000_000 + "a", "x" * 10_000_000 + "b"), ([1] * 10**6, [1] * (10**6 + 1)), ([[[1]]], [[[2]]]),
        (np.array([1, "x"], dtype=object), np.array([1, "y"], dtype=object)), (frozenset({(1, 2)}), frozenset({(1, 3)})),
    ],
)  # fmt: skip
def test_different_values_have_different_bytes(one, other):
    assert read(one) != read(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x", np.str_("x")),
        (0.5, np.float64(0.5)),
        (7, np.int64(7)),
        (None, float("nan")),
        (None, pd.NaT),
        (None, pd.NA),
        ({"b", "a"}, {"a", "b"}),
    ],
)
def test_equal_values_have_the_same_bytes(one, other):
    assert read(one) == read(other)


def test_the_bytes_do_not_depend_on_the_hash_seed():
    code = "from nbtrack.capture.value_bytes import ValueBytes\n"
    code += "print(ValueBytes().read([set('abcdefgh'), {frozenset('xyz'): object()}, frozenset(map(str, range(10**5)))]))"
    texts = {
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env={"PYTHONHASHSEED": str(seed)}).stdout
        for seed in range(3)
    }
    assert len(texts) == 1


def test_unreadable_values_are_encoded_by_their_type():
    contents = ValueBytes()
    assert contents.read([Mean(), [Mean()], 1]) == contents.read([Mean(), [Mean()], 1])
    assert list(contents.opaque) == [f"{__name__}.Mean"]


def test_the_bytes_are_bounded():
    loop = []
    loop.append(loop)
    huge = [["y" * 1000] * 1000] * 1000
    for values in ([loop], [huge], ["x" * 50_000_000], [dict.fromkeys(range(10**6))], [huge] * 10_000):
        assert len(read(*values)) < 20_000_000


def test_plain_values_are_recognised():
    assert is_plain(["x", 1, 0.5, True, None])
    assert is_plain([])
    for values in ([[]], [{1}], [Mean()], ["x" * 2_000_000], [10**1000], [np.str_("x")]):
        assert not is_plain(values)


@pytest.mark.parametrize(
    ("text", "stable"),
    [
        ("<function relu at 0x7f12ab>", "<function relu>"),
        ("{'b', 'a'}", "{'a', 'b'}"),
        ("Config(tags={'b', 'a'}, n=1.50)", "Config(tags={'a', 'b'}, n=1.50)"),
        ("{'z', frozenset({b'2', b'1'})}", "{'z', frozenset({b'1', b'2'})}"),
        ("[{'k': {'b', 'a'}}]", "[{'k': {'a', 'b'}}]"),
        ("<Config {'b', 'a'}>", "<Config {'a', 'b'}>"),
        ("{<Color.RED: 1>, <Color.BLUE: 2>}", "{<Color.BLUE: 2>, <Color.RED: 1>}"),
        ("{'b': 1, 'a': 2}", "{'b': 1, 'a': 2}"),
        ("*.{png,jpg} a{3, 1} f(x) = {x}", "*.{png,jpg} a{3, 1} f(x) = {x}"),
        ("{'open", "{'open"),
        ("plain", "plain"),
        ("{" * 5000, "{" * 5000),
    ],
)
def test_stable_text_removes_what_differs_between_processes(text, stable):
    assert stable_text(text) == stable
