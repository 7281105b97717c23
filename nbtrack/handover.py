"""What is started or submitted carries the run that is current there: threads, and the work of thread pools.

Python has no hook for this before 3.14, and there its threads would inherit all of the user's context. So
``Thread.start``, ``ThreadPoolExecutor.submit`` (asyncio's executor is one) and the methods of multiprocessing's
``ThreadPool`` (joblib's threads are one) are wrapped once the first run starts. Work that is submitted where no run is
current has none; a thread that is started there was told nothing.
"""

from __future__ import annotations

import functools
import inspect
import operator
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["UNTOLD", "install", "of_thread", "tell"]

UNTOLD = object()

_ATTRIBUTE = "_nbtrack_run"
# The methods of a ThreadPool that submit a function; its other ones call these.
_SUBMITTING = ("apply_async", "map", "map_async", "starmap", "starmap_async", "imap", "imap_unordered")
# Their arguments that are called in a thread of the pool; from the last two joblib submits what is next.
_CALLED = ("func", "callback", "error_callback")

Current = Callable[[], object]
TakeUp = Callable[[object], Callable[..., Any]]


def of_thread(thread: threading.Thread) -> Any:
    """Return what a thread carries, None for none; UNTOLD where it was told nothing."""
    return getattr(thread, _ATTRIBUTE, UNTOLD)


def tell(thread: threading.Thread, carried: object) -> None:
    """Have a thread carry something, None for nothing."""
    setattr(thread, _ATTRIBUTE, carried)


def install(*, started: Current, submitted: Current, begin: Callable[[], object]) -> None:
    """Have threads, and the work of thread pools, carry what is current where they are started or submitted.

    Args:
        started: Returns what a thread carries that is started now, None for nothing.
        submitted: The same of work.
        begin: Is called in a thread before each piece of work, to forget what the one before has left there.
    """
    from concurrent.futures import ThreadPoolExecutor
    from multiprocessing.pool import ThreadPool

    def take_up(carried: object) -> Callable[..., Any]:
        begin()
        tell(threading.current_thread(), carried)
        return operator.call

    _wrap_start(started)
    _wrap_submit(ThreadPoolExecutor, submitted, take_up)
    for name in _SUBMITTING:
        _wrap_pool(ThreadPool, name, submitted, take_up)


def _wrap_start(current: Current) -> None:
    start = threading.Thread.start

    @functools.wraps(start)
    def start_in_run(thread: threading.Thread) -> None:
        carried = current()
        if carried is not None:
            tell(thread, carried)
        start(thread)

    threading.Thread.start = start_in_run  # type: ignore[method-assign, assignment]


def _wrap_submit(executor: Any, current: Current, take_up: TakeUp) -> None:
    submit = executor.submit

    @functools.wraps(submit)
    def submit_in_run(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        if not callable(fn) or _is_elsewhere(self):
            return submit(self, fn, *args, **kwargs)
        # take_up(carried)(work): by functions in C, which leave no frame of ours in the traceback of what is submitted.
        return submit(self, functools.reduce, operator.call, (current(), functools.partial(fn, *args, **kwargs)), take_up)

    executor.submit = submit_in_run


def _is_elsewhere(executor: Any) -> bool:
    """Tell whether work is pickled for another interpreter, which knows nothing of this one's runs."""
    return any(kind.__name__ == "InterpreterPoolExecutor" for kind in type(executor).__mro__)


def _wrap_pool(pool: Any, name: str, current: Current, take_up: TakeUp) -> None:
    method = getattr(pool, name)
    signature = inspect.signature(method)

    @functools.wraps(method)
    def submit_in_run(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs)
        carry = functools.partial(_Carried, current(), take_up)
        for key in _CALLED:
            if callable(given.arguments.get(key)):
                given.arguments[key] = carry(given.arguments[key])
        return method(*given.args, **given.kwargs)

    setattr(pool, name, submit_in_run)


class _Carried:
    """A function of a pool, and what it carries."""

    def __init__(self, carried: object, take_up: TakeUp, function: Callable[..., Any]) -> None:
        self._carried, self._take_up, self._function = carried, take_up, function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True  # IPython leaves this frame out
        return self._take_up(self._carried)(self._function, *args, **kwargs)
