"""The changes of a working tree against HEAD as one text: a patch of the files, and notebooks compared by cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .command import Git
from .notebook_diff import diff_cells
from .run_command import CommandOutput

__all__ = ["ChangedFile", "diff_text"]

# The same form whatever a user's settings are, and without external programs.
_PLAIN = ["--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--no-relative", "--ignore-submodules=untracked"]
_FORM = ["--src-prefix=a/", "--dst-prefix=b/", "--unified=3", "--submodule=short"]
_DIFF = ["diff", "HEAD", *_PLAIN, *_FORM, "--"]
_MOST_PATHS = 100
_MOST_NOTEBOOKS = 8
_MOST_NOTEBOOK_BYTES = 2_000_000
_EMPTY_NOTEBOOK = '{"cells": []}'


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A tracked file that differs from HEAD; ``blob`` is HEAD's version, all zeros if HEAD has none."""

    path: str
    blob: str


def diff_text(git: Git, changed: Sequence[ChangedFile], most_bytes: int) -> str:
    """Return the changes: a patch for ``git apply``, then a diff of the cells of each notebook.

    It leaves out the contents of binary files and of files over 2 MB. Lines that begin with ``# nbtrack:`` name what is left out.
    """
    notebooks = [c for c in changed if c.path.lower().endswith(".ipynb")]
    files = [c.path for c in changed if not c.path.lower().endswith(".ipynb")]
    parts = []
    if files:
        parts.append(_cut(git.ask(_diff_of(files), most_bytes=most_bytes)))
    parts += _notebook_diffs(git, notebooks)
    return _bounded("\n".join(part.rstrip("\n") for part in parts if part) + "\n", most_bytes)


def _diff_of(files: list[str]) -> list[str]:
    """Return the arguments of git diff: with the paths of changed files, git need not check all files again."""
    if len(files) <= _MOST_PATHS:
        return ["--literal-pathspecs", *_DIFF, *files]
    return [*_DIFF, ".", ":(exclude,icase)*.ipynb"]


def _cut(patch: CommandOutput) -> str:
    text = patch.data.decode("utf-8", errors="replace")
    return text if patch.complete else text[: text.rfind("\n") + 1] + _note("the rest of the changes is left out")


def _bounded(text: str, most: int) -> str:
    """Cut a text of more than about ``most`` characters at the end of a line."""
    if len(text) <= most + 1000:
        return text
    return text[: text.rfind("\n", 0, most) + 1] + _note("the rest of the changes is left out")


def _note(text: str) -> str:
    return f"# nbtrack: {text}\n"


def _notebook_diffs(git: Git, notebooks: Sequence[ChangedFile]) -> Iterator[str]:
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
    """Return HEAD's versions of notebooks by blob, read by one command; without those that are too large."""
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
