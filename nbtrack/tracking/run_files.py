"""Logging files into a run: artifacts, figures, images, tables, strings."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..entities.run import now_ms
from ..entities.tags import LOGGED_IMAGES, LOGGED_TABLES
from ..errors import InvalidInput
from ..media import dict_bytes, figure_bytes, image_bytes, image_path, table_bytes, tables_tag, text_bytes, thumbnail_bytes
from ..settings import working_directory
from ..store.artifacts.paths import artifact_path as checked_name
from ..validation import local_path as checked_path
from ..validation import mapping, shown, text
from .artifacts import read_if_there
from .logged_values import stamp_in
from .run_facts import RunFacts

__all__ = ["RunFiles"]


class RunFiles(RunFacts):
    """The part of ``Run`` that logs files; names and arguments are MLflow's."""

    def log_artifact(self, local_path: str | os.PathLike[str], artifact_path: str | None = None) -> None:
        """Log a copy of a file, or of a folder with everything in it, as it is now.

        Args:
            local_path: The file or folder.
            artifact_path: The folder in the run's artifacts to put it into; None: their root.

        Raises:
            InvalidInput: There is no such file, or its name cannot be that of an artifact.
        """
        source = checked_path(local_path, "what to log")
        if _is(source, Path.is_dir):
            self.log_artifacts(source, _below(artifact_path, source.name))
        elif _is(source, Path.exists):
            self._session.recorder.file(_below(artifact_path, source.name), source)
        else:
            here = working_directory() or "a working directory that was deleted"
            raise InvalidInput(f"there is no file {shown(str(source))} to log (from {here})")

    def log_artifacts(self, local_dir: str | os.PathLike[str], artifact_path: str | None = None) -> None:
        """Log copies of everything in a folder, as it is now.

        Args:
            local_dir: The folder.
            artifact_path: The folder in the run's artifacts to put it into; None: their root.

        Raises:
            InvalidInput: Some files have names that no artifact can have; all others are logged.
        """
        root = checked_path(local_dir, "what to log")
        if not _is(root, Path.is_dir):
            raise InvalidInput(f"{shown(str(root))} is not a folder; log one file with log_artifact")
        paths = [path for path in sorted(root.rglob("*")) if path.is_file()]
        refused = []
        for path in paths:
            try:
                self._session.recorder.file(_below(artifact_path, path.relative_to(root).as_posix()), path)
            except InvalidInput as error:
                refused.append(error)
        if refused:
            more = f", and so for {len(refused) - 1} more" if len(refused) > 1 else ""
            raise InvalidInput(f"{refused[0]}{more}; {len(paths) - len(refused)} other files are logged") from refused[0]

    def log_figure(self, figure: Any, artifact_file: str, *, save_kwargs: Mapping[str, Any] | None = None) -> None:
        """Log a matplotlib or plotly figure; the suffix of ``artifact_file`` selects the format."""
        options = mapping(save_kwargs, "save_kwargs")
        self._session.recorder.file(checked_name(artifact_file), figure_bytes(figure, artifact_file, **options))

    def log_image(
        self,
        image: Any,
        artifact_file: str | None = None,
        key: str | None = None,
        step: int | None = None,
        timestamp: int | None = None,
    ) -> None:
        """Log a PIL image or a numpy array (height, width[, 1, 3 or 4]) as an image file, or by key and step."""
        file = None if artifact_file is None else checked_name(artifact_file)
        when = now_ms() if timestamp is None else stamp_in(timestamp) // 1_000_000
        path = image_path(file, key, step, when)
        self._session.recorder.file(path, image_bytes(image, path))
        if key is not None:
            # MLflow's gallery shows the thumbnails, of runs that have this tag.
            self._session.recorder.file(path.removesuffix(".png") + "+compressed.webp", thumbnail_bytes(image))
            self._session.set_tags({LOGGED_IMAGES: "true"})

    def log_table(self, data: Any, artifact_file: str) -> None:
        """Log a table: a DataFrame, a dict of columns, a list of rows; a second one to the same file is appended."""
        there = read_if_there(self.artifacts, checked_name(artifact_file))
        self._session.recorder.file(artifact_file, table_bytes(data, artifact_file, there))
        self._session.set_tags({LOGGED_TABLES: tables_tag(self.tags.get(LOGGED_TABLES), artifact_file)})

    def log_text(self, text: str, artifact_file: str) -> None:
        """Log a string as a file."""
        self._session.recorder.file(artifact_file, text_bytes(text))

    def log_dict(self, dictionary: Any, artifact_file: str) -> None:
        """Log a dict or a list as a JSON file, or as YAML where the file's suffix is .yaml or .yml."""
        self._session.recorder.file(checked_name(artifact_file), dict_bytes(dictionary, artifact_file))


def _below(folder: str | None, name: str) -> str:
    """Return the path of a file in a folder of the run's artifacts; None or "" is their root."""
    above = "" if folder is None else text(folder, "artifact_path")
    return f"{above}/{name}" if above else name


def _is(path: Path, what: Callable[[Path], bool]) -> bool:
    """Tell what a path is; a path that is too long for this system is nothing."""
    try:
        return what(path)
    except OSError:
        return False
