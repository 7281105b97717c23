"""How a copy reports its progress and its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

__all__ = ["CopyResult", "Tell"]

# Called during a copy with the number of runs that were looked at, or of points or bytes that were copied.
Tell: TypeAlias = Callable[[Literal["runs", "points", "bytes"], int], None]


@dataclass(slots=True)
class CopyResult:
    """The result of a copy.

    Attributes:
        copied: Ids of the runs that were copied, or of which something was.
        unchanged: How many runs the target had completely.
        problems: What could not be copied, one line each.
        notes: What differs between the source and the target, one line each.
    """

    copied: list[str] = field(default_factory=list)
    unchanged: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
