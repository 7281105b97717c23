"""Searches for experiments in Python, for there are never so many that a database would be faster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from ...entities.run import Experiment
from ..filter import Identifier, Scalar
from ..protocol.search import Page, Query
from .match import arranged, meets

__all__ = ["page_of"]


def page_of(experiments: Iterable[Experiment], query: Query) -> Page[Experiment]:
    """Return a page of those experiments that match; they have the query's view already."""
    found = [each for each in experiments if meets(query.filter, lambda left, each=each: _values(left, each))]  # type: ignore[misc]
    return Page.of(_ordered(found, query), query)


def _ordered(found: list[Experiment], query: Query) -> list[Experiment]:
    if not query.order:
        return sorted(found, key=lambda experiment: (-experiment.created, int(experiment.id)))
    return arranged(sorted(found, key=lambda experiment: -int(experiment.id)), query.order, _values)


def _values(left: Identifier, experiment: Experiment) -> Sequence[Scalar]:
    """Return the value of a name in an experiment; empty if it has none."""
    if left.entity == "attribute":
        return [_ATTRIBUTES[left.key](experiment)]
    return [experiment.tags[left.key]] if left.key in experiment.tags else []


_ATTRIBUTES: Final[dict[str, Callable[[Experiment], Scalar]]] = {
    "name": lambda experiment: experiment.name,
    "experiment_id": lambda experiment: experiment.id,
    "creation_time": lambda experiment: experiment.created,
    "last_update_time": lambda experiment: experiment.updated,
}
