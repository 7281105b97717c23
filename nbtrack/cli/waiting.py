"""What waits in journals on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..journal.plain import is_folder, is_ours
from ..journal.reader import StoredJournal, journals, read_journal

__all__ = ["Waiting", "damaged", "waiting"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A journal: its run, its rows and events, whether its process is alive (None: not known) and it is this user's."""

    run_id: str
    rows: int
    events: int
    is_alive: bool | None
    damage: tuple[str, ...]
    is_ours: bool = True


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
            yield Waiting(folder.name.rpartition(".")[0], 0, 0, False, (str(error),))
            continue
        yield Waiting(journal.run_id, _rows(journal), len(journal.events), journal.is_alive(), tuple(journal.damage), ours)


def _rows(journal: StoredJournal) -> int:
    return sum(segment.written for segment in journal.segments)


def damaged(home: Path | None) -> list[Path]:
    """Return the folders of journals that were delivered as far as they could be read, and kept for somebody to look at."""
    return sorted((home / "damaged").iterdir()) if home is not None and is_folder(home / "damaged") else []
