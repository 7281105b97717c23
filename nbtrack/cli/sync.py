"""``nbtrack sync``: deliver what waits in journals on this machine, and decide on what the store refuses."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from ..delivery.connection import Connection
from ..delivery.recovery import recover
from ..delivery.set_aside import SetAside, send, set_asides
from ..errors import StoreUnavailable
from ..journal.folder import remove_folder
from ..settings import resolve
from ..tracking.tracker import Tracker, connection_of
from .output import print_json, print_table
from .places import add_place, opened
from .waiting import Waiting, waiting

__all__ = ["add", "run"]


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_place(parser)
    parser.add_argument("--to", metavar="URI", help="send what this store refuses to another one")
    parser.add_argument(
        "--drop", action="count", default=0, help="delete what this store refuses; said once, it lists it, said twice, it is gone"
    )


def run(arguments: argparse.Namespace) -> int:
    """Deliver, and say what waits still: 1 if that is something that no living process will deliver."""
    with opened(arguments) as tracker:
        connection = connection_of(tracker)
        homes, before = connection.journals, waiting(*connection.journals)
        try:
            connection.recover()
        except StoreUnavailable as error:
            raise StoreUnavailable(f"{error}; {_told(before)} in {', '.join(map(str, homes))} until it can be") from error
        aside = _send_aside(connection, homes)
    if arguments.to:
        aside = _send_elsewhere(arguments.to, homes)
    after = waiting(*homes)
    if arguments.drop > 1:
        _drop(after, aside)
        after, aside = waiting(*homes), list(_aside_in(homes))
    _report(arguments, before, after, aside)
    return 1 if aside or any(each.is_left for each in after) else 0


def _aside_in(homes: tuple[Path, ...]) -> Iterator[SetAside]:
    for home in homes:
        yield from set_asides(home)


def _send_aside(connection: Connection, homes: tuple[Path, ...]) -> list[SetAside]:
    """Send again what was set aside, and return what is still refused."""
    found = list(_aside_in(homes))
    return [each for each, _ in send(connection.store(), found, connection.put)] if found else []


def _send_elsewhere(uri: str, homes: tuple[Path, ...]) -> list[SetAside]:
    """Deliver to another store what is left; return what was set aside and is not there."""
    other = connection_of(Tracker(resolve(uri)))
    try:
        for home in homes:
            recover(other.store(), home, other.put)
        return _send_aside(other, homes)
    finally:
        other.close(5)


def _drop(found: list[Waiting], aside: list[SetAside]) -> None:
    for each in found:
        if each.is_left and each.place:
            remove_folder(Path(each.place))
    for one in aside:
        one.drop()


def _told(found: list[Waiting]) -> str:
    return f"{sum(each.rows for each in found):,} rows of {len({each.run_id for each in found})} runs wait"


def _report(arguments: argparse.Namespace, before: list[Waiting], after: list[Waiting], aside: list[SetAside]) -> None:
    if arguments.json:
        refused = [{"run_id": each.run_id, "what": each.what, "why": each.why, "place": str(each.place)} for each in aside]
        waits = [asdict(each) for each in after]
        print_json({"delivered": len(before) - len(after), "waiting": waits, "refused": refused})
        return
    rows = sum(each.rows for each in before) - sum(each.rows for each in after)
    print(f"delivered {len(before) - len(after)} journals, up to {max(0, rows):,} rows")
    if after:
        print_table(
            ["RUN", "ROWS", "PROCESS", "WHY"], [[each.run_id, f"{each.rows:,}", _owner(each), each.why] for each in after]
        )
    if aside:
        print_table(["RUN", "REFUSED", "WHY"], [[each.run_id, each.what, each.why] for each in aside])
    if not after and not aside:
        print("nothing waits")
    elif aside or any(each.is_left for each in after):
        print(_remedy(arguments.drop))


def _remedy(drops: int) -> str:
    if drops == 1:
        return "say --drop twice, and what is gone or refused here is deleted for good: nbtrack sync --drop --drop"
    return "nbtrack sync tries again; --to URI sends what is left to another store; --drop deletes it"


def _owner(each: Waiting) -> str:
    if not each.is_ours:
        return "is another user's"
    return {True: "runs", False: "is gone", None: "cannot be seen from here"}[each.is_alive]
