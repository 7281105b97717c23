"""The text that remains on a terminal, of bounded size: a progress bar that is redrawn a thousand times is one line."""

from __future__ import annotations

import re
import threading
from collections import deque

__all__ = ["Transcript"]

_TOKEN = re.compile(
    r"\x1b\[([0-?]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]+[0-~]|\x1b[^\[\] -/\x1b]"
    r"|[\r\n\x08]|[^\r\n\x08\x1b]+|\x1b"
)
_CONTROL = re.compile(r"[\r\x08\x1b]")
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*|[ -/]+)?\Z")


class Transcript:
    """Collects the text written to a stream from any thread, and returns it without overwritten text and colours.

    A write costs an append; the text is processed in pieces. Carriage returns, backspaces, cursor movements and erasures take
    effect within the last 50 lines, which is how far up nested progress bars go.

    Args:
        limit: The number of characters to keep, half from the beginning and half from the end.
    """

    _WINDOW = 50
    _PIECE = 65_536
    _LONGEST_LINE = 1_000_000

    def __init__(self, limit: int = 5_000_000) -> None:
        self._pending: deque[str] = deque()
        self._pending_size = 0
        self._folding = threading.Lock()
        self._kept = _HeadAndTail(limit)
        self._lines = [""]
        self._row = self._column = self._held = 0
        self._unfinished = ""

    def write(self, text: str) -> None:
        """Add text; never blocks on another thread."""
        self._pending.append(text)
        self._pending_size += len(text)
        # Never block: a signal handler may print while its own thread holds the lock.
        if self._pending_size > self._PIECE and self._folding.acquire(blocking=False):
            try:
                self._fold()
            finally:
                self._folding.release()

    def text(self) -> str:
        """Return the text in its present state."""
        with self._folding:
            self._fold()
            return self._kept.text("\n".join(self._lines))

    def _fold(self) -> None:
        self._pending_size = 0
        taken = [self._pending.popleft() for _ in range(len(self._pending))]
        text = self._unfinished + "".join(taken)
        unfinished = _UNFINISHED.search(text, max(0, len(text) - 100))
        self._unfinished = unfinished[0] if unfinished else ""
        text = text[: len(text) - len(self._unfinished)]
        if _CONTROL.search(text):
            for token in _TOKEN.finditer(text):
                self._take(token)
        else:
            self._plain(text)

    def _take(self, token: re.Match[str]) -> None:
        text = token[0]
        if text == "\n":
            self._newline()
        elif text == "\r":
            self._column = 0
        elif text == "\x08":
            self._column = max(0, self._column - 1)
        elif text[0] != "\x1b":
            self._put(text)
        elif token[2]:
            self._command(token[2], token[1])

    def _plain(self, text: str) -> None:
        for i, line in enumerate(text.split("\n")):
            if i:
                self._newline()
            if line:
                self._put(line)

    def _put(self, text: str) -> None:
        line = self._lines[self._row].ljust(self._column)
        self._lines[self._row] = line[: self._column] + text + line[self._column + len(text) :]
        self._column += len(text)
        self._held += len(text)
        if self._column > self._LONGEST_LINE:
            self._kept.add("\n".join(self._lines))
            self._lines, self._row, self._column, self._held = [""], 0, 0, 0

    def _newline(self) -> None:
        self._row, self._column = self._row + 1, 0
        if self._row == len(self._lines):
            self._lines.append("")
        while len(self._lines) > self._WINDOW or (self._held > self._LONGEST_LINE and self._row):
            line = self._lines.pop(0)
            self._kept.add(line + "\n")
            self._held = max(0, self._held - len(line))
            self._row -= 1

    def _command(self, name: str, parameters: str) -> None:
        """Execute a control sequence: A up, B down, C right, D left, G to a column, K and J erase; others are ignored."""
        number = int(parameters) if parameters.isdigit() else None
        count = number or 1
        if name in "AB":
            self._row = min(len(self._lines) - 1, max(0, self._row + (count if name == "B" else -count)))
        elif name in "CDG":
            column = {"C": self._column + count, "D": self._column - count, "G": count - 1}[name]
            self._column = min(max(0, column), 1000)
        elif name == "K":
            self._erase(number or 0)
        elif name == "J" and not number:
            self._erase(0)
            del self._lines[self._row + 1 :]

    def _erase(self, part: int) -> None:
        line = self._lines[self._row]
        before, after = line[: self._column], line[self._column :]
        self._lines[self._row] = (before, " " * len(before) + after, "")[min(part, 2)]


class _HeadAndTail:
    """Keeps the beginning and the end of a growing text."""

    def __init__(self, limit: int) -> None:
        self._half = limit // 2
        self._head: list[str] = []
        self._head_size = 0
        self._tail: deque[str] = deque()
        self._tail_size = 0
        self._left_out = 0

    def add(self, line: str) -> None:
        if not self._tail and self._head_size + len(line) <= self._half:
            self._head.append(line)
            self._head_size += len(line)
            return
        self._tail.append(line)
        self._tail_size += len(line)
        while self._tail_size > self._half and len(self._tail) > 1:
            self._drop(self._tail.popleft())

    def _drop(self, line: str) -> None:
        self._tail_size -= len(line)
        self._left_out += len(line)

    def text(self, last: str) -> str:
        note = f"[… {self._left_out} characters left out …]\n" if self._left_out else ""
        return "".join([*self._head, note, *self._tail, last])
