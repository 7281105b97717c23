"""A tracker: one store as a person uses it, with its runs and experiments."""

from __future__ import annotations

import difflib
import functools
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..capture.base import Captured
from ..capture.process import recent_surroundings
from ..delivery.connection import Connection, connection_to
from ..delivery.recovery import of_others
from ..delivery.set_aside import refused_in
from ..entities.events import Event, RunResumed, RunStarted, TagsDeleted
from ..entities.random_name import random_name
from ..entities.run import Experiment, LifecycleStage, RunInfo, Status, ViewType, is_run_id, now_ms
from ..entities.tags import ENDED, NOTE, PARENT_ID, USER
from ..errors import Deleted, ExperimentNotFound, InvalidInput, RunNotFound, StoreUnavailable
from ..journal.owner import this_process
from ..settings import Settings, user_name
from ..store.open import check_uri
from ..store.protocol.store import RunQuery, Store
from ..store.stages import refuse_deleted
from ..store.text import storable
from ..validation import amount, mapping, seconds, several, shown, text, texts
from . import current_run
from .at_exit import end_at_exit
from .lifetime import LiveState, known_run, live_run, owner_elsewhere
from .lookup import called, candidates
from .model_registry import ModelRegistry
from .outcome import ExceptionName, exceptions_named
from .run import Run
from .runs import Comparison, Runs
from .starting_cell import Origin, origin

__all__ = ["Tracker"]

_log = logging.getLogger("nbtrack")
_MLFLOW_MAX_RESULTS = 100_000
_MOST_TOLD = 5  # of what is refused
_LONGEST_NAME = 500  # of an experiment, as in MLflow


