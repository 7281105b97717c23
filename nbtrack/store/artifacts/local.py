"""Artifacts in a folder of this machine or of a mounted file system."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from typing_extensions import override

from ...errors import ArtifactNotFound, InvalidInput, StoreUnavailable
from .not_found import artifact_not_found
from .paths import TEMPORARY, artifact_folder, artifact_path, file_uri, local_path
from .protocol import ArtifactEntry, ArtifactStore, Check, Readable
from .spool import copy_file, files_below, move_file, staged

__all__ = ["LocalArtifacts"]


class LocalArtifacts(ArtifactStore):
    """The files of one run below a folder, which is created with the first of them.

    No path leads out of the folder, neither by its name nor through a symbolic link inside.

    Args:
        root: The folder, or its ``file:`` URI.
        check: Called before each use, to raise if the folder is not allowed: it may have become a link.
    """

    def __init__(self, root: Path | str, *, check: Callable[[], None] = lambda: None) -> None:
        self._check_root = check
        self.root = Path(os.path.abspath(local_path(root) if isinstance(root, str) else root))  # noqa: PTH100 - keeps links
        self.uri = file_uri(self.root)

    def __repr__(self) -> str:
        return f"LocalArtifacts({self.uri!r})"

    @override
    def put(self, path: str, source: Path, *, move: bool = False) -> None:
        with self._translated(path):
            (move_file if move else copy_file)(source, self._target(path))

    @override
    def write(self, path: str, content: Readable) -> None:
        with self._translated(path):
            copy_file(content, self._target(path))

    @override
    def list(self, path: str = "") -> list[ArtifactEntry]:
        name = artifact_folder(path)
        with self._translated(path):
            folder = self._within(self.root / name, path)
            if not folder.is_dir():
                return []
            with os.scandir(folder) as found:
                return sorted((e for f in found if (e := self._entry(name, f))), key=lambda e: e.path)

    @override
    def open(self, path: str) -> BinaryIO:
        name = artifact_path(path)
        with self._translated(path):
            return self._present(name).open("rb")

    @override
    def download(self, path: str, target: Path, *, check: Check | None = None) -> Path:
        name = artifact_folder(path)
        with self._translated(path):
            found = self._present(name) if name else self.root
            into = target / name.rpartition("/")[2] if name and target.is_dir() else target
            if found.is_file():
                _copy_out(name, found, into, check)
            else:
                self._download_folder(name, found, into, check)
        return into

    @override
    def delete(self, path: str) -> None:
        name = artifact_folder(path)
        with self._translated(path):
            target = self._within(self.root.joinpath(name).parent, path) / name.rpartition("/")[2] if name else self.root
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            else:
                target.unlink(missing_ok=True)

    def _target(self, path: str) -> Path:
        """Return the local path for a file; IsADirectoryError if a folder is there."""
        name = artifact_path(path)
        target = self._within(self.root.joinpath(name).parent, path) / name.rpartition("/")[2]
        if target.is_dir() and not target.is_symlink():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
        return target

    def _download_folder(self, name: str, found: Path, into: Path, check: Check | None) -> None:
        into.mkdir(parents=True, exist_ok=True)
        if not found.is_dir():
            return
        for relative, file in files_below(found, enters=lambda folder: bool(self._within(folder, name))):
            if not file.name.startswith(TEMPORARY):
                _copy_out(f"{name}/{relative}" if name else relative, self._within(file, relative), into / relative, check)

    def _present(self, name: str) -> Path:
        found = self._within(self.root / name, name)
        if not found.exists():
            raise artifact_not_found(self, name)
        if not (found.is_file() or found.is_dir()):
            raise InvalidInput(f"artifact path {name!r} is a device or a pipe, which is not read; remove it")
        return found

    def _entry(self, folder: str, found: os.DirEntry[str]) -> ArtifactEntry | None:
        """Return one entry; None for an unfinished file, and for a link to a folder, out of the root or to nothing."""
        # A link to a folder may close a circle, in which a reader of all files would never end.
        if found.name.startswith(TEMPORARY) or (
            found.is_symlink() and not _real(Path(found.path)).is_relative_to(_real(self.root))
        ):
            return None
        path = f"{folder}/{found.name}" if folder else found.name
        try:
            if found.is_dir():
                return None if found.is_symlink() else ArtifactEntry(path, None, True)
            return ArtifactEntry(path, found.stat().st_size) if found.is_file() else None
        except FileNotFoundError:  # deleted since the folder was listed
            return None

    def _within(self, target: Path, named: str) -> Path:
        """Return a path with its links resolved; InvalidInput if they lead out of the root."""
        resolved = _real(target)
        if not resolved.is_relative_to(_real(self.root)):
            raise InvalidInput(
                f"artifact path {named!r} leaves the run's folder through a symbolic link; give the file's own path"
            )
        return resolved

    @contextmanager
    def _translated(self, path: str) -> Iterator[None]:
        """Translate errors of the file system."""
        self._check_root()
        try:
            yield
        except IsADirectoryError as error:
            raise InvalidInput(f"artifact path {path!r} is a folder; give the path of a file") from error
        except (NotADirectoryError, FileExistsError) as error:
            raise InvalidInput(f"artifact path {path!r} goes through a file; choose another path") from error
        except FileNotFoundError as error:
            raise ArtifactNotFound(f"artifact {path!r} was deleted while it was read") from error
        except OSError as error:
            raise StoreUnavailable(f"cannot use artifact {path!r} in {self.root}: {error.strerror or error}") from error


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # unlike Path.resolve, accepts circular links


def _copy_out(path: str, found: Path, target: Path, check: Check | None) -> None:
    target.parent.mkdir(
        parents=True, exist_ok=True
    )  # exactly there, while make_folders follows a project folder that was renamed
    with staged(target) as place:
        copy_file(found, place)
        if check is not None:
            check(path, place)
