"""The folders of journals for a store: the store's own, and the user's own where that may not be written to."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ..journal.folder import renamed
from ..system.project import may_write

__all__ = ["JournalHomes"]


class JournalHomes:
    """Chooses the folder for each new journal.

    Args:
        usual: The store's folder of journals; None keeps them in memory.
        spare: The user's own; None if there is none.

    Attributes:
        last: The folder that was chosen last.
    """

    def __init__(self, usual: Path | None, spare: Path | None) -> None:
        self.usual, self.spare = usual, spare
        self.last = usual

    @property
    def all(self) -> tuple[Path, ...]:
        """Every folder in which journals for the store may be."""
        return tuple(home for home in (self.spare, self.usual) if home is not None)

    def choose(self) -> Path | None:
        """Return the folder for a new journal."""
        self.last = self._chosen()
        return self.last

    def _chosen(self) -> Path | None:
        if self.usual is None or self.spare is None or may_write(self.usual):
            return self.usual
        with suppress(OSError):
            self.spare.mkdir(0o700, parents=True, exist_ok=True)
        return self.spare if may_write(self.spare) else self.usual

    def move(self, old: Path, new: Path, usual: Path | None) -> None:
        """Go on after a folder was renamed; ``usual`` is the store's folder of journals now."""
        self.usual, self.last = usual, self.last and renamed(self.last, old, new)
