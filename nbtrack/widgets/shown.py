"""What displays need of a run, as protocols: ``tracking`` has the classes, and widgets import none of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ..delivery.connection import Connection
from ..entities.run import MetricSummary, ParamValue, Status
from ..kernel.stop import Stopper

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


__all__ = ["ShownHistory", "ShownRecorder", "ShownRun", "ShownSession", "shown_session"]


class ShownHistory(Protocol):
    """A metric of a run: its points and summary."""

    @property
    def summary(self) -> MetricSummary:
        """The summary of the points."""

    @property
    def count(self) -> int:
        """The number of points."""

    @property
    def steps(self) -> NDArray[np.int64]:
        """The steps, int64, of shape (n,)."""

    @property
    def values(self) -> NDArray[np.float64]:
        """The values, float64, of shape (n,)."""


class ShownRecorder(Protocol):
    """What this process has logged into a run, known without asking the store."""

    @property
    def own_tags(self) -> Mapping[str, str]:
        """The tags that this process has set."""

    def known_params(self) -> Mapping[str, ParamValue]:
        """Return the params that this process has set."""


class ShownSession(Protocol):
    """This process's part in a run."""

    @property
    def connection(self) -> Connection:
        """The run's store."""

    @property
    def is_open(self) -> bool:
        """Whether this process started the run and has not ended it."""

    @property
    def recorder(self) -> ShownRecorder:
        """What it has logged."""

    @property
    def stopper(self) -> Stopper:
        """What stops the run."""

    @property
    def when_ended(self) -> list[Callable[[], None]]:
        """Functions that are called when this process ends the run."""

    def artifact_count(self) -> int:
        """Return the number of files that the run has."""

    def at_once(self) -> AbstractContextManager[None]:
        """Return a context in which everything that a display asks is read in one request."""


class ShownRun(Protocol):
    """A run."""

    @property
    def id(self) -> str:
        """The run's id."""

    @property
    def name(self) -> str:
        """The run's name."""

    @property
    def status(self) -> Status:
        """The run's status."""

    @property
    def experiment(self) -> str:
        """The name of the run's experiment."""

    @property
    def start_time(self) -> datetime:
        """When the run started."""

    @property
    def end_time(self) -> datetime | None:
        """When the run ended; None while it is open."""

    @property
    def params(self) -> Mapping[str, ParamValue]:
        """The run's params."""

    @property
    def metrics(self) -> Mapping[str, ShownHistory]:
        """The run's metrics."""

    @property
    def tags(self) -> Mapping[str, str]:
        """The run's tags."""

    @property
    def traceback(self) -> str | None:
        """The traceback of the exception that ended the run."""

    @property
    def _session(self) -> ShownSession:
        """The part of the run that its users do not see; see ``shown_session``."""


def shown_session(run: ShownRun) -> ShownSession:
    """Return this process's part in a run."""
    return run._session