class Tracker:
    """One store, and the experiment that runs go to which name none.

    Made by ``nbtrack.connect``; the module's functions work on the one that was connected last.
    """

    def __init__(self, settings: Settings) -> None:
        check_uri(settings.uri)
        self.experiment = experiment_name(settings.experiment)
        self._connection = connection_to(settings)
        if settings.misplaced is not None and settings.database is not None:
            _tell_misplaced(settings.misplaced, settings.database)
        if settings.own is not None:
            _tell_passed_by(str(settings.folder), settings.objection, str(settings.own.folder))

    @property
    def settings(self) -> Settings:
        """Where runs go by now."""
        return self._connection.settings

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
        _check_view(view)
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
        captured: Captured | None = None,
        cell: Origin | None = None,
    ) -> Run:
        """Start a run, which is the current one until it ends; see ``nbtrack.start_run``."""
        named, own = exceptions_named(not_failures), _own_tags(tags, note)
        run = None if resume is None else live_run(_id_of(resume))
        if run is not None:
            return _again(run, params, Captured(tags=own) if captured is None else _with(captured, own))
        started = cell or origin()
        for left in current_run.left_by_cell(started) if started is not None else []:
            left.end_superseded()
        if resume is None:
            self._go_to_own()
        above = _id_of(parent) if parent is not None else current_run.outer_id()
        run = self._new(name, experiment, above, named) if resume is None else self._resumed(_id_of(resume), named)
        current_run.enter(run, origin=None if cell is not None else started, is_ours=run.is_open)
        end_at_exit()
        first = _first_events(run, above, is_new=resume is None)
        _record_start(run, first, _with(captured or recent_surroundings(), own), params)
        return run

    def _go_to_own(self) -> None:
        """Turn from a project that is only looked at to the one that runs go to."""
        if self.settings.own is not None:
            self._connection = connection_to(self.settings.own)

    def _new(self, name: str | None, experiment: str | None, parent: str | None, named: tuple[ExceptionName, ...]) -> Run:
        called = random_name() if name is None else storable(text(name, "the name of a run")) or random_name()
        live = LiveState(called, self.experiment if experiment is None else experiment_name(experiment), now_ms())
        run_id = self._connection.new_run(_started(live, parent))
        return Run(self._connection, run_id, live=live, not_failures=named)

    def _resumed(self, run_id: str, named: tuple[ExceptionName, ...]) -> Run:
        self._connection.deliver_left(run_id)
        store = self._connection.read()
        info = _by_id(store, run_id)
        if info.stage is LifecycleStage.DELETED:
            raise Deleted(f"run {run_id} is deleted; restore it before resuming it")
        first_step = 1 + int(max((row[2] for row in store.metrics([run_id], ("last_step",))), default=-1))
        owner = owner_elsewhere(store, self._connection.journals, run_id) if info.status.is_open else None
        if owner is not None:
            _log.warning("nbtrack: run %s is open in process %s, which ends it; here it is only added to", run_id, owner.pid)
            return Run(self._connection, run_id, info=info, first_step=first_step, part="worker", not_failures=named)
        live = LiveState(info.name, store.get_experiment(info.experiment_id).name, info.start_time)
        known = known_run(run_id)
        if known is not None and known.has_ended and known.recorder.connection is self._connection:
            run: Run = known.reopen(live, first_step, named)
        else:
            run = Run(self._connection, run_id, live=live, first_step=first_step, not_failures=named)
        run.recorder.forget_params()
        return run

    def find_runs(self, name: str) -> list[RunInfo]:
        """Return the run of an id, else the runs of a name in the current experiment, the newest first; RunNotFound."""
        store = self._connection.read()
        return called(store, text(name, "the name or id of a run"), self._experiment_ids(store, None))

    def status(self) -> str:
        """Say in words where runs go and what still waits to get there."""
        runs, rows = self._connection.flusher.pending()
        waiting = f"{rows:,} rows of {runs} runs wait in {self._connection.home or 'memory'}" if runs else "nothing waits"
        problem = f" ({self._connection.flusher.problem})" if self._connection.flusher.problem else ""
        if others := of_others(self.settings.journal):
            waiting += f"; {len(others)} journals of other users wait for them in {self.settings.journal}"
        artifacts = self.settings.artifacts or "where the server keeps them"
        return f"store {self.uri}{problem}\nartifacts {artifacts}\nexperiment {self.experiment}\n{waiting}{self._refused()}"

    def _refused(self) -> str:
        """Say of what the store refuses why."""
        found = self._connection.flusher.refused()
        for home in self._connection.journals:
            found |= refused_in(home)
        told = [f"run {run_id}: {why}" for run_id, why in found.items()]
        more = f"\n… and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
        return "".join(f"\nrefused: {each}" for each in told[:_MOST_TOLD]) + more + ("\nsee `nbtrack sync`" if told else "")

    def get_run(self, run_id: str) -> Run:
        """Return a run by its id; RunNotFound."""
        run_id = _id_of(run_id)
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

    def _search(
        self,
        filter: str | None,
        experiment: str | Sequence[str] | None,
        order_by: str | Sequence[str] | None,
        limit: int | None,
        view: ViewType,
    ) -> Sequence[RunInfo]:
        _check_view(view)
        limit = amount(limit, "limit")
        from ..store.filter import parse, parse_order

        condition, order = parse(filter, now=now_ms()), parse_order(order_by)
        store = self._connection.read()
        query = RunQuery(self._experiment_ids(store, experiment), condition, order, view, limit)
        return store.search_runs(query).runs

    def _experiment_ids(self, store: Store, experiment: str | Sequence[str] | None) -> tuple[str, ...] | None:
        if isinstance(experiment, str) and experiment == "*":
            return tuple(found.id for found in store.experiments("all"))
        if experiment is None:
            found = store.find_experiment(self.experiment)
            return () if found is None else (found.id,)
        return tuple(_experiment(store, name).id for name in texts(experiment, "an experiment"))

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
        views: dict[object, ViewType] = {
            1: "active",
            2: "deleted",
            3: "all",
            "active": "active",
            "deleted": "deleted",
            "all": "all",
        }
        given = [each for each in (experiment_ids, experiment_names) if each is not None]
        chosen = [name for each in given for name in texts(each, "an experiment")]
        everywhere = bool(search_all_experiments) and not chosen
        if not isinstance(run_view_type, int | str) or run_view_type not in views:
            raise InvalidInput(f"{shown(run_view_type)} is no view; choose active, deleted or all")
        view = views[run_view_type]
        infos = self._search(filter_string, "*" if everywhere else chosen or None, order_by, max_results, view)
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
            ids += map(_id_of, [each] if isinstance(each, Run | str) else several(each, "runs or their ids are compared"))
        store, unique = self._connection.read(), dict.fromkeys(ids)
        found = [store.get_run(run_id) for run_id in unique]
        if len(ids) > len(unique) == 1:
            raise InvalidInput(f"there is one run to compare, {candidates(found)}, named {len(ids)} times; name another one too")
        return Comparison(Runs(self._connection, found))

    def flush(self, timeout: float = 60.0) -> bool:
        """Wait until everything logged so far is in the store; tell whether it is."""
        return self._connection.flusher.flush(seconds(timeout, "timeout"))


