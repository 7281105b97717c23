"""What a store will not take however often it is sent: kept beside the journals, so that nothing else waits for it.

An event, or a file, that is larger than the store takes is one of many of its run. The run gets a tag in its place, and what
was logged waits here until ``nbtrack sync`` sends it again, elsewhere, or drops it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..entities.events import ArtifactLogged, Batch, DocumentLogged, Event, ParamsLogged, TagsDeleted, TagsSet
from ..entities.tags import SET_ASIDE
from ..errors import InvalidInput, NbtrackError
from ..journal.codec import from_json, to_json
from ..journal.folder import reason_in
from ..journal.plain import is_folder, open_plain
from ..journal.reader import journals
from ..store.artifacts.spool import move_file
from ..store.protocol.store import Store

__all__ = ["PutFile", "SetAside", "refused_in", "send", "set_aside", "set_asides"]


# Puts a file where the run's artifacts are: (store, run id, event, the file).
PutFile = Callable[[Store, str, ArtifactLogged, Path], None]

_FOLDER = "refused"
_LONGEST = 1000  # characters of a tag
_log = logging.getLogger("nbtrack")


@dataclass(frozen=True, slots=True)
class SetAside:
    """Something that a store refused.

    Attributes:
        place: The file that has the event.
        run_id: Its run.
        why: What the store said.
        event: What was logged.
    """

    place: Path
    run_id: str
    why: str
    event: Event

    @property
    def what(self) -> str:
        """What it is, in words."""
        return _what(self.event)

    @property
    def file(self) -> Path | None:
        """The file that belongs to it, None where none does."""
        found = self.place.with_suffix(".file")
        try:
            facts = found.lstat()
        except OSError:
            return None
        return found if stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1 else None

    def drop(self) -> None:
        """Delete it for good."""
        with suppress(FileNotFoundError):
            self.place.with_suffix(".file").unlink()
        self.place.unlink(missing_ok=True)


def set_aside(home: Path | None, run_id: str, event: Event, error: Exception, file: Path | None = None) -> TagsSet:
    """Keep what a store refuses, and return the tag that tells of it on the run.

    Args:
        home: The folder of journals; None where there is none: then only the tag remains.
        run_id: The run.
        event: What was logged.
        error: What the store said.
        file: The file that belongs to it, which is moved.
    """
    told = f"{_what(event)} is not in the store: {error}"
    kept = None if home is None else _keep(home / _FOLDER, run_id, event, str(error), file)
    where = f"it waits in {kept.parent}, see `nbtrack sync`" if kept is not None else "it is not kept"
    _log.warning("nbtrack: run %s: %s; %s", run_id, told, where)
    return TagsSet({SET_ASIDE: told[:_LONGEST]})


def _keep(folder: Path, run_id: str, event: Event, why: str, file: Path | None) -> Path:
    """Write it under a name that is its own, so that whoever does so again changes nothing."""
    said = json.dumps({"run": run_id, "event": to_json(event), "why": why})
    folder.mkdir(exist_ok=True)
    if not is_folder(folder):
        raise InvalidInput(f"{folder} is a link, through which nothing is written")
    place = folder / f"{run_id}.{hashlib.sha256(said.encode()).hexdigest()[:16]}.json"
    if file is not None:
        move_file(file, place.with_suffix(".file"))
    part = place.with_suffix(".part")
    part.write_text(said, encoding="utf-8")
    part.replace(place)
    return place


def set_asides(home: Path | None) -> list[SetAside]:
    """Return what was set aside in a folder of journals; what cannot be read is left out."""
    if home is None or not is_folder(home / _FOLDER):
        return []
    return [each for place in sorted((home / _FOLDER).glob("*.json")) for each in _read(place)]


def _read(place: Path) -> Iterator[SetAside]:
    try:
        with open_plain(place) as file:
            said = json.load(file)
        yield SetAside(place, str(said["run"]), str(said["why"]), from_json(said["event"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        _log.warning("nbtrack: %s cannot be read (%s), and is left as it is", place, error)


def refused_in(home: Path | None) -> dict[str, str]:
    """Return why runs wait in a folder of journals that was refused, by their ids: whole journals, and what was set aside."""
    reasons = {} if home is None else {folder.name.rpartition(".")[0]: reason_in(folder) for folder in journals(home)}
    found = {run_id: why for run_id, why in reasons.items() if why}
    return {**found, **{each.run_id: f"{each.what}: {each.why}" for each in set_asides(home)}}


def send(store: Store, found: list[SetAside], put: PutFile) -> list[tuple[SetAside, NbtrackError]]:
    """Bring what was set aside into a store; return what it still does not take, and why."""
    left: list[tuple[SetAside, NbtrackError]] = []
    for each in found:
        try:
            _send(store, each, put)
        except NbtrackError as error:
            left.append((each, error))
    for run_id in {each.run_id for each in found}.difference(each.run_id for each, _ in left):
        store.apply([Batch(run_id, "", events=(TagsDeleted((SET_ASIDE,)),))])
    return left


def _send(store: Store, each: SetAside, put: PutFile) -> None:
    if isinstance(each.event, ArtifactLogged) and each.file is not None:
        put(store, each.run_id, each.event, each.file)
    store.apply([Batch(each.run_id, "", events=(each.event,))])
    each.drop()


def _what(event: Event) -> str:
    if isinstance(event, ArtifactLogged):
        return f"the file {event.path!r} of {event.size:,} bytes"
    if isinstance(event, ParamsLogged):
        return f"the params {', '.join(map(repr, list(event.params)[:3]))}"
    if isinstance(event, TagsSet):
        return f"the tags {', '.join(map(repr, list(event.tags)[:3]))}"
    if isinstance(event, DocumentLogged):
        return f"the {event.kind or 'text'} of {len(event.text):,} characters"
    return f"what was logged as {type(event).__name__}"
