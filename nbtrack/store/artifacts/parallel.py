"""Work in several threads, and work that Ctrl-C can interrupt."""

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
    """Call ``work`` for each item in a pool of threads; after the first error no further call starts."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix="nbtrack-artifacts")
    try:
        for done in [_submitted(pool, work, item) for item in items]:
            done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _submitted(pool: ThreadPoolExecutor, work: Callable[[A], object], item: A) -> Future[object]:
    """Submit work to a pool; a pool accepts none while the process exits, so then it is done here."""
    try:
        return pool.submit(work, item)
    except RuntimeError:
        return _done(lambda: work(item))


def _done(work: Callable[[], T]) -> Future[T]:
    result: Future[T] = Future()
    try:
        result.set_result(work())
    except BaseException as error:  # noqa: BLE001 - raised again by result()
        result.set_exception(error)
    return result


def interruptible(work: Callable[[], T]) -> T:
    """Return what ``work`` returns, and let Ctrl-C interrupt it while it waits in compiled code."""
    # Python handles signals in the main thread, between bytecodes. So there the work is done by another thread.
    if threading.current_thread() is not threading.main_thread():
        return work()
    result: queue.SimpleQueue[Future[T]] = queue.SimpleQueue()
    if start_thread(lambda: result.put(_done(work)), "nbtrack-artifacts") is None:
        return work()
    return result.get().result()
