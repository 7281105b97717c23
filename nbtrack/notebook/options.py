"""The arguments of ``%%track`` and ``%runs``."""

from __future__ import annotations

import re
import shlex
from argparse import Namespace
from dataclasses import dataclass

from IPython.core.error import UsageError
from IPython.core.magic_arguments import MagicArgumentParser

from .config import CAPTURES

__all__ = ["RunsOptions", "TrackOptions", "parse_runs", "parse_track", "words_of"]


@dataclass(frozen=True, slots=True)
class TrackOptions:
    """What a ``%%track`` line asks for."""

    name: str | None = None
    experiment: str | None = None
    params: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    note: str | None = None
    resume: str | None = None
    no_capture: frozenset[str] = frozenset()
    # The metrics that the live view shows first; None: no live view.
    live: tuple[str, ...] | None = ()


def words_of(magic: str, line: str) -> list[str]:
    """Split a line into words, as a shell does.

    Raises:
        UsageError: A quote is not closed.
    """
    try:
        return shlex.split(line)
    except ValueError as error:
        raise UsageError(f"{magic} {line}: {str(error).lower()}; quote words that contain spaces or quotes") from None


def parse_track(parser: MagicArgumentParser, line: str) -> TrackOptions:
    """Parse a ``%%track`` line.

    Raises:
        UsageError: An argument is wrong; the message is one line.
    """
    words = words_of("%%track", line)
    try:
        found = parser.parse_args(words)
    except UsageError as error:
        raise UsageError(f"%%track: {error}; %%track? lists the options") from None
    name = _name(found)
    no_capture = frozenset() if found.no_capture is None else frozenset(found.no_capture or CAPTURES)
    unknown = sorted(no_capture - CAPTURES.keys())
    if unknown:
        raise UsageError(f"--no-capture {unknown[0]}: choose from {', '.join(CAPTURES)}, or name none for all of them")
    tags = tuple(_tag(text) for text in found.tag or ())
    live = None if found.no_live else tuple(found.live or ())
    return TrackOptions(name, found.experiment, tuple(found.param or ()), tags, found.note, found.resume, no_capture, live)


def _name(found: Namespace) -> str | None:
    if found.name and found.name_option:
        raise UsageError(f"%%track was given two names, {found.name!r} and {found.name_option!r}")
    name: str | None = found.name or found.name_option
    if found.resume and (name or found.experiment):
        raise UsageError("%%track --resume goes on with a run that has a name and an experiment already; leave them out")
    return name


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UsageError(f"-t {text}: write a tag as key=value")
    return key, value


@dataclass(frozen=True, slots=True)
class RunsOptions:
    """What a ``%runs`` line asks for."""

    filter: str | None = None
    experiment: str | None = None
    order_by: str | None = None
    limit: int | None = None


_RUNS_OPTIONS = {"e": "experiment", "o": "order_by", "n": "limit"}
_RUNS_OPTIONS |= {"experiment": "experiment", "order-by": "order_by", "limit": "limit"}
_QUOTED = r"\"[^\"]*\"|'[^']*'"
# A quoted string of the filter, which stays, or an option with its value; -inf and -nan are numbers.
_RUNS_PART = re.compile(rf"{_QUOTED}|(?<!\S)--?(?!inf\b|nan\b)(?P<option>[a-z][\w-]*)(?:[\s=]+(?P<value>{_QUOTED}|\S+))?")


def parse_runs(line: str) -> RunsOptions:
    """Parse a ``%runs`` line: options before or after a filter, which keeps its quotes.

    Raises:
        UsageError: An option is unknown or has no value.
    """
    found: dict[str, str] = {}

    def take(part: re.Match[str]) -> str:
        if part["option"] is None:
            return part[0]
        if part["option"] not in _RUNS_OPTIONS or part["value"] is None:
            raise UsageError(f"%runs {part[0]}: the options are -e EXPERIMENT, -o ORDER and -n LIMIT")
        found[_RUNS_OPTIONS[part["option"]]] = part["value"].strip("\"'")
        return ""

    condition = _RUNS_PART.sub(take, line).strip()
    return RunsOptions(condition or None, found.get("experiment"), found.get("order_by"), _limit(found.get("limit")))


def _limit(text: str | None) -> int | None:
    if text is not None and not text.isdecimal():
        raise UsageError(f"-n {text}: say how many runs at most, as -n 10")
    return None if text is None else int(text)
