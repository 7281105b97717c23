"""The output of commands: tables for people, JSON for programs, and progress bars."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..entities.run import moment

if TYPE_CHECKING:
    from ..transfer import Tell

__all__ = ["bar", "print_json", "print_table", "shown_duration", "shown_number", "shown_time"]

_WIDEST = 40  # characters of a cell


def print_json(value: object) -> None:
    """Print a value as JSON; numbers that JSON does not have become strings, as in MLflow's API."""
    print(json.dumps(_strict(value), ensure_ascii=False, indent=2, default=str))


def _strict(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: _strict(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(each) for each in value]
    return value


def print_table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under titles, in columns as wide as they need to be."""
    texts = [[_cell(each) for each in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(titles, *texts, strict=True)]
    for row in [list(titles), *texts]:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    text = "".join(character if character.isprintable() else " " for character in str(value))
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def shown_time(milliseconds: int | None) -> str:
    """Return a time for people, in this machine's time zone."""
    if milliseconds is None:
        return ""
    return moment(milliseconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def shown_duration(start: int, end: int | None) -> str:
    """Return the time between two times for people; empty while there is no end."""
    if end is None:
        return ""
    seconds = max(0, end - start) / 1000
    hours, rest = divmod(int(seconds), 3600)
    return f"{hours}h {rest // 60:02}m" if hours else f"{rest // 60}m {rest % 60:02}s" if rest >= 60 else f"{seconds:.1f}s"


def shown_number(value: float) -> str:
    """Return a number in five significant digits."""
    return f"{value:.5g}"


@contextmanager
def bar(what: str, total: int | None = None) -> Iterator[Tell]:
    """Show the progress of a copy if standard error is a terminal."""
    from tqdm import tqdm

    counts = {"points": 0, "bytes": 0}
    with tqdm(desc=what, total=total, unit="run", disable=None, leave=False) as shown:

        def tell(kind: str, number: int) -> None:
            if kind == "runs":
                shown.update(number)
            else:
                counts[kind] += number
                shown.set_postfix_str(f"{counts['points']:,} points, {counts['bytes'] / 1e6:,.1f} MB", refresh=False)
                shown.update(0)

        yield tell
