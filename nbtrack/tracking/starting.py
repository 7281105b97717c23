"""How a run starts: a new one, one that is resumed, or one that is open already."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..capture.base import Captured
from ..capture.process import recent_surroundings
from ..delivery.connection import Connection
from ..entities.events import Event, RunResumed, RunStarted, TagsDeleted
from ..entities.random_name import random_name
from ..entities.run import LifecycleStage, Status, now_ms
from ..entities.tags import ENDED, NOTE, PARENT_ID, USER
from ..errors import Deleted
from ..journal.owner import this_process
from ..settings import user_name
from ..store.text import storable
from ..validation import mapping, text
from . import current_run
from .at_exit import end_at_exit
from .blocks import enter_again
from .experiments import experiment_name
from .lookup import resumable
from .outcome import Outcome, exceptions_named
from .ownership import LiveState, owner_elsewhere
from .run import Run, current_runs, id_of, known_run
from .session import Session, session_of
from .starting_cell import StartingCell, running_cell

__all__ = ["RunStart"]

_log = logging.getLogger("nbtrack")


class RunStart:
    """What a run starts with; see ``nbtrack.start_run`` for what people give.

    Args:
        captured: What a tracked cell has captured; None: what is captured of the process.
        cell: The tracked cell whose own run this is.
    """

    def __init__(
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
        cell: StartingCell | None = None,
    ) -> None:
        self._name, self._experiment, self._params, self._parent, self.resume = name, experiment, params, parent, resume
        self._not_failures = exceptions_named(not_failures)
        self._tags = {**mapping(tags, "tags"), **({} if note is None else {NOTE: text(note, "the note of a run")})}
        self._captured, self._cell = captured, cell

    def start(self, connection: Connection, experiment: str) -> Run:
        """Start the run.

        Args:
            connection: Its store.
            experiment: The experiment of a run that names none.
        """
        cell = self._cell or running_cell()
        for left in current_runs.left_by_cell(cell) if cell is not None else []:
            # The cell that is executed again starts a run in place of this one.
            session_of(left).end_as(Outcome(Status.KILLED, "superseded"))
        parent = id_of(self._parent) if self._parent is not None else current_run.outer_id()
        run = self._new(connection, experiment, parent) if self.resume is None else self._resumed(connection, id_of(self.resume))
        session = session_of(run)
        current_run.enter(session, cell=None if self._cell is not None else cell, is_ours=session.is_open)
        end_at_exit()
        self._record(session, self._first_events(session, parent), self._captured or recent_surroundings())
        return run

    def go_on(self, run: Run) -> Run:
        """Resume a run that is open in this process: it becomes current here too, and its steps count on."""
        session = session_of(run)
        session.record(self._with_tags(self._captured or Captured()))
        if self._params is not None:
            run.log_params(self._params)
        enter_again(session)
        return run

    def _new(self, connection: Connection, experiment: str, parent: str | None) -> Run:
        name = "" if self._name is None else storable(text(self._name, "the name of a run"))
        experiment = experiment if self._experiment is None else experiment_name(self._experiment)
        live = LiveState(name or random_name(), experiment, now_ms())
        return Run(connection, connection.new_run(_started(live, parent)), live=live, not_failures=self._not_failures)

    def _resumed(self, connection: Connection, run_id: str) -> Run:
        connection.deliver_others(run_id)
        store = connection.read()
        info = resumable(store, run_id)
        if info.stage is LifecycleStage.DELETED:
            raise Deleted(f"run {run_id} is deleted; restore it before resuming it")
        first_step = 1 + int(max((row[2] for row in store.metrics([run_id], ("last_step",))), default=-1))
        owner = owner_elsewhere(store, connection.journals, run_id) if info.status.is_open else None
        if owner is not None:
            _log.warning("nbtrack: run %s is open in process %s, which ends it; here it is only added to", run_id, owner.pid)
            return Run(connection, run_id, info=info, first_step=first_step, role="worker", not_failures=self._not_failures)
        live = LiveState(info.name, store.get_experiment(info.experiment_id).name, info.start_time)
        run = known_run(run_id)
        if run is not None and session_of(run).has_ended and session_of(run).connection is connection:
            # The object that somebody holds is open again.
            session_of(run).begin(live, first_step, self._not_failures)
        else:
            run = Run(connection, run_id, live=live, first_step=first_step, not_failures=self._not_failures)
        session_of(run).recorder.forget_params()
        return run

    def _first_events(self, session: Session[Run], parent: str | None) -> list[Event]:
        """Return the events that begin a run, or resume it; none where another process has it open."""
        if session.live is None:
            return []
        if self.resume is None:
            return [_started(session.live, parent)]
        return [RunResumed(this_process().to_json()), TagsDeleted((ENDED,))]

    def _record(self, session: Session[Run], first: list[Event], captured: Captured) -> None:
        """Log what is known when the run starts; the run has failed where some of that cannot be logged."""
        try:
            with session.recorder.writer().together():
                for event in first:
                    session.recorder.append(event)
                session.record(self._with_tags(captured))
                if self._params is not None:
                    session.run.log_params(self._params)
        except BaseException:
            session.run.end(Status.FAILED)
            raise

    def _with_tags(self, captured: Captured) -> Captured:
        """Return what was captured, with the user's own tags, which win."""
        return replace(captured, tags={**captured.tags, **self._tags})


def _started(live: LiveState, parent: str | None) -> RunStarted:
    tags = {USER: user_name()} | ({} if parent is None else {PARENT_ID: parent})
    return RunStarted(live.experiment, live.name, live.start_time, user_name(), tags, this_process().to_json())
