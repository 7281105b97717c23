"""The part of a run that logs files: artifacts, figures, images, tables, texts."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
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
from .artifacts import RunArtifacts
from .recorder import Recorder, stamp_in

__all__ = ["LogsFiles"]


class LogsFiles(ABC):
    """What ``Run`` inherits to log files; names and arguments are MLflow's."""

    recorder: Recorder

    @property
    @abstractmethod
    def artifacts(self) -> RunArtifacts:
        """The files of the run."""

    @property
    @abstractmethod
    def tags(self) -> Mapping[str, str]:
        """The tags of the run."""

    @abstractmethod
    def set_tag(self, key: str, value: Any) -> None:
        """Set a tag."""

    def log_artifact(self, local_path: str | os.PathLike[str], artifact_path: str | None = None) -> None:
        """Log a copy of a file, or of a folder with all in it, as it is now.

        Args:
            local_path: The file or folder.
            artifact_path: The folder in the run's artifacts to put it into; None: their root.
        """
        source = checked_path(local_path, "what to log")
        if _is(source, Path.is_dir):
            self.log_artifacts(source, _below(artifact_path, source.name))
        elif _is(source, Path.exists):
            self.recorder.file(_below(artifact_path, source.name), source)
        else:
            here = working_directory() or "a working directory that was deleted"
            raise InvalidInput(f"there is no file {shown(str(source))} to log (from {here})")

    def log_artifacts(self, local_dir: str | os.PathLike[str], artifact_path: str | None = None) -> None:
        """Log copies of all that is in a folder, as it is now.

        Raises:
            InvalidInput: Some files have names that can be no artifact's; all others are logged.
        """
        root = checked_path(local_dir, "what to log")
        if not _is(root, Path.is_dir):
            raise InvalidInput(f"{shown(str(root))} is not a folder; log one file with log_artifact")
        paths = [path for path in sorted(root.rglob("*")) if path.is_file()]
        refused = [error for path in paths for error in self._log_below(root, path, artifact_path)]
        if refused:
            more = f", and so for {len(refused) - 1} more" if len(refused) > 1 else ""
            raise InvalidInput(f"{refused[0]}{more}; {len(paths) - len(refused)} other files are logged") from refused[0]

    def _log_below(self, root: Path, file: Path, folder: str | None) -> list[InvalidInput]:
        """Log one file of a folder; return why not where its name can be no artifact's."""
        try:
            self.recorder.file(_below(folder, file.relative_to(root).as_posix()), file)
        except InvalidInput as error:
            return [error]
        return []

    def log_figure(self, figure: Any, artifact_file: str, *, save_kwargs: Mapping[str, Any] | None = None) -> None:
        """Log a matplotlib or plotly figure; the ending of ``artifact_file`` says in which format."""
        options = mapping(save_kwargs, "save_kwargs")
        self.recorder.file(checked_name(artifact_file), figure_bytes(figure, artifact_file, **options))

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
        self.recorder.file(path, image_bytes(image, path))
        if key is not None:
            # What MLflow's own gallery looks for.
            self.recorder.file(path.removesuffix(".png") + "+compressed.webp", thumbnail_bytes(image))
            self.set_tag(LOGGED_IMAGES, "true")

    def log_table(self, data: Any, artifact_file: str) -> None:
        """Log a table: a DataFrame, a dict of columns, a list of rows; a second one to the same file is appended."""
        there = self.artifacts.read_if_there(checked_name(artifact_file))
        self.recorder.file(artifact_file, table_bytes(data, artifact_file, there))
        self.set_tag(LOGGED_TABLES, tables_tag(self.tags.get(LOGGED_TABLES), artifact_file))

    def log_text(self, text: str, artifact_file: str) -> None:
        """Log a text as a file."""
        self.recorder.file(artifact_file, text_bytes(text))

    def log_dict(self, dictionary: Any, artifact_file: str) -> None:
        """Log a dict or a list as a JSON file, or YAML where the file's name ends so."""
        self.recorder.file(checked_name(artifact_file), dict_bytes(dictionary, artifact_file))


def _below(folder: str | None, name: str) -> str:
    """Return the path of a file in a folder of the run's artifacts; None or "" is their root."""
    above = "" if folder is None else text(folder, "artifact_path")
    return f"{above}/{name}" if above else name


def _is(path: Path, what: Callable[[Path], bool]) -> bool:
    """Tell what a path is; one that is too long for this machine is nothing."""
    try:
        return what(path)
    except OSError:
        return False
