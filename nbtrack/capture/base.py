"""What a capture hands back, and the one boundary that keeps a failing capture away from the user's cell."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from traceback import format_exception_only
from typing import TypeVar

from ..entities import Dataset, ParamValue
from ..events import DocumentLogged
from .redact import redact_text

__all__ = ["FAILED_TAG", "Captured", "Guard", "OutputFile", "clip_middle", "failure", "merge"]

FAILED_TAG = "nbtrack.capture.failed"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Captured:
    """Facts about a run, ready to be logged."""

    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, ParamValue] = field(default_factory=dict)
    documents: tuple[DocumentLogged, ...] = ()
    datasets: tuple[Dataset, ...] = ()


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file to be logged as an artifact: its path under the run's root, and its bytes."""

    path: str
    data: bytes


def merge(*parts: Captured) -> Captured:
    """Put captures together; a later tag or param wins, and reports of failures are joined."""
    tags: dict[str, str] = {}
    params: dict[str, ParamValue] = {}
    for part in parts:
        failed = [t[FAILED_TAG] for t in (tags, part.tags) if FAILED_TAG in t]
        tags |= part.tags
        if failed:
            tags[FAILED_TAG] = "; ".join(failed)
        params |= part.params
    return Captured(tags, params, tuple(d for p in parts for d in p.documents), tuple(d for p in parts for d in p.datasets))


def failure(name: str, reason: str) -> Captured:
    """Report that the capture called ``name`` did not come about, in one line without secrets."""
    line = " ".join(redact_text(reason).split())
    return Captured(tags={FAILED_TAG: f"{name}: {line[:300]}"})


class Guard:
    """Runs captures so that none of them can break the cell, and remembers which of them failed.

    Args:
        seconds: How long the captures of one phase may take together. A capture is never cut off by
            the guard itself: those that come when the time is used up are left out, and said to be.
    """

    def __init__(self, seconds: float = 1.0) -> None:
        self.seconds = seconds
        self._failures: dict[str, Captured] = {}
        self.restart()

    def restart(self) -> None:
        """Begin another phase, with the whole time."""
        self._started = time.perf_counter()

    def left(self) -> float:
        """Return the seconds that are left of this phase, never less than 0."""
        return max(0.0, self._started + self.seconds - time.perf_counter())

    def run(self, name: str, capture: Callable[[], T], default: T) -> T:
        """Return what ``capture`` returns; ``default`` where it fails or the time of the phase is used up."""
        if not self.left():
            self._note(name, f"left out, the {self.seconds:g} s for capturing were used up")
            return default
        return self.shield(name, capture, default)

    def shield(self, name: str, hook: Callable[[], T], default: T) -> T:
        """Do the same at any time: for what happens while the cell runs."""
        try:
            return hook()
        except Exception as error:  # noqa: BLE001 - the boundary: whatever goes wrong in here, the cell goes on
            self._note(name, "".join(format_exception_only(error)))
            return default

    def failures(self) -> Captured:
        """Return the tag that names each failed capture with its first reason; nothing where none failed."""
        return merge(*self._failures.values())

    def _note(self, name: str, reason: str) -> None:
        self._failures.setdefault(name, failure(name, reason))


def clip_middle(text: str, limit: int) -> str:
    """Shorten a text to about ``limit`` characters: whole lines of its head and its tail, and a note between."""
    if len(text) <= limit:
        return text
    head = text.rfind("\n", 0, limit // 2) + 1 or limit // 2
    tail = text.find("\n", len(text) - limit // 2) + 1 or len(text) - limit // 2
    return f"{text[:head]}[… {tail - head} characters left out …]\n{text[tail:]}"
