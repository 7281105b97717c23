"""Processes that log, or recover, until they are killed."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import sys
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path

import nbtrack
import nbtrack.store.sql.store  # loaded once, in the process that victims are forked from
import nbtrack.tracking.run
from nbtrack.delivery.connection import Connection
from nbtrack.settings import resolve

from .record import END, FILE, START, TAG, Record, point_of

_PACKAGE = str(Path(nbtrack.__file__).parent)


@dataclass(frozen=True)
class Life:
    """What a victim does: run after run, each with some threads and worker processes that log.

    ``dies_at`` is the line of nbtrack, counted over all threads, at which it kills itself; 0 leaves the killing to the test.
    """

    folder: str
    record: str
    runs: int = 2
    threads: int = 1
    workers: int = 0
    method: str = "fork"
    points: int = 200
    files: int = 2
    file_size: int = 1
    artifacts: str = ""
    dies_at: int = 0

    def text(self, index: int) -> str:
        """Return the content of a file."""
        return f"file {index} " * self.file_size

    @property
    def writers(self) -> int:
        return self.threads + self.workers


def live(life: Life) -> None:
    """Live a life to its end, or until killed."""
    os.setsid()  # so that all of it can be killed at once
    warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads, which are what is tried
    record = Record(Path(life.record))
    with _counted(record, life.dies_at):
        nbtrack.connect(life.folder, artifacts=life.artifacts or None)
        for number in range(life.runs):
            _one_run(life, record, number)


def _one_run(life: Life, record: Record, number: int) -> None:
    record.begin(number, START)
    run = nbtrack.start_run(f"run-{number}", params={"number": number}, tags={"kind": "victim"})
    record.done(number, START)
    threads = [threading.Thread(target=_log, args=(life, record, run, number, i)) for i in range(life.threads)]
    context = multiprocessing.get_context(life.method)
    workers = [
        context.Process(target=_work, args=(life, run, number, life.threads + i), name=f"worker-{i}") for i in range(life.workers)
    ]
    for each in (*workers, *threads):
        each.start()
    for _ in range(life.files):
        index = record.begin(number, FILE)
        run.log_text(life.text(index), f"files/{index}.txt")
        record.done(number, FILE)
        run.set_tag("index", record.begin(number, TAG))
        record.done(number, TAG)
    run.flush()
    for each in (*workers, *threads):
        each.join()
    record.begin(number, END)
    run.end()
    record.done(number, END)


def _log(life: Life, record: Record, run: nbtrack.Run, number: int, writer: int) -> None:
    place = point_of(writer)
    for _ in range(life.points):
        step = record.begin(number, place) * life.writers + writer
        run.log({"loss": step / 4, "writer": float(writer)}, step=step)
        record.done(number, place)


def _work(life: Life, run: nbtrack.Run, number: int, writer: int) -> None:
    _log(life, Record(Path(life.record)), run, number, writer)


def recover(folder: str, record: str = "", dies_at: int = 0) -> None:
    """Open a store, which recovers orphaned journals, and read from it, or be killed meanwhile."""
    os.setsid()
    os.environ["NBTRACK_ARTIFACT_PLACES"] = "/dev/shm"  # where victims put their files
    with _counted(Record(Path(record)) if record else None, dies_at):
        connection = Connection(resolve(folder, environ={}))
        connection.read().experiments()
        connection.close(10)


class _counted:
    """Counts the lines of nbtrack that all threads execute, and kills the process at one of them."""

    def __init__(self, record: Record | None, dies_at: int) -> None:
        self._record, self._dies_at = record, dies_at
        self._lines = itertools.count(1)

    def __enter__(self) -> None:
        if self._dies_at:
            threading.settrace(self._trace)
            sys.settrace(self._trace)

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]
        if self._record is not None:
            self._record.lines = next(self._lines)

    def _trace(self, frame, event, _):
        if not frame.f_code.co_filename.startswith((_PACKAGE, "<string>")):
            return None
        if event == "line" and next(self._lines) == self._dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return self._trace
