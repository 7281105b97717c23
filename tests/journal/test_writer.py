"""Everything that is logged is read from the journal, once, in order."""

import math
import os
import resource
import shutil
import signal
import threading

import numpy as np
import pytest

from nbtrack.entities.events import ArtifactLogged, ParamsLogged, RunEnded, RunStarted, TagsSet
from nbtrack.entities.run import Status
from nbtrack.errors import InvalidInput, WrongType
from nbtrack.journal.reader import journals, read_journal
from nbtrack.journal.rows import stamp_of

from .conftest import collect, take_all

NOW = stamp_of(1_700_000_000_000)


def folder_of(writer):
    (folder,) = journals(writer.home)
    return folder


def test_rows_are_read_as_they_were_written(writer):
    for step in range(1000):
        writer.log({"loss": 1 / (step + 1), "acc": step}, step, NOW + step)
    _, points = take_all(writer)
    assert points["loss"] == [(step, 1 / (step + 1)) for step in range(1000)]
    assert points["acc"] == [(step, float(step)) for step in range(1000)]


def test_write_and_log_append_the_same_rows(writer):
    writer.log({"loss": 0.0}, 0, NOW)
    for step in range(1, 5000):
        try:
            writer.write({"loss": float(step)}, step, NOW)
        except StopIteration:
            writer.log({"loss": float(step)}, step, NOW)
    _, points = take_all(writer)
    assert points["loss"] == [(step, float(step)) for step in range(5000)]


@pytest.mark.parametrize("metrics", [{"other": 1.0}, {"loss": 1.0, "other": 2.0}, {}])
def test_write_refuses_other_names(writer, metrics):
    writer.log({"loss": 0.0}, 0, NOW)
    with pytest.raises(KeyError):
        writer.write(metrics, 1, NOW)
    _, points = take_all(writer)
    assert points == {"loss": [(0, 0.0)]}


def test_names_in_another_order_share_a_lane(writer):
    writer.log({"a": 1.0, "b": 2.0}, 0, NOW)
    writer.log({"b": 4.0, "a": 3.0}, 1, NOW)
    assert len(list(writer._lanes)) == 1
    _, points = take_all(writer)
    assert points == {"a": [(0, 1.0), (1, 3.0)], "b": [(0, 2.0), (1, 4.0)]}


def test_special_values_and_extreme_steps_are_kept(writer):
    values = [math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308]
    steps = [-(1 << 63), (1 << 63) - 1, 0, -1, 7]
    for step, value in zip(steps, values, strict=True):
        writer.log({"x": value}, step, NOW)
    writer.log({"x": math.nan}, 8, NOW)
    _, points = take_all(writer)
    assert points["x"][:5] == list(zip(steps, values, strict=True))
    assert math.copysign(1, points["x"][2][1]) == -1
    assert math.isnan(points["x"][5][1])


class Tensor:
    def __init__(self, value):
        self.value = value

    def __float__(self):
        if isinstance(self.value, list):
            raise RuntimeError("a Tensor with 2 elements cannot be converted to Scalar")
        return float(self.value)


def test_anything_with_float_is_a_value(writer):
    writer.log({"a": np.float32(0.5), "b": np.int64(3), "c": Tensor(0.25), "d": True}, np.int64(2), NOW)
    _, points = take_all(writer)
    assert points == {"a": [(2, 0.5)], "b": [(2, 3.0)], "c": [(2, 0.25)], "d": [(2, 1.0)]}


@pytest.mark.parametrize("wide", [1, 100])
@pytest.mark.parametrize(
    ("value", "error", "said"),
    [
        ("0.5", WrongType, "'loss' must be a number, not '0.5' of type str"),
        (None, WrongType, "'loss' must be a number, not None"),
        ([1, 2], WrongType, "'loss' must be a number"),
        (1j, WrongType, "'loss' must be a number, not 1j of type complex"),
        (Tensor([1, 2]), WrongType, "'loss' is not one number"),
        (10**400, InvalidInput, "'loss' is too large"),
    ],
)
def test_an_invalid_value_is_named_and_nothing_else_is_lost(writer, value, error, said, wide):
    others = {f"m{i}": 1.0 for i in range(wide)}
    writer.log({**others, "loss": 0.5}, 0, NOW)
    with pytest.raises(error, match=said):
        writer.log({**others, "loss": value}, 1, NOW)
    writer.log({**others, "loss": 0.25}, 2, NOW)
    _, points = take_all(writer)
    assert points["loss"] == [(0, 0.5), (2, 0.25)]
    assert points["m0"] == [(0, 1.0), (2, 1.0)]
    assert writer.outbox.is_empty()


