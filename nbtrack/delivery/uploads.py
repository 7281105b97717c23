"""Files on their way from journals to the artifact store, beside everything else that is delivered."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from ..entities.events import ArtifactLogged, Batch, Event
from ..errors import StoreUnavailable
from ..journal.writer import Writer
from ..store.protocol.store import Store
from ..system.forks import WORKING, delay_forks
from ..system.threads import start_thread
from .artifact_events import PutFile, put_file

__all__ = ["Uploads"]

_AT_ONCE = 4  # runs whose files are put at the same time
_PAUSE, _LONGEST_PAUSE = 0.2, 10.0  # seconds until a file whose place is unavailable is tried again


@dataclass(slots=True)
class _WriterFiles:
    """The files of one writer: the events for those that were put, by their numbers, and why the next one could not be."""

    put: dict[int, Event] = field(default_factory=dict)
    problem: Exception | None = None
    is_working: bool = False
    due: float = 0.0
    pause: float = _PAUSE

    def fail(self, error: Exception) -> None:
        """Note why the next file could not be put; each time the pause until the next attempt doubles."""
        self.problem, self.due = error, time.monotonic() + self.pause
        self.pause = min(_LONGEST_PAUSE, 2 * self.pause)

    def note(self, number: int, event: Event) -> None:
        """Note that a file was put."""
        self.put[number], self.problem, self.pause = event, None, _PAUSE


class Uploads:
    """Puts the files of each run in order, in a thread of the run's own, so that a large one delays nothing else.

    What a run logged after a file waits for it; rows do not, nor do other runs.

    Threads: every method is for the flusher's thread.

    Args:
        put: Puts a spooled file into the artifact store.
        on_change: Called in another thread when files were put, or failed.
    """

    def __init__(self, put: PutFile, on_change: Callable[[], None]) -> None:
        self._put, self._on_change = put, on_change
        self._files: dict[str, _WriterFiles] = {}

    @property
    def is_busy(self) -> bool:
        """Whether a file is being put now."""
        return any(files.is_working for files in self._files.values())

    @property
    def unavailable(self) -> StoreUnavailable | None:
        """Why a file waits for its artifact store."""
        problems = (files.problem for files in self._files.values())
        return next((problem for problem in problems if isinstance(problem, StoreUnavailable)), None)

    def refusal(self, writer: Writer) -> Exception | None:
        """Return why an available artifact store does not accept a file of a writer."""
        files = self._files.get(writer.id)
        return None if files is None or isinstance(files.problem, StoreUnavailable) else files.problem

    def ready(self, store: Store, writer: Writer, batch: Batch) -> Batch:
        """Return the part of a batch that waits for no file, and start to put the files for which the rest waits."""
        if not any(isinstance(event, ArtifactLogged) for event in batch.events):
            return batch
        files = self._files.setdefault(writer.id, _WriterFiles())
        numbered = list(enumerate(batch.events, batch.first_event))
        waiting = [(number, event) for number, event in numbered if isinstance(event, ArtifactLogged) and number not in files.put]
        if waiting and not files.is_working and time.monotonic() >= files.due:
            self._start(files, store, writer, waiting)
        stop = next((number for number, _ in waiting if number not in files.put), batch.first_event + len(batch.events))
        return replace(batch, events=tuple(files.put.get(number, event) for number, event in numbered if number < stop))

    def _start(self, files: _WriterFiles, store: Store, writer: Writer, waiting: Sequence[tuple[int, ArtifactLogged]]) -> None:
        if sum(each.is_working for each in self._files.values()) < _AT_ONCE:
            files.is_working = True
            work = partial(self._put_in_order, files, store, writer, waiting)
            if start_thread(work, "nbtrack-files") is None:
                work()

    def _put_in_order(
        self, files: _WriterFiles, store: Store, writer: Writer, waiting: Sequence[tuple[int, ArtifactLogged]]
    ) -> None:
        try:
            for number, event in waiting:
                with delay_forks(WORKING):
                    files.note(number, put_file(store, writer.run_id, event, self._put, partial(_file_of, writer)))
        except Exception as error:  # noqa: BLE001  the flusher's thread warns of it
            files.fail(error)
        finally:
            files.is_working = False
            self._on_change()

    def reset(self, writer: Writer) -> None:
        """Drop what is known of a writer's files: its journal is deleted, or begins again in another store."""
        self._files.pop(writer.id, None)


def _file_of(writer: Writer, event: ArtifactLogged) -> Path:
    try:
        return writer.files.path(event.spool)
    except OSError as error:
        raise StoreUnavailable(f"artifact {event.path!r} waits in memory: {error.strerror}") from error
