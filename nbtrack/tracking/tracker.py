"""A tracker: one store as a person uses it, with its runs and experiments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..delivery.connection import Connection
from ..delivery.connections import connection_to
from ..entities.run import Experiment, RunInfo, ViewType, now_ms
from ..errors import InvalidInput, StoreUnavailable
from ..settings import Settings
from ..store.open import check_uri
from ..store.protocol.search import Query
from ..store.stages import refuse_deleted
from ..validation import amount, seconds, several, shown, text, texts
from .experiments import check_view, experiment_ids, experiment_name
from .lookup import called, candidates
from .model_registry import ModelRegistry
from .run import Run, id_of, live_run
from .runs import Comparison, Runs
from .starting import RunStart
from .store_status import status_of, warn_of_project

__all__ = ["Tracker", "connection_of", "find_runs", "start_run"]

_MLFLOW_MAX_RESULTS = 100_000
_MLFLOW_VIEWS: dict[object, ViewType] = {
    1: "active",
    2: "deleted",
    3: "all",
    "active": "active",
    "deleted": "deleted",
    "all": "all",
}


class Tracker:
    """One store, and the experiment of runs that name none.

    Made by ``nbtrack.connect``; the module's functions work on the one that was connected last.

    Attributes:
        experiment: The name of that experiment.
    """

    def __init__(self, settings: Settings) -> None:
        check_uri(settings.uri)
        self.experiment = experiment_name(settings.experiment)
        self._connection = connection_to(settings)
        warn_of_project(settings)

    @property
    def uri(self) -> str:
        """The store's URI, without a password."""
        return self._connection.settings.shown

    @property
    def models(self) -> ModelRegistry:
        """The registered models of the store."""
        return ModelRegistry(self._connection)

    def __repr__(self) -> str:
        return f"<Tracker {self.uri} experiment {self.experiment!r}>"

    # Experiments

    def set_experiment(self, name: str) -> Experiment | None:
        """Send runs to the experiment of this name from now on; it is made if there is none.

        Returns:
            The experiment; None where the store is unavailable now, which makes it later.

        Raises:
            Deleted: It is deleted.
        """
        name = experiment_name(name)
        try:
            store = self._connection.store()
            found = store.find_experiment(name)
            if found is not None:
                refuse_deleted(found)
            self.experiment = name
            return found or store.create_experiment(name)
        except StoreUnavailable:
            self.experiment = name
            return None

    def experiments(self, view: ViewType = "active") -> list[Experiment]:
        """Return the experiments, the newest first."""
        check_view(view)
        return self._connection.read().experiments(view)

    # Runs

    def start_run(
        self,
        name: str | None = None,
        *,
        experiment: str | None = None,
        params: Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        parent: Run | str | None = None,
        resume: Run | str | None = None,
        note: str | None = None,
        not_failures: Sequence[type[BaseException] | str] = (),
    ) -> Run:
        """Start a run, which is the current one until it ends; see ``nbtrack.start_run``."""
        start = RunStart(
            name,
            experiment=experiment,
            params=params,
            tags=tags,
            parent=parent,
            resume=resume,
            note=note,
            not_failures=not_failures,
        )
        return start_run(self, start)

    def get_run(self, run_id: str) -> Run:
        """Return a run by its id; RunNotFound."""
        run_id = id_of(run_id)
        return Run(self._connection, run_id, info=self._connection.read().get_run(run_id))

    def runs(
        self,
        filter: str | None = None,
        *,
        experiment: str | Sequence[str] | None = None,
        order_by: str | Sequence[str] | None = None,
        limit: int | None = None,
        view: ViewType = "active",
    ) -> Runs:
        """Return the runs that match; see ``nbtrack.runs``."""
        return Runs(self._connection, self._search(filter, experiment, order_by, limit, view))

    def search_runs(
        self,
        experiment_ids: Sequence[str] | None = None,
        filter_string: str = "",
        run_view_type: int | ViewType = "active",
        max_results: int = _MLFLOW_MAX_RESULTS,
        order_by: Sequence[str] | None = None,
        output_format: str = "pandas",
        search_all_experiments: bool = False,
        experiment_names: Sequence[str] | None = None,
    ) -> Any:
        """Return runs as ``mlflow.search_runs`` does; see ``nbtrack.search_runs``."""
        if not isinstance(run_view_type, int | str) or run_view_type not in _MLFLOW_VIEWS:
            raise InvalidInput(f"{shown(run_view_type)} is no view; choose active, deleted or all")
        given = [each for each in (experiment_ids, experiment_names) if each is not None]
        chosen = [name for each in given for name in texts(each, "an experiment")]
        experiment = "*" if search_all_experiments and not chosen else chosen or None
        infos = self._search(filter_string, experiment, order_by, max_results, _MLFLOW_VIEWS[run_view_type])
        if output_format == "list":
            return list(Runs(self._connection, infos))
        from .frames import mlflow_frame

        store, ids = self._connection.read(), [info.id for info in infos]
        metrics: Any = store.metrics(ids, ("last",))
        return mlflow_frame(infos, metrics=metrics, params=store.params(ids), tags=store.tags(ids))

    def _search(
        self,
        filter: str | None,
        experiment: str | Sequence[str] | None,
        order_by: str | Sequence[str] | None,
        limit: int | None,
        view: ViewType,
    ) -> Sequence[RunInfo]:
        check_view(view)
        limit = amount(limit, "limit")
        from ..store.filter import parse, parse_order

        condition, order = parse(filter, now=now_ms()), parse_order(order_by)
        store = self._connection.read()
        query = Query(experiment_ids(store, experiment, self.experiment), condition, order, view, limit)
        return store.search_runs(query).items

    def compare(self, *runs: Run | str | Iterable[Run | str]) -> Comparison:
        """Compare runs; see ``nbtrack.compare``."""
        ids: list[str] = []
        for each in runs:
            ids += map(id_of, [each] if isinstance(each, Run | str) else several(each, "runs or their ids are compared"))
        store, unique = self._connection.read(), dict.fromkeys(ids)
        found = store.get_runs(list(unique))
        if missing := unique.keys() - {info.id for info in found}:
            store.get_run(next(run_id for run_id in unique if run_id in missing))  # raises that it does not exist
        if len(ids) > len(unique) == 1:
            raise InvalidInput(f"there is one run to compare, {candidates(found)}, named {len(ids)} times; name another one too")
        return Comparison(Runs(self._connection, found))

    # Delivery

    def flush(self, timeout: float = 60.0) -> bool:
        """Wait until everything logged so far is in the store, at most so many seconds; tell whether it is."""
        return self._connection.flusher.flush(seconds(timeout, "timeout"))

    def status(self) -> str:
        """Return where runs go, and what is not in the store yet, as lines for people."""
        return status_of(self._connection, self.experiment)


def connection_of(tracker: Tracker) -> Connection:
    """Return a tracker's store with its journal and its flusher, for code of this package."""
    return tracker._connection


def start_run(tracker: Tracker, start: RunStart) -> Run:
    """Start a run as ``Tracker.start_run`` does, which knows less about it than a tracked cell."""
    open_here = None if start.resume is None else live_run(id_of(start.resume))
    if open_here is not None:
        return start.go_on(open_here)
    own = tracker._connection.settings.own
    if start.resume is None and own is not None:
        # The project that was found is only looked at: runs go to the user's own.
        tracker._connection = connection_to(own)
    return start.start(tracker._connection, tracker.experiment)


def find_runs(tracker: Tracker, name: str) -> list[RunInfo]:
    """Return the run of an id, else the runs of a name in the tracker's experiment, the newest first; RunNotFound."""
    store = connection_of(tracker).read()
    return called(store, text(name, "the name or id of a run"), experiment_ids(store, None, tracker.experiment))