@pytest.mark.parametrize(
    ("step", "stamp", "said"),
    [(0.5, NOW, "step must be an integer"), (1 << 63, NOW, "does not fit"), (0, 1 << 64, "timestamp is out of range")],
)
def test_an_invalid_step_or_time_is_named(writer, step, stamp, said):
    with pytest.raises((WrongType, InvalidInput), match=said):
        writer.log({"loss": 0.5}, step, stamp)


@pytest.mark.parametrize("key", ["", "x" * 251, "nul\0", "half \ud800"])
def test_a_name_that_no_store_can_keep_is_refused(writer, key):
    with pytest.raises(InvalidInput):
        writer.log({key: 1.0}, 0, NOW)


def test_sets_of_names_beyond_the_limit_share_a_lane(writer):
    for i in range(500):
        writer.log({f"layer{i}": float(i), f"grad{i}": -float(i)}, i, NOW)
    assert len(list(folder_of(writer).glob("*.rows"))) < 50
    _, points = collect(read_journal(folder_of(writer)))
    assert len(points) == 1000
    assert points["layer499"] == [(499, 499.0)]
    assert points["grad77"] == [(77, -77.0)]
    assert take_all(writer)[1] == points


def test_events_are_in_the_file_when_append_returns(writer):
    writer.append(RunStarted("Default", "a", 1))
    writer.append(ParamsLogged({"lr": 0.1, "n": None, "nan": math.inf, "text": "é 🎉 \ud800"}))
    writer.append(ArtifactLogged("a/b", 3, "00", "spooled"))
    writer.append(RunEnded(Status.FINISHED, 5))
    assert read_journal(folder_of(writer)).events == writer._events.events


def test_the_end_waits_for_the_rows_and_files_for_the_start(writer):
    writer.append(RunStarted("Default", "a", 1))
    writer.append(TagsSet({"k": "v"}))
    writer.append(ArtifactLogged("a", 1, "00", "s"))
    for step in range(50):
        writer.log({"x": step}, step, NOW)
    writer.append(RunEnded(Status.FINISHED, 5))
    first = writer.outbox.take(10)
    assert [type(event) for event in first.events] == [RunStarted, TagsSet]
    events, points = take_all(writer, limit=10)
    assert [type(event) for event in events] == [RunStarted, TagsSet, ArtifactLogged, RunEnded]
    assert len(points["x"]) == 50


def test_delivered_rows_free_their_space(writer):
    for step in range(100_000):
        writer.log({"x": step}, step, NOW)
    before = sum(path.stat().st_size for path in folder_of(writer).iterdir())
    take_all(writer, limit=100_000)
    after = sum(path.stat().st_size for path in folder_of(writer).iterdir())
    assert writer.outbox.is_empty()
    assert after <= before
    assert len(list(folder_of(writer).glob("*.rows"))) == 1


def test_threads_lose_nothing(writer):
    def work(worker):
        for step in range(3000):
            metrics = {"shared": float(worker), f"own{worker % 3}": float(step)}
            try:
                writer.write(metrics, worker * 3000 + step, NOW)
            except (KeyError, StopIteration):
                writer.log(metrics, worker * 3000 + step, NOW)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    taken = {}
    while any(thread.is_alive() for thread in threads):
        for key, points in take_all(writer)[1].items():
            taken.setdefault(key, []).extend(points)
    for thread in threads:
        thread.join()
    for key, points in take_all(writer)[1].items():
        taken.setdefault(key, []).extend(points)
    assert sorted(step for step, _ in taken["shared"]) == list(range(18_000))


def test_an_interrupted_row_is_given_up_and_later_rows_arrive(writer):
    writer.log({"x": 0.0}, 0, NOW)
    segment = next(iter(writer._lanes))._segments[-1]
    slot = next(segment.slots)  # a call that took its slot and was interrupted there
    writer.log({"x": 2.0}, 2, NOW)
    points = []
    for _ in range(100):
        points += take_all(writer)[1].get("x", [])
    assert points == [(0, 0.0), (2, 2.0)]
    # It was only slow after all: its row is found, and logged again.
    next(iter(writer._lanes))._layout.pack_into(segment.buffer, slot, 1, 1.0, NOW)
    assert writer.relog_late()
    assert take_all(writer)[1]["x"] == [(1, 1.0)]
    assert not writer.relog_late()


