"""What is captured for a run that is started outside a tracked cell."""

from __future__ import annotations

import sys
import time
from typing import Any

from ..settings import environment, working_directory
from .base import Captured, CaptureGuard, merge
from .context import capture_surroundings
from .notebook import find_notebook, parent_command

__all__ = ["recent_surroundings"]

# Runs started in quick succession share one capture, which takes longer than starting a run.
_FRESH_SECONDS = 5.0

_recent: tuple[float, str, Captured] | None = None


def recent_surroundings() -> Captured:
    """Return source, git and environment, captured at most some seconds ago."""
    global _recent  # noqa: PLW0603
    now, folder = time.monotonic(), working_directory()
    if _recent is None or _recent[1] != folder or now - _recent[0] > _FRESH_SECONDS:
        _recent = (now, folder, _capture())
    return _recent[2]


def _capture() -> Captured:
    guard = CaptureGuard()
    shell = _shell()
    notebook = None if shell is None else guard.run("notebook", lambda: _notebook(shell), None)
    script = sys.argv[0] or "python" if shell is None else None
    found = capture_surroundings(guard, environment(), notebook=notebook, script=script)
    return merge(found, guard.failures())


def _shell() -> Any:
    """Return IPython's shell, None in a plain script; without importing IPython."""
    module = sys.modules.get("IPython")
    return None if module is None else module.get_ipython()


def _notebook(shell: Any) -> str | None:
    command, folder = parent_command()
    return find_notebook(shell.user_ns, environment(), command=command, command_folder=folder)
