"""A run: one execution of training code, to be written while it lasts and read for ever."""

from __future__ import annotations

import itertools
import json
import os
import struct
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from ..capture.base import Captured
from ..delivery.connection import Connection
from ..entities.events import DatasetLogged
from ..entities.run import ParamValue, RunInfo, Status, moment
from ..entities.tags import NOTE, PARENT_ID, RUN_NAME
from ..errors import InvalidInput, WrongType
from ..journal.writer import NO_WRITER, NoWriter, Writer
from ..kernel.stop import Stopper
from ..settings import Settings
from ..store.text import storable
from ..validation import local_path, seconds, shown, text, texts, typed
from . import current_run
from .artifacts import RunArtifacts
from .lifetime import Lifetime, LiveState, Part, known_run, remember
from .log_files import LogsFiles
from .metrics import Metrics
from .outcome import ExceptionName
from .pending_calls import Interjections
from .pickled import connection_of_pickled
from .recorder import Recorder, stamp_in
from .run_data import Details

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["Code", "Run"]


_time_ns = time.time_ns
# What a row may fail with on the fast way, for the general way to tell apart: other names, a full segment, a bad value.
_NOT_WRITTEN = (KeyError, StopIteration, struct.error, TypeError, ValueError, OverflowError, RuntimeError)


class Code(str):
    """The source of a run's cell; ``cells`` are the sources executed before it in the same kernel, in order."""

    __slots__ = ("cells",)
    cells: tuple[str, ...]

    def __new__(cls, source: str, cells: Sequence[str] = ()) -> Self:
        """Return the source as a text that also knows the cells before it."""
        code = super().__new__(cls, source)
        code.cells = tuple(cells)
        return code


