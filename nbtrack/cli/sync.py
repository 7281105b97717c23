"""``nbtrack sync``: deliver what waits in journals on this machine, and decide about what the store refuses."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from ..delivery.connection import Connection
from ..delivery.recovery import recover
from ..delivery.refused_events import RefusedEvent, refused_events, send_again
from ..errors import StoreUnavailable
from ..journal.folder import remove_folder
from ..settings import resolve
from ..tracking.tracker import Tracker, connection_of
from .output import print_json, print_table
from .store_options import add_store_options, opened
from .waiting import Waiting, waiting

__all__ = ["add", "run"]


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_store_options(parser)
    parser.add_argument("--to", metavar="URI", help="send what this store refuses to another one")
    parser.add_argument(
        "--drop", action="count", default=0, help="delete what this store refuses; given once, list it, given twice, delete it"
    )


def run(arguments: argparse.Namespace) -> int:
    """Deliver, and list what still waits; 1 if that includes something that no living process will deliver."""
    with opened(arguments) as tracker:
        connection = connection_of(tracker)
        homes, before = connection.journals, waiting(*connection.journals)
        try:
            connection.recover()
        except StoreUnavailable as error:
            raise StoreUnavailable(f"{error}; {_told(before)} in {', '.join(map(str, homes))} until it can be") from error
        refused = _send_refused(connection, homes)
    if arguments.to:
        refused = _send_elsewhere(arguments.to, homes)
    after = waiting(*homes)
    if arguments.drop > 1:
        _drop(after, refused)
        after, refused = waiting(*homes), list(_refused_in(homes))
    _report(arguments, before, after, refused)
    return 1 if refused or any(each.is_orphaned for each in after) else 0


def _refused_in(homes: tuple[Path, ...]) -> Iterator[RefusedEvent]:
    for home in homes:
        yield from refused_events(home)


def _send_refused(connection: Connection, homes: tuple[Path, ...]) -> list[RefusedEvent]:
    """Send refused events again, and return those that are refused again."""
    found = list(_refused_in(homes))
    return send_again(connection.store(), found, connection.put) if found else []


def _send_elsewhere(uri: str, homes: tuple[Path, ...]) -> list[RefusedEvent]:
    """Deliver to another store what is left, and return the events that it refuses too."""
    other = connection_of(Tracker(resolve(uri)))
    try:
        for home in homes:
            recover(other.store(), home, other.put)
        return _send_refused(other, homes)
    finally:
        other.close(5)


def _drop(found: list[Waiting], refused: list[RefusedEvent]) -> None:
    for each in found:
        if each.is_orphaned and each.folder:
            remove_folder(Path(each.folder))
    for event in refused:
        event.delete()


def _told(found: list[Waiting]) -> str:
    return f"{sum(each.rows for each in found):,} rows of {len({each.run_id for each in found})} runs wait"


def _report(arguments: argparse.Namespace, before: list[Waiting], after: list[Waiting], refused: list[RefusedEvent]) -> None:
    if arguments.json:
        events = [{"run_id": each.run_id, "what": each.description, "why": each.why, "place": str(each.path)} for each in refused]
        print_json({"delivered": len(before) - len(after), "waiting": [each.facts() for each in after], "refused": events})
        return
    rows = sum(each.rows for each in before) - sum(each.rows for each in after)
    print(f"delivered {len(before) - len(after)} journals, up to {max(0, rows):,} rows")
    if after:
        print_table(
            ["RUN", "ROWS", "PROCESS", "WHY"], [[each.run_id, f"{each.rows:,}", _process(each), each.why] for each in after]
        )
    if refused:
        print_table(["RUN", "REFUSED", "WHY"], [[each.run_id, each.description, each.why] for each in refused])
    if not after and not refused:
        print("nothing waits")
    elif refused or any(each.is_orphaned for each in after):
        print(_remedy(arguments.drop))


def _remedy(drops: int) -> str:
    if drops == 1:
        return "say --drop twice to delete for good what is refused or orphaned here: nbtrack sync --drop --drop"
    return "nbtrack sync tries again; --to URI sends what is left to another store; --drop deletes it"


def _process(each: Waiting) -> str:
    if not each.is_ours:
        return "another user's"
    return {True: "alive", False: "dead", None: "unknown from here"}[each.is_alive]
