"""The changes of a working tree against HEAD as one text: a patch of the files, and the notebooks by their cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .command import Git
from .notebook_diff import diff_cells
from .subprocess import Output

__all__ = ["Changed", "diff_text"]

# The same for everyone, whatever a user's settings say of diffs, and without running anything else.
_PLAIN = ["--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--no-relative", "--ignore-submodules=untracked"]
_FORM = ["--src-prefix=a/", "--dst-prefix=b/", "--unified=3", "--submodule=short"]
_DIFF = ["diff", "HEAD", *_PLAIN, *_FORM, "--"]
_MOST_PATHS = 100
_MOST_NOTEBOOKS = 8
_MOST_NOTEBOOK_BYTES = 2_000_000
_EMPTY_NOTEBOOK = '{"cells": []}'


@dataclass(frozen=True, slots=True)
class Changed:
    """A tracked file that differs from HEAD; ``blob`` names HEAD's version, and is all zeros where HEAD has none."""

    path: str
    blob: str


def diff_text(git: Git, changed: Sequence[Changed], most_bytes: int) -> str:
    """Return what has changed: a patch that ``git apply`` takes, then for each notebook a diff of its cells.

    Contents of binary files and of files over 2 MB are not in it. What is left out is said in lines that
    begin with ``# nbtrack:``.
    """
    notebooks = [c for c in changed if c.path.lower().endswith(".ipynb")]
    files = [c.path for c in changed if not c.path.lower().endswith(".ipynb")]
    parts = []
    if files:
        parts.append(_cut(git.ask(_diff_of(files), most_bytes=most_bytes)))
    parts += _notebook_diffs(git, notebooks)
    return _bounded("\n".join(part.rstrip("\n") for part in parts if part) + "\n", most_bytes)


def _diff_of(files: list[str]) -> list[str]:
    """Write the command: told which files have changed, git need not look at all of them again."""
    if len(files) <= _MOST_PATHS:
        return ["--literal-pathspecs", *_DIFF, *files]
    return [*_DIFF, ".", ":(exclude,icase)*.ipynb"]


def _cut(patch: Output) -> str:
    text = patch.data.decode("utf-8", errors="replace")
    return text if patch.complete else text[: text.rfind("\n") + 1] + _note("the rest of the changes is left out")


def _bounded(text: str, most: int) -> str:
    """Cut a text at the end of a line so that it keeps within about ``most`` characters."""
    if len(text) <= most + 1000:
        return text
    return text[: text.rfind("\n", 0, most) + 1] + _note("the rest of the changes is left out")


def _note(text: str) -> str:
    return f"# nbtrack: {text}\n"


def _notebook_diffs(git: Git, notebooks: Sequence[Changed]) -> Iterator[str]:
    compared = notebooks[:_MOST_NOTEBOOKS]
    if not compared:
        return
    before = _committed(git, [c.blob for c in compared if c.blob.strip("0")])
    for notebook in compared:
        old = before.get(notebook.blob) if notebook.blob.strip("0") else _EMPTY_NOTEBOOK
        yield _compare(notebook.path, old, _on_disk(git, notebook.path))
    yield from (_note(f"{c.path} has changed and is not compared") for c in notebooks[_MOST_NOTEBOOKS:])


def _compare(path: str, before: str | None, after: str | None) -> str:
    shown = path.encode("utf-8", errors="replace").decode()
    if before is None or after is None:
        return _note(f"{shown} has changed and is too large to be compared")
    try:
        return diff_cells(shown, before, after) or _note(f"{shown} has changed in its outputs or metadata only")
    except ValueError as error:
        return _note(f"{shown} has changed and cannot be compared: {error}")


def _on_disk(git: Git, path: str) -> str | None:
    file = git.root / path
    if not file.is_file():
        return _EMPTY_NOTEBOOK
    return file.read_text(encoding="utf-8", errors="replace") if file.stat().st_size <= _MOST_NOTEBOOK_BYTES else None


def _committed(git: Git, blobs: Sequence[str]) -> dict[str, str]:
    """Read HEAD's versions in one go; what is too large is not there."""
    if not blobs:
        return {}
    request = "".join(f"{blob}\n" for blob in blobs).encode()
    data = git.ask(["cat-file", "--batch"], most_bytes=_MOST_NOTEBOOK_BYTES * len(blobs), stdin=request).data
    found: dict[str, str] = {}
    while data:
        header, _, data = data.partition(b"\n")
        blob, _, size = header.decode().partition(" blob ")
        if not size.isdigit() or int(size) > len(data):
            break
        found[blob] = data[: int(size)].decode("utf-8", errors="replace")
        data = data[int(size) + 1 :]
    return found
