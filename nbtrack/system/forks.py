"""Delays forks while this package's threads hold locks.

A forked child has only the thread that forked, and every lock that another thread held stays locked there forever. This
package's threads import libraries, open stores and call libraries with locks of their own. So a fork waits until none of
them is doing that, and none starts to until the fork is done. The wait is bounded, because work may wait for a server.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["OPENING", "WORKING", "delay_forks"]

OPENING = 60.0  # seconds that a fork waits at most for imports and the opening of a store
WORKING = 3.0  # seconds for anything else

_changed = threading.Condition()
_busy: dict[int, float] = {}  # threads that delay forks, and until when
_forking = 0


@contextmanager
def delay_forks(patience: float) -> Iterator[None]:
    """Delay forks until the block is done, for at most so many seconds."""
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
    """Return how many seconds other threads delay a fork."""
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
