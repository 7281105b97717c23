"""Compares two versions of a notebook by the source of their cells; outputs, counts and metadata are ignored."""

from __future__ import annotations

import difflib
import json

__all__ = ["cell_lines", "diff_cells"]


def diff_cells(path: str, before: str, after: str) -> str:
    """Return a unified diff of the cells of two versions of a notebook, empty if they are the same.

    Raises:
        ValueError: One of them is not a notebook.
    """
    lines = difflib.unified_diff(cell_lines(before), cell_lines(after), f"a/{path}", f"b/{path}", lineterm="")
    return "\n".join(lines)


def cell_lines(notebook: str) -> list[str]:
    """Return the cells of a notebook as lines, each cell after a ``# %%`` line.

    Raises:
        ValueError: The text is not a notebook.
    """
    content = json.loads(notebook)
    if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
        raise ValueError("this is not a notebook of format 4: it has no list of cells")  # noqa: TRY004 - the text is wrong, not its type
    return [line for cell in content["cells"] for line in _lines_of(cell)]


def _lines_of(cell: dict[str, object]) -> list[str]:
    kind, source = cell.get("cell_type", "code"), cell.get("source", "")
    text = "".join(source) if isinstance(source, list) else str(source)
    return ["# %%" if kind == "code" else f"# %% [{kind}]", *text.splitlines()]
