"""Calls that run inside the next ``log`` of a run, for what only the code that logs can do, such as raising in it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["PendingCalls"]


class _Call(NamedTuple):
    make: Callable[[], None]
    in_main_thread: bool


class PendingCalls:
    """The calls that wait for the next row.

    Threads: every method may be called from any thread. There is no lock, so that rows cost nothing more: where threads are
    logging at this very moment, a call may be made twice or not at all, and a caller who depends on it adds it again.
    """

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: tuple[_Call, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, make: Callable[[], None], *, in_main_thread: bool) -> None:
        """Add a call for the main thread or for any; one that is waiting already is not added again."""
        call = _Call(make, in_main_thread)
        if call not in self._waiting:
            self._waiting += (call,)

    def make(self) -> bool:
        """Make the calls that are for this thread; tell whether others are still waiting."""
        is_main = threading.current_thread() is threading.main_thread()
        waiting, self._waiting = self._waiting, ()
        self._waiting += tuple(call for call in waiting if call.in_main_thread and not is_main)
        for call in waiting:
            if is_main or not call.in_main_thread:
                call.make()
        return bool(self._waiting)
