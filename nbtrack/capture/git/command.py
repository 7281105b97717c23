"""Ask git, and keep it from doing anything but answer: no hooks, no monitors, no external diff programs, no locks, no prompts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .subprocess import Output, run

__all__ = ["Git"]

_SETTINGS = ("core.fsmonitor=false", f"core.hooksPath={os.devnull}", "core.quotePath=false", "core.bigFileThreshold=2m")
_COMMAND = ["git", "--no-pager", *(part for setting in _SETTINGS for part in ("-c", setting))]
_ENVIRON = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}


@dataclass(frozen=True, slots=True)
class Git:
    """Git in one working tree, with the user's own settings, whichever repository the environment speaks of."""

    root: Path
    environ: Mapping[str, str]
    seconds: float

    def ask(self, arguments: list[str], *, most_bytes: int, stdin: bytes = b"") -> Output:
        """Run one git command.

        Raises:
            CommandFailed: git is not there or refuses; the message is its own.
        """
        environ = {k: v for k, v in self.environ.items() if not _leads_elsewhere(k)} | _ENVIRON
        return run(
            _COMMAND + arguments, folder=self.root, environ=environ, seconds=self.seconds, most_bytes=most_bytes, stdin=stdin
        )


def _leads_elsewhere(variable: str) -> bool:
    """Whether this is a variable such as GIT_DIR, set where a notebook server was started by git itself or by a hook."""
    return variable.startswith("GIT_") and not variable.startswith(("GIT_CONFIG_", "GIT_EXEC_PATH"))
