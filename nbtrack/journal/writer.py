"""The writer's end of a journal: one process logging into one run."""

from __future__ import annotations

import os
import secrets
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..entities.events import ArtifactLogged, DocumentNamed, Event
from ..system.reentrant import Section
from .codec import to_json
from .event_log import EventLog
from .lanes import Lanes
from .outbox import Outbox
from .records import check_json
from .rows import MIXED
from .spooled_files import SpooledFiles
from .writer_folder import WriterFolder

__all__ = ["NO_WRITER", "NoWriter", "Writer"]

_writers: weakref.WeakSet[Writer] = weakref.WeakSet()


class NoWriter:
    """Stands for the writer before the first row."""

    def write(self, metrics: dict[str, float], step: int, stamp: int) -> None:
        """Raise KeyError, upon which the caller finds a writer by the general way."""
        raise KeyError


NO_WRITER = NoWriter()


class Writer:
    """Appends what is logged to the journal; the flusher takes it from ``outbox`` in batches.

    Threads: every method may be called from any thread. In a forked child writers begin again, in folders of
    their own.
    Durability: what ``append``, ``log`` or ``write`` was given is in the page cache when they return. If no file can
    be made or written it is in memory: ``is_volatile`` says so, nothing is raised, and ``save`` tries again.

    Args:
        home: The folder of journals; None keeps everything in memory.
        run_id: The run.
        owns: Whether the run ends with this process.
        on_full: Called when many rows wait for the flusher.
        is_gone: Tells whether a missing file was deleted; if its folder was renamed instead, this calls ``move``.

    Attributes:
        id: The writer's id, part of its folder's name.
        write: Appends a row with the names of the row before; KeyError or StopIteration send the caller to ``log``.
        outbox: What the store does not have.
        files: Files on their way to the artifact store.
        is_closed: Whether nothing more is to be logged.
        is_sealed: Whether rows are turned away.
        lost_files: The paths of files that were deleted together with the journal, by their event's number.
    """

    def __init__(
        self,
        home: Path | None,
        run_id: str,
        *,
        owns: bool,
        on_full: Callable[[], None] = lambda: None,
        is_gone: Callable[[Path], bool] = lambda path: not path.exists(),
    ) -> None:
        self.run_id, self.owns = run_id, owns
        self._on_full, self._is_gone = on_full, is_gone
        self._begin(home)
        _writers.add(self)

    def _begin(self, home: Path | None) -> None:
        """Start with an empty journal, at birth and in a forked child."""
        self.id = secrets.token_hex(6)
        self.is_closed = self.is_sealed = False
        self.write: Callable[[dict[str, float], int, int], None] = NO_WRITER.write
        self.lost_files: dict[int, str] = {}
        self._section = Section()
        self._folder = WriterFolder(home, self.run_id, self.id, owns=self.owns, is_gone=self._is_gone)
        self._events = EventLog(self._folder)
        self._lanes = Lanes(self._section, self._events, self._folder.place, self._on_full)
        self.files = SpooledFiles(self._section, self._folder)
        self.outbox = Outbox(self.run_id, self.id, self._section, self._events, self._lanes)

    def _after_fork(self) -> None:
        self.owns = False
        self._begin(self.home)

    @property
    def home(self) -> Path | None:
        """The folder of journals; None if everything is kept in memory."""
        return self._folder.home

    @property
    def trouble(self) -> str:
        """Why the last write failed; empty if it did not."""
        return self._folder.trouble

    @property
    def is_unknown(self) -> bool:
        """Whether the store does not know yet that the run has started."""
        return self.owns and self.outbox.is_untouched()

    # Logging

    def append(self, event: Event) -> None:
        """Append an event.

        Raises:
            TypeError, ValueError: JSON cannot represent it; it was not appended.
        """
        if self._section.is_interrupted():
            check_json(to_json(event))
            self._section.later(lambda: self._append(event))
            return
        self._append(event)
        if self._folder.trouble and self._folder.is_missing():
            self.save()  # now, because the process may be killed before the flusher's next pass

    def _append(self, event: Event) -> None:
        with self._section:
            self._events.append(event)

    def resume(self, *events: Event) -> bool:
        """Append how a run goes on that another process closed; False if it has ended in this journal too."""
        with self._section:
            if self.is_sealed or self._events.has_ended:
                return False
            self._events.append(*events)
            self._events.record()
            return True

    def refer(self, event: DocumentNamed, text: str) -> None:
        """Append an event that names a text, and keep the text for a store that turns out to lack it."""
        self.outbox.texts[event.sha256] = text
        self.append(event)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write the events of the block in one call, at its end."""
        self._events.is_gathering = True
        try:
            yield
        finally:
            with self._section:
                self._events.is_gathering = False
                self._events.record()

    def log(self, metrics: Mapping[str, float], step: int, stamp: int) -> None:
        """Append a row by the general way; ``write``, for the names of the last call, is the fast one.

        Raises:
            WrongType: A value is not a number, or the step not an integer; nothing was logged.
            InvalidInput: A key is not a name, or the step out of range; nothing was logged.
        """
        lane = self._lanes.by_keys.get(tuple(metrics))
        if lane is None:
            if self._section.is_interrupted():
                self._lanes.log_later(metrics, step, stamp)
                return
            lane = self._lanes.open(tuple(metrics))
        self._lanes.log(lane, metrics, step, stamp)
        if lane.keys is not MIXED and not self.is_sealed:
            self.write = lane.write
        if lane.is_in_memory and self._folder.is_missing():
            self.save()

    # Memory

    @property
    def is_volatile(self) -> bool:
        """Whether something is, or would be, in memory only: neither in a file nor in the store."""
        with self._section:
            if self.home is None or (self._events.events and self.outbox.is_empty()):
                return False
            if self._events.is_gathering or not self._events.events:
                return self._folder.open() is None
            return self._events.is_in_memory() or self.files.are_held() or self.rows_in_memory() > 0

    def rows_in_memory(self) -> int:
        """Return how many rows neither a file nor the store has."""
        return self._lanes.rows_in_memory()

    def save(self) -> None:
        """Try again to write what is in memory only, also after the journal was deleted."""
        is_deleted = self._folder.is_deleted()  # outside of the section, because it may move other writers too
        with self._section:
            if is_deleted and self._folder.is_missing():
                self._lose_folder()
            if self.is_volatile and not self.is_sealed:
                self._folder.trouble = ""
                self._events.record()
                try:
                    self._lanes.save()
                    self.files.save()
                except OSError as error:
                    self._folder.note(error)

    def _lose_folder(self) -> None:
        """Accept that the journal was deleted, and with it every file that only its spool folder had."""
        first = self._events.applied
        waiting = [(n, event) for n, event in enumerate(self._events.events[first:], first) if isinstance(event, ArtifactLogged)]
        self.lost_files |= {number: event.path for number, event in waiting if not self.files.survive(event.spool)}
        self._folder.lose()
        self._events.lose_files()
        self._lanes.lose_files()

    def move(self, old: Path, new: Path) -> None:
        """Go on in a folder that was renamed."""
        with self._section:
            self._folder.move(old, new)
            self._lanes.move(old, new)

    def touch(self) -> None:
        """Give a heartbeat to machines that cannot see this process."""
        self._folder.touch()

    # The end

    def close(self) -> None:
        """Note that this process logs no more into the run; the flusher deletes the journal when it is delivered."""
        self.is_closed = True

    def seal(self) -> None:
        """Turn rows away from now on: ``write`` raises KeyError, and its caller finds another writer."""
        with self._section:
            self.is_sealed = True
            self._folder.seal()
            self.write = NO_WRITER.write

    def relog_late(self) -> bool:
        """Log again the rows that were given up and arrived after all; tell whether there were any."""
        with self._section:
            return self._lanes.relog_late()

    def unmap(self) -> None:
        """Seal the journal and release its memory; the files stay on disk."""
        with self._section:
            self.seal()
            self._lanes.unmap()
            self._folder.close()

    def delete(self) -> Path | None:
        """Unmap the journal, and delete it if the store has everything.

        Returns:
            The folder if something was logged after the last delivery and waits in it; else None.
        """
        self.unmap()
        if not self.outbox.is_empty():
            return self._folder.path
        self._folder.delete()
        return None


def _after_fork() -> None:
    for writer in tuple(_writers):
        writer._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
