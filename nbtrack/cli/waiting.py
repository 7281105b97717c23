"""What waits in journals on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..journal.folder import reason_in
from ..journal.plain import is_folder, is_ours
from ..journal.reader import StoredJournal, journals, read_journal

__all__ = ["Waiting", "damaged", "waiting"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A journal, and why it was refused when it was tried last.

    Attributes:
        run_id: Its run.
        rows: How many rows it has.
        events: How many events.
        is_alive: Whether its process is; None where that is not known.
        damage: What in it cannot be read.
        is_ours: Whether it is this user's.
        why: What the store said.
        place: Its folder.
    """

    run_id: str
    rows: int
    events: int
    is_alive: bool | None
    damage: tuple[str, ...]
    is_ours: bool = True
    why: str = ""
    place: str = ""

    @property
    def is_left(self) -> bool:
        """Whether no living process will deliver it, nor another user."""
        return self.is_alive is False and self.is_ours


def waiting(*homes: Path | None) -> list[Waiting]:
    """Return what journals there are; some of their rows may be in the store already."""
    return [each for home in homes if home is not None for each in _read(home)]


def _read(home: Path) -> Iterator[Waiting]:
    for folder in journals(home):
        try:
            journal = read_journal(folder, is_live=True)
            ours = is_ours(folder)
        except FileNotFoundError:
            continue  # somebody has just delivered it
        except (OSError, ValueError) as error:
            yield Waiting(folder.name.rpartition(".")[0], 0, 0, False, (str(error),), place=str(folder))
            continue
        facts = (_rows(journal), len(journal.events), journal.is_alive(), tuple(journal.damage), ours)
        yield Waiting(journal.run_id, *facts, reason_in(folder), str(folder))


def _rows(journal: StoredJournal) -> int:
    return sum(segment.written for segment in journal.segments)


def damaged(home: Path | None) -> list[Path]:
    """Return the folders of journals that were delivered as far as they could be read, and kept for somebody to look at."""
    return sorted((home / "damaged").iterdir()) if home is not None and is_folder(home / "damaged") else []
