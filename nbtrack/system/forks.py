"""Forks: a child has only the thread that forked, and every lock that another thread held stays locked there for ever.

Our threads import libraries, open stores and work in libraries with locks of their own. So a fork waits until none of
them is in the middle of that, and none begins until it is over. How long it waits is bounded, for work may wait for a server.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["OPENING", "WORKING", "unsplit"]

OPENING = 60.0  # seconds that a fork waits at most for imports and for the opening of a store
WORKING = 3.0  # and for anything else

_changed = threading.Condition()
_busy: dict[int, float] = {}  # threads that are in the middle of something, and until when a fork waits for them
_forking = 0


@contextmanager
def unsplit(patience: float) -> Iterator[None]:
    """Let no fork come in the middle of what the block does, for so many seconds."""
    me = threading.get_ident()
    with _changed:
        before = _busy.get(me)
        while _forking and before is None:
            _changed.wait(patience)
        _busy[me] = max(before or 0.0, time.monotonic() + patience)
    try:
        yield
    finally:
        with _changed:
            if before is None:
                _busy.pop(me, None)
                _changed.notify_all()
            else:
                _busy[me] = before


def _before_fork() -> None:
    global _forking  # noqa: PLW0603
    with _changed:
        _forking += 1
        while (left := _longest()) > 0:
            _changed.wait(left)


def _longest() -> float:
    """Return for how long to wait for other threads, 0 where there is nothing to wait for."""
    me, now = threading.get_ident(), time.monotonic()
    return max((until - now for thread, until in _busy.items() if thread != me), default=0.0)


def _after_in_parent() -> None:
    global _forking  # noqa: PLW0603
    with _changed:
        _forking -= 1
        _changed.notify_all()


def _after_in_child() -> None:
    global _changed, _forking
    _changed, _forking = threading.Condition(), 0
    me = threading.get_ident()
    for thread in [thread for thread in _busy if thread != me]:
        del _busy[thread]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
