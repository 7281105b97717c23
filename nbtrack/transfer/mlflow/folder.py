"""MLflow's ``mlruns/`` folder: a folder an experiment, in it one a run, in it a file a param, tag and metric.

Such a folder may come from anybody. Links are not followed, files that are too large or cannot be read are named and left
out, YAML makes plain data only, and artifacts are read from where MLflow puts them and nowhere else.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...entities.events import Series
from ...entities.model import LoggedModelInfo
from ...entities.run import ArtifactRecord, Dataset, Experiment, LifecycleStage, RunInfo
from ...errors import ArtifactNotFound, InvalidInput
from ...store.mlflow_api.datasets import context_and_tags
from ..source import Contents, Files
from .artifacts import SourceFiles, records
from .values import as_time, is_safe_id, status_of

try:
    import yaml
except ImportError as error:
    raise InvalidInput("reading MLflow's folders needs PyYAML: pip install 'nbtrack[mlflow]'") from error

if TYPE_CHECKING:
    from ..source import Source

__all__ = ["MlflowFolder"]

_META = "meta.yaml"
_TRASH = ".trash"
_NO_EXPERIMENTS = ("models", "traces")  # the folders of the model registry, and of what else MLflow keeps there
_NO_RUNS = ("datasets", "models", "tags", "traces")
_LARGEST = 1 << 20  # bytes of a file that holds one thing
_LINES = 200_000  # of a metric's file that are read together
_STAGE = {str(stage): stage for stage in LifecycleStage}


class _Broken(Exception):
    """A file that cannot be read; the text says which, and why."""


class MlflowFolder:
    """The runs in a folder that MLflow's file store wrote.

    Args:
        folder: The folder.
        places: Where else files of its runs may be read.
    """

    def __init__(self, folder: Path, places: Sequence[str] = ()) -> None:
        self._folder = folder.absolute()
        self.label, self.problems = str(self._folder), list[str]()
        self._files = SourceFiles(self._folder, places)
        self._places: dict[str, Path] = {}
        self._made: dict[Path, Counter[str]] = {}

    def experiments(self) -> Iterable[Experiment]:
        """See ``Source.experiments``."""
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
            raise _Broken(f"{folder / _META}: the experiment has no name")
        tags = dict(self._texts(folder / "tags"))
        times = as_time(meta.get("creation_time")), as_time(meta.get("last_update_time"))
        stage = _STAGE.get(str(meta.get("lifecycle_stage")), LifecycleStage.ACTIVE)
        number = folder.relative_to(self._folder).as_posix()  # one that is deleted may have the number of another
        return Experiment(number, name, "", stage, *times, tags)

    def runs(self, experiment: Experiment) -> Iterator[RunInfo]:
        """See ``Source.runs``."""
        for folder in self._folders(self._places[experiment.id], _NO_RUNS):
            yield from self._tried(lambda folder=folder: self._run(folder, experiment))

    def _run(self, folder: Path, experiment: Experiment) -> RunInfo:
        meta = _meta(folder)
        run_id = str(meta.get("run_id") or meta.get("run_uuid") or "")
        if run_id != folder.name or not is_safe_id(run_id):
            raise _Broken(f"{folder / _META}: its run_id is not the name of its folder")
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

    def contents(self, run: RunInfo) -> Contents:
        """See ``Source.contents``."""
        folder = self._places[run.id]
        metrics = [[key, path.stat().st_size] for key, path in self._files_below(folder / "metrics")]
        return Contents(
            params=dict(self._texts(folder / "params")),
            tags=dict(self._texts(folder / "tags")),
            datasets=list(self._datasets(folder)),
            files=records(self.files(run), self.problems, f"run {run.id}"),
            points=metrics,
            left=self._models(folder.parent)[run.id],
        )

    def _models(self, experiment: Path) -> Counter[str]:
        """Return how many logged models each run of an experiment made."""
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
            raise _Broken(f"{place / _META}: an input that is no dataset")
        facts = _meta(experiment / "datasets" / number)
        context, tags = context_and_tags({str(key): str(value) for key, value in (meta.get("tags") or {}).items()})
        named = {name: str(facts.get(name) or "") for name in ("name", "digest", "source_type", "source", "schema", "profile")}
        return Dataset(**named, context=context, tags=tags)

    def document(self, sha256: str) -> str | None:
        """See ``Source.document``: MLflow has none."""
        return None

    def files(self, run: RunInfo) -> Files:
        """See ``Source.files``: those beside the run, or else where it says, if that may be read."""
        return self._files.beside(self._places[run.id] / "artifacts") or self._files.of(run.artifact_uri, run.id)

    def points(self, run: RunInfo) -> Iterator[Series]:
        """See ``Source.points``."""
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
            self.problems.append(f"{path}: {bad} lines are no points")
        if points:
            timestamps, values, steps = zip(*points, strict=True)
            yield Series((key,), np.array(steps, np.int64), np.array(timestamps, np.int64), (np.array(values, np.float64),))

    def _folders(self, folder: Path, known: Container[str] = ()) -> list[Path]:
        """Return the folders in a folder, by name, without hidden and known ones; links are named."""
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
        """Give all files below a folder, and the key that each one's path is; links are named."""
        for where, folders, names in os.walk(folder):
            folders[:] = sorted(name for name in folders if not self._is_link(Path(where, name)))
            for path in (Path(where, name) for name in sorted(names)):
                if not self._is_link(path) and _is_file(path):
                    yield path.relative_to(folder).as_posix(), path

    def _is_link(self, path: Path) -> bool:
        """Return whether a path is a link, which could lead to what is not the source's, and say that it is left out."""
        if path.is_symlink():
            self.problems.append(f"{path}: is a link and is left out")
            return True
        return False

    def _tried(self, read: Any) -> Iterator[Any]:
        """Give what can be read; what cannot be is a problem."""
        try:
            yield read()
        except _Broken as error:
            self.problems.append(str(error))
        except OSError as error:
            self.problems.append(f"{error.filename}: {error.strerror or error}")

    def model_files(self, model: LoggedModelInfo) -> tuple[list[ArtifactRecord], Files]:
        """See ``Source.model_files``: there are none, for none are told of."""
        raise ArtifactNotFound(f"the files of the logged model {model.id} are not read")

    def close(self) -> None:
        """See ``Source.close``: nothing is open."""


