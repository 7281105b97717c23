"""``nbtrack import``: copy all runs from somewhere into the store."""

from __future__ import annotations

import argparse

from ..transfer import import_
from .output import bar
from .places import add_place
from .push import say

__all__ = ["add", "run"]


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_place(parser)
    parser.add_argument("uri", metavar="URI", help="MLflow's folder mlruns, its database, a tracking server, or another store")
    parser.add_argument(
        "--artifacts-from",
        metavar="PLACE",
        action="append",
        default=[],
        help="a folder or URI where files of these runs are, beside the source's own folder; may be given several times",
    )


def run(arguments: argparse.Namespace) -> int:
    """Copy the runs, with all that they have."""
    with bar("Importing") as tell:
        places, target = arguments.artifacts_from, arguments.store
        outcome = import_(arguments.uri, target=target, artifacts=arguments.artifacts, places=places, tell=tell)
    return say(arguments, outcome)
