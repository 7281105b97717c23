"""Threads, and work for pools, carry the run that is current where they are started or submitted.

Python has no hook for this before 3.14, whose threads can inherit a context, but only all of it, the user's own variables
included. So ``Thread.start``, the ``submit`` of executors (asyncio uses one) and the methods of multiprocessing's pools
(joblib uses its threads) are wrapped when the first run starts. Work that is submitted where no run is current carries none;
a thread that is started there carries nothing, and sees the kernel's run. Of processes only forked ones carry a run: they begin
with the one that was current when they were forked, others with none.
"""

from __future__ import annotations

import functools
import inspect
import operator
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["UNTOLD", "Propagation", "install", "of_thread", "tell"]

UNTOLD = object()

_ATTRIBUTE = "_nbtrack_run"
# The methods of a pool that submit a function; its other ones call these.
_SUBMITTING = ("apply_async", "map", "map_async", "starmap", "starmap_async", "imap", "imap_unordered")
# Arguments that are called in a thread of the pool; joblib submits its next work from them.
_CALLBACKS = ("callback", "error_callback")

Function = Callable[..., Any]


class Propagation(NamedTuple):
    """How to read what is current, and how to make it current where work is done.

    Args:
        started: Returns what a thread that is started now carries, None for nothing.
        submitted: Returns what work that is submitted now carries.
        take_up: Makes it current in the thread that does the work, and returns ``operator.call``.
        packed: Returns it as it is pickled for a process.
        unpack: Does in that process what ``take_up`` does; pickled by its name.
    """

    started: Callable[[], Any]
    submitted: Callable[[], Any]
    take_up: Callable[[Any], Function]
    packed: Callable[[Any], Any]
    unpack: Callable[[Any], Function]


def of_thread(thread: threading.Thread) -> Any:
    """Return what a thread carries, which may be None; UNTOLD where it carries nothing."""
    return getattr(thread, _ATTRIBUTE, UNTOLD)


def tell(thread: threading.Thread, carried: object) -> None:
    """Have a thread carry something; None keeps it from seeing the kernel's run."""
    setattr(thread, _ATTRIBUTE, carried)


def install(propagation: Propagation) -> None:
    """Have threads, and work for pools, carry what is current where they are started or submitted."""
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
    from multiprocessing.pool import Pool, ThreadPool

    _wrap_start(propagation)
    _wrap_submit(ThreadPoolExecutor, _to_thread, propagation)
    _wrap_submit(ProcessPoolExecutor, _to_process, propagation)
    for name in _SUBMITTING:
        _wrap_pool(Pool, ThreadPool, name, propagation)


def _wrap_start(propagation: Propagation) -> None:
    start = threading.Thread.start

    @functools.wraps(start)
    def start_in_run(thread: threading.Thread) -> None:
        carried = propagation.started()
        if carried is not None:
            tell(thread, carried)
        start(thread)

    threading.Thread.start = start_in_run  # type: ignore[method-assign, assignment]


# Calling take_up(carried)(work) by functions written in C leaves no frame of ours in the traceback of the user's work.


def _to_thread(executor: Any, propagation: Propagation) -> tuple[Any, Function] | None:
    # Another interpreter knows nothing about the runs of this one.
    is_elsewhere = any(kind.__name__ == "InterpreterPoolExecutor" for kind in type(executor).__mro__)
    return None if is_elsewhere else (propagation.submitted(), propagation.take_up)


def _to_process(executor: Any, propagation: Propagation) -> tuple[Any, Function] | None:
    if not _forks(getattr(executor, "_mp_context", None)):
        return None
    return propagation.packed(propagation.submitted()), propagation.unpack


def _forks(context: Any) -> bool:
    return context is not None and context.get_start_method() == "fork"


def _wrap_submit(kind: Any, given: Callable[[Any, Propagation], tuple[Any, Function] | None], propagation: Propagation) -> None:
    submit = kind.submit

    @functools.wraps(submit)
    def submit_in_run(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        found = given(self, propagation) if callable(fn) else None
        if found is None:
            return submit(self, fn, *args, **kwargs)
        carried, take_up = found
        return submit(self, functools.reduce, operator.call, (carried, functools.partial(fn, *args, **kwargs)), take_up)

    kind.submit = submit_in_run


def _wrap_pool(kind: Any, of_threads: type, name: str, propagation: Propagation) -> None:
    method = getattr(kind, name)
    signature = inspect.signature(method)

    @functools.wraps(method)
    def submit_in_run(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs)
        carried = propagation.submitted()
        carry = functools.partial(_Carried, carried, propagation.take_up)
        here = {key: carry(call) for key in _CALLBACKS if callable(call := given.arguments.get(key))}
        func = given.arguments["func"]
        if callable(func) and isinstance(args[0], of_threads):
            here["func"] = carry(func)
        elif callable(func) and _forks(getattr(args[0], "_ctx", None)):
            here["func"] = _Carried(propagation.packed(carried), propagation.unpack, func)
        given.arguments |= here
        return method(*given.args, **given.kwargs)

    setattr(kind, name, submit_in_run)


class _Carried:
    """A function that a pool calls, and what it carries."""

    def __init__(self, carried: Any, take_up: Callable[[Any], Function], function: Function) -> None:
        self._carried, self._take_up, self._function = carried, take_up, function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True  # IPython leaves this frame out
        return self._take_up(self._carried)(self._function, *args, **kwargs)