def _record_start(run: Run, first: Sequence[Event], captured: Captured, params: Mapping[str, Any] | None) -> None:
    """Log what is known of a run when it starts; where some of that cannot be, the run has failed."""
    try:
        with run.recorder.writer().together():
            for event in first:
                run.recorder.append(event)
            run.record(captured)
            if params is not None:
                run.log_params(params)
    except BaseException:
        run.end(Status.FAILED)
        raise


def _again(run: Run, params: Mapping[str, Any] | None, captured: Captured) -> Run:
    """Go on with a run that is open in this process: it is current here too, and counts its steps on."""
    run.record(captured)
    if params is not None:
        run.log_params(params)
    run.enter_again()
    return run


@functools.cache
def _tell_misplaced(found: Path, database: Path) -> None:
    """Say once where the runs are that earlier versions put elsewhere, for the folder's name means something in a URI."""
    _log.warning(
        "nbtrack: an earlier nbtrack put the runs of this folder into %s: to have them here, move it to %s", found, database
    )


@functools.cache
def _tell_passed_by(folder: str, objection: str, own: str) -> None:
    """Say once which project is only looked at, and how to choose it all the same."""
    message = (
        "nbtrack: %s %s: its runs are shown until you start one, which goes to %s; "
        "to send runs there too, name it: nbtrack.connect(%r) or NBTRACK_URI"
    )
    _log.warning(message, folder, objection, own, folder)


def _first_events(run: Run, parent: str | None, *, is_new: bool) -> list[Event]:
    """Return what a run begins with, or goes on with; nothing for one that another process goes on with."""
    if not run.is_open:
        return []
    if not is_new:
        return [RunResumed(this_process().to_json()), TagsDeleted((ENDED,))]
    assert run.state is not None
    return [_started(run.state, parent)]


def _started(state: LiveState, parent: str | None) -> RunStarted:
    tags = {USER: user_name()} | ({} if parent is None else {PARENT_ID: parent})
    return RunStarted(state.experiment, state.name, state.start_time, user_name(), tags, this_process().to_json())


def _own_tags(tags: Mapping[str, Any] | None, note: str | None) -> dict[str, Any]:
    return {**mapping(tags, "tags"), **({} if note is None else {NOTE: text(note, "the note of a run")})}


def _with(captured: Captured, own: Mapping[str, Any]) -> Captured:
    """Return what was captured, and the user's own tags, which win."""
    return replace(captured, tags={**captured.tags, **own})


def _id_of(run: Run | str) -> str:
    """Return the id of a run; RunNotFound for a text that can be none's."""
    run_id = run.id if isinstance(run, Run) else text(run, "a run is named by its id, which")
    if not is_run_id(run_id):
        raise RunNotFound(f"there is no run with the id {shown(run_id)}")
    return run_id


def _by_id(store: Store, run_id: str) -> RunInfo:
    """Return a run that is to go on; RunNotFound, which tells the ids of runs of that name: a name may stand for several."""
    try:
        return store.get_run(run_id)
    except RunNotFound as error:
        named = called(store, run_id, None)
        raise RunNotFound(f"{error}; a run goes on by its whole id, and this can be {candidates(named)}") from None


def _check_view(view: object) -> None:
    if not isinstance(view, str) or view not in ("active", "deleted", "all"):
        raise InvalidInput(f"{shown(view)} is no view; choose active, deleted or all")


def experiment_name(name: object) -> str:
    """Return the name of an experiment as it is; InvalidInput where it can be none."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidInput(f"an experiment needs a name, not {shown(name)}")
    return storable(text(name, "the name of an experiment", most=_LONGEST_NAME))


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
        raise ExperimentNotFound(f"there is no experiment {shown(name)}; there is {', '.join(map(repr, close))}") from None
