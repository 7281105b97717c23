"""Ids that a server gives: used when they come in time, and given back when they do not."""

from __future__ import annotations

import threading

from nbtrack.delivery.server_run_id import reserve
from nbtrack.entities.events import RunStarted
from nbtrack.errors import StoreUnavailable
from nbtrack.store.memory import MemoryStore

EVENT = RunStarted("Default", "n", 1)


class Giving(MemoryStore):
    """A store that gives ids itself, when ``may_answer`` is set."""

    def __init__(self):
        super().__init__()
        self.may_answer, self.deleted = threading.Event(), threading.Event()

    def reserve(self, event):
        assert event is EVENT
        assert self.may_answer.wait(30)
        return "given"

    def delete_run(self, run_id):
        assert run_id == "given"
        self.deleted.set()


def test_an_id_that_comes_in_time_is_used():
    store = Giving()
    store.may_answer.set()
    assert reserve(lambda: store, EVENT, 30) == "given"
    assert not store.deleted.is_set()


def test_a_run_that_the_server_starts_too_late_is_deleted():
    store = Giving()
    assert reserve(lambda: store, EVENT, 0.01) == ""
    store.may_answer.set()
    assert store.deleted.wait(30)


def test_a_store_that_accepts_any_id_or_is_unavailable_gives_none():
    assert reserve(MemoryStore, EVENT, 30) == ""

    def away():
        raise StoreUnavailable("away")

    assert reserve(away, EVENT, 30) == ""
