"""The journals that wait on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from ..journal.folder import read_refusal
from ..journal.plain_files import is_folder, is_ours
from ..journal.reader import journals, read_journal

__all__ = ["Waiting", "damaged", "waiting"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A journal, and why the store refused it.

    Attributes:
        run_id: Its run.
        rows: How many rows it has.
        events: How many events.
        is_alive: Whether its process is alive; None if that is unknown.
        damage: What in it cannot be read.
        is_ours: Whether it is this user's.
        why: The store's reason.
        folder: Its folder.
    """

    run_id: str
    rows: int
    events: int
    is_alive: bool | None
    damage: tuple[str, ...]
    is_ours: bool = True
    why: str = ""
    folder: str = ""

    @property
    def is_orphaned(self) -> bool:
        """Whether neither a living process nor another user will deliver it."""
        return self.is_alive is False and self.is_ours

    def facts(self) -> dict[str, object]:
        """Return everything, as ``--json`` writes it."""
        facts = asdict(self)
        return {**facts, "place": facts.pop("folder")}


def waiting(*homes: Path | None) -> list[Waiting]:
    """Return the journals in folders of journals; the store may have some of their rows."""
    return [each for home in homes if home is not None for each in _read(home)]


def _read(home: Path) -> Iterator[Waiting]:
    for folder in journals(home):
        try:
            journal = read_journal(folder, is_live=True)
            ours = is_ours(folder)
        except FileNotFoundError:
            continue  # another process has just delivered it
        except (OSError, ValueError) as error:
            yield Waiting(folder.name.rpartition(".")[0], 0, 0, False, (str(error),), folder=str(folder))
            continue
        rows = sum(segment.written for segment in journal.segments)
        facts = (rows, len(journal.events), journal.is_alive(), tuple(journal.damage), ours)
        yield Waiting(journal.run_id, *facts, read_refusal(folder), str(folder))


def damaged(home: Path | None) -> list[Path]:
    """Return the quarantined journals, of which only a part could be read and delivered."""
    return sorted((home / "damaged").iterdir()) if home is not None and is_folder(home / "damaged") else []
