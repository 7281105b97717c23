"""What was logged reaches the store once, whatever the store does meanwhile."""

import logging
import threading

import pytest

from nbtrack.delivery.flusher import Flusher
from nbtrack.entities.events import ArtifactLogged, ParamsLogged, RunEnded, RunStarted, TagsSet
from nbtrack.entities.run import Status
from nbtrack.errors import RunNotFound, StoreError, StoreUnavailable
from nbtrack.journal.reader import journals
from nbtrack.journal.rows import stamp_of
from nbtrack.journal.writer import Writer
from nbtrack.store.memory import MemoryStore

RUN = "a" * 32
NOW = stamp_of(1_700_000_000_000)


class Moody(MemoryStore):
    """A store that is unavailable, or refuses runs, on demand."""

    def __init__(self):
        super().__init__(artifact_root="memory:")
        self.away = False
        self.refused = set()
        self.calls = 0

    def apply(self, batches):
        self.calls += 1
        if self.away:
            raise StoreUnavailable("database is locked")
        if any(batch.run_id in self.refused for batch in batches):
            raise StoreError("no")
        return super().apply(batches)


@pytest.fixture
def store():
    return Moody()


@pytest.fixture
def flusher(store, tmp_path):
    flusher = Flusher(lambda: store, home=tmp_path, put=lambda *_: None)
    yield flusher
    store.away = False
    store.refused.clear()
    flusher.close(5)


def writer_of(flusher, home, run_id=RUN):
    writer = Writer(home, run_id, owns=True, on_full=flusher.wake)
    writer.append(RunStarted("Default", "a", 1))
    flusher.add(writer)
    return writer


def test_flush_returns_when_everything_is_in_the_store(flusher, store, tmp_path):
    writer = writer_of(flusher, tmp_path)
    for step in range(100):
        writer.log({"x": step}, step, NOW)
    assert flusher.flush(10)
    assert store.history(RUN, "x").values.tolist() == list(range(100))
    assert flusher.pending() == (0, 0)


def test_a_delivered_journal_is_deleted(flusher, store, tmp_path):
    writer = writer_of(flusher, tmp_path)
    writer.append(RunEnded(Status.FINISHED, 5))
    writer.close()
    assert flusher.flush(10)
    assert flusher.close(10)
    assert journals(tmp_path) == []
    assert store.get_run(RUN).status is Status.FINISHED


def test_an_unavailable_store_is_one_warning_and_gets_everything_later(flusher, store, tmp_path, caplog):
    store.away = True
    writer = writer_of(flusher, tmp_path)
    for step in range(1000):
        writer.log({"x": step}, step, NOW)
    with caplog.at_level(logging.WARNING, "nbtrack"):
        assert not flusher.flush(1.0)
    (warning,) = caplog.messages
    assert "database is locked" in warning
    assert flusher.pending() == (1, 1000)
    store.away = False
    assert flusher.flush(30)
    assert store.history(RUN, "x").values.tolist() == list(range(1000))


def test_a_refused_run_delays_no_other(flusher, store, tmp_path, caplog):
    store.refused = {"b" * 32}
    refused = writer_of(flusher, tmp_path, "b" * 32)
    writer_of(flusher, tmp_path).append(TagsSet({"k": "v"}))
    with caplog.at_level(logging.WARNING, "nbtrack"):
        assert not flusher.flush(10), "what is refused is not in the store"
    assert (RUN, "k", "v") in store.tags([RUN])
    with pytest.raises(RunNotFound):
        store.get_run("b" * 32)
    assert any("the store refuses" in message for message in caplog.messages)
    store.refused.clear()
    refused.append(TagsSet({"again": "1"}))
    assert flusher.flush(10)
    assert store.get_run("b" * 32).status is Status.RUNNING


def test_conflicting_params_of_another_process_are_a_warning(flusher, store, tmp_path, caplog):
    writer_of(flusher, tmp_path).append(ParamsLogged({"lr": 0.1}))
    assert flusher.flush(10)
    other = Writer(tmp_path, RUN, owns=False)
    other.append(ParamsLogged({"lr": 0.2}))
    assert flusher.flush(10)
    with caplog.at_level(logging.WARNING, "nbtrack"):
        flusher.add(other)
        assert flusher.flush(10)
    assert store.params([RUN]) == [(RUN, "lr", 0.1)]
    assert "'lr' stays 0.1" in caplog.text


