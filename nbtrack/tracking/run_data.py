"""Params, tags and metrics of runs, read for all of them when the first one is used."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from ..delivery.connection import Connection
from ..entities.run import ParamValue
from .metrics import Metrics, read_metrics

__all__ = ["Details"]


class Details:
    """The params, tags and metrics of some runs by run id, each kind read once, when it is first used."""

    def __init__(self, connection: Connection, run_ids: Sequence[str]) -> None:
        self._connection, self._run_ids = connection, run_ids

    @cached_property
    def params(self) -> dict[str, dict[str, ParamValue]]:
        """The params of each run."""
        found: dict[str, dict[str, ParamValue]] = {run_id: {} for run_id in self._run_ids}
        for run_id, key, value in self._connection.read().params(self._run_ids):
            found[run_id][key] = value
        return found

    @cached_property
    def tags(self) -> dict[str, dict[str, str]]:
        """The tags of each run."""
        found: dict[str, dict[str, str]] = {run_id: {} for run_id in self._run_ids}
        for run_id, key, value in self._connection.read().tags(self._run_ids):
            found[run_id][key] = value
        return found

    @cached_property
    def metrics(self) -> dict[str, Metrics]:
        """The metrics of each run."""
        return read_metrics(self._connection.read(), self._run_ids)
