"""``nbtrack sync``: deliver what waits in journals on this machine."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ..errors import StoreUnavailable
from .output import print_json, print_table
from .places import add_place, opened
from .waiting import Waiting, waiting

__all__ = ["add", "run"]


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_place(parser)


def run(arguments: argparse.Namespace) -> int:
    """Deliver, and say what waits still: 1 if that is something that no living process will deliver."""
    with opened(arguments) as tracker:
        homes = tracker.connection.journals
        before = waiting(*homes)
        try:
            tracker.connection.recover()
        except StoreUnavailable as error:
            raise StoreUnavailable(f"{error}; {_told(before)} in {_places(homes)} until it can be") from error
        after = waiting(*homes)
    if arguments.json:
        print_json({"delivered": len(before) - len(after), "waiting": [asdict(each) for each in after]})
    else:
        _say(before, after)
    return 1 if any(each.is_alive is False and each.is_ours for each in after) else 0


def _places(homes: Sequence[Path]) -> str:
    return " and ".join(str(home) for home in homes if waiting(home))


def _told(found: list[Waiting]) -> str:
    return f"{sum(each.rows for each in found):,} rows of {len({each.run_id for each in found})} runs wait"


def _say(before: list[Waiting], after: list[Waiting]) -> None:
    rows = sum(each.rows for each in before) - sum(each.rows for each in after)
    print(f"delivered {len(before) - len(after)} journals, up to {max(0, rows):,} rows")
    if after:
        print_table(["RUN", "ROWS", "PROCESS"], [[each.run_id, f"{each.rows:,}", _owner(each)] for each in after])
    else:
        print("nothing waits")


def _owner(each: Waiting) -> str:
    if not each.is_ours:
        return "is another user's"
    return {True: "runs", False: "is gone", None: "cannot be seen from here"}[each.is_alive]
