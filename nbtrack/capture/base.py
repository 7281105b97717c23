"""What a capture hands back, and the one boundary that keeps a failing capture away from the user's cell."""

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
    "Captured",
    "Guard",
    "NotThis",
    "OutputFile",
    "Unfit",
    "clip_middle",
    "failure",
    "gather",
    "merge",
    "safely",
    "some_of",
]

_LONGEST_LINE = 600
_LONGEST_REASON = 100
_MOST_NAMED = 5

T = TypeVar("T")
R = TypeVar("R")


class Unfit(ValueError):
    """One of several things cannot be recorded; the message is the reason."""


class NotThis(Exception):
    """One of several things is not of the kind that a capture looks for."""


@dataclass(frozen=True, slots=True)
class Captured:
    """Facts about a run, ready to be logged; ``left_out`` names what is not among them, each with the reason."""

    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, ParamValue] = field(default_factory=dict)
    documents: tuple[DocumentLogged, ...] = ()
    datasets: tuple[Dataset, ...] = ()
    left_out: tuple[str, ...] = ()


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


def gather(things: Iterable[tuple[str, T]], read: Callable[[str, T], R]) -> tuple[dict[str, R], tuple[str, ...]]:
    """Read things by their names, each by itself, whatever the others do.

    Args:
        things: Names and values.
        read: Reads one of them; raises ``NotThis`` where it is none to be read.

    Returns:
        What was read, and the names of those that could not be, each with the reason.
    """
    found: dict[str, R] = {}
    left_out = []
    for name, thing in things:
        try:
            found[name] = read(name, thing)
        except NotThis:
            continue
        except Exception as error:  # noqa: BLE001 - the boundary: a thing may be anything, and raise anything when it is read
            left_out.append(f"{name} ({_reason(error)})")
    return found, tuple(left_out)


def safely(read: Callable[[], T], default: R, *, but: type[Exception] | tuple[()] = ()) -> T | R:
    """Return what ``read`` returns; ``default`` where the object that it reads raises anything ``but`` this."""
    try:
        return read()
    except but:
        raise
    except Exception:  # noqa: BLE001 - the boundary: an object's own code may raise anything
        return default


def some_of(left_out: Sequence[str]) -> str:
    """Name the first few of what was left out, and how many more there are."""
    more = len(left_out) - _MOST_NAMED
    return ", ".join(left_out[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _reason(error: Exception) -> str:
    text = str(error) if isinstance(error, Unfit) else "".join(format_exception_only(error))
    return " ".join(redact_text(text[: 10 * _LONGEST_REASON]).split())[:_LONGEST_REASON]


def failure(name: str, reason: str) -> Captured:
    """Report that the capture called ``name`` did not come about, in one line without secrets."""
    line = " ".join(redact_text(reason[: 4 * _LONGEST_LINE]).split())
    return Captured(tags={CAPTURE_FAILED: f"{name}: {line[:_LONGEST_LINE]}"})


class Guard:
    """Runs captures so that none of them can break the cell or another one, and remembers what they left out.

    Args:
        seconds: How long one capture may wait for another program; 0 for none to run. What a capture does itself is bounded
            by amounts, not by a clock, so that a run is recorded alike on a busy machine.
    """

    def __init__(self, seconds: float = 1.0) -> None:
        self.seconds = seconds
        self._failures: dict[str, Captured] = {}
        self._left_out: dict[str, list[str]] = {}

    def run(self, name: str, capture: Callable[[], T], default: T) -> T:
        """Return what ``capture`` returns; ``default`` where it fails or there is no time for captures."""
        if self.seconds <= 0:
            self._note(name, f"left out, there are {self.seconds:g} s for capturing")
            return default
        return self.shield(name, capture, default)

    def facts(self, name: str, capture: Callable[[], Captured]) -> Captured:
        """Do the same for a capture of facts, and remember what it says it has left out."""
        found = self.run(name, capture, Captured())
        self.leave_out(name, found.left_out)
        return found

    def leave_out(self, name: str, things: Iterable[str]) -> None:
        """Remember what the capture called ``name`` has left out."""
        self._left_out.setdefault(name, []).extend(things)

    def shield(self, name: str, hook: Callable[[], T], default: T) -> T:
        """Do the same at any time: for what happens while the cell runs."""
        try:
            return hook()
        except Exception as error:  # noqa: BLE001 - the boundary: whatever goes wrong in here, the cell goes on
            self._note(name, "".join(format_exception_only(error)))
            return default

    def failures(self) -> Captured:
        """Return the tag that names each failed capture with its first reason, and what others left out; or nothing."""
        parts = [failure(name, f"left out {some_of(things)}") for name, things in self._left_out.items() if things]
        return merge(*self._failures.values(), *parts)

    def _note(self, name: str, reason: str) -> None:
        self._failures.setdefault(name, failure(name, reason))


def clip_middle(text: str, limit: int) -> str:
    """Shorten a text to about ``limit`` characters: whole lines of its head and its tail, and a note between."""
    if len(text) <= limit:
        return text
    head = text.rfind("\n", 0, limit // 2) + 1 or limit // 2
    tail = text.find("\n", len(text) - limit // 2) + 1 or len(text) - limit // 2
    return f"{text[:head]}[… {tail - head} characters left out …]\n{text[tail:]}"