def _maker(model: Path) -> str:
    return str(_meta(model).get("source_run_id"))


def _point(line: bytes) -> tuple[int, float, int]:
    """Return timestamp, value and step of "timestamp value [step [dataset …]]", as every version of MLflow wrote it."""
    words = line.split()
    step = int(words[2]) if len(words) > 2 else 0
    timestamp = int(words[0])
    if not all(-(1 << 63) <= number < 1 << 63 for number in (step, timestamp)):
        raise ValueError
    return timestamp, float(words[1]), step


def _regular(folder: Path) -> Iterator[tuple[str, Path]]:
    """Give all files below a folder, and the key that each one's path is, without links."""
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
    """Return a file's text to the letter, line ends and all, as MLflow reads it."""
    if path.stat().st_size > _LARGEST:
        raise _Broken(f"{path}: larger than {_LARGEST:,} bytes")
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise _Broken(f"{path}: is no UTF-8 text") from error


def _meta(folder: Path) -> dict[str, Any]:
    path = folder / _META
    if not _is_file(path):
        raise _Broken(f"{path}: is a link" if path.is_symlink() else f"{folder}: is left out, for it has no {_META}")
    try:
        meta = yaml.load(_text(path), Loader=_Loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _Broken(f"{path}: is no YAML ({str(error).splitlines()[0]})") from error
    if not isinstance(meta, dict):
        raise _Broken(f"{path}: says nothing of what it describes")
    return meta


_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


if TYPE_CHECKING:
    _proof: Source = MlflowFolder(Path())
