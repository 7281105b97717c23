"""Work done at once in some threads, and work that an interrupt can leave behind."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from ...system.threads import start_thread

__all__ = ["for_each", "interruptible"]

A = TypeVar("A")
T = TypeVar("T")


def for_each(work: Callable[[A], object], items: Iterable[A], threads: int) -> None:
    """Do a piece of work for each item, some at a time; after the first error no more is begun."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix="nbtrack-artifacts")
    try:
        for done in [_begun(pool, work, item) for item in items]:
            done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _begun(pool: ThreadPoolExecutor, work: Callable[[A], object], item: A) -> Future[object]:
    """Have a pool do a piece of work; while the process exits no pool takes any, and it is done here."""
    try:
        return pool.submit(work, item)
    except RuntimeError:
        return _done(lambda: work(item))


def _done(work: Callable[[], T]) -> Future[T]:
    result: Future[T] = Future()
    try:
        result.set_result(work())
    except BaseException as error:  # noqa: BLE001  raised again where it is waited for
        result.set_exception(error)
    return result


def interruptible(work: Callable[[], T]) -> T:
    """Return what ``work`` returns, in such a way that Ctrl-C is heard while it waits for a server in compiled code.

    Python hears signals in the main thread only, and only between its own instructions; so there, another thread works.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    result: queue.SimpleQueue[Future[T]] = queue.SimpleQueue()
    if start_thread(lambda: result.put(_done(work)), "nbtrack-artifacts") is None:
        return work()
    return result.get().result()