class Followed:
    """Records what a follower receives."""

    def __init__(self):
        self.steps = []
        self._changed = threading.Condition()

    def __call__(self, rows):
        with self._changed:
            self.steps += [step for lane in rows for series in lane.series for step in series.steps.tolist()]
            self._changed.notify_all()

    def wait_for(self, count):
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.steps) >= count, 30)


def test_followers_receive_each_row_once(flusher, tmp_path):
    followed = Followed()
    stop = flusher.follow(RUN, followed)
    writer = writer_of(flusher, tmp_path)
    for step in range(10):
        writer.log({"x": step}, step, NOW)
    assert flusher.flush(10)
    for step in range(10, 20):
        writer.log({"x": step}, step, NOW)
    followed.wait_for(20)
    assert followed.steps == list(range(20))
    stop()
    writer.log({"x": 1.0}, 21, NOW)
    assert flusher.flush(10)
    assert followed.steps == list(range(20))


def test_followers_receive_rows_while_the_store_is_unavailable(tmp_path):
    def away():
        raise StoreUnavailable("no such server")

    flusher, followed = Flusher(away, home=tmp_path, put=lambda *_: None), Followed()
    flusher.follow(RUN, followed)
    writer = writer_of(flusher, tmp_path)
    for step in range(30):
        writer.log({"x": step}, step, NOW)
        followed.wait_for(step + 1)
    assert followed.steps == list(range(30))
    assert flusher.pending() == (1, 30)
    flusher.close(0.1)


def test_a_failing_follower_stops_nothing(flusher, store, tmp_path, caplog):
    def fail(_):
        raise ZeroDivisionError("a view's mistake")

    flusher.follow(RUN, fail)
    with caplog.at_level(logging.WARNING, "nbtrack"):
        writer_of(flusher, tmp_path).log({"x": 1.0}, 0, NOW)
        assert flusher.flush(30)
    assert store.history(RUN, "x").values.tolist() == [1.0]
    assert "a view's mistake" in caplog.text


def test_flush_from_many_threads(flusher, store, tmp_path):
    writer = writer_of(flusher, tmp_path)
    results = []

    def work(worker):
        for i in range(50):
            writer.log({"x": float(i)}, worker * 50 + i, NOW)
        results.append(flusher.flush(30))

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 8
    assert sorted(store.history(RUN, "x").steps.tolist()) == list(range(400))


def test_where_no_thread_can_be_started_the_caller_delivers(flusher, store, tmp_path, monkeypatch):
    def refuse(_):
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    writer_of(flusher, tmp_path).log({"x": 1.0}, 0, NOW)
    assert flusher.flush(10)
    assert store.history(RUN, "x").values.tolist() == [1.0]


def test_without_anything_to_do_there_is_no_thread(flusher):
    assert flusher._thread is None
    assert flusher.close(1)


class Known(MemoryStore):
    """A store that a test can wait for."""

    def __init__(self):
        super().__init__(artifact_root="memory:")
        self.order = []
        self._changed = threading.Condition()

    def apply(self, batches):
        reached = super().apply(batches)
        with self._changed:
            self.order += [batch.run_id for batch in batches]
            self._changed.notify_all()
        return reached

    def wait_for(self, is_so):
        with self._changed:
            assert self._changed.wait_for(is_so, 30)

    def has(self, run_id):
        return run_id in self.order

    def tag(self, run_id, key):
        return self.has(run_id) and key in {name for _, name, _ in self.tags([run_id])}


def test_the_store_knows_each_run_while_it_is_open(tmp_path):
    store = Known()
    flusher = Flusher(lambda: store, home=tmp_path, put=lambda *_: None)
    for run_id in ("a" * 32, "b" * 32, "c" * 32):
        writer = writer_of(flusher, tmp_path, run_id)
        store.wait_for(lambda run_id=run_id: store.has(run_id))
        writer.append(RunEnded(Status.FINISHED, 5))
        writer.close()
        assert flusher.flush(10)
    assert flusher.close(10)


