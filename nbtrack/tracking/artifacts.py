"""The files of a run: listed, opened, loaded, downloaded."""

from __future__ import annotations

import builtins
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ..delivery.connection import Connection
from ..errors import ArtifactNotFound, StoreError
from ..media import load
from ..store.artifacts.protocol import ArtifactEntry, ArtifactStore
from ..store.artifacts.spool import sha256_of
from ..validation import local_path, text
from ..widgets.pages.files import files_html

if TYPE_CHECKING:
    from ..widgets.views.files import FilesView

__all__ = ["Artifact", "RunArtifacts", "read_if_there"]


class Artifact:
    """One file or folder of a run; a cell that ends with a file shows it."""

    def __init__(self, artifacts: RunArtifacts, entry: ArtifactEntry) -> None:
        self._artifacts = artifacts
        self.path, self.size, self.is_dir = entry.path, entry.size, entry.is_dir

    @property
    def run_id(self) -> str:
        """The id of its run."""
        return self._artifacts.run_id

    def __str__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        return f"<{self.path}/>" if self.is_dir else f"<{self.path}: {self.size:,} bytes>"

    def __eq__(self, other: object) -> bool:
        return other.path == self.path if isinstance(other, Artifact) else other == self.path

    def __hash__(self) -> int:
        return hash(self.path)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        if self.is_dir:
            return {"text/plain": repr(self)}
        from ..widgets.pages.preview import preview

        with self._artifacts.open(self.path) as file:
            return preview(self.path, file, self.size or 0)


class RunArtifacts:
    """The files of a run.

    Example:
        >>> import nbtrack
        >>> with nbtrack.start_run() as run:
        ...     run.log_text("hello", "notes/hello.txt")
        >>> [str(entry) for entry in run.artifacts.list("notes")]
        ['notes/hello.txt']
        >>> run.artifacts.read_text("notes/hello.txt")
        'hello'
    """

    def __init__(self, connection: Connection, run_id: str, uri: str) -> None:
        self._connection, self.run_id, self.uri = connection, run_id, uri
        self._view: FilesView | None = None

    def _store(self) -> ArtifactStore:
        self._connection.read()
        return self._connection.artifacts(self.uri)

    def list(self, path: str | Artifact = "") -> list[Artifact]:
        """Return the files and folders in the folder ``path``, sorted; an empty list where there is nothing."""
        return [Artifact(self, entry) for entry in self._store().list(_path_of(path))]

    def open(self, path: str | Artifact) -> BinaryIO:
        """Open a file for reading bytes; ArtifactNotFound."""
        return self._store().open(_path_of(path))

    def read_text(self, path: str | Artifact) -> str:
        """Return the content of a UTF-8 file as a string; ArtifactNotFound."""
        return self._read(path).decode("utf-8")

    def load(self, path: str | Artifact) -> Any:
        """Return a file's content by its suffix: a PIL image, a DataFrame, JSON's value, an array, a string; else bytes."""
        return load(_path_of(path), self._read(path))

    def download(self, path: str | Artifact = "", target: str | Path = ".") -> Path:
        """Copy a file, or a folder with everything in it, into the folder ``target``, and return the copy's path.

        Raises:
            ArtifactNotFound: There is no such file.
            StoreError: A file's sha256 is not that of what was logged; the copy is not kept.
        """
        folder = local_path(target, "where to copy it")
        store, logged = self._store(), self._logged()
        return store.download(_path_of(path), folder, check=lambda name, file: self._check(name, sha256_of(file), logged))

    def _read(self, path: str | Artifact) -> bytes:
        with self.open(path) as file:
            content = file.read()
        self._check(_path_of(path), hashlib.sha256(content).hexdigest(), self._logged())
        return content

    def _logged(self) -> dict[str, str]:
        """Return the sha256 of each file as it was logged."""
        if self._connection.flusher.pending()[0]:
            return {}  # the store does not know yet what the files on their way are to be
        return {file.path: file.sha256 for file in self._connection.store().artifacts(self.run_id) if file.sha256}

    def _check(self, path: str, found: str, logged: dict[str, str]) -> None:
        if found != logged.get(path, found):
            was = f"its sha256 is {found[:16]}…, and {logged[path][:16]}… was logged"
            raise StoreError(f"artifact {path!r} in {self.uri} is not what was logged: {was}; it was changed or damaged there")

    def __iter__(self) -> Any:
        return iter(self.list())

    def __repr__(self) -> str:
        return "\n".join([f"artifacts at {self.uri}", *(f"  {entry!r}" for entry in self.list())])

    def _files(self) -> builtins.list[tuple[str, int]]:
        return [(file.path, file.size) for file in self._connection.read().artifacts(self.run_id)]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        from ..widgets.open_views import key_of
        from ..widgets.views.files import FilesView

        if self._view is None:
            self._view = FilesView(self._connection, self.run_id)
        files = self._files()
        return {"text/html": files_html(files, key_of(self._view)), "text/plain": repr(self)}


def read_if_there(artifacts: RunArtifacts, path: str) -> bytes | None:
    """Return a file's bytes, None where there is no such file."""
    try:
        return artifacts._read(path)
    except ArtifactNotFound:
        return None


def _path_of(path: str | Artifact) -> str:
    return path.path if isinstance(path, Artifact) else text(path, "the path of an artifact")
