"""A lock for work that must not be entered again by the code that interrupts it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

__all__ = ["Section"]


class Section:
    """A lock with a queue for calls that interrupt its holder; they run when the holder is done.

    A signal handler, or a ``__del__`` that the garbage collector calls, runs in the thread that it interrupts. A reentrant
    lock would let it in, and another lock would deadlock; here it asks ``is_interrupted`` and queues its call.

    Example:
        >>> section, done = Section(), []
        >>> with section:
        ...     assert section.is_interrupted()  # as a handler would find here
        ...     section.later(lambda: done.append("late"))
        ...     done.append("first")
        >>> done
        ['first', 'late']
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._holder = self._depth = 0
        self._later: deque[Callable[[], object]] = deque()

    def is_interrupted(self) -> bool:
        """Tell whether this thread holds the section, so that the caller interrupts it and must queue its call."""
        return self._holder == threading.get_ident()

    def later(self, call: Callable[[], object]) -> None:
        """Queue a call, which must not fail, until the holder is done."""
        self._later.append(call)

    def __enter__(self) -> None:
        self._lock.acquire()
        self._depth += 1
        self._holder = threading.get_ident()

    def __exit__(self, *_: object) -> None:
        try:
            if self._depth > 1:
                self._depth -= 1
                return
            # First, because calls are queued while there is a holder, and run at once from then on.
            self._depth = self._holder = 0
            while self._later:
                self._later.popleft()()
        finally:
            self._lock.release()
