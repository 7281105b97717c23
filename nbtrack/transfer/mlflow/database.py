"""The database of MLflow's SQL store, read without MLflow and never changed.

It needs only the columns that MLflow has had since 1.11, and reads later ones if they exist. A SQLite file may have been
downloaded, with anything in its columns: invalid values are left out and named, everything else is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from typing_extensions import override

from ...entities.events import Series
from ...entities.model import LoggedModelInfo
from ...entities.run import ArtifactRecord, Dataset, Experiment, LifecycleStage, RunInfo
from ...errors import InvalidInput, StoreUnavailable
from ...settings import without_password
from ...store.mlflow_api.datasets import context_and_tags
from ...store.sql.dialects.sidefiles import check_side_files
from ...store.sql.dialects.url import url_of
from ..source import FileReader, Source, SourceRun
from .artifacts import SourceFiles, records
from .models import links_of, models_of
from .values import as_text, as_time, is_safe_id, status_of

__all__ = ["MlflowDatabase"]

_ROWS = 200_000  # of a run's metrics that are read together
_STAGE = {str(stage): stage for stage in LifecycleStage}
_DATASET = {
    "name": "name",
    "digest": "digest",
    "source_type": "dataset_source_type",
    "source": "dataset_source",
    "schema": "dataset_schema",
    "profile": "dataset_profile",
}
_OF_RUNS = ("runs", "params", "tags", "metrics", "datasets", "inputs", "input_tags")
_OF_MODELS = ("logged_models", "logged_model_params", "logged_model_tags", "logged_model_metrics")
_TABLES = ("experiments", "experiment_tags", *_OF_RUNS, *_OF_MODELS)


class MlflowDatabase(Source):
    """The runs in MLflow's tables, in any engine that SQLAlchemy has a driver for.

    Attributes:
        tables: The names of all tables.
        is_mlflow: Whether MLflow made them.

    Args:
        uri: The database.
        places: Other folders and URIs where files of its runs may be read.
    """

    def __init__(self, uri: str | sa.URL, places: Sequence[str] = ()) -> None:
        url = uri if isinstance(uri, sa.URL) else url_of(uri)
        self.label, self.problems = without_password(url.render_as_string(hide_password=True)), list[str]()
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
            raise InvalidInput(f"there is no file {url.database}" if url.database else f"{self.label} names no file")
        self._files = SourceFiles(_folder_of(url), places)
        if url.get_backend_name() == "sqlite":
            check_side_files(Path(str(url.database)))
        self._numbers: dict[str, Any] = {}
        with self._translated(), ExitStack() as stack:
            self._engine = sa.create_engine(url)
            stack.callback(self._engine.dispose)
            if url.get_backend_name() == "sqlite":
                sa.event.listen(self._engine, "connect", _trust_nothing)
            inspector = sa.inspect(self._engine)
            self.tables = set(inspector.get_table_names())
            self.is_mlflow = {"alembic_version", "experiments", "runs", "metrics"} <= self.tables
            self._has = {table: _columns(inspector, table) for table in _TABLES if table in self.tables}
            stack.pop_all()

    @override
    def experiments(self) -> Iterable[Experiment]:
        columns = ("experiment_id", "name", "lifecycle_stage", "creation_time", "last_update_time")
        tags = self._pairs("experiment_tags", "experiment_id")
        found = []
        for number, name, stage, made, changed in self._rows("experiments", columns):
            if not isinstance(name, str) or not name:
                self.problems.append(f"{self.label}: the experiment {_shown(number)} has no name")
                continue
            self._numbers[as_text(number)] = number
            own = tags.get(number, {})
            found.append(Experiment(as_text(number), name, "", _stage(stage), as_time(made), as_time(changed), own))
        return found

    @override
    def runs(self, experiment: Experiment) -> Iterable[RunInfo]:
        columns = ("run_uuid", "name", "status", "start_time", "end_time", "artifact_uri", "user_id", "lifecycle_stage")
        found = []
        for row in self._rows("runs", columns, experiment_id=self._numbers[experiment.id]):
            if is_safe_id(row[0]):
                found.append(_run(experiment.id, row))
            else:
                self.problems.append(f"{self.label}: a run is left out because {_shown(row[0])} is not a valid id")
        return sorted(found, key=lambda run: (run.start_time, run.id))

    @override
    def contents(self, run: RunInfo) -> SourceRun:
        made, read = (links_of(self._rows, run.id, kind) for kind in ("OUTPUT", "INPUT"))
        return SourceRun(
            params=self._texts("params", run),
            tags=self._texts("tags", run),
            datasets=self._datasets(run.id),
            files=records(self.files(run), self.problems, f"run {run.id}"),
            points=self._counts(run.id),
            made=made,
            read=read,
            models=models_of(self._rows, run, made + read),
        )

    def _texts(self, table: str, run: RunInfo) -> dict[str, Any]:
        """Return a run's params or tags."""
        found = {}
        for key, value in self._rows(table, ("key", "value"), run_uuid=run.id):
            if isinstance(key, str) and key:
                found[key] = as_text(value)
            else:
                self.problems.append(f"run {run.id}: among its {table}, {_shown(key)} is not a name")
        return dict(sorted(found.items()))

    def _counts(self, run_id: str) -> list[Any]:
        metrics = sa.table("metrics", sa.column("key"), sa.column("run_uuid"), sa.column("timestamp"))
        statement = (
            sa.select(metrics.c.key, sa.func.count(), sa.func.max(metrics.c.timestamp))
            .where(metrics.c.run_uuid == run_id)
            .group_by(metrics.c.key)
        )
        return sorted(map(list, self._all(statement)), key=repr)

    def _datasets(self, run_id: str) -> list[Dataset]:
        inputs = self._rows("inputs", ("input_uuid", "source_id"), destination_id=run_id, source_type="DATASET")
        return [dataset for row in sorted(map(tuple, inputs), key=repr) for dataset in self._dataset(*row)]

    def _dataset(self, number: Any, dataset_id: Any) -> Iterator[Dataset]:
        tags = {as_text(key): as_text(value) for key, value in self._rows("input_tags", ("name", "value"), input_uuid=number)}
        for row in self._rows("datasets", tuple(_DATASET.values()), dataset_uuid=dataset_id):
            facts = {name: as_text(fact) for name, fact in zip(_DATASET, row, strict=True)}
            context, rest = context_and_tags(tags)
            yield Dataset(**facts, context=context, tags=rest)

    @override
    def document(self, sha256: str) -> str | None:
        return None  # MLflow has no documents

    @override
    def files(self, run: RunInfo) -> FileReader:
        return self._files.of(run.artifact_uri, run.id)

    @override
    def points(self, run: RunInfo) -> Iterator[Series]:
        table = sa.table("metrics", *map(sa.column, ("run_uuid", "key", "timestamp", "step", "value", "is_nan")))
        statement = (
            sa.select(table.c.key, table.c.timestamp, table.c.step, table.c.value, table.c.is_nan)
            .where(table.c.run_uuid == run.id)
            # By time, because MLflow does not keep the order in which they were logged.
            .order_by(table.c.key, table.c.timestamp, table.c.step, table.c.is_nan, table.c.value)
        )
        with self._translated(), self._engine.connect() as connection:
            rows = connection.execution_options(yield_per=_ROWS).execute(statement)
            for some in rows.partitions(_ROWS):
                points = _sound(some)
                if len(points) < len(some):
                    self.problems.append(f"run {run.id}: {len(some) - len(points)} of its metrics' rows are not points")
                if points:
                    yield from _series(points)

    def _pairs(self, table: str, owner: str) -> dict[Any, dict[str, str]]:
        found: dict[Any, dict[str, str]] = {}
        for number, key, value in self._rows(table, (owner, "key", "value")):
            found.setdefault(number, {})[as_text(key)] = as_text(value)
        return found

    def _rows(self, table: str, columns: Sequence[str], **where: Any) -> list[Any]:
        """Return rows of a table; a column that this version of MLflow does not have is None."""
        has = self._has.get(table, set())
        if not has:
            return []
        asked = [sa.column(name) if name in has else sa.null().label(name) for name in columns]
        conditions = [sa.column(name) == value for name, value in where.items()]
        return self._all(sa.select(*asked).select_from(sa.table(table)).where(*conditions))

    def _all(self, statement: Any) -> list[Any]:
        with self._translated(), self._engine.connect() as connection:
            return list(connection.execute(statement))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ModuleNotFoundError) as error:
            raise InvalidInput(f"{self.label} cannot be read: {error}") from error
        except sa.exc.SQLAlchemyError as error:
            raise StoreUnavailable(f"{self.label} cannot be read: {str(error).splitlines()[0]}") from error

    @override
    def model_files(self, model: LoggedModelInfo) -> tuple[list[ArtifactRecord], FileReader]:
        files = self._files.of(model.artifact_uri, model.id)
        return records(files, self.problems, f"the logged model {model.id}"), files

    @override
    def close(self) -> None:
        self._engine.dispose()


