"""Requests for a pass of the flusher, and the signals that wake its thread."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["FlushRequests"]


class FlushRequests:
    """Numbers the requests; one is answered by a pass that began after it and delivered everything.

    Attributes:
        changed: Notified whenever anything here changes; ``add`` and the comparisons need it held.
        asked: The number of the last request.
        tried: The last request after which a pass was made.
        answered: The last request after which a pass delivered everything.
        is_woken: Whether the next pass is to begin now.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.asked = self.tried = self.answered = 0
        self.is_woken = False

    @property
    def is_pending(self) -> bool:
        """Whether a request is not answered."""
        return self.asked > self.answered

    def wake(self) -> None:
        """Make the next pass begin now."""
        with self.changed:
            self.is_woken = True
            self.changed.notify_all()

    def add(self) -> int:
        """Return the number of a new request."""
        self.asked += 1
        return self.asked

    def note_pass(self, request: int, *, is_complete: bool) -> None:
        """Note a pass that began when ``request`` was the last one."""
        with self.changed:
            self.tried = request
            if is_complete:
                self.answered = max(self.answered, request)
            self.changed.notify_all()

    def wait_for_work(self, pause: float | None, request: int, is_current: Callable[[], bool]) -> None:
        """Wait for ``pause`` seconds, None forever, unless there is work already.

        Args:
            pause: How long to wait.
            request: The last request when the pass before began.
            is_current: Whether the calling thread is to go on at all.
        """
        with self.changed:
            if is_current() and not self.is_woken and self.asked in (request, self.answered):
                self.changed.wait(pause)
