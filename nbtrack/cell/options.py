"""The arguments of ``%%track``."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from IPython.core.error import UsageError
from IPython.core.magic_arguments import MagicArgumentParser

from .config import CAPTURES

__all__ = ["TrackOptions", "parse_track"]


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


def parse_track(parser: MagicArgumentParser, line: str) -> TrackOptions:
    """Read a ``%%track`` line.

    Raises:
        UsageError: It cannot be read; one line says why.
    """
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"%%track {line}: {str(error).lower()}; put texts with spaces or quotes in quotes") from None
    found = parser.parse_args(words)
    if found.name and found.name_option:
        raise UsageError(f"%%track was given two names, {found.name!r} and {found.name_option!r}")
    unknown = [what for what in found.no_capture or () if what not in CAPTURES]
    if unknown:
        raise UsageError(f"--no-capture {unknown[0]}: choose from {', '.join(CAPTURES)}, or give none for all")
    no_capture = frozenset() if found.no_capture is None else frozenset(found.no_capture or CAPTURES)
    return TrackOptions(
        found.name or found.name_option,
        found.experiment,
        tuple(found.param or ()),
        tuple(_tag(text) for text in found.tag or ()),
        found.note,
        found.resume,
        no_capture,
    )


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UsageError(f"-t {text}: write a tag as key=value")
    return key, value
