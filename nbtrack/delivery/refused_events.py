"""Events that a store refuses however often they are sent: kept beside the journals, so that nothing else waits for them.

An event or a file may be larger than the store accepts. Its run gets a tag in its place, and the event is kept until
``nbtrack sync`` sends it again, sends it to another store, or deletes it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..entities.events import ArtifactLogged, Batch, DocumentLogged, Event, ParamsLogged, TagsDeleted, TagsSet
from ..entities.tags import EVENT_REFUSED
from ..errors import InvalidInput, NbtrackError
from ..journal.codec import from_json, to_json
from ..journal.folder import read_refusal
from ..journal.plain_files import is_folder, open_plain
from ..journal.reader import journals
from ..store.artifacts.spool import move_file
from ..store.protocol.store import Store
from .artifact_events import PutFile

__all__ = ["RefusedEvent", "keep_refused", "reasons_in", "refused_events", "send_again"]

_FOLDER = "refused"
_LONGEST = 1000  # characters of a tag
_log = logging.getLogger("nbtrack")


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    """An event that a store refused.

    Attributes:
        path: The file in which the event is kept.
        run_id: Its run.
        why: The store's reason.
        event: What was logged.
    """

    path: Path
    run_id: str
    why: str
    event: Event

    @property
    def description(self) -> str:
        """The event in a few words."""
        return _described(self.event)

    @property
    def file(self) -> Path | None:
        """The artifact file that belongs to the event, None if there is none."""
        file = self.path.with_suffix(".file")
        try:
            found = file.lstat()
        except OSError:
            return None
        return file if stat.S_ISREG(found.st_mode) and found.st_nlink == 1 else None

    def delete(self) -> None:
        """Delete the event and its file for good."""
        with suppress(FileNotFoundError):
            self.path.with_suffix(".file").unlink()
        self.path.unlink(missing_ok=True)


def keep_refused(home: Path | None, run_id: str, event: Event, error: Exception, file: Path | None = None) -> TagsSet:
    """Keep an event that a store refuses, and return the tag that takes its place in the run.

    Args:
        home: The folder of journals; None if there is none, and then the event is lost.
        run_id: The run.
        event: What was logged.
        error: The store's reason.
        file: The artifact file that belongs to the event, which is moved.
    """
    told = f"{_described(event)} is not in the store: {error}"
    kept = None if home is None else _write(home / _FOLDER, run_id, event, str(error), file)
    where = f"it waits in {kept.parent}, see `nbtrack sync`" if kept is not None else "it is not kept"
    _log.warning("nbtrack: run %s: %s; %s", run_id, told, where)
    return TagsSet({EVENT_REFUSED: told[:_LONGEST]})


def _write(folder: Path, run_id: str, event: Event, why: str, file: Path | None) -> Path:
    """Write an event to a file named by its digest, so that writing it twice changes nothing."""
    text = json.dumps({"run": run_id, "event": to_json(event), "why": why})
    folder.mkdir(exist_ok=True)
    if not is_folder(folder):
        raise InvalidInput(f"{folder} is a link, through which nothing is written")
    path = folder / f"{run_id}.{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    if file is not None:
        move_file(file, path.with_suffix(".file"))
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
    return path


def refused_events(home: Path | None) -> list[RefusedEvent]:
    """Return the refused events in a folder of journals, except those that cannot be read."""
    if home is None or not is_folder(home / _FOLDER):
        return []
    return [each for path in sorted((home / _FOLDER).glob("*.json")) for each in _read(path)]


def _read(path: Path) -> Iterator[RefusedEvent]:
    try:
        with open_plain(path) as file:
            found = json.load(file)
        yield RefusedEvent(path, str(found["run"]), str(found["why"]), from_json(found["event"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        _log.warning("nbtrack: %s cannot be read (%s), and is left as it is", path, error)


def reasons_in(home: Path | None) -> dict[str, str]:
    """Return why runs wait in a folder of journals, by their ids: for a refused journal, or for a refused event."""
    reasons = {} if home is None else {folder.name.rpartition(".")[0]: read_refusal(folder) for folder in journals(home)}
    found = {run_id: why for run_id, why in reasons.items() if why}
    return {**found, **{each.run_id: f"{each.description}: {each.why}" for each in refused_events(home)}}


def send_again(store: Store, found: list[RefusedEvent], put: PutFile) -> list[RefusedEvent]:
    """Send refused events to a store, delete those that it accepts, and return the others."""
    left = [each for each in found if not _is_accepted(store, each, put)]
    for run_id in {each.run_id for each in found}.difference(each.run_id for each in left):
        store.apply([Batch(run_id, "", events=(TagsDeleted((EVENT_REFUSED,)),))])
    return left


def _is_accepted(store: Store, refused: RefusedEvent, put: PutFile) -> bool:
    try:
        if isinstance(refused.event, ArtifactLogged) and refused.file is not None:
            put(store, refused.run_id, refused.event, refused.file)
        store.apply([Batch(refused.run_id, "", events=(refused.event,))])
    except NbtrackError:
        return False
    refused.delete()
    return True


def _described(event: Event) -> str:
    if isinstance(event, ArtifactLogged):
        return f"the file {event.path!r} of {event.size:,} bytes"
    if isinstance(event, ParamsLogged):
        return f"the params {', '.join(map(repr, list(event.params)[:3]))}"
    if isinstance(event, TagsSet):
        return f"the tags {', '.join(map(repr, list(event.tags)[:3]))}"
    if isinstance(event, DocumentLogged):
        return f"the {event.kind or 'text'} of {len(event.text):,} characters"
    return f"what was logged as {type(event).__name__}"
