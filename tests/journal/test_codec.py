"""Every kind of event becomes JSON and back."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from nbtrack.entities.events import (
    ArtifactLogged,
    DatasetLogged,
    DocumentLogged,
    DocumentNamed,
    Event,
    ModelMade,
    ModelMeasured,
    ModelRead,
    ParamsLogged,
    RunEnded,
    RunResumed,
    RunStarted,
    RunUpdated,
    TagsDeleted,
    TagsSet,
)
from nbtrack.entities.model import ModelMetric
from nbtrack.entities.run import Dataset, Status
from nbtrack.journal.codec import from_json, to_json

EVENTS = [
    RunStarted("e", "name", 5, "ada", {"t": "1"}, "host:1"),
    RunResumed("host:1"),
    ParamsLogged({"a": [1, None, "x"]}, replaces=True),
    TagsSet({"a": "b"}),
    TagsDeleted(("a", "b")),
    DocumentLogged("code", "text"),
    DocumentNamed("code", "0" * 64),
    ArtifactLogged("a.txt", 3, "0" * 64, "spool"),
    DatasetLogged(Dataset("d", "1", context="train", tags=(("seed", "7"), ("split", "")))),
    ModelMade("m-1", 7),
    ModelRead("m-1"),
    ModelMeasured("m-1", (ModelMetric("loss", 0.5, 10, 1, "", "iris", "d1"), ModelMetric("acc", 1.0, 11))),
    RunEnded(Status.FAILED, 9),
    RunUpdated(Status.FAILED, 9),
    RunUpdated(),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_events_come_back(event):
    assert from_json(json.loads(json.dumps(to_json(event)))) == event


def test_a_dataset_without_tags_has_the_form_of_earlier_versions():
    assert "tags" not in str(to_json(DatasetLogged(Dataset("d", "1"))))
    assert from_json(["dataset", {"dataset": {"name": "d", "digest": "1"}}]) == DatasetLogged(Dataset("d", "1"))


def test_every_kind_of_event_is_tested():
    assert {type(event) for event in EVENTS} == set(get_args(Event))


@pytest.mark.parametrize("value", [["unknown", {}], ["made", {"no": 1}], "made", ["made"], None])
def test_anything_but_an_event_is_a_value_error(value):
    with pytest.raises(ValueError):
        from_json(value)