class SlowPlace:
    """An artifact store that makes the caller wait."""

    def __init__(self):
        self.go = threading.Event()
        self.put = []

    def __call__(self, store, run_id, event, source):
        if event.path == "large":
            assert self.go.wait(30)
        self.put.append((run_id, event.path))


def test_a_slow_file_delays_only_what_its_run_logs_after_it(tmp_path):
    store, place = Known(), SlowPlace()
    flusher = Flusher(lambda: store, home=tmp_path, put=place)
    first = writer_of(flusher, tmp_path, "a" * 32)
    first.append(TagsSet({"before": "1"}))
    first.append(ArtifactLogged("large", 1, "0" * 64, "large"))
    first.append(TagsSet({"after": "1"}))
    store.wait_for(lambda: store.tag("a" * 32, "before"))
    first.log({"x": 1.0}, 0, NOW)
    other = writer_of(flusher, tmp_path, "b" * 32)
    other.append(ArtifactLogged("small", 1, "0" * 64, "small"))
    other.log({"x": 2.0}, 0, NOW)
    other.append(RunEnded(Status.FINISHED, 5))
    assert flusher.flush(30, run_id="b" * 32), "a run waits for its own files alone"
    assert store.get_run("b" * 32).status is Status.FINISHED
    store.wait_for(lambda: len(store.history("a" * 32, "x")) == 1)
    assert not store.tag("a" * 32, "after")
    assert place.put == [("b" * 32, "small")]
    place.go.set()
    assert flusher.flush(30)
    assert store.tag("a" * 32, "after")
    assert flusher.close(10)


def test_an_unavailable_artifact_store_delays_nothing_else(tmp_path, caplog):
    store, is_away = Known(), True

    def put(*_):
        if is_away:
            raise StoreUnavailable("no such bucket")

    flusher = Flusher(lambda: store, home=tmp_path, put=put)
    first = writer_of(flusher, tmp_path, "a" * 32)
    first.append(ArtifactLogged("f", 1, "0" * 64, "f"))
    with caplog.at_level(logging.WARNING, "nbtrack"):
        assert not flusher.flush(1)
    assert "no such bucket" in flusher.problem
    assert flusher._pause(is_complete=False) == pytest.approx(0.2), "rows and starts go on as ever"
    is_away = False
    assert flusher.flush(30)
    assert flusher.problem == ""
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert flusher.close(10)


def test_the_start_of_a_run_precedes_many_rows_of_others(tmp_path):
    store = Known()
    flusher = Flusher(lambda: store, home=tmp_path, put=lambda *_: None)
    flusher._start = lambda: True  # nothing is delivered until all is there
    busy = writer_of(flusher, tmp_path, "a" * 32)
    for step in range(30_000):
        busy.log({"x": 1.0}, step, NOW)
    writer_of(flusher, tmp_path, "b" * 32)
    del flusher._start
    assert flusher.flush(30)
    assert sorted(store.order[:2]) == ["a" * 32, "b" * 32]
    assert len(store.history("a" * 32, "x")) == 30_000
    assert flusher.close(10)


def test_each_pass_has_room_for_every_run(tmp_path, monkeypatch):
    monkeypatch.setattr("nbtrack.delivery.flush_pass._MOST_POINTS", 100)
    store = Known()
    flusher = Flusher(lambda: store, home=tmp_path, put=lambda *_: None)
    flusher._start = lambda: True
    writers = [writer_of(flusher, tmp_path, letter * 32) for letter in "abc"]
    for writer in writers:
        for step in range(150):
            writer.log({"x": 1.0, "y": 2.0}, step, NOW)
            writer.log({"z": 3.0}, step, NOW)
        writer.append(RunEnded(Status.FINISHED, 5))
    del flusher._start
    assert flusher.flush(30)
    for letter in "abc":
        assert [len(store.history(letter * 32, key)) for key in "xyz"] == [150] * 3
        assert store.get_run(letter * 32).status is Status.FINISHED
    assert flusher.close(10)
