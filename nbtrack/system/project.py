"""Finds the project: the folder ``.nbtrack`` here or above, as git finds its own, and whether new runs may go there.

The runs of a folder that is not writable, or belongs to another user, are shown, and new runs go to a project of one's own.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

try:
    import pwd
except ImportError:  # on Windows, where a folder's owner means little
    pwd = None  # type: ignore[assignment]

__all__ = ["FOLDER", "Project", "find_project", "is_of_mlflow", "may_write"]

FOLDER = ".nbtrack"
_DATABASE = "runs.db"


@dataclass(frozen=True, slots=True)
class Project:
    """The project of a folder.

    Attributes:
        shown: The folder whose runs are shown.
        own: The folder for new runs, which is made if it is missing.
        objection: Why new runs do not go to ``shown``; empty if they do.
    """

    shown: Path
    own: Path
    objection: str = ""


def find_project(start: Path) -> Project:
    """Return the project of a folder."""
    found = [folder / FOLDER for folder in (start, *start.parents) if os.path.isdir(folder / FOLDER)]  # noqa: PTH112 - it may be hidden
    objections = {folder: _objection(folder, start) for folder in found}
    own = next((folder for folder in found if not objections[folder]), None) or _to_make(start, found)
    shown = next((folder for folder in found if folder == own or _is_readable(folder)), own)
    return Project(shown, own, objections[shown] if shown != own else "")


def is_of_mlflow(folder: Path) -> bool:
    """Tell whether a folder is one in which MLflow stores runs as files, like ``mlruns``."""
    return any(os.path.isfile(f"{path}/meta.yaml") for place in (folder, folder / ".trash") for path in _inside(place))  # noqa: PTH113


def _inside(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as found:
            return [each.path for each in found]
    except OSError:
        return []


def may_write(path: Path) -> bool:
    """Tell whether a file or folder is writable, or can be made if it is missing."""
    there = next(each for each in (path, *path.parents) if each == each.parent or os.path.lexists(each))
    return os.access(there, os.W_OK | os.X_OK if there.is_dir() else os.W_OK)


def _to_make(start: Path, found: list[Path]) -> Path:
    """Return the folder to make in ``start``, or the nearest existing one if it cannot be made."""
    here = start / FOLDER
    return here if not found or (here not in found and may_write(here)) else found[0]


def _is_readable(folder: Path) -> bool:
    return os.access(folder / _DATABASE, os.R_OK)


def _objection(folder: Path, start: Path) -> str:
    """Return why new runs must not go to a folder; empty if they may."""
    if not (may_write(folder) and may_write(folder / _DATABASE)):
        return "is not writable"
    return f"belongs to {_name_of(folder.stat().st_uid)}" if _is_foreign(folder, start) else ""


def _is_foreign(folder: Path, start: Path) -> bool:
    """Tell whether a folder belongs neither to this user, nor to root, nor to a shared group, nor to the owner of ``start``."""
    if pwd is None:
        return False
    found = folder.stat()
    is_shared = (
        found.st_mode & stat.S_IWGRP and not found.st_mode & stat.S_IWOTH and found.st_gid in {os.getegid(), *os.getgroups()}
    )
    return not is_shared and found.st_uid not in (os.geteuid(), 0, start.stat().st_uid)


def _name_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
