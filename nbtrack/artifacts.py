"""The files of a run, to be listed, opened, loaded and downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

from .connection import Connection
from .errors import ArtifactNotFound
from .media import load
from .store.artifacts.base import ArtifactEntry, ArtifactStore

__all__ = ["Artifact", "RunArtifacts"]


class Artifact:
    """One file or folder of a run; a cell that ends with a file shows it."""

    def __init__(self, artifacts: RunArtifacts, entry: ArtifactEntry) -> None:
        self._artifacts = artifacts
        self.path, self.size, self.is_dir = entry.path, entry.size, entry.is_dir

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
        from .widgets.preview import preview

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
        self._connection, self._run_id, self.uri = connection, run_id, uri

    def _store(self) -> ArtifactStore:
        self._connection.read()
        return self._connection.artifacts(self.uri)

    def list(self, path: str = "") -> list[Artifact]:
        """Return the files and folders at ``path``, sorted; of none where there is nothing."""
        return [Artifact(self, entry) for entry in self._store().list(path)]

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading bytes; ArtifactNotFound."""
        return self._store().open(str(path))

    def read_text(self, path: str) -> str:
        """Return a file's text, which is UTF-8."""
        with self.open(path) as file:
            return file.read().decode("utf-8")

    def load(self, path: str) -> Any:
        """Return what is in a file, by its ending: a PIL image, a DataFrame, what JSON says, an array, a text; else bytes."""
        with self.open(path) as file:
            return load(str(path), file.read())

    def download(self, path: str = "", target: str | Path = ".") -> Path:
        """Copy a file, or a folder with all in it, into the folder ``target``, and return the copy's path."""
        return self._store().download(str(path), Path(target))

    def read_if_there(self, path: str) -> bytes | None:
        """Return a file's bytes, None where there is no such file."""
        try:
            with self.open(path) as file:
                return file.read()
        except ArtifactNotFound:
            return None

    def __iter__(self) -> Any:
        return iter(self.list())

    def __repr__(self) -> str:
        return "\n".join([f"artifacts at {self.uri}", *(f"  {entry!r}" for entry in self.list())])
