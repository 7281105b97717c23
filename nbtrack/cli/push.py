"""``nbtrack push``: copy runs into another store."""

from __future__ import annotations

import argparse

from ..errors import InvalidInput
from ..tracking.tracker import connection_of
from ..transfer import CopyResult, push
from .output import bar, print_json
from .store_options import add_store_options, find_run, opened

__all__ = ["add", "report", "run"]


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_store_options(parser)
    parser.add_argument("run_ids", metavar="RUN", nargs="*", help="an id, the beginning of one, or a name")
    parser.add_argument("uri", metavar="URI", help="the store to copy into")
    parser.add_argument("--all", action="store_true", help="all runs of the store")
    parser.add_argument("--to-artifacts", metavar="URI", help="where experiments that are new there keep files")


def run(arguments: argparse.Namespace) -> int:
    """Copy the runs with everything they have; 1 if something could not be copied."""
    if bool(arguments.run_ids) == arguments.all:
        raise InvalidInput("name the runs to copy, or say --all")
    with opened(arguments) as tracker:
        store = connection_of(tracker).store()
        if not store.is_read_only:
            connection_of(tracker).recover()
        ids = None if arguments.all else [find_run(store, text).id for text in arguments.run_ids]
        with bar("Copying", None if ids is None else len(ids)) as tell:
            uri, artifacts = connection_of(tracker).settings.uri, arguments.to_artifacts
            result = push(ids, arguments.uri, source=uri, artifacts=artifacts, tell=tell)
    return report(arguments, result)


def report(arguments: argparse.Namespace, result: CopyResult) -> int:
    """Write the result of a copy, and return the exit status: 1 if something could not be copied."""
    if arguments.json:
        facts = {"copied": result.copied, "unchanged": result.unchanged, "problems": result.problems}
        print_json(facts | ({"notes": result.notes} if result.notes else {}))
    else:
        for line in result.problems + result.notes:
            print(line)
        print(f"{len(result.copied)} runs copied, {result.unchanged} were there already")
    return 1 if result.problems else 0
