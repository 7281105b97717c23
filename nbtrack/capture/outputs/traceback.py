"""The traceback of a failed cell or run, as plain text that begins in the user's code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ...entities.events import DocumentLogged
from ..base import Captured, clip_middle
from ..secrets.redact import redact_text

__all__ = ["capture_traceback", "cell_name", "exception_text"]

_MOST_CHARACTERS = 200_000
_OWN_FOLDER = f"{Path(__file__).parents[2]}{os.sep}"


def capture_traceback(error: BaseException) -> Captured:
    """Capture an exception with its causes as the document ``traceback``."""
    return Captured(documents=(DocumentLogged("traceback", exception_text(error)),))


def exception_text(error: BaseException, name_of: Callable[[str], str | None] | None = None) -> str:
    """Return an exception with its causes as a string of at most some 200,000 characters, without secrets.

    Frames of IPython before the cell and of nbtrack are left out, and cells have the names that IPython gives them. The format is
     Python's: formatting in IPython's style again would double the time that a failed cell takes.

    Args:
        error: The exception that ended a cell or a ``with`` block.
        name_of: Returns the name of the cell for a file name, None for other files; by default IPython's shell is asked.
    """
    name = name_of or cell_name(_shell())
    report = traceback.TracebackException(type(error), error, error.__traceback__, compact=True)
    for part in _all(report):
        _trim(part, name)
    text = "".join(report.format()).encode("utf-8", errors="replace").decode()
    return redact_text(clip_middle(text, _MOST_CHARACTERS))


def cell_name(shell: Any) -> Callable[[str], str | None]:
    """Return a function that returns a cell's name for the file name that IPython compiled it with."""

    def name(filename: str) -> str | None:
        label = None if shell is None else shell.compile.format_code_name(filename)
        return " ".join(label) if label else None

    return name


def _shell() -> Any:
    module = sys.modules.get("IPython")
    return None if module is None else module.get_ipython()


def _all(report: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    """Yield an exception, its causes and contexts, and the members of groups."""
    waiting: list[traceback.TracebackException | None] = [report]
    while waiting:
        part = waiting.pop()
        if part is not None:
            yield part
            waiting += [part.__cause__, part.__context__, *(part.exceptions or ())]


def _trim(report: traceback.TracebackException, name: Callable[[str], str | None]) -> None:
    cells = [i for i, frame in enumerate(report.stack) if name(frame.filename)]
    kept = [frame for frame in report.stack[cells[0] if cells else 0 :] if not frame.filename.startswith(_OWN_FOLDER)]
    for frame in kept:
        frame.filename = name(frame.filename) or frame.filename
    report.stack[:] = kept
    in_cell = name(report.filename) if isinstance(getattr(report, "filename", None), str) else None
    if in_cell:  # a syntax error: the frames are the compiler's, not the user's
        report.filename = in_cell
        report.stack[:] = kept if cells else []
