"""The command line ``nbtrack COMMAND``, with one module for each command.

A command's module has ``add(parser)``, which declares the options, and ``run(arguments)``, which executes the command and
returns the exit status.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from ..errors import NbtrackError

__all__ = ["main"]

# Name, module and purpose, in the order of the help; a module is imported when its command is used.
COMMANDS: Final[tuple[tuple[str, str, str], ...]] = (
    ("server", "server", "serve a store to a team, to MLflow's clients too"),
    ("users", "users", "manage who may use a server, their passwords and tokens"),
    ("runs", "runs", "list, show, delete, restore and purge runs"),
    ("experiments", "experiments", "list, delete and restore experiments"),
    ("export", "export", "write runs as CSV, Parquet or HTML, or with everything they have into a folder"),
    ("import", "import_runs", "copy all runs from MLflow's files, a server or another store"),
    ("push", "push", "copy runs into another store"),
    ("sync", "sync", "deliver what waits in journals on this machine"),
    ("doctor", "doctor", "check the store, what waits and what is broken, and say how to fix it"),
)
_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status; a user's mistake is one line and status 2."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    parser = argparse.ArgumentParser("nbtrack", description="Keep and compare the runs of notebooks.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, module_name, purpose in COMMANDS:
        command = commands.add_parser(name, help=purpose, description=purpose.capitalize() + ".")
        if arguments[:1] == [name]:
            module = import_module(f".{module_name}", __name__)
            module.add(command)
            command.set_defaults(run=module.run)
    chosen = parser.parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except NbtrackError as error:
        print(f"nbtrack: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("nbtrack: interrupted", file=sys.stderr)
        return _INTERRUPTED
