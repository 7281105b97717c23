"""What is started or submitted carries the run that is current there: threads, and the work of pools.

Python has no hook for this before 3.14, and there its threads would inherit all of the user's context. So
``Thread.start``, the ``submit`` of executors (asyncio's is one) and the methods of multiprocessing's pools (joblib's
threads are one) are wrapped once the first run starts. Work that is submitted where no run is current has none; a
thread that is started there was told nothing. Of processes only forked ones are told: they have been left with the run
that was current when they were forked, and others with none.
"""

from __future__ import annotations

import functools
import inspect
import operator
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["UNTOLD", "Carrier", "install", "of_thread", "tell"]

UNTOLD = object()

_ATTRIBUTE = "_nbtrack_run"
# The methods of a pool that submit a function; its other ones call these.
_SUBMITTING = ("apply_async", "map", "map_async", "starmap", "starmap_async", "imap", "imap_unordered")
# Their arguments that are called in a thread of the pool; from these joblib submits what is next.
_CALLBACKS = ("callback", "error_callback")

Function = Callable[..., Any]


class Carrier(NamedTuple):
    """How to tell what is current, and to make it that where work is done.

    Args:
        started: Returns what a thread carries that is started now, None for nothing.
        submitted: The same of work.
        take_up: Makes it current in the thread that does the work, and returns ``operator.call``.
        packed: Returns it as it is sent to a process.
        unpack: Does there what ``take_up`` does; found by its name.
    """

    started: Callable[[], Any]
    submitted: Callable[[], Any]
    take_up: Callable[[Any], Function]
    packed: Callable[[Any], Any]
    unpack: Callable[[Any], Function]


def of_thread(thread: threading.Thread) -> Any:
    """Return what a thread carries, None for none; UNTOLD where it was told nothing."""
    return getattr(thread, _ATTRIBUTE, UNTOLD)


def tell(thread: threading.Thread, carried: object) -> None:
    """Have a thread carry something, None for nothing."""
    setattr(thread, _ATTRIBUTE, carried)


def install(carrier: Carrier) -> None:
    """Have threads, and the work of pools, carry what is current where they are started or submitted."""
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
    from multiprocessing.pool import Pool, ThreadPool

    _wrap_start(carrier)
    _wrap_submit(ThreadPoolExecutor, _to_thread, carrier)
    _wrap_submit(ProcessPoolExecutor, _to_process, carrier)
    for name in _SUBMITTING:
        _wrap_pool(Pool, ThreadPool, name, carrier)


def _wrap_start(carrier: Carrier) -> None:
    start = threading.Thread.start

    @functools.wraps(start)
    def start_in_run(thread: threading.Thread) -> None:
        carried = carrier.started()
        if carried is not None:
            tell(thread, carried)
        start(thread)

    threading.Thread.start = start_in_run  # type: ignore[method-assign, assignment]


# take_up(carried)(work) by functions in C leaves no frame of ours in the traceback of what is submitted.


def _to_thread(executor: Any, carrier: Carrier) -> tuple[Any, Function] | None:
    # In another interpreter nothing is known of this one's runs.
    is_elsewhere = any(kind.__name__ == "InterpreterPoolExecutor" for kind in type(executor).__mro__)
    return None if is_elsewhere else (carrier.submitted(), carrier.take_up)


def _to_process(executor: Any, carrier: Carrier) -> tuple[Any, Function] | None:
    return (carrier.packed(carrier.submitted()), carrier.unpack) if _forks(getattr(executor, "_mp_context", None)) else None


def _forks(context: Any) -> bool:
    return context is not None and context.get_start_method() == "fork"


def _wrap_submit(kind: Any, given: Callable[[Any, Carrier], tuple[Any, Function] | None], carrier: Carrier) -> None:
    submit = kind.submit

    @functools.wraps(submit)
    def submit_in_run(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        found = given(self, carrier) if callable(fn) else None
        if found is None:
            return submit(self, fn, *args, **kwargs)
        carried, take_up = found
        return submit(self, functools.reduce, operator.call, (carried, functools.partial(fn, *args, **kwargs)), take_up)

    kind.submit = submit_in_run


def _wrap_pool(kind: Any, of_threads: type, name: str, carrier: Carrier) -> None:
    method = getattr(kind, name)
    signature = inspect.signature(method)

    @functools.wraps(method)
    def submit_in_run(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs)
        carried = carrier.submitted()
        carry = functools.partial(_Carried, carried, carrier.take_up)
        here = {key: carry(call) for key in _CALLBACKS if callable(call := given.arguments.get(key))}
        func = given.arguments["func"]
        if callable(func) and isinstance(args[0], of_threads):
            here["func"] = carry(func)
        elif callable(func) and _forks(getattr(args[0], "_ctx", None)):
            here["func"] = _Carried(carrier.packed(carried), carrier.unpack, func)
        given.arguments |= here
        return method(*given.args, **given.kwargs)

    setattr(kind, name, submit_in_run)


class _Carried:
    """A function of a pool, and what it carries."""

    def __init__(self, carried: Any, take_up: Callable[[Any], Function], function: Function) -> None:
        self._carried, self._take_up, self._function = carried, take_up, function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True  # IPython leaves this frame out
        return self._take_up(self._carried)(self._function, *args, **kwargs)
