"""The reader's end of a journal that another process wrote, or is still writing."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..entities.events import Batch, Event, LaneRows, Progress, RunEnded, TagsSet
from ..entities.tags import JOURNAL_DAMAGE
from .batches import deliverable, lane_rows
from .codec import FORMAT, from_json
from .folder import EVENTS
from .owner import Owner
from .plain_files import is_folder
from .process_lock import is_held
from .records import read_records
from .rows import StoredSegment, read_segment

__all__ = ["StoredJournal", "journals", "read_journal"]


_FOLDER = re.compile(r"(?P<run>[a-zA-Z0-9][\w\-]{0,255})\.(?P<writer>[0-9a-f]{12})")
_SEGMENT = re.compile(r"lane-(?P<lane>\d+)\.(?P<number>\d+)\.rows")


def journals(home: Path, run_id: str | None = None) -> list[Path]:
    """Return the folders of journals in ``home``, of one run or of all, without links."""
    try:
        names = sorted(entry.name for entry in home.iterdir())
    except OSError:
        return []
    found = [(name, match) for name in names if (match := _FOLDER.fullmatch(name))]
    return [home / name for name, match in found if run_id in (None, match["run"]) and is_folder(home / name)]


@dataclass(slots=True)
class StoredJournal:
    """A journal as it was read from its folder.

    Attributes:
        damage: What could not be read, one line each; never a torn tail, which only means that a call did not return.
        is_newer: Whether a later nbtrack wrote it, in a format that is unknown here.
    """

    folder: Path
    run_id: str
    writer: str
    owner: Owner | None = None
    lock: str = ""
    owns: bool = False
    is_newer: bool = False
    events: list[Event] = field(default_factory=list)
    segments: list[StoredSegment] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)

    @property
    def has_ended(self) -> bool:
        """Whether the journal has the run's end."""
        return any(isinstance(event, RunEnded) for event in self.events)

    def is_alive(self) -> bool | None:
        """Tell whether its process is alive; None if that is unknown here."""
        held = is_held(self.folder.parent, self.lock)
        if held or self.owner is None:
            return held or None
        seen = self.owner.is_alive()
        return held if seen is None and self.owner.is_here() else seen

    def last_change(self) -> int:
        """Return when a file of it changed last, in milliseconds of the file system's clock."""
        files = [path for path in self.folder.iterdir() if not is_folder(path)]
        return max((path.lstat().st_mtime_ns // 1_000_000 for path in files), default=0)

    def last_time(self) -> int:
        """Return when something was logged or a file changed last, in milliseconds."""
        rows = [segment.copy(segment.end - 1, segment.end) for segment in self.segments if segment.written]
        return max([self.last_change(), *(int(time) for row in rows for time in row.timestamps)])

    def take(self, progress: Progress, limit: int) -> Batch | None:
        """Return what follows ``progress``, at most ``limit`` rows a lane; None if nothing does."""
        lanes = tuple(self._rows(progress, limit))
        reached = {**progress.lanes, **{rows.lane: rows.first + rows.count for rows in lanes}}
        is_complete = all(reached.get(segment.header.lane, 0) >= segment.end for segment in self.segments)
        events = tuple(deliverable(self.events[progress.events :], is_complete=is_complete))
        return Batch(self.run_id, self.writer, progress.events, events, lanes) if events or lanes else None

    def _rows(self, progress: Progress, limit: int) -> Iterator[LaneRows]:
        begun: set[int] = set()
        for segment in self.segments:
            header = segment.header
            start = max(progress.lanes.get(header.lane, 0), header.first)
            if start < segment.end and header.lane not in begun:
                begun.add(header.lane)
                rows = segment.copy(start, min(segment.end, start + limit))
                yield lane_rows(header.lane, header.keys, rows, self.names)


def read_journal(folder: Path, *, is_live: bool = False) -> StoredJournal:
    """Read a journal's folder, also if it is damaged, cut or empty.

    Args:
        folder: The journal's folder.
        is_live: Whether its owner may still be writing; then rows are read up to the first empty one.

    Raises:
        FileNotFoundError: Another process has just delivered it.
        OSError: Something in it is not a plain file.
        ValueError: Its head names another run or writer.
    """
    match = _FOLDER.fullmatch(folder.name)
    journal = StoredJournal(folder, match["run"] if match else "", match["writer"] if match else "")
    _read_events(journal)
    if not journal.is_newer:
        _read_names(journal)
        _read_lanes(journal, is_live=is_live)
    return journal


def _read_events(journal: StoredJournal) -> None:
    records = read_records(journal.folder / EVENTS)
    header = records.values.get(0, {})
    if isinstance(header, dict):
        _check_names(journal, header)
        journal.owner = Owner.from_json(header.get("owner", ""))
        journal.lock = str(header.get("lock", ""))
        journal.owns = bool(header.get("owns"))
        journal.is_newer = header.get("format", FORMAT) > FORMAT
    if 0 in records.damaged:
        journal.damage.append("the head of events.jsonl, which names the owner")
    if journal.is_newer:
        return
    for number in range(1, 1 + max([0, *records.values, *records.damaged])):
        journal.events.append(_event(journal, records.values.get(number), number))


def _check_names(journal: StoredJournal, header: dict[str, Any]) -> None:
    """Refuse a folder that was renamed: its rows would go into another run."""
    for what, name in (("run", journal.run_id), ("writer", journal.writer)):
        if header.get(what, name) != name:
            raise ValueError(f"its folder is not named after its {what}, {str(header[what])[:64]!r}")


def _event(journal: StoredJournal, value: object, number: int) -> Event:
    """Return the event of a line; for an unreadable one a tag that says so, because lines are counted."""
    try:
        return from_json(value)
    except ValueError:
        journal.damage.append(f"line {number + 1} of events.jsonl")
        return TagsSet({JOURNAL_DAMAGE: journal.damage[-1]})


def _read_names(journal: StoredJournal) -> None:
    records = read_records(journal.folder / "names.jsonl")
    journal.damage += [f"line {number + 1} of names.jsonl" for number in records.damaged]
    count = 1 + max([-1, *records.values, *records.damaged])
    journal.names = [str(records.values.get(number, f"unreadable name {number}")) for number in range(count)]


def _read_lanes(journal: StoredJournal, *, is_live: bool) -> None:
    found = [(match, path) for path in journal.folder.iterdir() if (match := _SEGMENT.fullmatch(path.name))]
    found.sort(key=lambda pair: (int(pair[0]["lane"]), int(pair[0]["number"])))
    for _, path in found:
        try:
            segment = read_segment(path, is_live=is_live)
        except FileNotFoundError:
            continue  # its owner has just delivered it
        except ValueError as error:
            journal.damage.append(f"{path.name}: {error}")
            continue
        if segment is not None:
            journal.segments.append(segment)
    journal.damage += [f"{path}: cut in the middle of the lane" for path in _cut(journal.segments)]


def _cut(segments: list[StoredSegment]) -> Iterator[str]:
    """Yield the names of cut segments that others follow: rows are missing."""
    for segment, following in itertools.pairwise(segments):
        if segment.is_cut and following.header.lane == segment.header.lane:
            yield segment.path.name
