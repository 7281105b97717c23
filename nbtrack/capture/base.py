"""What a capture returns, and the boundary that keeps its failures away from the user's cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from traceback import format_exception_only
from typing import TypeVar

from ..entities.events import DocumentLogged
from ..entities.run import Dataset, ParamValue
from ..entities.tags import CAPTURE_FAILED
from .secrets.redact import redact_text

__all__ = [
    "CaptureGuard",
    "Captured",
    "NotRecordable",
    "OutputFile",
    "WrongKind",
    "clip_middle",
    "failure",
    "first_few",
    "merge",
    "read_each",
    "safely",
]

_LONGEST_LINE = 600
_LONGEST_REASON = 100
_MOST_NAMED = 5

T = TypeVar("T")
R = TypeVar("R")


class NotRecordable(ValueError):
    """A value cannot be recorded; the message is the reason."""


class WrongKind(Exception):
    """A value is not of the kind that a capture looks for."""


@dataclass(frozen=True, slots=True)
class Captured:
    """Facts about a run, to be logged; ``left_out`` names what could not be recorded, each with the reason."""

    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, ParamValue] = field(default_factory=dict)
    documents: tuple[DocumentLogged, ...] = ()
    datasets: tuple[Dataset, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file to be logged as an artifact: its path below the run's artifacts, and its bytes."""

    path: str
    data: bytes


def merge(*parts: Captured) -> Captured:
    """Combine captures: a later tag or param wins, and reports of failures are joined."""
    tags: dict[str, str] = {}
    params: dict[str, ParamValue] = {}
    for part in parts:
        failed = [t[CAPTURE_FAILED] for t in (tags, part.tags) if CAPTURE_FAILED in t]
        tags |= part.tags
        if failed:
            tags[CAPTURE_FAILED] = "; ".join(failed)
        params |= part.params
    return Captured(
        tags,
        params,
        tuple(d for p in parts for d in p.documents),
        tuple(d for p in parts for d in p.datasets),
        tuple(each for p in parts for each in p.left_out),
    )


def read_each(things: Iterable[tuple[str, T]], read: Callable[[str, T], R]) -> tuple[dict[str, R], tuple[str, ...]]:
    """Read several values, so that a failure of one does not affect the others.

    Args:
        things: Names and values.
        read: Reads one value; raises ``WrongKind`` to skip it.

    Returns:
        The results by name, and the names of values that failed, each with the reason.
    """
    found: dict[str, R] = {}
    left_out = []
    for name, thing in things:
        try:
            found[name] = read(name, thing)
        except WrongKind:
            continue
        except Exception as error:  # noqa: BLE001 - the boundary: reading an object may raise anything
            left_out.append(f"{name} ({_reason(error)})")
    return found, tuple(left_out)


def safely(read: Callable[[], T], default: R, *, but: type[Exception] | tuple[()] = ()) -> T | R:
    """Return what ``read`` returns, or ``default`` if the object that it reads raises anything other than ``but``."""
    try:
        return read()
    except but:
        raise
    except Exception:  # noqa: BLE001 - the boundary: an object's own code may raise anything
        return default


def first_few(left_out: Sequence[str]) -> str:
    """Name the first few items that were left out, and the number of the others."""
    more = len(left_out) - _MOST_NAMED
    return ", ".join(left_out[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _reason(error: Exception) -> str:
    text = str(error) if isinstance(error, NotRecordable) else "".join(format_exception_only(error))
    return " ".join(redact_text(text[: 10 * _LONGEST_REASON]).split())[:_LONGEST_REASON]


def failure(name: str, reason: str) -> Captured:
    """Return the tag that reports the failure of a capture, in one line without secrets."""
    line = " ".join(redact_text(reason[: 4 * _LONGEST_LINE]).split())
    return Captured(tags={CAPTURE_FAILED: f"{name}: {line[:_LONGEST_LINE]}"})


class CaptureGuard:
    """Runs captures so that a failure breaks neither the cell nor another capture, and collects the reports.

    Args:
        seconds: The time limit of each program that a capture starts, such as git; 0 disables all captures. A capture's own
            work is limited by amounts instead of time, so that a busy machine records the same.
    """

    def __init__(self, seconds: float = 1.0) -> None:
        self.seconds = seconds
        self._failures: dict[str, Captured] = {}
        self._left_out: dict[str, list[str]] = {}

    def run(self, name: str, capture: Callable[[], T], default: T) -> T:
        """Return what ``capture`` returns, or ``default`` if it fails or captures are disabled."""
        if self.seconds <= 0:
            self._note(name, f"left out, there are {self.seconds:g} s for capturing")
            return default
        return self.shield(name, capture, default)

    def facts(self, name: str, capture: Callable[[], Captured]) -> Captured:
        """Run a capture of facts, and collect what it reports as left out."""
        found = self.run(name, capture, Captured())
        self.leave_out(name, found.left_out)
        return found

    def leave_out(self, name: str, things: Iterable[str]) -> None:
        """Add items to what the capture of a name has left out."""
        self._left_out.setdefault(name, []).extend(things)

    def shield(self, name: str, hook: Callable[[], T], default: T) -> T:
        """Return what ``hook`` returns, or ``default`` if it fails; also when captures are disabled."""
        try:
            return hook()
        except Exception as error:  # noqa: BLE001 - the boundary: the user's cell goes on whatever fails here
            self._note(name, "".join(format_exception_only(error)))
            return default

    def failures(self) -> Captured:
        """Return a tag that names each failed capture with its first reason and what others left out; or nothing."""
        parts = [failure(name, f"left out {first_few(things)}") for name, things in self._left_out.items() if things]
        return merge(*self._failures.values(), *parts)

    def _note(self, name: str, reason: str) -> None:
        self._failures.setdefault(name, failure(name, reason))


def clip_middle(text: str, limit: int) -> str:
    """Shorten a string to about ``limit`` characters: whole lines of its head and tail with a note between them."""
    if len(text) <= limit:
        return text
    head = text.rfind("\n", 0, limit // 2) + 1 or limit // 2
    tail = text.find("\n", len(text) - limit // 2) + 1 or len(text) - limit // 2
    return f"{text[:head]}[… {tail - head} characters left out …]\n{text[tail:]}"
