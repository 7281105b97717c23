"""``nbtrack import``: copy all runs of another store, or of MLflow's files, into the store."""

from __future__ import annotations

import argparse

from ..transfer import import_
from .output import bar
from .push import report
from .store_options import add_store_options

__all__ = ["add", "run"]


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_store_options(parser)
    parser.add_argument("uri", metavar="URI", help="MLflow's folder mlruns, its database, a tracking server, or another store")
    parser.add_argument(
        "--artifacts-from",
        metavar="PLACE",
        action="append",
        default=[],
        help="a folder or URI that has files of these runs besides the source's own folder; may be repeated",
    )


def run(arguments: argparse.Namespace) -> int:
    """Copy the runs with everything they have; 1 if something could not be copied."""
    with bar("Importing") as tell:
        places, target = arguments.artifacts_from, arguments.store
        result = import_(arguments.uri, target=target, artifacts=arguments.artifacts, places=places, tell=tell)
    return report(arguments, result)
