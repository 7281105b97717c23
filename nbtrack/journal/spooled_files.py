"""Files of a writer on their way to the artifact store: in the journal's spool folder, or in memory if the disk is full."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..system.reentrant import Section
from .writer_folder import WriterFolder

__all__ = ["SpooledFiles"]


class SpooledFiles:
    """The spool folder of a writer, and the files for which it had no space.

    Threads: every method may be called from any thread.

    Args:
        section: The writer's lock.
        folder: The journal's folder.
    """

    def __init__(self, section: Section, folder: WriterFolder) -> None:
        self._section, self._folder = section, folder
        self._held: dict[str, bytes] = {}
        self._elsewhere: dict[str, Path] = {}  # files that were written to the temporary folder

    def folder(self) -> Path | None:
        """Return the spool folder; None if it cannot be made, or not now because this call interrupts its making."""
        if self._section.is_interrupted() and self._folder.path is None:
            return None
        with self._section:
            return self._made()

    def _made(self) -> Path | None:
        if self._folder.open() is None:
            return None
        spool = self._folder.place("spool")
        try:
            if spool is not None:
                spool.mkdir(exist_ok=True)
        except OSError:
            return None
        return spool

    def hold(self, name: str, data: bytes) -> None:
        """Keep a file in memory because the spool folder has no space for it."""
        self._held[name] = data

    def are_held(self) -> bool:
        """Tell whether a file is in memory."""
        return bool(self._held)

    def held_bytes(self) -> int:
        """Return how many bytes of files are in memory."""
        return sum(map(len, self._held.values()))

    def survive(self, name: str) -> bool:
        """Tell whether a file outlives the deletion of the journal."""
        return name in self._held or name in self._elsewhere

    def path(self, name: str) -> Path:
        """Return the path of a spooled file; one in memory is written first.

        Raises:
            OSError: There is still no space for it.
        """
        if name in self._elsewhere:
            return self._elsewhere[name]
        spool = self.folder()
        if spool is None and name not in self._held and (renamed := self._folder.place("spool")) is not None:
            return renamed / name  # missing only because its folder was just renamed
        path = (spool or Path(tempfile.gettempdir())) / name
        if name in self._held:
            path.unlink(missing_ok=True)
            with path.open("xb") as file:  # "x": never write through a link that another process put there
                file.write(self._held[name])
            del self._held[name]
            if spool is None:
                self._elsewhere[name] = path
        return path

    def save(self) -> None:
        """Write the files in memory to the spool folder, if there is one.

        Raises:
            OSError: There is still no space for one of them.
        """
        for name in tuple(self._held) if self._held and self._made() is not None else ():
            self.path(name)
