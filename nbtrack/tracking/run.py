"""A run: one execution of training code, written while it lasts and readable for ever."""

from __future__ import annotations

import os
import weakref
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..delivery.connection import Connection
from ..entities.run import RunInfo, Status, is_run_id
from ..entities.tags import PARENT_ID
from ..errors import InvalidInput, RunNotFound
from ..settings import Settings
from ..validation import local_path, seconds, shown, text, texts
from .blocks import enter_block, leave_block
from .current_run import CurrentRuns
from .outcome import ExceptionName
from .ownership import LiveState, Role, owner_elsewhere
from .pickled import connection_of_pickled
from .run_data import Details
from .run_facts import Code
from .run_files import RunFiles
from .run_logging import RunLogging
from .session import Session

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Code", "Run", "current_runs", "id_of", "known_run", "live_run"]

# The runs that this process started, or works for, as long as somebody holds them.
_known: weakref.WeakValueDictionary[str, Run] = weakref.WeakValueDictionary()
current_runs: CurrentRuns[Run] = CurrentRuns()


class Run(RunLogging, RunFiles):
    """One execution of training code: its params, metrics, tags, artifacts and how it ended.

    Made by ``nbtrack.start_run``, ``nbtrack.get_run`` and ``nbtrack.runs``. As a context manager it ends with the
    block: FINISHED, FAILED for an exception, KILLED for an interrupt; one that was looked up changes nothing then.
    Picklable: a worker process that unpickles it logs into the same run, and does not end it. A run equals another
    with the same id, and its id.

    Attributes:
        id: The run's id, which never changes.

    Example:
        >>> import nbtrack
        >>> with nbtrack.start_run("baseline", params={"lr": 0.1}) as run:
        ...     for step in range(3):
        ...         run.log(loss=1 / (step + 1))
        >>> run.status
        <Status.FINISHED: 'FINISHED'>
        >>> run.metrics["loss"].last
        0.3333333333333333
    """

    def __init__(
        self,
        connection: Connection,
        run_id: str,
        *,
        info: RunInfo | None = None,
        details: Details | None = None,
        live: LiveState | None = None,
        first_step: int = 0,
        role: Role = "reader",
        not_failures: tuple[ExceptionName, ...] = (),
    ) -> None:
        self.id = run_id
        self._session: Session[Run] = Session(
            self,
            connection,
            run_id,
            info=info,
            details=details,
            live=live,
            first_step=first_step,
            role=role,
            not_failures=not_failures,
        )
        if self._session.role == "owner":
            _known[run_id] = self

    @property
    def parent(self) -> Run | None:
        """The run in which this one is nested."""
        parent = self.tags.get(PARENT_ID)
        return None if parent is None else known_run(parent) or Run(self._session.connection, parent)

    # The end

    def flush(self, timeout: float = 60.0) -> bool:
        """Wait until everything logged so far is in the store, at most so many seconds; tell whether it is."""
        return self._session.connection.flusher.flush(seconds(timeout, "timeout"))

    def end(self, status: Status | str = Status.FINISHED) -> None:
        """End the run; a run that has ended stays as it is.

        Waits, for at most some seconds, until the store has everything; what an unavailable store misses arrives later. In
        a worker process the run goes on: the process that started it ends it.

        Raises:
            InvalidInput: The run is open in another process of this machine, which is to end it.
        """
        if not isinstance(status, str) or status not in Status.__members__:
            raise InvalidInput(f"{shown(status)} is no status; a run ends as FINISHED, FAILED or KILLED")
        session = self._session
        if session.role != "reader":
            session.end(Status(status))
        elif (own := live_run(self.id)) is not None:
            own.end(status)
            session.snapshot.forget()
        elif session.snapshot.info(fresh=True).status.is_open:
            owner = owner_elsewhere(session.connection.read(), session.connection.journals, self.id)
            if owner is not None:
                raise InvalidInput(f"run {self.name} is open in process {owner.pid}, which ends it: end it there, or stop it")
            session.end_abandoned(Status(status))

    def __enter__(self) -> Self:
        enter_block(self._session)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        leave_block(self._session, error)

    def delete(self) -> None:
        """Delete the run; ``restore`` brings it back."""
        self._session.connection.read().delete_run(self.id)

    def restore(self) -> None:
        """Bring a deleted run back."""
        self._session.connection.read().restore_run(self.id)

    # As an object

    def __reduce__(self) -> tuple[Any, ...]:
        role = "reader" if self._session.role == "reader" else "worker"
        return _attach, (self._session.connection.settings, self.id, role)

    def __eq__(self, other: object) -> bool:
        return other.id == self.id if isinstance(other, Run) else other == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<Run {self.name} {self.status} {self.id}>"

    # To look at

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        from ..widgets.run_output import bundle

        return bundle(self)

    def live(self, *metrics: str) -> None:
        """Draw the run's curves in the output of this cell, growing while it runs.

        A cell with ``%%track`` does so by itself. Where nobody is looking, as in a script, nothing happens.

        Args:
            metrics: Those to be shown first; all of them otherwise.

        Example:
            >>> import nbtrack
            >>> with nbtrack.start_run() as run:
            ...     run.live("loss")
            ...     for step in range(3):
            ...         run.log(loss=1 / (step + 1))
        """
        from ..widgets.run_output import show

        show(self, tuple(texts(metrics, "the name of a metric")))

    def to_html(self, path: str | os.PathLike[str]) -> Path:
        """Write the run as one self-contained, interactive HTML file and return its path."""
        from ..widgets.html_file import write_html
        from ..widgets.pages.read_runs import run_static_html
        from ..widgets.run_output import view_of

        return write_html(local_path(path, "the page to write"), view_of(self), self.name, lambda: run_static_html(self))

    def plot(self, *keys: str, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw metrics of the run over their steps with matplotlib.

        Args:
            keys: The metrics; all of them where none is named.
            ax: Where to draw; a new figure where none is given.
            options: For ``Axes.plot``.

        Raises:
            InvalidInput: The run has no such metric; the message lists those that it has.
        """
        from .plots import plot_histories

        metrics = self.metrics
        unknown = [key for key in texts(keys, "the name of a metric") if key not in metrics]
        if unknown or not metrics:
            named, have = shown(unknown[0]) if unknown else "", ", ".join(metrics) or "none"
            raise InvalidInput(f"this run has no metric {named}; it has {have}")
        drawn = keys or tuple(metrics)
        return plot_histories([metrics[key] for key in drawn], labels=drawn, ax=ax, **options)


def id_of(run: Run | str) -> str:
    """Return the id of a run that is given as such, or as its id.

    Raises:
        WrongType: It is neither a run nor a string.
        RunNotFound: No run can have this id.
    """
    run_id = run.id if isinstance(run, Run) else text(run, "a run is named by its id, which")
    if not is_run_id(run_id):
        raise RunNotFound(f"there is no run with the id {shown(run_id)}")
    return run_id


def known_run(run_id: str) -> Run | None:
    """Return the object of a run that this process started or works for, while somebody holds it."""
    return _known.get(run_id)


def live_run(run_id: str) -> Run | None:
    """Return the object of a run that is open in this process."""
    found = _known.get(run_id)
    return found if found is not None and found._session.is_open else None


def _attach(settings: Settings, run_id: str, role: Role = "worker") -> Run:
    """Return an unpickled run: the same object in the process that started it, else one that logs into the same run."""
    # Pickles of 0.1 have no role.
    known = known_run(run_id)
    if known is None:
        known = Run(connection_of_pickled(settings, run_id), run_id, role=role)
        if role == "worker":
            _known[run_id] = known
    return known


def _become_workers() -> None:
    for run in tuple(_known.values()):
        run._session.become_worker()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_become_workers)
