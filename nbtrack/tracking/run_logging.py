"""Logging metrics, params and tags into a run; ``log`` is the fast path on which the promise of a microsecond rests."""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping
from typing import Any

from ..errors import WrongType
from ..validation import text, typed
from .logged_values import stamp_in
from .session import HasSession

__all__ = ["RunLogging"]

_time_ns = time.time_ns
# What the writer of the last row raises for a row that it does not take: other names, a full segment, a bad value.
_NOT_WRITTEN = (KeyError, StopIteration, struct.error, TypeError, ValueError, OverflowError, RuntimeError)


class RunLogging(HasSession):
    """The part of ``Run`` that logs rows, params and tags."""

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
        session = self._session
        if step is None:
            step = next(session.steps)
        stamp = _time_ns() if timestamp is None else stamp_in(timestamp)
        try:
            session.writer.write(metrics, step, stamp)
        except _NOT_WRITTEN:
            session.log_row(metrics, step, stamp)

    def log_metric(self, key: str, value: float, step: int = 0, timestamp: int | None = None) -> None:
        """Log one value of one metric; ``step`` defaults to 0, as in MLflow."""
        self.log(_named(key, value, "metric"), step=step, timestamp=timestamp)

    def log_metrics(self, metrics: Mapping[str, float], step: int = 0, timestamp: int | None = None) -> None:
        """Log several metrics; ``step`` defaults to 0, as in MLflow."""
        self.log(metrics, step=step, timestamp=timestamp)

    def log_param(self, key: str, value: Any) -> Any:
        """Log a param, which keeps its type, and return its value.

        Raises:
            ParamConflict: It already has another value.
            NoActiveRun: The run has ended.
        """
        self._session.check_open()
        return self._session.recorder.log_params(_named(key, value, "param"))[key]

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Log params, all of them or none.

        Raises:
            ParamConflict: One already has another value.
            NoActiveRun: The run has ended.
        """
        self._session.check_open()
        self._session.recorder.log_params(params)

    def set_tag(self, key: str, value: Any) -> None:
        """Set a tag, or overwrite it; its value becomes a string."""
        self._session.set_tags(_named(key, value, "tag"))

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Set tags, or overwrite them; their values become strings."""
        self._session.set_tags(tags)

    def delete_tag(self, key: str) -> None:
        """Delete a tag; one that is not there is ignored."""
        self._session.delete_tag(key)


def _named(key: str, value: Any, what: str) -> dict[str, Any]:
    """Return one value by its name; WrongType where the name is no string."""
    return {text(key, f"the name of a {what}"): value}


def _merged(metrics: Any, more: dict[str, Any]) -> dict[str, Any]:
    """Return what ``log`` was given as one dict."""
    if metrics is None:
        return more
    if not isinstance(metrics, Mapping):
        raise WrongType(f"log takes names and values, as log(loss=0.5) or log({{'loss': 0.5}}), not {typed(metrics)}")
    return {**metrics, **more}
