"""A journal's folder: it appears with its head, and its head is deleted last, so that every folder names its owner."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..system.anchor import make_folders
from .plain_files import is_folder, is_ours, open_plain
from .records import RecordFile

__all__ = ["EVENTS", "make_folder", "read_refusal", "remove_folder", "renamed", "unfinished_folders", "write_refusal"]

EVENTS = "events.jsonl"
_UNFINISHED = "."
_REASON = "refused.txt"
_LONGEST_REASON = 4000  # bytes


def make_folder(folder: Path, head: dict[str, Any]) -> RecordFile:
    """Make a journal's folder, and return its file of events, which begins with ``head``."""
    place = folder.with_name(_UNFINISHED + folder.name)
    try:
        place.mkdir()
    except FileNotFoundError:
        make_folders(place.parent)
        place.mkdir()
    records = RecordFile(place / EVENTS)
    try:
        records.append(head)
        place.rename(folder)
        records.path = folder / EVENTS
    except OSError:
        shutil.rmtree(place, ignore_errors=True)
        raise
    return records


def remove_folder(folder: Path) -> None:
    """Remove a journal, its head last: if this process is killed meanwhile, another one still sees that it is orphaned.

    A link to a folder is ignored.
    """
    if not is_folder(folder):
        return
    try:
        for path in folder.iterdir():
            if path.name != EVENTS:
                shutil.rmtree(path) if is_folder(path) else path.unlink()
        (folder / EVENTS).unlink(missing_ok=True)
        folder.rmdir()
    except OSError:
        return  # another process removes it too, or will


def renamed(path: Path, old: Path, new: Path) -> Path:
    """Return a path after a folder above it was renamed."""
    return new / path.relative_to(old) if path.is_relative_to(old) else path


def write_refusal(folder: Path, why: str) -> None:
    """Write into a journal why it was not delivered, for the next process that reads it."""
    part = folder / f".{secrets.token_hex(4)}.part"
    with suppress(OSError):
        with part.open("xb") as file:
            file.write(why.encode()[:_LONGEST_REASON])
        part.replace(folder / _REASON)


def read_refusal(folder: Path) -> str:
    """Return why a journal was not delivered when it was tried last; empty if that was not written."""
    try:
        with open_plain(folder / _REASON) as file:
            return file.read(_LONGEST_REASON).decode(errors="replace")
    except OSError:
        return ""


def unfinished_folders(home: Path) -> Iterator[Path]:
    """Yield folders that are being made, or whose making was interrupted: nothing was logged into them."""
    yield from (folder for folder in home.glob(f"{_UNFINISHED}*.*/") if is_folder(folder) and is_ours(folder))
