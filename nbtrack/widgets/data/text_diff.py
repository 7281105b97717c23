"""A side-by-side diff of two texts, with the words that changed in each line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

__all__ = ["side_by_side"]

# A part of a line, and whether it differs from the other side.
Fragment = tuple[str, bool]

_CONTEXT = 3
_MOST_LINES = 4000
_LONGEST_LINE = 2000
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


def side_by_side(left: str, right: str) -> list[list[Any]]:
    """Return the lines of two texts beside each other.

    Returns:
        Rows ``[number, parts, number, parts]`` of the left and the right text; the number is None where a side has no line.
        ``[n]`` stands for n equal lines that are far from any change.
    """
    lines, others = _lines(left), _lines(right)
    rows: list[list[Any]] = []
    matcher = SequenceMatcher(None, lines, others, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            rows += _equal(lines, i1, i2, j1, is_first=i1 == 0, is_last=i2 == len(lines))
        else:
            rows += _changed(lines, i1, i2, others, j1, j2)
    return rows


def _lines(text: str) -> list[str]:
    return [line[:_LONGEST_LINE] for line in text.splitlines()[:_MOST_LINES]]


def _equal(lines: Sequence[str], i1: int, i2: int, j1: int, *, is_first: bool, is_last: bool) -> Iterator[list[Any]]:
    head, tail = (0 if is_first else _CONTEXT), (0 if is_last else _CONTEXT)
    skipped = i2 - i1 - head - tail
    for place in range(i1, i2):
        at = place - i1
        if skipped > 1 and head <= at < head + skipped:
            if at == head:
                yield [skipped]
            continue
        parts = [(lines[place], False)]
        yield [place + 1, parts, j1 + at + 1, parts]


def _changed(lines: Sequence[str], i1: int, i2: int, others: Sequence[str], j1: int, j2: int) -> Iterator[list[Any]]:
    for i, j in zip_longest(range(i1, i2), range(j1, j2)):
        if i is None:
            yield [None, [], j + 1, [(others[j], True)]]
        elif j is None:
            yield [i + 1, [(lines[i], True)], None, []]
        else:
            first, second = _words(lines[i], others[j])
            yield [i + 1, first, j + 1, second]


def _words(left: str, right: str) -> tuple[list[Fragment], list[Fragment]]:
    """Return two lines in parts; lines that have little in common are one part each."""
    words, others = _WORDS.findall(left), _WORDS.findall(right)
    matcher = SequenceMatcher(None, words, others, autojunk=False)
    if matcher.ratio() < 0.4:
        return [(left, True)], [(right, True)]
    first: list[Fragment] = []
    second: list[Fragment] = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        first += [("".join(words[i1:i2]), tag != "equal")] if i2 > i1 else []
        second += [("".join(others[j1:j2]), tag != "equal")] if j2 > j1 else []
    return first, second
