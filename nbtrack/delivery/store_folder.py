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

__all__ = ["StoreFolder"]


class StoreFolder:
    """The folder that a connection holds open, and the names that it has had.

    Threads: every method may be called from any thread that holds no lock which ``on_move`` takes.

    Args:
        on_move: Called with the old and the new path of the folder that was renamed, which may be one above.
    """

    def __init__(self, on_move: Callable[[Path, Path], None]) -> None:
        self._on_move = on_move
        self._moving = threading.RLock()
        self._anchor: Anchor | None = None
        self._moves: list[tuple[Path, Path]] = []

    def hold(self, folder: Path | None) -> None:
        """Hold a folder open, unless one is held already, so that it is found when it is renamed."""
        if self._anchor is None and folder is not None:
            with suppress(OSError):
                self._anchor = Anchor(folder)

    def release(self) -> None:
        """Hold the folder no longer."""
        self._anchor = None

    def steady(self) -> AbstractContextManager[Any]:
        """Let no thread follow a rename within: what is made under one name is then told the new one."""
        return self._moving

    def follow(self) -> None:
        """Call ``on_move`` if the folder, or one above it, was renamed."""
        anchor = self._anchor
        if anchor is None or anchor.is_in_place():
            return
        with self._moving:
            if self._anchor is anchor and not anchor.is_in_place():
                old, new = anchor.folder, None if anchor.is_replaced() else anchor.found()
                if new == old:  # it was invisible for a moment
                    return
                if new is None or (old.name == FOLDER and new.name != FOLDER):  # deleted, replaced, or renamed by itself
                    self._anchor = None
                    return
                anchor.former.add(new)
                move = (old.parent, new.parent) if old.name == new.name else (old, new)
                self._moves.append(move)
                self._on_move(*move)
                anchor.rename(new)  # last: until then all other threads wait above, and none uses the old names

    def path_now(self, path: Path) -> Path:
        """Return the present path of something whose path was read before a rename."""
        return Path(self.uri_now(str(path)))

    def uri_now(self, uri: str) -> str:
        """Return the present form of a path or URI that was read before a rename."""
        for old, new in self._moves:
            if uri.startswith(f"{old}/"):
                uri = f"{new}{uri[len(str(old)) :]}"
        return uri

    def is_gone(self, path: Path) -> bool:
        """Tell whether a file of the store is really missing, and not just renamed a moment ago."""
        self.follow()
        with self._moving:
            anchor, now = self._anchor, self.path_now(path)
            return not (os.path.lexists(now) if anchor is None else anchor.has(now))

    def after_fork(self) -> None:
        """Begin again in a forked child, without the parent's lock."""
        self._moving = threading.RLock()
