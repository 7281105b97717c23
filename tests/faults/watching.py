"""Watches a folder: every file that this process opens, lists, moves or removes, by Python's audit events."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["watched"]

_FILES = {
    "open",
    "os.listdir",
    "os.scandir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.chmod",
    "os.chown",
    "os.utime",
    "os.link",
    "os.truncate",
    "os.setxattr",
    "shutil.rmtree",
    "shutil.move",
    "shutil.copyfile",
    "sqlite3.connect",
    "subprocess.Popen",
}
# Of these a link itself is meant, and not what it leads to.
_OF_NAMES = {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "shutil.rmtree"}

_folder = ""
_seen: list[str] = []


@contextmanager
def watched(folder: Path) -> Iterator[list[str]]:
    """Yield the list of what the block does with anything below a folder."""
    global _folder
    _install()
    _seen.clear()
    _folder = os.path.realpath(folder)
    try:
        yield _seen
    finally:
        _folder = ""


def _install() -> None:
    if not getattr(sys, "_nbtrack_watch", False):  # a hook stays until the process ends
        sys._nbtrack_watch = True  # type: ignore[attr-defined]
        sys.addaudithook(_heard)


def _heard(event: str, args: tuple[Any, ...]) -> None:
    if not _folder or event not in _FILES:
        return
    for each in args[:2]:
        if isinstance(each, str | bytes | os.PathLike) and (where := _place(event, each, args)).startswith(_folder):
            _seen.append(f"{event} {where}")


def _place(event: str, path: str | bytes | os.PathLike[Any], args: tuple[Any, ...]) -> str:
    """Return where a path leads; for an operation on a link itself, where the link is."""
    try:
        name = os.fsdecode(path).removeprefix("file:")
        flags = args[2] if event == "open" and len(args) > 2 and isinstance(args[2], int) else 0
        if event in _OF_NAMES or flags & (getattr(os, "O_NOFOLLOW", 0) | os.O_EXCL):
            return os.path.join(os.path.realpath(os.path.dirname(name)), os.path.basename(name))  # noqa: PTH118, PTH119, PTH120
        return os.path.realpath(name)
    except (OSError, ValueError):
        return ""
