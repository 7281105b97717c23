"""What a cell writes to stdout and stderr, recorded without changing what the notebook shows."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from ..base import CaptureGuard, OutputFile
from ..secrets.redact import redact_text
from .transcript import Transcript

__all__ = ["StreamCapture"]


class StreamCapture:
    """Records stdout and stderr between ``start`` and ``stop``, from all threads.

    In a kernel this includes subprocesses and C libraries, through ipykernel's ``OutStream.echo``; elsewhere ``sys.stdout`` and
    ``sys.stderr`` are wrapped.
    """

    def __init__(self, guard: CaptureGuard) -> None:
        self._guard = guard
        self._taps: dict[str, _Tap] = {}

    def start(self) -> None:
        """Install the taps."""
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if stream is not None:
                self._taps[name] = _Tap(stream, self._guard, name)
                self._taps[name].open()

    def stop(self) -> None:
        """Remove the taps."""
        for tap in self._taps.values():
            tap.close()

    def files(self) -> list[OutputFile]:
        """Return ``outputs/stdout.txt`` and ``outputs/stderr.txt`` if something was written: redacted, without colours."""
        texts = {name: redact_text(tap.transcript.text()) for name, tap in self._taps.items()}
        return [OutputFile(f"outputs/{name}.txt", text.encode("utf-8", errors="replace")) for name, text in texts.items() if text]


class _Tap:
    """Stands between a writer and a stream: passes text on and adds it to a transcript."""

    def __init__(self, stream: Any, guard: CaptureGuard, name: str) -> None:
        self.transcript = Transcript()
        self._stream, self._guard, self._name = stream, guard, name
        self._kernel = hasattr(stream, "echo")
        self._next: TextIO | None = stream.echo if self._kernel else stream
        self._open = False

    def open(self) -> None:
        self._open = True
        if self._kernel:
            self._stream.echo = self
        else:
            setattr(sys, self._name, self)

    def close(self) -> None:
        """Stop recording. If another wrapper was installed on top of this one, it stays in the chain and only passes text on."""
        self._open = False
        if self._kernel and self._stream.echo is self:
            self._stream.echo = self._next
        elif not self._kernel and getattr(sys, self._name) is self:
            setattr(sys, self._name, self._stream)

    def write(self, text: str) -> int:
        if self._open:
            self._guard.shield(self._name, lambda: self.transcript.write(text), None)
        return self._next.write(text) if self._next is not None else len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        if self._next is not None:
            self._next.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
