"""Calls that are made by whoever logs next: of use where only the code that logs can do a thing, and not at any moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["Interjections"]


class _Call(NamedTuple):
    make: Callable[[], None]
    in_main_thread: bool


class Interjections:
    """The calls that wait for the next row.

    Threads: every method may be called from any thread. Without a lock: where threads log at this very moment a call may
    be made twice, or not at all, so who needs one asks again.
    """

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: tuple[_Call, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, make: Callable[[], None], *, in_main_thread: bool) -> None:
        """Have a call made, in the main thread or in whatever thread; a call that waits already is not added."""
        call = _Call(make, in_main_thread)
        if call not in self._waiting:
            self._waiting += (call,)

    def make(self) -> bool:
        """Make the calls that are to be made in this thread; tell whether others are still waiting."""
        is_main = threading.current_thread() is threading.main_thread()
        waiting, self._waiting = self._waiting, ()
        self._waiting += tuple(call for call in waiting if call.in_main_thread and not is_main)
        for call in waiting:
            if is_main or not call.in_main_thread:
                call.make()
        return bool(self._waiting)
