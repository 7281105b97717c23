"""Where a store's folder is while a process uses it, through any number of renames."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from ..system.anchor import Anchor
from ..system.project import FOLDER

__all__ = ["Whereabouts"]


class Whereabouts:
    """The folder that is held, and the names that it has had.

    Threads: every method may be called from any thread, but by none that holds a lock which ``on_move`` takes.

    Args:
        on_move: Called with the old and the new name of the folder that was renamed, or of one above it.
    """

    def __init__(self, on_move: Callable[[Path, Path], None]) -> None:
        self._on_move = on_move
        self._moving = threading.RLock()
        self._anchor: Anchor | None = None
        self._moves: list[tuple[Path, Path]] = []

    def hold(self, folder: Path | None) -> None:
        """Hold a folder, unless one is held already, so that it is found when it is renamed."""
        if self._anchor is None and folder is not None:
            with suppress(OSError):
                self._anchor = Anchor(folder)

    def release(self) -> None:
        """Hold it no more."""
        self._anchor = None

    @property
    def is_held(self) -> bool:
        """Whether a folder is held; one that was deleted, replaced or set aside is not."""
        return self._anchor is not None

    def steady(self) -> AbstractContextManager[Any]:
        """Let nobody follow the folder within: what is begun by one name is told the new one."""
        return self._moving

    def follow(self) -> None:
        """Tell ``on_move`` where the folder, or one above it, was renamed."""
        anchor = self._anchor
        if anchor is None or anchor.is_in_place():
            return
        with self._moving:
            if self._anchor is anchor and not anchor.is_in_place():
                old, new = anchor.folder, None if anchor.is_replaced() else anchor.found()
                if new == old:  # it could not be seen for a moment
                    return
                if new is None or (old.name == FOLDER and new.name != FOLDER):  # deleted, replaced or set aside
                    self._anchor = None
                    return
                anchor.former.add(new)
                move = (old.parent, new.parent) if old.name == new.name else (old, new)
                self._moves.append(move)
                self._on_move(*move)
                anchor.rename(new)  # last: until then all others wait here, and none goes by the old names

    def now(self, path: Path) -> Path:
        """Return what a path is called now, which was read before a folder was renamed."""
        return Path(self.text_now(str(path)))

    def text_now(self, uri: str) -> str:
        """Return what a place is called now, a path or any URI."""
        for old, new in self._moves:
            if uri.startswith(f"{old}/"):
                uri = f"{new}{uri[len(str(old)) :]}"
        return uri

    def is_gone(self, path: Path) -> bool:
        """Tell whether a file of the store is really missing, and not just called otherwise since a moment ago."""
        self.follow()
        with self._moving:
            anchor, now = self._anchor, self.now(path)
            return not (os.path.lexists(now) if anchor is None else anchor.has(now))

    def after_fork(self) -> None:
        """Begin anew in a forked child: without the parent's locks."""
        self._moving = threading.RLock()