def _folder_of(url: sa.URL) -> Path | None:
    """Return the folder of a SQLite file, where files of its runs may be read."""
    return Path(url.database or "").absolute().parent if url.get_backend_name() == "sqlite" else None


def _columns(inspector: sa.Inspector, table: str) -> set[str]:
    return {column["name"] for column in inspector.get_columns(table)}


def _stage(text: Any) -> LifecycleStage:
    return _STAGE.get(str(text), LifecycleStage.ACTIVE)


def _run(experiment_id: str, row: Any) -> RunInfo:
    run_id, name, status, start, end, uri, user, stage = row
    ended = None if end is None else as_time(end)
    texts = [as_text(text) for text in (name, uri, user)]
    facts = (texts[0], status_of(status), as_time(start), ended, texts[1], texts[2], _stage(stage))
    return RunInfo(run_id, experiment_id, *facts)


def _shown(value: Any) -> str:
    return repr(value if value is None or isinstance(value, int) else as_text(value)[:100])


def _trust_nothing(connection: Any, _record: Any) -> None:
    """Let the schema of a file call no function with side effects, and strings consist of any bytes."""
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.text_factory = as_text


def _sound(rows: Sequence[Any]) -> Sequence[Any]:
    """Return the rows that are points: with a metric's name, and numbers in all other columns."""
    kinds = [(str,), (int,), (int,), (float, int), (int, bool)]
    columns = zip(*rows, strict=True)
    if rows[0][0] and all(set(map(type, column)) <= set(kind) for column, kind in zip(columns, kinds, strict=True)):
        return rows
    return [row for row in rows if row[0] and all(map(isinstance, row, kinds))]


def _series(rows: Sequence[Any]) -> Iterator[Series]:
    """Yield the points of rows that are sorted by metric."""
    keys, timestamps, steps, values, are_nan = zip(*rows, strict=True)
    axes = np.array(steps, np.int64), np.array(timestamps, np.int64)
    numbers = np.where(np.array(are_nan, bool), np.nan, np.array(values, np.float64))
    names = np.array(keys, object)
    cuts = np.flatnonzero(names[1:] != names[:-1]) + 1
    for first, last in zip([0, *cuts], [*cuts, len(names)], strict=True):
        part = slice(int(first), int(last))
        yield Series((str(names[first]),), axes[0][part], axes[1][part], (numbers[part],))
