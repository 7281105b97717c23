"""Runs another program with limits on its time and output."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import NbtrackError

__all__ = ["CommandFailed", "CommandOutput", "run"]


class CommandFailed(NbtrackError):
    """A program is missing or ended with an error, which is the message."""


@dataclass(frozen=True, slots=True)
class CommandOutput:
    """What a program has written; ``complete`` is False if it reached the limit of time or bytes."""

    data: bytes
    complete: bool


def run(
    arguments: Sequence[str],
    *,
    folder: Path,
    environ: Mapping[str, str],
    seconds: float,
    most_bytes: int,
    stdin: bytes = b"",
) -> CommandOutput:
    """Run a program in a folder and return at most ``most_bytes`` of what it writes within ``seconds``.

    Raises:
        CommandFailed: It cannot be started, or ended with an error.
    """
    if sys.is_finalizing():  # starting a thread would fail or hang
        raise CommandFailed(f"{arguments[0]} is not started: the interpreter is shutting down")
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(arguments, cwd=folder, env=dict(environ), stdin=pipe, stdout=pipe, stderr=pipe)  # noqa: S603
    except OSError as error:
        raise CommandFailed(f"{arguments[0]} cannot be started: {error.strerror}") from error
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        process.kill()

    timer = threading.Timer(seconds, expire)
    timer.start()
    try:
        data = _exchange(process, stdin, most_bytes + 1)  # one byte more tells whether there is more
        if len(data) <= most_bytes and process.wait() and not expired.is_set():
            raise CommandFailed(_complaint(process, arguments[0]))
    finally:
        timer.cancel()
        process.kill()
        with process:  # closes the pipes and waits
            pass
    return CommandOutput(data[:most_bytes], complete=len(data) <= most_bytes and not expired.is_set())


def _exchange(process: subprocess.Popen[bytes], stdin: bytes, most_bytes: int) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin:
        process.stdin.write(stdin)
    return process.stdout.read(most_bytes)


def _complaint(process: subprocess.Popen[bytes], name: str) -> str:
    assert process.stderr is not None
    text = process.stderr.read(10_000).decode("utf-8", errors="replace").strip()
    return text or f"{name} ended with {process.returncode}"
