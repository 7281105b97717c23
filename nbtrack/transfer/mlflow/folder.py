"""MLflow's folder ``mlruns``: a folder for each experiment, in it one for each run, in it a file for each param, tag and metric.

Such a folder may have been downloaded. Links are not followed, files that are too large or unreadable are left out and
named, YAML becomes plain data only, and artifacts are read only from where MLflow stores them.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from typing_extensions import override

from ...entities.events import Series
from ...entities.model import LoggedModelInfo
from ...entities.run import ArtifactRecord, Dataset, Experiment, LifecycleStage, RunInfo
from ...errors import ArtifactNotFound, InvalidInput
from ...store.mlflow_api.datasets import context_and_tags
from ..source import FileReader, Source, SourceRun
from .artifacts import SourceFiles, records
from .values import as_time, is_safe_id, status_of

try:
    import yaml
except ImportError as error:
    raise InvalidInput("reading MLflow's folders needs PyYAML: pip install 'nbtrack[mlflow]'") from error

__all__ = ["MlflowFolder"]

_META = "meta.yaml"
_TRASH = ".trash"
_NO_EXPERIMENTS = ("models", "traces")  # folders of the model registry and of traces
_NO_RUNS = ("datasets", "models", "tags", "traces")
_LARGEST = 1 << 20  # bytes of a file with a single value
_LINES = 200_000  # of a metric's file that are read together
_STAGE = {str(stage): stage for stage in LifecycleStage}


class _UnreadableFile(Exception):
    """A file that cannot be read; the message names it and the reason."""


class MlflowFolder(Source):
    """The runs in a folder that MLflow's file store wrote.

    Args:
        folder: The folder.
        places: Other folders and URIs where files of its runs may be read.
    """

    def __init__(self, folder: Path, places: Sequence[str] = ()) -> None:
        self._folder = folder.absolute()
        self.label, self.problems = str(self._folder), list[str]()
        self._files = SourceFiles(self._folder, places)
        self._places: dict[str, Path] = {}
        self._made: dict[Path, Counter[str]] = {}

    @override
    def experiments(self) -> Iterable[Experiment]:
        found = {}
        for folder in [*self._folders(self._folder, _NO_EXPERIMENTS), *self._folders(self._folder / _TRASH)]:
            for experiment in self._tried(lambda folder=folder: self._experiment(folder)):
                found[experiment.id] = experiment
                self._places[experiment.id] = folder
        return list(found.values())

    def _experiment(self, folder: Path) -> Experiment:
        meta = _meta(folder)
        name = meta.get("name")
        if not isinstance(name, str) or not name:
            raise _UnreadableFile(f"{folder / _META}: the experiment has no name")
        tags = dict(self._texts(folder / "tags"))
        times = as_time(meta.get("creation_time")), as_time(meta.get("last_update_time"))
        stage = _STAGE.get(str(meta.get("lifecycle_stage")), LifecycleStage.ACTIVE)
        number = folder.relative_to(self._folder).as_posix()  # not the folder's name, because a deleted one may have the same
        return Experiment(number, name, "", stage, *times, tags)

    @override
    def runs(self, experiment: Experiment) -> Iterator[RunInfo]:
        for folder in self._folders(self._places[experiment.id], _NO_RUNS):
            yield from self._tried(lambda folder=folder: self._run(folder, experiment))

    def _run(self, folder: Path, experiment: Experiment) -> RunInfo:
        meta = _meta(folder)
        run_id = str(meta.get("run_id") or meta.get("run_uuid") or "")
        if run_id != folder.name or not is_safe_id(run_id):
            raise _UnreadableFile(f"{folder / _META}: its run_id is not the name of its folder")
        self._places[run_id] = folder
        end = meta.get("end_time")
        return RunInfo(
            run_id,
            experiment.id,
            str(meta.get("run_name") or ""),
            status_of(meta.get("status")),
            as_time(meta.get("start_time")),
            as_time(end) if end is not None else None,
            str(meta.get("artifact_uri") or ""),
            str(meta.get("user_id") or ""),
            _STAGE.get(str(meta.get("lifecycle_stage")), LifecycleStage.ACTIVE),
        )

    @override
    def contents(self, run: RunInfo) -> SourceRun:
        folder = self._places[run.id]
        metrics = [[key, path.stat().st_size] for key, path in self._files_below(folder / "metrics")]
        return SourceRun(
            params=dict(self._texts(folder / "params")),
            tags=dict(self._texts(folder / "tags")),
            datasets=list(self._datasets(folder)),
            files=records(self.files(run), self.problems, f"run {run.id}"),
            points=metrics,
            left=self._models(folder.parent)[run.id],
        )

    def _models(self, experiment: Path) -> Counter[str]:
        """Return how many logged models each run of an experiment made; they are counted, not read."""
        if experiment not in self._made:
            places = self._folders(experiment / "models")
            self._made[experiment] = Counter(
                run_id for place in places for run_id in self._tried(lambda place=place: _maker(place))
            )
        return self._made[experiment]

    def _texts(self, folder: Path) -> Iterator[tuple[str, str]]:
        for key, path in self._files_below(folder):
            yield from self._tried(lambda key=key, path=path: (key, _text(path)))

    def _datasets(self, folder: Path) -> Iterator[Dataset]:
        for place in self._folders(folder / "inputs"):
            yield from self._tried(lambda place=place: self._dataset(folder.parent, place))

    def _dataset(self, experiment: Path, place: Path) -> Dataset:
        meta = _meta(place)
        number = str(meta.get("source_id"))
        if meta.get("source_type") != "DATASET" or not is_safe_id(number):
            raise _UnreadableFile(f"{place / _META}: an input that is not a dataset")
        facts = _meta(experiment / "datasets" / number)
        context, tags = context_and_tags({str(key): str(value) for key, value in (meta.get("tags") or {}).items()})
        named = {name: str(facts.get(name) or "") for name in ("name", "digest", "source_type", "source", "schema", "profile")}
        return Dataset(**named, context=context, tags=tags)

    @override
    def document(self, sha256: str) -> str | None:
        return None  # MLflow has no documents

    @override
    def files(self, run: RunInfo) -> FileReader:
        return self._files.beside(self._places[run.id] / "artifacts") or self._files.of(run.artifact_uri, run.id)

    @override
    def points(self, run: RunInfo) -> Iterator[Series]:
        for key, path in _regular(self._places[run.id] / "metrics"):
            try:
                with path.open("rb") as file:
                    while lines := list(islice(file, _LINES)):
                        yield from self._series(key, path, lines)
            except OSError as error:
                self.problems.append(f"{path}: {error.strerror or error}")

    def _series(self, key: str, path: Path, lines: list[bytes]) -> Iterator[Series]:
        points, bad = [], 0
        for line in lines:
            try:
                points.append(_point(line))
            except (ValueError, IndexError, OverflowError):
                bad += bool(line.strip())
        if bad:
            self.problems.append(f"{path}: {bad} lines are not points")
        if points:
            timestamps, values, steps = zip(*points, strict=True)
            yield Series((key,), np.array(steps, np.int64), np.array(timestamps, np.int64), (np.array(values, np.float64),))

    def _folders(self, folder: Path, known: Container[str] = ()) -> list[Path]:
        """Return the folders in a folder, sorted, without hidden and ``known`` ones; links become problems."""
        try:
            with os.scandir(folder) as found:
                entries = sorted(entry.name for entry in found if entry.name[0] != "." and entry.is_dir())
        except FileNotFoundError:
            return []
        except OSError as error:
            self.problems.append(f"{folder}: {error.strerror or error}")
            return []
        return [folder / name for name in entries if name not in known and not self._is_link(folder / name)]

    def _files_below(self, folder: Path) -> Iterator[tuple[str, Path]]:
        """Yield the key and path of all files below a folder; links become problems."""
        for where, folders, names in os.walk(folder):
            folders[:] = sorted(name for name in folders if not self._is_link(Path(where, name)))
            for path in (Path(where, name) for name in sorted(names)):
                if not self._is_link(path) and _is_file(path):
                    yield path.relative_to(folder).as_posix(), path

    def _is_link(self, path: Path) -> bool:
        """Tell whether a path is a link, which might lead out of the source, and report that it is left out."""
        if path.is_symlink():
            self.problems.append(f"{path}: is a link and is left out")
            return True
        return False

    def _tried(self, read: Any) -> Iterator[Any]:
        """Yield what ``read`` returns, or nothing and a problem."""
        try:
            yield read()
        except _UnreadableFile as error:
            self.problems.append(str(error))
        except OSError as error:
            self.problems.append(f"{error.filename}: {error.strerror or error}")

    @override
    def model_files(self, model: LoggedModelInfo) -> tuple[list[ArtifactRecord], FileReader]:
        raise ArtifactNotFound(f"the files of the logged model {model.id} are not read")

    @override
    def close(self) -> None:
        pass  # nothing is open


def _maker(model: Path) -> str:
    return str(_meta(model).get("source_run_id"))


def _point(line: bytes) -> tuple[int, float, int]:
    """Return timestamp, value and step of a line "timestamp value [step [dataset …]]", as every version of MLflow wrote it."""
    words = line.split()
    step = int(words[2]) if len(words) > 2 else 0
    timestamp = int(words[0])
    if not all(-(1 << 63) <= number < 1 << 63 for number in (step, timestamp)):
        raise ValueError
    return timestamp, float(words[1]), step


def _regular(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the key and path of all files below a folder, without links."""
    for where, folders, names in os.walk(folder):
        folders.sort()
        for path in (Path(where, name) for name in sorted(names)):
            if _is_file(path):
                yield path.relative_to(folder).as_posix(), path


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _text(path: Path) -> str:
    """Return a file's text unchanged, including line ends, as MLflow reads it."""
    if path.stat().st_size > _LARGEST:
        raise _UnreadableFile(f"{path}: larger than {_LARGEST:,} bytes")
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise _UnreadableFile(f"{path}: is not UTF-8") from error


def _meta(folder: Path) -> dict[str, Any]:
    path = folder / _META
    if not _is_file(path):
        raise _UnreadableFile(f"{path}: is a link" if path.is_symlink() else f"{folder}: is left out because it has no {_META}")
    try:
        meta = yaml.load(_text(path), Loader=_Loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _UnreadableFile(f"{path}: is not YAML ({str(error).splitlines()[0]})") from error
    if not isinstance(meta, dict):
        raise _UnreadableFile(f"{path}: is empty or not a mapping")
    return meta


_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
