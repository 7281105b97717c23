"""The project's folder: made with a ``.gitignore`` that keeps git from it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ..system.anchor import make_folders

__all__ = ["ProjectFolder"]


class ProjectFolder:
    """The folder of a store that is a file, where git ignores it.

    Args:
        folder: The folder; None if the store has none.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._was_ignored = False

    def make(self) -> None:
        """Make the folder if it is missing; a store in a folder that cannot be made raises the error itself."""
        if self._folder is not None and not self._folder.exists():
            self._ignore(self._folder)

    def note_ignored(self) -> None:
        """Note whether git ignores the folder now."""
        self._was_ignored = self._folder is not None and (self._folder / ".gitignore").exists()

    def ignore_again(self) -> None:
        """Make git ignore a folder that took the place of one that it ignored."""
        if self._was_ignored and self._folder is not None and not (self._folder / ".gitignore").exists():
            self._ignore(self._folder)

    def move(self, folder: Path | None) -> None:
        """Go on with the folder under its new name."""
        self._folder = folder

    @staticmethod
    def _ignore(folder: Path) -> None:
        with suppress(OSError):
            make_folders(folder)
            with (folder / ".gitignore").open("x", encoding="utf-8") as file:  # "x": never write through a link
                file.write("*\n")
