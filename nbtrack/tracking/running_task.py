"""Which task is running here, and which threads and tasks are the notebook's own."""

from __future__ import annotations

import sys
import threading
from typing import Any

__all__ = ["CELL", "is_done", "is_subshell", "running_task"]

# Stands for all tasks of the notebook itself: cells run in them, one after the other.
CELL = "cell"

_NOTEBOOKS = ("IPython", "ipykernel", "marimo")


def running_task() -> object:
    """Return the user's task that is running here; None outside of tasks, CELL in one of the notebook's own."""
    for module in ("asyncio.tasks", "trio.lowlevel"):
        current_task = getattr(sys.modules.get(module), "current_task", None)
        try:
            task = None if current_task is None else current_task()
        except (RuntimeError, NameError, AttributeError):
            # No loop is running; nor is a task while another thread is still importing the module.
            continue
        if task is not None:
            return CELL if module == "asyncio.tasks" and _is_of_notebook(task.get_coro()) else task
    return None


def _is_of_notebook(coroutine: Any) -> bool:
    """Tell whether a task runs code of IPython or of its kernel."""
    frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
    return frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] in _NOTEBOOKS


def is_done(task: Any) -> bool:
    """Tell whether a task is over, so that it will never end a run that it left open."""
    return hasattr(task, "done") and bool(task.done())


def is_subshell(thread: threading.Thread) -> bool:
    """Tell whether a thread is one in which the kernel executes cells beside the main thread."""
    return type(thread).__module__ == "ipykernel.subshell"
