"""A lock for work that must not begin anew in its own middle."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

__all__ = ["Section"]


class Section:
    """A lock, and the calls that came in the middle of what its holder was doing; they are made when that is done.

    A signal handler, or a ``__del__`` that the garbage collector calls, runs in the very thread that it interrupts. A lock
    lets it in, or waits for ever; here it asks ``is_interrupted`` and leaves its call for later.

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
        """Tell whether this very thread is in the middle of the section: the caller must come later."""
        return self._holder == threading.get_ident()

    def later(self, call: Callable[[], object]) -> None:
        """Have a call made, which must not fail, when the holder is done."""
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
            # In this order: until the holder is nobody calls are left for later, and from then on they are made at once.
            self._depth = self._holder = 0
            while self._later:
                self._later.popleft()()
        finally:
            self._lock.release()
