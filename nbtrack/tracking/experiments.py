"""Experiments by what people give: a name, an id, a list of them, or ``"*"`` for all."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from ..entities.run import Experiment, ViewType
from ..errors import ExperimentNotFound, InvalidInput
from ..store.protocol.store import Store
from ..store.text import storable
from ..validation import shown, text, texts

__all__ = ["check_view", "experiment_ids", "experiment_name"]

_LONGEST_NAME = 500  # as in MLflow
_VIEWS: tuple[ViewType, ...] = ("active", "deleted", "all")


def experiment_name(name: object) -> str:
    """Return the name of an experiment as it is stored; InvalidInput where no experiment can have it."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidInput(f"an experiment needs a name, not {shown(name)}")
    return storable(text(name, "the name of an experiment", most=_LONGEST_NAME))


def experiment_ids(store: Store, given: str | Sequence[str] | None, current: str) -> tuple[str, ...]:
    """Return the ids of experiments.

    Args:
        store: Where they are.
        given: Names or ids; ``"*"``: all, deleted ones too; None: the current one, which need not exist yet.
        current: The name of the current experiment.

    Raises:
        ExperimentNotFound: There is none of this name or id; the message names similar ones.
    """
    if isinstance(given, str) and given == "*":
        return tuple(found.id for found in store.experiments("all"))
    if given is None:
        found = store.find_experiment(current)
        return () if found is None else (found.id,)
    return tuple(_experiment(store, name).id for name in texts(given, "an experiment"))


def check_view(view: object) -> None:
    """Check that a view is ``"active"``, ``"deleted"`` or ``"all"``; InvalidInput."""
    if view not in _VIEWS:
        raise InvalidInput(f"{shown(view)} is no view; choose active, deleted or all")


def _experiment(store: Store, name: str) -> Experiment:
    found = store.find_experiment(name)
    if found is not None:
        return found
    try:
        return store.get_experiment(name)
    except ExperimentNotFound:
        names = [experiment.name for experiment in store.experiments("all")]
        close = difflib.get_close_matches(name, names, 1) or names[:5]
        raise ExperimentNotFound(f"there is no experiment {shown(name)}; there is {', '.join(map(repr, close))}") from None
