"""The folder of one writer's journal: made by the first write, followed through renames, made again after a deletion."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from .codec import FORMAT
from .folder import EVENTS, make_folder, remove_folder, renamed
from .owner import this_process
from .process_lock import hold, release
from .records import RecordFile

__all__ = ["WriterFolder"]

_NAMES = "names.jsonl"


class WriterFolder:
    """A journal's folder and its two files of records.

    Threads: only for the holder of the writer's section, except ``is_missing``, ``is_deleted`` and ``touch``.

    Args:
        home: The folder of journals; None keeps the journal in memory.
        run_id: The run.
        writer_id: The writer.
        owns: Whether the run ends with this process.
        is_gone: Tells whether a missing file was deleted; if its folder was renamed instead, this calls ``move``.

    Attributes:
        home: The folder of journals.
        path: The journal's folder; None while there is none.
        events: The file of events; None while there is no folder.
        trouble: Why the last write failed; empty if it did not.
    """

    def __init__(self, home: Path | None, run_id: str, writer_id: str, *, owns: bool, is_gone: Callable[[Path], bool]) -> None:
        self.home, self._run_id, self._writer_id, self._owns, self._is_gone = home, run_id, writer_id, owns, is_gone
        self.path: Path | None = None
        self.events: RecordFile | None = None
        self._names: RecordFile | None = None
        self._is_sealed = False
        self.trouble = ""

    def open(self) -> Path | None:
        """Return the folder, which the first call makes; None if that fails."""
        if self.path is None and self.home is not None and not self._is_sealed:
            try:
                self.path = self._make(self.home)
            except OSError as error:
                self.note(error)
        return self.path

    def _make(self, home: Path) -> Path:
        folder, owner, lock = home / f"{self._run_id}.{self._writer_id}", this_process().to_json(), hold(home, self._writer_id)
        head = {
            "format": FORMAT,
            "run": self._run_id,
            "writer": self._writer_id,
            "owns": self._owns,
            "owner": owner,
            "lock": lock,
        }
        self.events = make_folder(folder, head)
        return folder

    def append_names(self, names: list[str]) -> None:
        """Append metric names of the mixed lane to their file.

        Raises:
            OSError: They could not be written.
        """
        if self.path is not None:
            self._names = self._names or RecordFile(self.path / _NAMES)
            self._names.append(*names)

    def place(self, name: str) -> Path | None:
        """Return the path of a file in the folder; None while there is no folder."""
        return None if self.path is None else self.path / name

    def note(self, error: OSError) -> None:
        """Remember why a write failed, for the flusher's warning."""
        self.trouble = error.strerror or str(error)

    def is_missing(self) -> bool:
        """Tell whether the folder is no longer at its path."""
        path = self.path
        return path is not None and not (path / EVENTS).exists()

    def is_deleted(self) -> bool:
        """Tell whether the folder was deleted, not just renamed together with a folder above it."""
        path = self.path
        return path is not None and self.is_missing() and self._is_gone(path / EVENTS)

    def move(self, old: Path, new: Path) -> None:
        """Update the paths after a folder above was renamed."""
        self.home = self.home and renamed(self.home, old, new)
        self.path = self.path and renamed(self.path, old, new)
        for records in (self.events, self._names):
            if records is not None:
                records.path = renamed(records.path, old, new)

    def lose(self) -> None:
        """Accept that the folder was deleted: the next ``open`` makes another."""
        self._close_records()
        if self.path is not None:
            remove_folder(self.path)  # files that were made in it after its deletion
        self.path = None

    def seal(self) -> None:
        """Make no folder from now on."""
        self._is_sealed = True

    def close(self) -> None:
        """Close the files of records; the folder stays on disk."""
        self._close_records()

    def _close_records(self) -> None:
        self.events = self._names = None

    def delete(self) -> None:
        """Delete the folder, and release this writer's share of the process's lock."""
        if self.path is not None:
            remove_folder(self.path)
        if self.home is not None:
            release(self.home, self._writer_id)

    def touch(self) -> None:
        """Change the journal's time: a heartbeat for machines that cannot see this process."""
        if self.path is not None:
            with suppress(OSError):
                os.utime(self.path / EVENTS)
