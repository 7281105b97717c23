"""Threads of nbtrack's own: how they are started, and when none can be."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

__all__ = ["start_thread"]


def start_thread(work: Callable[[], object], name: str) -> threading.Thread | None:
    """Start a daemon thread; None where none can be started: do the work here, or leave it.

    A generator or a ``__del__`` may log while the interpreter shuts down. Python 3.11 waits for ever there for a thread
    that never begins; later versions raise RuntimeError.
    """
    if sys.is_finalizing():
        return None
    thread = threading.Thread(target=work, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    return thread
