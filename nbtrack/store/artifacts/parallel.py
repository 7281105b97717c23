"""Work done at once in some threads, and work that an interrupt can leave behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["for_each", "interruptible"]

A = TypeVar("A")
T = TypeVar("T")


def for_each(work: Callable[[A], object], items: Iterable[A], threads: int) -> None:
    """Do a piece of work for each item, some at a time; after the first error no more is begun."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix="nbtrack-artifacts")
    try:
        for done in [pool.submit(work, item) for item in items]:
            done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def interruptible(work: Callable[[], T]) -> T:
    """Return what ``work`` returns, in such a way that Ctrl-C is heard while it waits for a server in compiled code.

    Python hears signals in the main thread only, and only between its own instructions; so there, another thread works.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    result: Future[T] = Future()

    def run() -> None:
        try:
            result.set_result(work())
        except BaseException as error:  # noqa: BLE001  raised again where it was waited for
            result.set_exception(error)

    threading.Thread(target=run, name="nbtrack-artifacts", daemon=True).start()
    return result.result()
