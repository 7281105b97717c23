"""How much static HTML shows: it becomes less until it fits into its share of the notebook file."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["Level", "first_that_fits", "saved_size"]

L = TypeVar("L")


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """The most that is shown of a run, a table or a comparison.

    Attributes:
        text: Characters of a name or value.
        runs: Runs, of a table or a comparison.
        charts: Charts.
        points: Points of all charts together.
        metrics: Metrics, as rows or columns.
        params: Params, as rows or columns.
    """

    text: int
    runs: int = 0
    charts: int = 0
    points: int = 0
    metrics: int = 0
    params: int = 0


def saved_size(text: str) -> int:
    """Return how many bytes a string takes in a notebook file, which may escape all but ASCII."""
    return len(json.dumps(text))


def first_that_fits(levels: Sequence[L], render: Callable[[L], str], limit: int) -> str:
    """Return the first rendering that takes at most ``limit`` bytes in a notebook file, or the last one."""
    for level in levels:
        rendered = render(level)
        if saved_size(rendered) <= limit:
            break
    return rendered