def test_an_interrupt_in_log_does_not_damage_the_journal(writer):
    class Interrupted:
        def __float__(self):
            raise KeyboardInterrupt

    writer.log({"x": 0.0}, 0, NOW)
    with pytest.raises(KeyboardInterrupt):
        writer.log({"x": Interrupted()}, 1, NOW)
    writer.log({"x": 2.0}, 2, NOW)
    assert take_all(writer)[1]["x"] == [(0, 0.0), (2, 2.0)]


def test_a_sealed_writer_turns_rows_away(writer):
    writer.log({"x": 0.0}, 0, NOW)
    writer.seal()
    with pytest.raises(KeyError):
        writer.write({"x": 1.0}, 1, NOW)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_writes_a_journal_of_its_own(writer):
    writer.append(RunStarted("Default", "a", 1))
    writer.log({"x": 0.0}, 0, NOW)
    pid = os.fork()
    if pid == 0:
        try:
            writer.log({"x": 1.0}, 1, NOW)
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    writer.log({"x": 2.0}, 2, NOW)
    found = [read_journal(folder) for folder in journals(writer.home)]
    assert sorted((journal.owns, collect(journal)[1]["x"]) for journal in found) == [
        (False, [(1, 1.0)]),
        (True, [(0, 0.0), (2, 2.0)]),
    ]
    assert [journal.owner.is_alive() for journal in sorted(found, key=lambda j: j.owns)] == [False, True]


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="needs file size limits")
def test_rows_and_events_stay_in_memory_while_files_cannot_grow(writer):
    writer.append(RunStarted("Default", "a", 1))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, limits[1]))
    try:
        for step in range(1000):
            writer.log({"x": step}, step, NOW)
        for i in range(100):
            writer.append(TagsSet({f"k{i}": "v" * 100}))
        assert writer.is_volatile
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    writer.append(TagsSet({"last": "v"}))
    assert writer.rows_in_memory() > 0
    writer.save()
    writer.log({"x": 1000}, 1000, NOW)
    assert not writer.is_volatile
    assert read_journal(folder_of(writer)).events == writer._events.events
    found = collect(read_journal(folder_of(writer)))
    assert found == take_all(writer)
    assert len(found[0]) == 102
    assert found[1]["x"] == [(step, step) for step in range(1001)]


def test_without_a_writable_folder_everything_is_in_memory(tmp_path):
    from nbtrack.journal.writer import Writer

    (tmp_path / "file").write_text("in the way")
    writer = Writer(tmp_path / "file" / "journal", "b" * 32, owns=True)
    writer.append(RunStarted("Default", "a", 1))
    writer.log({"x": 1.0}, 0, NOW)
    assert writer.is_volatile
    assert take_all(writer) == ([RunStarted("Default", "a", 1)], {"x": [(0, 1.0)]})
    writer.delete()


def test_a_deleted_journal_is_written_again(writer):
    writer.append(RunStarted("Default", "a", 1))
    for i in range(40):
        writer.log({f"k{i}": 1.0}, i, NOW)
    shutil.rmtree(writer.home)
    writer.log({"k0": 2.0}, 40, NOW)
    writer.save()
    writer.log({"k1": 3.0}, 41, NOW)
    writer.append(TagsSet({"k": "v"}))
    assert not writer.is_volatile
    found = collect(read_journal(folder_of(writer)))
    assert found == take_all(writer)
    assert (found[1]["k0"], found[1]["k1"], len(found[1])) == ([(0, 1.0), (40, 2.0)], [(1, 1.0), (41, 3.0)], 40)


def test_many_names_are_each_written_once(writer):
    count = 5_000
    for number in range(count):
        writer.log({f"m{number}": float(number)}, 0, NOW)
    writer.log({f"m{number}": -1.0 for number in (0, 4_000, 4_999)}, 1, NOW)
    names = (folder_of(writer) / "names.jsonl").read_bytes().splitlines()
    assert len(names) == len(set(names)) == count - 31, "all but those that only the 31 other lanes have"
    _, points = take_all(writer)
    assert len(points) == count
    assert points["m4999"] == [(0, 4999.0), (1, -1.0)]
    assert points["m4000"] == [(0, 4000.0), (1, -1.0)]
