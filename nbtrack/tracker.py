"""A tracker: one store as a person uses it, with its runs and experiments."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from . import active
from .capture.base import Captured
from .collection import Runs
from .comparison import Comparison
from .connection import Connection, connection_to
from .entities import Experiment, LifecycleStage, RunInfo, Status, View, is_run_id, now_ms
from .errors import Deleted, ExperimentNotFound, InvalidInput, StoreUnavailable
from .events import Event, RunResumed, RunStarted, TagsDeleted
from .exits import end_at_exit
from .journal.owner import this_process
from .naming import random_name
from .recovery import ENDED_TAG
from .registering import ModelRegistry
from .run import NOTE_TAG, PARENT_TAG, USER_TAG, LiveState, Run
from .settings import Settings, user_name
from .store.base import RunQuery, Store
from .store.open import check_uri
from .surroundings import recent_surroundings

__all__ = ["Tracker"]

_MLFLOW_MAX_RESULTS = 100_000


class Tracker:
    """One store, and the experiment that runs go to which name none.

    Made by ``nbtrack.connect``; the module's functions work on the one that was connected last.
    """

    def __init__(self, settings: Settings) -> None:
        check_uri(settings.uri)
        self.settings = settings
        self.experiment = settings.experiment
        self._connection = connection_to(settings)

    @property
    def uri(self) -> str:
        """The store's URI, without a password."""
        return self.settings.shown

    @property
    def connection(self) -> Connection:
        """The store, its journal and its flusher in this process."""
        return self._connection

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
            The experiment; None where the store is away now, which makes it later.
        """
        if not isinstance(name, str) or not name.strip():
            raise InvalidInput(f"an experiment needs a name, not {name!r}")
        try:
            store = self._connection.store()
            found = store.find_experiment(name)
            if found is not None and found.stage is LifecycleStage.DELETED:
                raise Deleted(f"experiment {name!r} is deleted; restore it, or choose another name")
            self.experiment = name
            return found or store.create_experiment(name)
        except StoreUnavailable:
            self.experiment = name
            return None

    def experiments(self, view: View = "active") -> list[Experiment]:
        """Return the experiments, the newest first."""
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
        captured: Captured | None = None,
    ) -> Run:
        """Start a run, which is the current one until it ends; see ``nbtrack.start_run``."""
        outer = active.active()
        run = self._new(name, experiment, parent or outer) if resume is None else self._resumed(_id_of(resume))
        active.enter(run, outer)
        end_at_exit()
        try:
            with run.recorder.writer().together():
                for event in _first_events(run, parent or outer, is_new=resume is None):
                    run.recorder.append(event)
                run.record(_with(captured or recent_surroundings(), tags, note))
                if params:
                    run.log_params(params)
        except BaseException:
            run.end(Status.FAILED)
            raise
        return run

    def _new(self, name: str | None, experiment: str | None, parent: Run | str | None) -> Run:
        live = LiveState(name or random_name(), experiment or self.experiment, now_ms())
        return Run(self._connection, self._connection.new_run(_started(live, parent)), live=live)

    def _resumed(self, run_id: str) -> Run:
        store = self._connection.read()
        info = store.get_run(run_id)
        if info.stage is LifecycleStage.DELETED:
            raise Deleted(f"run {run_id} is deleted; restore it before resuming it")
        steps = [row[2] for row in store.metrics([run_id], ("last_step",))]
        live = LiveState(info.name, store.get_experiment(info.experiment_id).name, info.start_time)
        run = Run(self._connection, run_id, live=live, first_step=int(max(steps, default=-1)) + 1)
        run.recorder.forget_params()
        return run

    def find_run(self, name: str) -> Run:
        """Return the run of an id, else the newest run of a name in the current experiment.

        Raises:
            RunNotFound: There is none.
        """
        from .store.filter import parse

        store = self._connection.read()
        named = RunQuery(self._experiment_ids(store, None), parse(f"run_name = {_quoted(name)}"), limit=1)
        found = [] if is_run_id(name) and len(name) == 32 else store.search_runs(named).runs
        return Run(self._connection, found[0].id, info=found[0]) if found else self.get_run(name)

    def status(self) -> str:
        """Say in words where runs go and what still waits to get there."""
        runs, rows = self._connection.flusher.pending()
        waiting = f"{rows:,} rows of {runs} runs wait in {self.settings.journal or 'memory'}" if runs else "nothing waits"
        problem = f" ({self._connection.flusher.problem})" if self._connection.flusher.problem else ""
        artifacts = self.settings.artifacts or "where the server keeps them"
        return f"store {self.uri}{problem}\nartifacts {artifacts}\nexperiment {self.experiment}\n{waiting}"

    def get_run(self, run_id: str) -> Run:
        """Return a run by its id; RunNotFound."""
        store = self._connection.read()
        return Run(self._connection, run_id, info=store.get_run(run_id))

    def runs(
        self,
        filter: str | None = None,
        *,
        experiment: str | Sequence[str] | None = None,
        order_by: str | Sequence[str] | None = None,
        limit: int | None = None,
        view: View = "active",
    ) -> Runs:
        """Return the runs that match; see ``nbtrack.runs``."""
        return Runs(self._connection, self._search(filter, experiment, order_by, limit, view))

    def _search(
        self,
        filter: str | None,
        experiment: str | Sequence[str] | None,
        order_by: str | Sequence[str] | None,
        limit: int | None,
        view: View,
    ) -> Sequence[RunInfo]:
        if view not in ("active", "deleted", "all"):
            raise InvalidInput(f"{view!r} is no view; choose active, deleted or all")
        if limit is not None and limit < 0:
            raise InvalidInput(f"limit must not be negative, as {limit} is")
        from .store.filter import parse, parse_order

        condition, order = parse(filter, now=now_ms()), parse_order(order_by)
        store = self._connection.read()
        query = RunQuery(self._experiment_ids(store, experiment), condition, order, view, limit)
        return store.search_runs(query).runs

    def _experiment_ids(self, store: Store, experiment: str | Sequence[str] | None) -> tuple[str, ...] | None:
        if experiment == "*":
            return tuple(found.id for found in store.experiments("all"))
        if experiment is None:
            found = store.find_experiment(self.experiment)
            return () if found is None else (found.id,)
        names = [experiment] if isinstance(experiment, str) else list(experiment)
        return tuple(_experiment(store, name).id for name in names)

    def search_runs(
        self,
        experiment_ids: Sequence[str] | None = None,
        filter_string: str = "",
        run_view_type: int | View = "active",
        max_results: int = _MLFLOW_MAX_RESULTS,
        order_by: Sequence[str] | None = None,
        output_format: str = "pandas",
        search_all_experiments: bool = False,
        experiment_names: Sequence[str] | None = None,
    ) -> Any:
        """Return runs as ``mlflow.search_runs`` does; see ``nbtrack.search_runs``."""
        views: dict[object, View] = {1: "active", 2: "deleted", 3: "all", "active": "active", "deleted": "deleted", "all": "all"}
        chosen = [*(experiment_ids or []), *(experiment_names or [])]
        everywhere = search_all_experiments and not chosen
        view = views.get(run_view_type, "active")
        infos = self._search(filter_string or None, "*" if everywhere else chosen or None, order_by, max_results, view)
        if output_format == "list":
            return list(Runs(self._connection, infos))
        from .frames import mlflow_frame

        store, ids = self._connection.read(), [info.id for info in infos]
        metrics: Any = store.metrics(ids, ("last",))
        return mlflow_frame(infos, metrics=metrics, params=store.params(ids), tags=store.tags(ids))

    def compare(self, *runs: Run | str | Iterable[Run | str]) -> Comparison:
        """Compare runs; see ``nbtrack.compare``."""
        ids: list[str] = []
        for each in runs:
            ids += [_id_of(each)] if isinstance(each, Run | str) else [_id_of(one) for one in each]
        store = self._connection.read()
        return Comparison(Runs(self._connection, [store.get_run(run_id) for run_id in dict.fromkeys(ids)]))

    def flush(self, timeout: float = 60.0) -> bool:
        """Wait until everything logged so far is in the store; tell whether it is."""
        return self._connection.flusher.flush(timeout)


def _first_events(run: Run, parent: Run | str | None, *, is_new: bool) -> list[Event]:
    """Return what a run begins with, or goes on with."""
    if not is_new:
        return [RunResumed(this_process().to_json()), TagsDeleted((ENDED_TAG,))]
    assert run.state is not None
    return [_started(run.state, parent)]


def _started(state: LiveState, parent: Run | str | None) -> RunStarted:
    tags = {USER_TAG: user_name()} | ({} if parent is None else {PARENT_TAG: _id_of(parent)})
    return RunStarted(state.experiment, state.name, state.start_time, user_name(), tags, this_process().to_json())


def _with(captured: Captured, tags: Mapping[str, Any] | None, note: str | None) -> Captured:
    """Return what was captured, and the user's own tags, which win."""
    own = {key: str(value) for key, value in (tags or {}).items()}
    return replace(captured, tags={**captured.tags, **own, **({} if note is None else {NOTE_TAG: note})})


def _id_of(run: Run | str) -> str:
    return run.id if isinstance(run, Run) else str(run)


def _quoted(text: str) -> str:
    quote = "'" if "'" not in text else '"'
    return f"{quote}{text}{quote}"


def _experiment(store: Store, name: str) -> Experiment:
    """Return the experiment of a name or an id."""
    found = store.find_experiment(name)
    if found is not None:
        return found
    try:
        return store.get_experiment(name)
    except ExperimentNotFound:
        names = [experiment.name for experiment in store.experiments("all")]
        close = difflib.get_close_matches(name, names, 1) or names[:5]
        raise ExperimentNotFound(f"there is no experiment {name!r}; there is {', '.join(map(repr, close))}") from None
