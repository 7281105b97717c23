"""The files of a run in the browser: their list, their bytes in parts, and rows of tables."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from typing import Any, ClassVar

from ...delivery.connection import Connection
from ...errors import InvalidInput, NbtrackError
from ...media.suffix import suffix_of
from ...media.table import load_table
from ..view import Export, View

__all__ = ["FileReader", "FilesView"]

_MOST_FILES = 5000
_MOST_BYTES = 4_000_000
_LARGEST_TABLE = 50_000_000
_TABLES = (".csv", ".tsv", ".parquet", ".json")


class FileReader:
    """Reads the files of one run.

    Args:
        connection: The store's connection.
        run_id: The run.
    """

    def __init__(self, connection: Connection, run_id: str) -> None:
        self._connection, self._run_id = connection, run_id

    def list_files(self) -> dict[str, Any]:
        """Return path and size of each file."""
        files = self._connection.read().artifacts(self._run_id)
        shown = [{"path": file.path, "size": file.size} for file in files[:_MOST_FILES]]
        return {"files": shown, "total": len(files), "uri": self._uri()}

    def read_file(self, path: str, start: int = 0, most: int = _MOST_BYTES) -> dict[str, Any]:
        """Return the bytes of a file from ``start`` on, at most four million at once."""
        size, uri = self._size(path), self._uri()
        return self.read_known(path, size, uri, int(start), max(0, min(int(most), _MOST_BYTES)))

    def read_known(self, path: str, size: int, uri: str, start: int = 0, most: int = _MOST_BYTES) -> dict[str, Any]:
        """Return the bytes of a file whose size and place are known, so that the store is not asked for them."""
        with self._connection.artifacts(uri).open(path) as file:
            file.seek(start)
            data = file.read(most)
        mime = mimetypes.guess_type(path)[0] or "application/octet-stream"
        return {"path": path, "mime": mime, "size": size, "data": data, "start": start}

    def _size(self, path: str) -> int:
        sizes = {file.path: file.size for file in self._connection.read().artifacts(self._run_id)}
        if path not in sizes:
            raise InvalidInput(f"this run has no file {path!r}")
        return sizes[path]

    def _uri(self) -> str:
        return self._connection.store().get_run(self._run_id).artifact_uri

    def read_table(self, path: str, first: int = 0, count: int = 100) -> dict[str, Any]:
        """Return some rows of a file that is a table, as strings."""
        if suffix_of(path) not in _TABLES or self._size(path) > _LARGEST_TABLE:
            raise InvalidInput(f"{path} cannot be shown as a table here; run.artifacts.load({path!r}) reads it")
        with self._connection.artifacts(self._uri()).open(path) as file:
            frame = load_table(file.read(), path)
        rows = frame.iloc[int(first) : int(first) + min(int(count), 1000)]
        texts = [["" if value is None else str(value) for value in row] for row in rows.itertuples(index=False, name=None)]
        return {"columns": [str(name) for name in frame.columns], "rows": texts, "total": len(frame)}

    def export(self, room: int) -> tuple[list[tuple[str, dict[str, Any], Any]], list[str]]:
        """Return the answers for the smallest files, of ``room`` bytes together, and a note about the others."""
        listed = self.list_files()
        answers: list[tuple[str, dict[str, Any], Any]] = []
        for file in sorted(listed["files"], key=lambda file: file["size"]):
            room -= file["size"]
            if room < 0:
                break
            answers += self._answers(file["path"])
        missing = listed["total"] - len({args["path"] for _, args, _ in answers})
        notes = [f"{missing:,} of {listed['total']:,} files are not in this page."] if missing else []
        return [("list", {}, listed), *answers], notes

    def _answers(self, path: str) -> list[tuple[str, dict[str, Any], Any]]:
        try:
            answers: list[tuple[str, dict[str, Any], Any]] = [("file", {"path": path}, self.read_file(path))]
            if suffix_of(path) in _TABLES:
                asked: dict[str, Any] = {"path": path, "first": 0, "count": 100}
                answers.append(("table", asked, self.read_table(**asked)))
        except (NbtrackError, OSError, ValueError):
            return []
        return answers


class FilesView(View):
    """The view of a run's files alone."""

    kind: ClassVar[str] = "files"
    requests: ClassVar[Mapping[str, str]] = {"list": "list_files", "file": "read_file", "table": "read_table"}

    def __init__(self, connection: Connection, run_id: str, key: str = "") -> None:
        super().__init__(key)
        self._files = FileReader(connection, run_id)

    def snapshot(self) -> dict[str, Any]:
        """Return the list of files."""
        return self._files.list_files()

    def export(self, level: int) -> Export:
        """Return the files as far as there is room."""
        answers, notes = self._files.export((6_000_000, 2_000_000, 200_000, 0)[level])
        return Export(self.snapshot(), answers, notes)

    def list_files(self) -> dict[str, Any]:
        """Return the list of files."""
        return self._files.list_files()

    def read_file(self, **asked: Any) -> dict[str, Any]:
        """Return a file, or a part of it."""
        return self._files.read_file(**asked)

    def read_table(self, **asked: Any) -> dict[str, Any]:
        """Return some rows of a file that is a table."""
        return self._files.read_table(**asked)
