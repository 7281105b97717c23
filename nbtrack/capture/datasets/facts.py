"""What is read of a dataset, and how much of a large one."""

from __future__ import annotations

from dataclasses import dataclass

from ..stable import stable_text

__all__ = ["DatasetFacts", "column_name", "step_over"]

MOST_NAMES = 10_000  # of columns in a digest
LONGEST_NAME = 500
SAMPLE_COLUMNS = 100
SAMPLE_OBJECTS = 10_000  # cells of a frame that are not numbers
SAMPLE_TEXT = 4_000_000  # bytes of a frame's strings
SAMPLE_BYTES = 1_000_000
SAMPLE_ON_DISK = 64  # elements; each may be a page fault


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """Shape, types and the bytes for the digest; ``opaque`` lists types of values whose contents the bytes do not cover."""

    shape: tuple[int, ...]
    columns: tuple[tuple[str, str], ...] | None  # names and dtypes; None for an array
    dtype: str
    sample: bytes
    is_sample: bool = False  # whether only a part was read
    opaque: tuple[str, ...] = ()


def step_over(rows: int, columns: int, cells: int, least: int = 50) -> int:
    """Return the step between rows that reads about ``cells`` cells, and at least some dozens of rows."""
    most = max(least, cells // max(1, columns))
    return max(1, -(-rows // most))


def column_name(name: object) -> str:
    """Return a column's name for the schema and the digest."""
    return name[:LONGEST_NAME] if type(name) is str else stable_text(str(name))[:LONGEST_NAME]