class Run(Lifetime, LogsFiles):
    """One execution of training code: its params, metrics, tags, artifacts and how it ended.

    Made by ``nbtrack.start_run``, ``nbtrack.get_run`` and ``nbtrack.runs``. As a context manager it ends with the
    block: FINISHED, FAILED for an exception, KILLED for an interrupt; one that was looked up changes nothing then.
    Picklable: a worker process that unpickles it logs into the same run, and does not end it. A run equals another
    with the same id, and its id.

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
        live: LiveState | None = None,
        details: Details | None = None,
        first_step: int = 0,
        part: Part = "reader",
        not_failures: tuple[ExceptionName, ...] = (),
    ) -> None:
        self.id = run_id
        self._connection, self._info, self._known = connection, info, details
        self._part = part
        self._begin(live, first_step, not_failures)

    def _begin(self, live: LiveState | None, first_step: int, not_failures: tuple[ExceptionName, ...]) -> None:
        """Start to log, when the run is made, and when it is resumed."""
        self.state, self._not_failures = live, not_failures
        self.recorder = Recorder(self._connection, self.id, owns=live is not None)
        self._steps = itertools.count(first_step)
        self._writer: Writer | NoWriter = NO_WRITER
        self._interjections = Interjections()
        # What is called when the run has ended here and the store knows, as living views are.
        self.when_ended: list[Callable[[], None]] = []
        self.stopper = Stopper(self)
        self._blocks = []
        if live is not None:
            self._part = "owner"
            remember(self)

    def reopen(self, live: LiveState, first_step: int, not_failures: tuple[ExceptionName, ...]) -> Self:
        """Go on with a run that this process has ended: the object that somebody holds is open again."""
        self.is_entered = self._has_told = False
        self._forget()
        self._begin(live, first_step, not_failures)
        return self

    def enter_again(self) -> None:
        """Make a run that is open the current one here, too."""
        if current_run.active() is not self:
            current_run.enter(self, is_again=True)
            self._is_again = True

    # What the run is

    def _facts(self, *, fresh: bool = False) -> RunInfo:
        if self._info is None or fresh:
            self._info = self._connection.read().get_run(self.id)
        return self._info

    def _details(self) -> Details:
        """Return the details read with this run; for a run of this process, those of now."""
        return self._known if self._known is not None else Details(self._connection, [self.id])

    @property
    def name(self) -> str:
        """The run's name; assign to rename it."""
        return self.state.name if self.state is not None else self._facts().name

    @name.setter
    def name(self, name: str) -> None:
        self.set_tag(RUN_NAME, text(name, "the name of a run"))
        if self.state is not None:
            self.state.name = storable(name)
        self._forget()

    @property
    def experiment(self) -> str:
        """The name of the experiment."""
        if self.state is not None:
            return self.state.experiment
        return self._connection.experiment_name(self._facts().experiment_id)

    @property
    def status(self) -> Status:
        """RUNNING, SCHEDULED, FINISHED, FAILED or KILLED; of another process's run, as of when it was read."""
        return self.state.status if self.state is not None else self._facts().status

    @property
    def start_time(self) -> datetime:
        """When the run started, in UTC."""
        return moment(self.state.start_time if self.state is not None else self._facts().start_time)

    @property
    def end_time(self) -> datetime | None:
        """When the run ended, in UTC; None while it has not."""
        end = self.state.end_time if self.state is not None else self._facts().end_time
        return None if end is None else moment(end)

    @property
    def duration(self) -> timedelta | None:
        """How long the run took; None while it has not ended."""
        return None if self.end_time is None else self.end_time - self.start_time

    @property
    def params(self) -> Mapping[str, ParamValue]:
        """The params with their types, read-only."""
        if self.is_open and self._connection.flusher.problem:
            return MappingProxyType(self.recorder.known_params())
        return MappingProxyType(self._details().params[self.id])

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags, read-only; MLflow's own begin with ``mlflow.``, nbtrack's with ``nbtrack.``."""
        return MappingProxyType(self._details().tags[self.id])

    @property
    def metrics(self) -> Metrics:
        """The metrics by name, each with all its points."""
        return self._details().metrics[self.id]

    @property
    def artifact_uri(self) -> str:
        """Where the run's artifacts are."""
        return self._connection.place_now(self._facts().artifact_uri)

    @property
    def artifacts(self) -> RunArtifacts:
        """The files of the run."""
        return RunArtifacts(self._connection, self.id, self.artifact_uri)

    def artifact_count(self) -> int:
        """Return how many files were logged."""
        return len(self._connection.read().artifacts(self.id))

    @property
    def parent(self) -> Run | None:
        """The run in which this one is nested."""
        parent = self.tags.get(PARENT_ID)
        return None if parent is None else known_run(parent) or Run(self._connection, parent)

    @property
    def note(self) -> str:
        """What a person wrote about the run, empty where nobody did; assign to change it."""
        return self.tags.get(NOTE, "")

    @note.setter
    def note(self, note: str) -> None:
        self.set_tag(NOTE, text(note, "the note of a run"))

    # What was captured

    def _document(self, kind: str) -> str | None:
        store = self._connection.read()
        sha256 = store.documents(self.id).get(kind)
        return None if sha256 is None else store.read_document(sha256)

    @property
    def code(self) -> Code | None:
        """The source of the cell, with ``.cells``, those executed before it; None where nothing was captured."""
        source = self._document("code")
        if source is None:
            return None
        store = self._connection.read()
        cells = [store.read_document(cell["sha256"]) for cell in json.loads(self._document("cells") or "[]")]
        return Code(source, [cell for cell in cells if cell is not None])

    @property
    def diff(self) -> str | None:
        """What differed from the git commit in the notebook's repository; None where nothing was captured."""
        return self._document("diff")

    @property
    def environment(self) -> Mapping[str, Any] | None:
        """Python, platform and hardware, and under ``packages`` every installed one as ``name==version``."""
        captured = self._document("environment")
        if captured is None:
            return None
        return {**json.loads(captured), "packages": (self._document("packages") or "").splitlines()}

    @property
    def traceback(self) -> str | None:
        """The traceback that ended the run; None where none did."""
        return self._document("traceback")

    # Logging

    def log(
        self, metrics: Mapping[str, Any] | None = None, /, *, step: int | None = None, timestamp: int | None = None, **more: Any
    ) -> None:
        """Log metrics that belong together: one row, safe from a crash when the call returns.

        Args:
            metrics: Values by name; anything with ``__float__`` is a value.
            step: Any 64-bit integer; None counts up by itself, from 0.
            timestamp: Milliseconds since the epoch; None is now.
            more: More values, as ``run.log(loss=0.5)``.

        Raises:
            WrongType: A value is not a number; the message names it.
            NoActiveRun: The run has ended.
        """
        if more or metrics.__class__ is not dict:
            metrics = _merged(metrics, more)
        if step is None:
            step = next(self._steps)
        stamp = _time_ns() if timestamp is None else stamp_in(timestamp)
        try:
            self._writer.write(metrics, step, stamp)
        except _NOT_WRITTEN:
            self._write_otherwise(metrics, step, stamp)

    def _write_otherwise(self, metrics: dict[str, Any], step: int, stamp: int) -> None:
        """Log a row whose names are not those of the last one, or that has something wrong with it, or comes after the end."""
        self._check_takes()
        while True:
            writer = self.recorder.writer()
            self._writer = NO_WRITER if self.has_ended else writer
            writer.log(metrics, step, stamp)
            # A writer that was let go of meanwhile may have missed the row; logged twice, it is still one point.
            if not writer.is_sealed:
                break
        if self._interjections and self._interjections.make():
            # One waits for another thread's row, which is to come this way too.
            self._writer = NO_WRITER

    def interject(self, call: Callable[[], None], *, in_main_thread: bool = False) -> None:
        """Have the next ``log`` of this run, in whatever thread or in the main one, make a call when its row is written.

        It costs the other rows nothing: the next one is made to take the general way, which asks for calls. Where
        threads log at this very moment the call may be made twice, or not at all: ask again where it matters.
        """
        self._interjections.add(call, in_main_thread=in_main_thread)
        self._look_at_next_row()

    def _look_at_next_row(self) -> None:
        """Make the next row take the general way."""
        self._writer = NO_WRITER

    def log_metric(self, key: str, value: float, step: int = 0, timestamp: int | None = None) -> None:
        """Log one value of one metric; ``step`` defaults to 0, as in MLflow."""
        self.log(_named(key, value), step=step, timestamp=timestamp)

    def log_metrics(self, metrics: Mapping[str, float], step: int = 0, timestamp: int | None = None) -> None:
        """Log several metrics; ``step`` defaults to 0, as in MLflow."""
        self.log(metrics, step=step, timestamp=timestamp)

    def log_param(self, key: str, value: Any) -> Any:
        """Log a param, which keeps its type, and return its value.

        Raises:
            ParamConflict: It already has another value.
            NoActiveRun: The run has ended.
        """
        self._check_takes()
        return self.recorder.log_params(_named(key, value, "param"))[key]

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Log params, all of them or none.

        Raises:
            ParamConflict: One already has another value.
            NoActiveRun: The run has ended.
        """
        self._check_takes()
        self.recorder.log_params(params)

    def set_tag(self, key: str, value: Any) -> None:
        """Set a tag, or overwrite it; tags are texts."""
        self.set_tags(_named(key, value, "tag"))

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Set tags, or overwrite them; tags are texts."""
        self.recorder.set_tags(tags)
        self._forget()

    def delete_tag(self, key: str) -> None:
        """Take a tag away."""
        self.recorder.delete_tags([key])
        self._forget()

    def record(self, captured: Captured) -> None:
        """Log what was captured about the run; params that were found give way to those that are logged."""
        if captured.tags:
            self.set_tags(captured.tags)
        if captured.params:
            self.recorder.found_params(captured.params)
        self.recorder.documents(captured.documents)
        for dataset in captured.datasets:
            self.recorder.append(DatasetLogged(dataset))

    # The end

    def flush(self, timeout: float = 60.0) -> bool:
        """Wait until everything logged so far is in the store; tell whether it is."""
        return self._connection.flusher.flush(seconds(timeout, "timeout"))

    def delete(self) -> None:
        """Delete the run; ``restore`` brings it back."""
        self._connection.read().delete_run(self.id)

    def restore(self) -> None:
        """Bring a deleted run back."""
        self._connection.read().restore_run(self.id)

    # As an object

    def _forget(self) -> None:
        """Drop what was read before: it has changed."""
        self._known = None
        self._info = None

    def __reduce__(self) -> tuple[Any, ...]:
        return _attach, (self._connection.settings, self.id, "reader" if self._part == "reader" else "worker")

    def __eq__(self, other: object) -> bool:
        return other.id == self.id if isinstance(other, Run) else other == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<Run {self.name} {self.status} {self.id}>"

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
        from ..widgets.html_file import write_page
        from ..widgets.pages.read_runs import run_still
        from ..widgets.run_output import view_of

        return write_page(local_path(path, "the page to write"), view_of(self), self.name, run_still(self))

    def plot(self, *keys: str, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw metrics of the run over their steps, with matplotlib; all of them where none is named."""
        from .plots import plot_histories

        metrics = self.metrics
        unknown = [key for key in texts(keys, "the name of a metric") if key not in metrics]
        if unknown or not metrics:
            named, have = shown(unknown[0]) if unknown else "", ", ".join(metrics) or "none"
            raise InvalidInput(f"this run has no metric {named}; it has {have}")
        drawn = keys or tuple(metrics)
        return plot_histories([metrics[key] for key in drawn], labels=drawn, ax=ax, **options)


def _attach(settings: Settings, run_id: str, part: Part = "worker") -> Run:
    """Return a pickled run: the same object in the process that started it, else one that logs into the same run.

    One that was looked up is looked at there, too; earlier versions did not say.
    """
    known: Run | None = known_run(run_id)
    if known is None:
        known = Run(connection_of_pickled(settings, run_id), run_id, part=part)
        if part == "worker":
            remember(known)
    return known


def _named(key: str, value: Any, what: str = "metric") -> dict[str, Any]:
    """Return one value by its name, which may be anything that somebody has given."""
    return {text(key, f"the name of a {what}"): value}


def _merged(metrics: Any, more: dict[str, Any]) -> dict[str, Any]:
    """Return what ``log`` was given as one dict."""
    if metrics is None:
        return more
    if not isinstance(metrics, Mapping):
        raise WrongType(f"log takes names and values, as log(loss=0.5) or log({{'loss': 0.5}}), not {typed(metrics)}")
    return {**metrics, **more}
