"""Refuses a store whose folder contains links to other places."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..errors import InvalidInput
from .settings import DATABASE, SCHEME, Settings

__all__ = ["check_links"]


def check_links(settings: Settings, named: Iterable[str], *, is_found: bool) -> None:
    """Refuse a store's folder with a link out of it: it may have been downloaded, and the link's target is not the store's."""
    folder = settings.folder
    if is_found and folder is not None and folder.is_symlink() and folder.is_dir() and not (folder / DATABASE).is_file():
        raise InvalidInput(f"{folder} is a link to a folder without a store: if you want one there, name it by NBTRACK_URI")
    places = [os.path.realpath(place) for place in named if not SCHEME.match(place)]
    for root, path in _own_files(settings):
        real = os.path.realpath(root / path)
        if real != os.path.join(os.path.realpath(root), path) and not any(Path(real).is_relative_to(each) for each in places):  # noqa: PTH118
            raise InvalidInput(
                f"{root / path} leads through a link to {real}, out of the store's folder: "
                "if that is yours, add its folder to NBTRACK_ARTIFACT_PLACES"
            )


def _own_files(settings: Settings) -> Iterator[tuple[Path, str]]:
    """Yield the files of a store in its folder, as the folder and a path from there."""
    root = settings.folder or (settings.journal and settings.journal.parent.parent)
    if root is not None and settings.journal is not None:
        yield root, str(settings.journal.relative_to(root))
        if settings.database == root / DATABASE and settings.folder is not None:
            yield root, DATABASE
