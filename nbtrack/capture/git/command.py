"""Runs git read-only: without hooks, monitors, external diff programs, locks or prompts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .run_command import CommandOutput, run

__all__ = ["Git"]

_SETTINGS = ("core.fsmonitor=false", f"core.hooksPath={os.devnull}", "core.quotePath=false", "core.bigFileThreshold=2m")
_COMMAND = ["git", "--no-pager", *(part for setting in _SETTINGS for part in ("-c", setting))]
_ENVIRON = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}


@dataclass(frozen=True, slots=True)
class Git:
    """Git in one working tree with the user's settings, even if the environment names another repository."""

    root: Path
    environ: Mapping[str, str]
    seconds: float

    def ask(self, arguments: list[str], *, most_bytes: int, stdin: bytes = b"") -> CommandOutput:
        """Run one git command.

        Raises:
            CommandFailed: git is missing or reports an error, which is the message.
        """
        environ = {k: v for k, v in self.environ.items() if not _leads_elsewhere(k)} | _ENVIRON
        return run(
            _COMMAND + arguments, folder=self.root, environ=environ, seconds=self.seconds, most_bytes=most_bytes, stdin=stdin
        )


def _leads_elsewhere(variable: str) -> bool:
    """Return whether a variable such as GIT_DIR, set if git or a hook started the notebook server, selects a repository."""
    return variable.startswith("GIT_") and not variable.startswith(("GIT_CONFIG_", "GIT_EXEC_PATH"))
