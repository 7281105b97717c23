"""Stops a run at a person's request.

The run's next ``log`` raises ``StopRun``. Code that does not log is interrupted after two seconds, as by the notebook's own
button, but only while the cell that was running at the request is still running: never another one.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from asyncio import CancelledError
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any, Literal, Protocol

from ..errors import StopRun
from . import frontend, messages

__all__ = ["Stoppable", "Stopper"]

Doing = Literal["nothing", "body", "around it"]

_PATIENCE = 2.0
_AGAIN = 0.05


class Stoppable(Protocol):
    """A run that this process has opened."""

    @property
    def name(self) -> str:
        """The run's name."""

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""

    def call_in_next_log(self, call: Callable[[], None], *, in_main_thread: bool = False) -> None:
        """Have the next ``log`` of the run make a call."""

    def end_with(self, error: BaseException | None) -> None:
        """End the run as the end of its code says."""


class Stopper:
    """Stops a run, knows whether it was stopped, and lets the request arrive while a cell runs."""

    def __init__(self, run: Stoppable) -> None:
        self._run = run
        self._stop: _Stop | None = None

    def stop(self) -> None:
        """Stop the run, from any thread; returns at once. A second call is for code that has caught the first exception."""
        if self._run.is_open and (self._stop is None or self._stop.has_arrived.is_set()):
            self._stop = _Stop(self._run)
            self._stop.begin()

    def hear(self) -> None:
        """Have the next row handle the messages of pages, in kernels where nothing else does; to be called ten times a second."""
        if messages.needs_drain():
            self._run.call_in_next_log(messages.drain, in_main_thread=True)

    def caused(self, error: BaseException | None) -> bool:
        """Tell whether a stop is why the run's code ended with ``error``, or without one: None."""
        if self._stop is None and isinstance(error, KeyboardInterrupt):
            # The page may have asked the server for an interrupt, and its own request is still in the queue.
            messages.drain()
        return isinstance(error, StopRun) or (self._stop is not None and self._stop.caused(error))


class _Stop:
    """One attempt to stop a run, which ends with the cell."""

    def __init__(self, run: Stoppable) -> None:
        self._run = run
        self.has_arrived, self._is_over = threading.Event(), threading.Event()
        self._has_ended_thread = False
        self._shell: Any = getattr(frontend.kernel(), "shell", None)
        self._shown_before: tuple[Any, Any] | None = None

    def begin(self) -> None:
        """Stop the run, in a thread of its own."""
        # Registered before looking, so that the end of a cell that is running now is not missed.
        if self._shell is not None:
            self._shell.events.register("post_run_cell", self._after_cell)
        doing = _doing() if self._shell is not None else "around it"
        threading.Thread(target=self._stop_run, args=(doing,), name="nbtrack-stop", daemon=True).start()

    def caused(self, error: BaseException | None) -> bool:
        """Tell whether this attempt is why the run's code ended with ``error``, or without one."""
        if self._is_over.is_set():
            return False
        is_interrupt = isinstance(error, KeyboardInterrupt | CancelledError)
        return is_interrupt or (error is None and (self._has_ended_thread or self.has_arrived.is_set()))

    def _stop_run(self, doing: Doing) -> None:
        for _ in range(round(_PATIENCE / _AGAIN)):
            if not self._run.is_open:
                return self._end_attempt()
            # Again each time, because a thread that is changing its writer just then misses the call.
            self._run.call_in_next_log(self._raise)
            if self.has_arrived.wait(_AGAIN) or self._is_over.is_set():
                return None
        return self._insist(doing)

    def _insist(self, doing: Doing) -> None:
        """Stop a run whose code does not log, or which no code is running for."""
        if doing == "nothing":
            self._end_attempt()
            self._run.end_with(self._error())
        elif doing == "body" and self._run.is_open and not self._is_over.is_set() and _doing() == "body":
            self._interrupt()

    def _raise(self) -> None:
        """Raise in the code that has just logged."""
        if not self._run.is_open or self._is_over.is_set() or self.has_arrived.is_set():
            return None
        self._has_ended_thread = True
        if threading.current_thread() is threading.main_thread():
            self.has_arrived.set()
            if self._shell is not None and not _is_in_body():
                # This is a task that a cell started, and an exception in it would end the kernel's event loop.
                return self._interrupt()
        raise self._error()

    def _interrupt(self) -> None:
        self._show_in_one_line()
        self.has_arrived.set()
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            _wake_loop()
        else:
            _thread.interrupt_main()

    def _error(self) -> StopRun:
        return StopRun(f"stopped with the Stop button; run {self._run.name} keeps what was logged")

    # The cell

    def _show_in_one_line(self) -> None:
        """Have IPython show the next interrupt as one line."""
        self._shown_before = self._shell.custom_exceptions, self._shell.CustomTB
        self._shell.set_custom_exc((KeyboardInterrupt, CancelledError), self._show)

    def _show(
        self, shell: Any, kind: type[BaseException], error: Any, trace: TracebackType | None, tb_offset: int | None = None
    ) -> None:
        self._show_as_before()
        error._render_traceback_ = self._error()._render_traceback_
        shell.showtraceback((kind, error, trace))

    def _show_as_before(self) -> None:
        if self._shown_before is not None:
            self._shell.custom_exceptions, self._shell.CustomTB = self._shown_before
            self._shown_before = None

    def _after_cell(self, result: Any) -> None:
        if _is_in_body():
            # It was a cell that the cell executed, by get_ipython().run_cell.
            return
        error = CancelledError() if result is None else result.error_before_exec or result.error_in_exec
        is_ours = error is not None and self.caused(error)
        self._end_attempt()
        if is_ours and self._run.is_open:
            self._run.end_with(self._error())

    def _end_attempt(self) -> None:
        """End the attempt, so that it does not affect the next cell."""
        self._is_over.set()
        if self._shell is not None:
            self._show_as_before()
            if self._after_cell in self._shell.events.callbacks["post_run_cell"]:
                self._shell.events.unregister("post_run_cell", self._after_cell)


# What the main thread is doing


def _wake_loop() -> None:
    """Wake the kernel's event loop, which would handle the signal only when its next timer fires."""
    loop = getattr(getattr(frontend.kernel(), "io_loop", None), "asyncio_loop", None)
    if loop is not None and not loop.is_closed():
        loop.call_soon_threadsafe(lambda: None)


def _doing() -> Doing:
    """Tell whether a cell's code is running, or IPython's own code around it, which must not be interrupted, or nothing."""
    if _is_in_body() or _awaits():
        return "body"
    return "around it" if any(frame.f_code.co_name == "run_cell" for frame in _frames_of_ipython()) else "nothing"


def _is_in_body() -> bool:
    return any(frame.f_code.co_name == "run_code" for frame in _frames_of_ipython())


def _awaits() -> bool:
    """Tell whether a cell is awaiting something, while the event loop runs."""
    return "_cancel_on_sigint" in getattr(signal.getsignal(signal.SIGINT), "__qualname__", "")


def _frames_of_ipython() -> Iterator[FrameType]:
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    while frame is not None:
        if frame.f_code.co_filename.endswith("interactiveshell.py"):
            yield frame
        frame = frame.f_back
