"""The source of a cell, and of the cells executed before it in this kernel."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from ..entities.events import DocumentLogged
from ..entities.tags import CELL_ID, EXECUTION_COUNT
from .base import Captured, clip_middle
from .secrets.redact import redact_text

__all__ = ["ExecutedCells", "capture_cell"]

_MOST_CHARACTERS = 1_000_000
_MOST_CELLS = 1000  # every run stores its list of cells, and a kernel that lives for weeks executes many


def capture_cell(source: str, count: int, cell_id: str | None) -> Captured:
    """Capture a cell: its source as the document ``code``, its execution count and, if the front end has one, its id as tags."""
    tags = {EXECUTION_COUNT: str(count)} | ({CELL_ID: cell_id} if cell_id else {})
    return Captured(tags=tags, documents=(DocumentLogged("code", _fit(source)),))


class ExecutedCells:
    """Captures the cells executed so far; one instance for each kernel and store.

    A cell is hashed when it is first seen and its text is returned only once, so in a notebook of hundreds of cells a run costs
    only what is new since the previous run.
    """

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._entries: list[str] = []
        self._seen = self._dropped = 0
        self._last = ""
        self._sent: set[str] = set()

    def capture(self, history: Sequence[str], count: int) -> Captured:
        """Capture the cells before the one of an execution count.

        Args:
            history: The source of cells by execution count, IPython's ``input_hist_raw``.
            count: The execution count of the cell that is about to run.

        Returns:
            The document ``cells``, a JSON list of execution counts and sha256 of sources, and a document for each source that
            was not returned before. The list has at most the last thousand cells.
        """
        end = min(count, len(history))
        if end < self._seen or (self._seen and history[self._seen - 1] != self._last):
            self._forget()  # the history was reset
        new = tuple(d for n in range(self._seen, end) if history[n] and (d := self._add(n, history[n])))
        if end:
            self._seen, self._last = end, history[end - 1]
        documents = (*new, DocumentLogged("cells", f"[{','.join(self._entries)}]"))
        dropped = f"the first {self._dropped} cells of the kernel (a run lists {_MOST_CELLS:,})"
        return Captured(documents=documents, left_out=(dropped,) if self._dropped else ())

    def _add(self, count: int, source: str) -> DocumentLogged | None:
        text = _fit(source)
        digest = sha256(text.encode()).hexdigest()
        excess = max(0, len(self._entries) + 1 - _MOST_CELLS)
        del self._entries[:excess]
        self._dropped += excess
        self._entries.append(f'{{"execution_count":{count},"sha256":"{digest}"}}')
        if digest in self._sent:
            return None
        self._sent.add(digest)
        return DocumentLogged("", text)


def _fit(source: str) -> str:
    """Return a cell's source as it can be stored: bounded, without secrets, as valid Unicode."""
    return redact_text(clip_middle(source, _MOST_CHARACTERS)).encode("utf-8", errors="replace").decode()
