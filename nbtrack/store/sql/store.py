"""The store protocol over a SQL database."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from typing_extensions import override

from ...entities.events import Batch, Progress, RunEnded
from ...entities.run import ArtifactRecord, Dataset, Experiment, LifecycleStage, ParamValue, Points, RunInfo, ViewType, now_ms
from ...errors import RunNotFound
from ...settings import without_password
from ..artifacts.paths import absolute_location
from ..matching.experiments import page_of
from ..protocol.logged_models import LoggedModels
from ..protocol.model_registry import Registry
from ..protocol.search import Page, Query
from ..protocol.store import Axis, Logged, OpenRun, RunDetails, Store
from ..protocol.traces import Traces
from ..stages import refuse_deleted
from ..text import storable
from . import documents, experiments, logged
from .connection import SqlConnection
from .database import Database
from .dialects.base import Dialect, among
from .models.logged_models import SqlLoggedModels
from .models.model_registry import SqlModelRegistry
from .places import Home, places_of
from .points.read import read_histories, read_history, read_stretches
from .runs import read_open_runs, read_run, read_runs, search_runs
from .schema.migrate import make_current
from .schema.tables import runs
from .served import earlier_roots, served_places, unserved_folders, with_earlier
from .traces import SqlTraces
from .writes import apply

__all__ = ["SqlStore"]

T = TypeVar("T")

_PURGE = sa.delete(runs).where(runs.c.stage == sa.literal_column("'deleted'"), among(runs.c.id, "ids"))

_BEAT = sa.update(runs).where(runs.c.id == sa.bindparam("run")).values(heartbeat=sa.bindparam("time"))
_STAGE = (
    sa.update(runs)
    .where(runs.c.id == sa.bindparam("run"))
    .values(stage=sa.bindparam("new_stage"), deleted_time=sa.bindparam("time"))
)


class SqlStore(Store):
    """Runs in a SQL database, with the guarantees of ``protocol.store``.

    Args:
        dialect: The database; its tables are created or migrated if need be.
        artifact_root: The folder of experiments' artifacts, each below its id unless it has a location of its own.
        served: The URI of the artifacts that a server keeps, where the root leads through it.

    Raises:
        SchemaError: The store was written by a newer nbtrack, or the database is not a store.
        StoreUnavailable: The database cannot be reached now.
    """

    def __init__(self, dialect: Dialect, artifact_root: str, *, served: str = "") -> None:
        self.uri = without_password(dialect.url.render_as_string(hide_password=True))
        root = artifact_root.rstrip("/")
        home = dialect.home()
        places = served_places(root, home, served.rstrip("/")) if served else places_of(root, home)
        self._database = Database(dialect, make_current, places)
        with ExitStack() as stack:
            stack.callback(self._database.close)
            self._database.open()
            # Local folders with earlier files, which clients of a server cannot reach.
            self.unserved = self._find_unserved(home) if served else ()
            stack.pop_all()
        self.registry: Registry = SqlModelRegistry(self._database)
        self.models: LoggedModels = SqlLoggedModels(self._database)
        self.traces: Traces = SqlTraces(self._database)

    def when_missing(self, is_gone: Callable[[], bool]) -> None:
        """Set the callback for a missing database file: returns whether it was deleted, and calls ``move`` if it was renamed."""
        self._database.is_gone = is_gone

    def move(self, old: Path, new: Path, artifact_root: str) -> None:
        """Use the database in a renamed folder; the root of artifacts may have moved with it."""
        dialect = self._database.dialect.moved(old, new)
        if dialect is not None:
            self.uri = without_password(dialect.url.render_as_string(hide_password=True))
            self._database.move(dialect, places_of(artifact_root.rstrip("/"), dialect.home()))

    def _find_unserved(self, home: Home | None) -> tuple[str, ...]:
        """Show locations created without the server as the server's, and return folders that it cannot serve."""
        with self._database.read() as connection:
            roots = earlier_roots(connection.places, experiments.locations(connection))
        self._database.places = with_earlier(self._database.places, roots)
        return unserved_folders(home, roots)

    @property
    @override
    def generation(self) -> int:
        self._database.open()
        return self._database.generation

    @property
    @override
    def is_immediate(self) -> bool:
        return self._database.dialect.is_immediate()

    @property
    @override
    def is_read_only(self) -> bool:
        self._database.open()
        return self._database.reading_only is not None

    @override
    def apply(self, batches: Sequence[Batch]) -> list[Progress]:
        progress = self._database.write(lambda connection: apply(connection, batches))
        if any(isinstance(event, RunEnded) for batch in batches for event in batch.events):
            self._database.dialect.settle()
        return progress

    @override
    def heartbeat(self, run_ids: Sequence[str], time: int) -> None:
        if run_ids:
            self._database.write(lambda connection: _beat(connection, run_ids, time))

    @override
    def open_runs(self) -> list[OpenRun]:
        return self._read(read_open_runs)

    # Experiments.

    @override
    def create_experiment(
        self, name: str, *, artifact_location: str | None = None, tags: dict[str, str] | None = None
    ) -> Experiment:
        location = artifact_location and absolute_location(storable(artifact_location))
        facts = (storable(name), location, storable(tags))
        return self._database.write(lambda connection: experiments.add_experiment(connection, *facts))

    @override
    def get_experiment(self, experiment_id: str) -> Experiment:
        return self._read(experiments.experiment_of, experiment_id)

    @override
    def find_experiment(self, name: str) -> Experiment | None:
        return self._read(experiments.experiment_named, storable(name))

    @override
    def experiments(self, view: ViewType = "active") -> list[Experiment]:
        return self._read(experiments.list_experiments, view)

    @override
    def search_experiments(self, query: Query) -> Page[Experiment]:
        return page_of(self.experiments(query.view), query)

    @override
    def update_experiment(self, experiment_id: str, *, name: str | None = None, tags: dict[str, str] | None = None) -> None:
        changes = (experiment_id, storable(name), storable(tags))
        self._database.write(lambda connection: experiments.update_experiment(connection, *changes))

    @override
    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        self._database.write(lambda connection: experiments.delete_tag(connection, experiment_id, storable(key)))

    @override
    def delete_experiment(self, experiment_id: str) -> None:
        self._database.write(lambda connection: experiments.set_stage(connection, experiment_id, LifecycleStage.DELETED))

    @override
    def restore_experiment(self, experiment_id: str) -> None:
        self._database.write(lambda connection: experiments.set_stage(connection, experiment_id, LifecycleStage.ACTIVE))

    # Runs.

    @override
    def get_run(self, run_id: str) -> RunInfo:
        return self._read(read_run, storable(run_id))

    @override
    def get_runs(self, run_ids: Sequence[str]) -> list[RunInfo]:
        return self._read(read_runs, run_ids)

    @override
    def search_runs(self, query: Query) -> Page[RunInfo]:
        return self._read(search_runs, query)

    @override
    def delete_run(self, run_id: str) -> None:
        self._set_stage(run_id, LifecycleStage.DELETED, now_ms())

    @override
    def restore_run(self, run_id: str) -> None:
        refuse_deleted(self.get_experiment(self.get_run(run_id).experiment_id))
        self._set_stage(run_id, LifecycleStage.ACTIVE, None)

    @override
    def purge_runs(self, run_ids: Sequence[str]) -> None:
        # Foreign keys delete with a run what belongs to it.
        ids = json.dumps([storable(run_id) for run_id in run_ids])
        self._database.write(lambda connection: connection.run(_PURGE, ids=ids))

    def _set_stage(self, run_id: str, stage: LifecycleStage, time: int | None) -> None:
        where = {"run": storable(run_id), "new_stage": stage.value, "time": time}
        if not self._database.write(lambda connection: connection.run(_STAGE, **where)):
            raise RunNotFound(f"there is no run with the id {run_id!r}")

    # What runs have.

    @override
    def logged(self, run_ids: Sequence[str], stats: Sequence[str]) -> Logged:
        return self._read(logged.read_logged, run_ids, stats)

    @override
    def details(self, run_ids: Sequence[str], stats: Sequence[str]) -> RunDetails:
        return self._read(logged.read_details, run_ids, stats)

    @override
    def params(self, run_ids: Sequence[str]) -> list[tuple[str, str, ParamValue]]:
        return self._read(logged.read_params, run_ids)

    @override
    def tags(self, run_ids: Sequence[str]) -> list[tuple[str, str, str]]:
        return self._read(logged.read_tags, run_ids)

    @override
    def metrics(self, run_ids: Sequence[str], stats: Sequence[str]) -> list[tuple[Any, ...]]:
        return self._read(logged.read_metrics, run_ids, stats)

    @override
    def history(self, run_id: str, key: str) -> Points:
        # A column of the points is decoded when it is first read.
        return self._read(read_history, storable(run_id), storable(key))

    @override
    def stretches(self, run_id: str, keys: Sequence[str], axis: Axis, low: int, high: int) -> list[tuple[str, str, Points]]:
        # Whole chunks that overlap the range are returned.
        return self._read(read_stretches, storable(run_id), storable(tuple(keys)), axis, low, high)

    @override
    def histories(self, run_ids: Sequence[str], keys: Sequence[str] | None) -> list[tuple[str, str, Points]]:
        return self._read(read_histories, run_ids, keys)

    @override
    def documents(self, run_id: str) -> dict[str, str]:
        return self._read(documents.read_documents, storable(run_id))

    @override
    def read_document(self, sha256: str) -> str | None:
        return self._read(documents.read_document, sha256)

    @override
    def artifacts(self, run_id: str) -> list[ArtifactRecord]:
        return self._read(documents.read_artifacts, storable(run_id))

    @override
    def documents_of(self, run_ids: Sequence[str]) -> list[tuple[str, str, str]]:
        return self._read(documents.read_documents_of, run_ids)

    @override
    def read_documents(self, sha256s: Sequence[str]) -> dict[str, str]:
        return self._read(documents.read_texts, sha256s)

    @override
    def artifacts_of(self, run_ids: Sequence[str]) -> list[tuple[str, ArtifactRecord]]:
        return self._read(documents.read_artifacts_of, run_ids)

    @override
    def datasets(self, run_id: str) -> list[Dataset]:
        return self._read(logged.read_datasets, storable(run_id))

    @override
    def datasets_of(self, run_ids: Sequence[str]) -> list[tuple[str, Dataset]]:
        return self._read(logged.read_datasets_of, run_ids)

    @override
    def datasets_in(self, experiment_ids: Sequence[str]) -> list[tuple[str, Dataset]]:
        return self._read(logged.read_datasets_in, experiment_ids)

    @override
    def together(self) -> AbstractContextManager[None]:
        return self._database.together()

    @override
    def close(self) -> None:
        self._database.close()

    def _read(self, read: Callable[..., T], *arguments: Any) -> T:
        return self._database.ask(read, *arguments)


def _beat(connection: SqlConnection, run_ids: Sequence[str], time: int) -> None:
    now = connection.now() or time
    connection.run_many(_BEAT, [{"run": run_id, "time": now} for run_id in sorted(run_ids)])
