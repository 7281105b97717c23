"""Who sent the cell that is running: a notebook that can show live views, or a program that executes notebooks."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["cell_id", "hydrates", "is_headless", "kernel", "request_id"]


def kernel() -> Any:
    """Return this process's ipykernel, None where there is none."""
    if "ipykernel" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

    return getattr(get_ipython(), "kernel", None)


def _request() -> dict[str, Any]:
    """Return the message that requested the execution of the cell, empty where there is none."""
    running = kernel()
    parent: dict[str, Any] | None = None if running is None else running.get_parent("shell")
    return parent or {}


def cell_id() -> str:
    """Return the id of the notebook's cell that is running, empty where the front end gives none."""
    return str(_request().get("metadata", {}).get("cellId", ""))


def request_id() -> str:
    """Return the id of the request that executes it, which differs each time."""
    return str(_request().get("header", {}).get("msg_id", ""))


def is_headless() -> bool:
    """Tell whether nobody is looking: no kernel, a console, or nbclient, papermill or nbconvert.

    A notebook's front end sends the cell's id; programs that execute notebooks do not, and neither does Colab.
    """
    return not cell_id() and not (kernel() is not None and "google.colab" in sys.modules)


def hydrates() -> bool:
    """Tell whether the front end keeps HTML in its own document, where a live view can replace it, as JupyterLab does.

    VS Code and Colab may keep the HTML of an output in a frame of its own; they get a widget while a run is open.
    """
    running = kernel()
    namespace = {} if running is None else running.shell.user_ns
    return "__vsc_ipynb_file__" not in namespace and "google.colab" not in sys.modules
