"""Starts this package's threads, as long as the interpreter allows it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

__all__ = ["start_thread"]


def start_thread(work: Callable[[], object], name: str) -> threading.Thread | None:
    """Start a daemon thread; None if none can be started any more.

    A generator or a ``__del__`` may log while the interpreter shuts down. There Python 3.11 waits forever for a thread that
    never starts; later versions raise RuntimeError.
    """
    if sys.is_finalizing():
        return None
    thread = threading.Thread(target=work, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    return thread
