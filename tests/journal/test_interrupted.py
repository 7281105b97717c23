"""Signal handlers and ``__del__`` interrupt the journal at each line of its code, once, and log."""

import sys
from pathlib import Path

import pytest

import nbtrack
from nbtrack.entities.events import ParamsLogged, TagsSet
from nbtrack.journal.reader import read_journal
from nbtrack.journal.rows import stamp_of
from nbtrack.journal.writer import Writer
from nbtrack.system.reentrant import Section

from .conftest import take_all

NOW = stamp_of(1_700_000_000_000)
PACKAGE = str(Path(nbtrack.__file__).parent / "journal")


class Interruption:
    """Calls a handler at the n-th line of the journal's code that is executed."""

    def __init__(self, at, handle):
        self.left, self._handle = at, handle

    def _trace(self, frame, event, _):
        if not frame.f_code.co_filename.startswith((PACKAGE, "<string>")):
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                self._handle()
        return self._trace

    def __enter__(self):
        self._before = sys.gettrace()
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_):
        sys.settrace(self._before)


def open_a_lane(writer):
    writer.log({"m": 1.0}, 1, NOW)


def fill_a_segment(writer):
    for step in range(1, 300):
        writer.log({"first": 1.0}, step, NOW)


def append_an_event(writer):
    writer.append(ParamsLogged({"m": 1}))


def append_together(writer):
    with writer.together():
        writer.append(ParamsLogged({"m": 1}))


def mix_lanes(writer):
    for number in range(1, 40):
        writer.log({f"m{number}": 1.0}, number, NOW)


def deliver(writer):
    fill_a_segment(writer)
    take_all(writer)


def keep_a_file(writer):
    (writer.files.folder() / "f").write_bytes(b"")


DEEDS = [open_a_lane, fill_a_segment, append_an_event, append_together, mix_lanes, deliver, keep_a_file]


def handle(writer):
    """Do what a handler may do: open a lane, log into an existing one, append an event."""
    writer.log({"h": 1.0}, 7, NOW)
    writer.log({"first": 1.0}, 1_000, NOW)
    writer.append(TagsSet({"h": "1"}))
    writer.files.folder()


def expected(deed):
    points = {"first": {0, 1_000}, "h": {7}}
    if deed is open_a_lane:
        points["m"] = {1}
    if deed in (fill_a_segment, deliver):
        points["first"] |= set(range(1, 300))
    if deed is mix_lanes:
        points |= {f"m{number}": {number} for number in range(1, 40)}
    return points


def steps(points):
    return {key: {step for step, _ in each} for key, each in points.items()}


@pytest.mark.slow
@pytest.mark.parametrize("deed", DEEDS)
def test_nothing_is_lost_at_whatever_line_a_handler_interrupts(tmp_path, deed):
    at, is_through = 1, False
    while not is_through:
        home = tmp_path / str(at)
        writer = Writer(home, "a" * 32, owns=True)
        writer.log({"first": 1.0}, 0, NOW)
        with Interruption(at, lambda writer=writer: handle(writer)) as interruption:
            deed(writer)
        is_through = interruption.left > 0
        if is_through:
            handle(writer)
        (folder,) = home.glob("a*")
        stored = read_journal(folder)
        assert stored.damage == []
        assert [event for event in stored.events if isinstance(event, TagsSet)] == [TagsSet({"h": "1"})]
        assert len(stored.events) == 1 + (deed in (append_an_event, append_together))
        if deed is not deliver:
            events, points = take_all(writer)
            assert (steps(points), events) == (expected(deed), stored.events)
            assert sum(map(len, points.values())) == sum(map(len, expected(deed).values())), "each row is there once"
        else:
            take_all(writer)
        assert writer.outbox.is_empty()
        writer.unmap()
        at += 1 if at < 80 else 13


def test_an_interrupting_call_runs_when_the_holder_is_done():
    section, done = Section(), []
    with section:
        with section:
            assert section.is_interrupted()
            section.later(lambda: done.append("late"))
        assert section.is_interrupted()
        assert done == []
    assert done == ["late"]
    assert not section.is_interrupted()
    with section:
        done.append("again")
    assert done == ["late", "again"]
