"""Handles messages from the browser while a cell runs.

By default a kernel handles them after the cell. How to do better depends on ipykernel's version, the front end and its
settings, so each of these is tried, and may fail without harm:

1. Our comms run their handler and nothing else. By default a comm also fires IPython's cell events, on which the inline
   backend closes the figure that the running cell is drawing. ipykernel 7.4 would send our answers through the shell that
   received the message, which is busy; ours do not. ipykernel 7.0 refuses to send from threads; ours may.
2. ipykernel 7 and newer read the shell's socket in a thread: messages for our comms go from there to a thread of ours.
3. ipykernel 6 reads the socket in the main thread: ``drain`` takes our messages out of its queue when the cell calls ``log``.

All other messages arrive after the cell. To stop a cell the page can also ask the Jupyter server for an interrupt.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import sys
import threading
import types
from collections.abc import Callable
from contextvars import Context, ContextVar
from typing import Any, Literal, Protocol

from . import frontend

__all__ = ["can_hear", "drain", "forget", "kernel_id", "listen", "needs_drain"]

_log = logging.getLogger("nbtrack")
# What access to private parts of ipykernel raises in a version where they have changed.
_CHANGED = (AttributeError, TypeError, ValueError, KeyError, IndexError)

_ours: set[str] = set()
_comm_of: dict[int, str] = {}
_hooked: set[int] = set()
_hooking = threading.Lock()


class HasComm(Protocol):
    """A widget."""

    comm: Any


def listen(widget: HasComm) -> None:
    """Handle the messages for this widget from now on, also while a cell runs."""
    comm = widget.comm
    if comm is None:
        return
    _ours.add(comm.comm_id)
    _comm_of[id(widget)] = comm.comm_id
    _make_quiet(comm)
    kernel = frontend.kernel()
    if kernel is not None:
        _let_threads_send(comm, kernel)
        with _hooking:
            _hook(kernel)


def forget(widget: HasComm) -> None:
    """Stop handling the messages for a widget that is about to close."""
    _ours.discard(_comm_of.pop(id(widget), ""))


def can_hear() -> Literal["always", "while it logs", "between cells"]:
    """Tell when messages are handled in this kernel; to be asked after ``listen``."""
    if id(frontend.kernel()) in _hooked:
        return "always"
    return "while it logs" if needs_drain() else "between cells"


def needs_drain() -> bool:
    """Tell whether messages are only handled when somebody calls ``drain``."""
    kernel = frontend.kernel()
    return kernel is not None and not _reads_in_thread(kernel) and hasattr(kernel, "msg_queue")


def kernel_id() -> str:
    """Return the kernel's id, as the server's API has it; empty where it is not in the connection file's name."""
    path = str(getattr(getattr(frontend.kernel(), "parent", None), "connection_file", ""))
    name = path.replace("\\", "/").rsplit("/", 1)[-1]
    return name.removeprefix("kernel-").removesuffix(".json") if name.startswith("kernel-") else ""


# The comm


def _make_quiet(comm: Any) -> None:
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = None
    comm.handle_msg = types.MethodType(_handle_quietly, comm)


def _handle_quietly(comm: Any, message: dict[str, Any]) -> None:
    callback: Callable[[Any], None] | None = getattr(comm, "_msg_callback", None)
    if callback is not None:
        callback(message)


def _let_threads_send(comm: Any, kernel: Any) -> None:
    """Set a parent message in threads that ipykernel 7.0 did not start, where it would refuse to send; newer ones find one."""
    parent = getattr(kernel, "_shell_parent", None)
    if not isinstance(parent, ContextVar) or hasattr(kernel, "_shell_context"):
        return
    publish = comm.publish_msg

    def publish_anywhere(*args: Any, **keys: Any) -> None:
        if parent.get(None) is None:
            parent.set({})
        publish(*args, **keys)

    comm.publish_msg = publish_anywhere


# ipykernel 7 and newer


def _reads_in_thread(kernel: Any) -> bool:
    return getattr(kernel, "shell_channel_thread", None) is not None


def _hook(kernel: Any) -> None:
    """Divert our messages from the thread that reads the shell's socket; once a kernel."""
    if not _reads_in_thread(kernel) or id(kernel) in _hooked:
        return
    try:
        taken: queue.SimpleQueue[Any] = queue.SimpleQueue()
        receive = _receiver(kernel, kernel.shell_channel_thread_main, taken)
        loop, stream = kernel.shell_channel_thread.io_loop, kernel.shell_stream
        loop.add_callback(stream.on_recv, receive, copy=False)
    except _CHANGED as error:
        _log.debug("nbtrack: messages cannot be handled in this ipykernel's thread: %r", error)
        return
    threading.Thread(target=_work, args=(kernel, taken), name="nbtrack-channel", daemon=True).start()
    _hooked.add(id(kernel))


