"""What can be read of a run: its facts, its data, and what was captured."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from ..entities.run import ParamValue, Status, moment
from ..entities.tags import NOTE, RUN_NAME
from ..store.text import storable
from ..validation import text
from .artifacts import RunArtifacts
from .metrics import Metrics
from .session import HasSession

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Code", "RunFacts"]


class Code(str):
    """The source of a run's cell; ``cells`` are the sources executed before it in the same kernel, in order."""

    __slots__ = ("cells",)
    cells: tuple[str, ...]

    def __new__(cls, source: str, cells: Sequence[str] = ()) -> Self:
        """Return the source as a string that has the earlier cells as an attribute."""
        code = super().__new__(cls, source)
        code.cells = tuple(cells)
        return code


class RunFacts(HasSession):
    """The part of ``Run`` that reads."""

    id: str

    @property
    def name(self) -> str:
        """The run's name; assign to rename it."""
        return self._session.name

    @name.setter
    def name(self, name: str) -> None:
        session = self._session
        session.set_tags({RUN_NAME: text(name, "the name of a run")})
        if session.live is not None:
            session.live.name = storable(name)

    @property
    def experiment(self) -> str:
        """The name of the experiment."""
        session = self._session
        if session.live is not None:
            return session.live.experiment
        return session.connection.experiment_name(session.snapshot.info().experiment_id)

    @property
    def status(self) -> Status:
        """RUNNING, SCHEDULED, FINISHED, FAILED or KILLED; for a run of another process, as of when it was read."""
        return (self._session.live or self._session.snapshot.info()).status

    @property
    def start_time(self) -> datetime:
        """When the run started, in UTC."""
        return moment((self._session.live or self._session.snapshot.info()).start_time)

    @property
    def end_time(self) -> datetime | None:
        """When the run ended, in UTC; None while it is running."""
        end = (self._session.live or self._session.snapshot.info()).end_time
        return None if end is None else moment(end)

    @property
    def duration(self) -> timedelta | None:
        """How long the run took; None while it is running."""
        end = self.end_time
        return None if end is None else end - self.start_time

    @property
    def params(self) -> Mapping[str, ParamValue]:
        """The params with their types, read-only."""
        session = self._session
        if session.is_open and session.connection.flusher.problem:
            # The store is unavailable, and this process knows what it has logged.
            return MappingProxyType(session.recorder.known_params())
        return MappingProxyType(session.snapshot.details().params[self.id])

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags, read-only; MLflow's own begin with ``mlflow.``, nbtrack's with ``nbtrack.``."""
        return MappingProxyType(self._session.snapshot.details().tags[self.id])

    @property
    def metrics(self) -> Metrics:
        """The metrics by name, each with all its points."""
        return self._session.snapshot.details().metrics[self.id]

    @property
    def artifact_uri(self) -> str:
        """Where the run's artifacts are."""
        return self._session.connection.place_now(self._session.snapshot.info().artifact_uri)

    @property
    def artifacts(self) -> RunArtifacts:
        """The files of the run."""
        return RunArtifacts(self._session.connection, self.id, self.artifact_uri)

    @property
    def note(self) -> str:
        """What a person wrote about the run, empty where nobody did; assign to change it."""
        return self.tags.get(NOTE, "")

    @note.setter
    def note(self, note: str) -> None:
        self._session.set_tags({NOTE: text(note, "the note of a run")})

    # What was captured

    @property
    def code(self) -> Code | None:
        """The source of the cell, with ``.cells``, those executed before it; None where nothing was captured."""
        snapshot = self._session.snapshot
        source = snapshot.document("code")
        if source is None:
            return None
        store = self._session.connection.read()
        cells = [store.read_document(cell["sha256"]) for cell in json.loads(snapshot.document("cells") or "[]")]
        return Code(source, [cell for cell in cells if cell is not None])

    @property
    def diff(self) -> str | None:
        """The uncommitted changes in the notebook's git repository; None where nothing was captured."""
        return self._session.snapshot.document("diff")

    @property
    def environment(self) -> Mapping[str, Any] | None:
        """Python, platform and hardware, and under ``packages`` every installed one as ``name==version``."""
        captured = self._session.snapshot.document("environment")
        if captured is None:
            return None
        return {**json.loads(captured), "packages": (self._session.snapshot.document("packages") or "").splitlines()}

    @property
    def traceback(self) -> str | None:
        """The traceback of the exception that ended the run; None where none did."""
        return self._session.snapshot.document("traceback")