def _receiver(kernel: Any, otherwise: Callable[[Any], Any], taken: queue.SimpleQueue[Any]) -> Callable[[Any], Any]:
    async def receive(message: Any) -> None:
        frames = _ours_in(kernel, message)
        if frames is None:
            await otherwise(message)
        else:
            taken.put(frames)

    return receive


def _work(kernel: Any, taken: queue.SimpleQueue[Any]) -> None:
    while True:
        Context().run(_handle, kernel, taken.get(), in_thread=True)


def _answer_as_to(kernel: Any, message: dict[str, Any]) -> None:
    """Have the output of this thread belong to the page's message, not to the cell that is running."""
    shell = kernel.shell
    _set(kernel, "_shell_parent", message)
    _set(shell, "_parent_header", message)
    for each in (shell.displayhook, shell.display_pub, sys.stdout, sys.stderr):
        _set(each, "_parent_header", message["header"])


def _set(holder: Any, name: str, value: Any) -> None:
    variable = getattr(holder, name, None)
    if isinstance(variable, ContextVar):
        variable.set(value)


# ipykernel 6


def drain() -> None:
    """Handle our messages in the kernel's queue, in the main thread; other messages keep their order."""
    kernel = frontend.kernel()
    if not _ours or threading.current_thread() is not threading.main_thread() or not needs_drain():
        return
    try:
        kernel.shell_stream.flush()
        waiting = kernel.msg_queue.qsize()
    except _CHANGED:
        return
    for _ in range(waiting):
        # Each message goes from the front of the queue to its end, so that an interrupt here loses no waiting cell.
        item = kernel.msg_queue.get_nowait()
        frames = _ours_in(kernel, item[2][0]) if len(item) > 2 and len(item[2]) == 1 else None
        if frames is None:
            kernel.msg_queue.put_nowait(item)
        else:
            _handle(kernel, frames, in_thread=False)


# Both


def _ours_in(kernel: Any, message: Any) -> list[Any] | None:
    """Return the frames of a message for one of our comms, else None; its signature is not checked, which works only once."""
    if not _ours:
        return None
    try:
        _, frames = kernel.session.feed_identities(list(message), copy=False)
        if json.loads(_bytes(frames[1])).get("msg_type") != "comm_msg":
            return None
        return list(frames) if json.loads(_bytes(frames[4])).get("comm_id") in _ours else None
    except Exception:  # noqa: BLE001  a message that cannot be read is not ours, and must reach the kernel
        return None


def _bytes(frame: Any) -> bytes:
    return bytes(getattr(frame, "bytes", frame))


def _handle(kernel: Any, frames: list[Any], *, in_thread: bool) -> None:
    """Handle one message as the kernel would, without the cell's events."""
    from comm import get_comm_manager

    try:
        message = kernel.session.deserialize(frames, content=True, copy=False)
        kernel._publish_status("busy", "shell", parent=message)
        try:
            if in_thread:
                _answer_as_to(kernel, message)
            comm = get_comm_manager().get_comm(message["content"]["comm_id"])
            if comm is not None:
                comm.handle_msg(message)
        finally:
            _publish_rest(kernel, message)
    except Exception as error:  # noqa: BLE001  a message that fails must not end the thread that handles the next one
        _log.warning("nbtrack: a message from the page could not be handled: %r", error)


def _publish_rest(kernel: Any, message: dict[str, Any]) -> None:
    """Publish that the message is handled, which its sender waits for, and that a cell is still running if one is."""
    kernel._publish_status("idle", "shell", parent=message)
    if _is_busy(kernel):
        kernel._publish_status("busy", "shell", parent=message)
        if not _is_busy(kernel):
            kernel._publish_status("idle", "shell", parent=message)


def _is_busy(kernel: Any) -> bool:
    lock = getattr(kernel, "_main_asyncio_lock", None)
    return not _reads_in_thread(kernel) or (lock is not None and lock.locked())


if hasattr(os, "register_at_fork"):
    # A forked child must not read the kernel's sockets.
    os.register_at_fork(after_in_child=_ours.clear)
