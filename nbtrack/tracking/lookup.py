"""Runs by what people type: an id, the beginning of one, or a name, which several runs may have."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

from ..entities.run import LifecycleStage, RunInfo, ViewType, is_run_id, moment
from ..errors import InvalidInput, RunNotFound
from ..store.protocol.search import Query
from ..store.protocol.store import Store
from ..store.text import storable
from ..validation import shown

__all__ = ["called", "candidates", "newest_of_each", "only_one", "resumable"]

_SHORTEST = 4  # characters of an id that may stand for it
_MOST_LISTED = 5


def called(store: Store, text: str, experiment_ids: Sequence[str] | None, view: ViewType = "active") -> list[RunInfo]:
    """Return the run with this id, else the runs with this name, else those whose id begins so; the newest first.

    Args:
        store: Where they are.
        text: What somebody typed.
        experiment_ids: The experiments in which names and beginnings are looked up; an id is found in any.
        view: Whether deleted runs are found too.

    Raises:
        RunNotFound: There is none.
    """
    text = storable(text)
    if is_run_id(text):
        with suppress(RunNotFound):
            return [store.get_run(text)]
    found = _search(store, "run_name", "=", text, experiment_ids, view)
    if not found and len(text) >= _SHORTEST and text.isalnum():
        found = _search(store, "run_id", "LIKE", f"{text}%", experiment_ids, view)
    if not found:
        raise RunNotFound(f"there is no run with the id or name {shown(text)}")
    return found


def only_one(text: str, found: Sequence[RunInfo]) -> RunInfo:
    """Return the one run that was found; InvalidInput where there are several, which the message lists."""
    if len(found) > 1:
        raise InvalidInput(f"{shown(text)} can be {len(found)} runs: {candidates(found)}; say which by its id")
    return found[0]


def newest_of_each(found: Sequence[tuple[str, Sequence[RunInfo]]]) -> tuple[list[str], list[str]]:
    """Return the id of the newest run of each name, and a line about each name that several runs have.

    Args:
        found: Names as they were typed, and the runs that each may stand for, the newest first.

    Raises:
        InvalidInput: Two names stand for one run.
    """
    first: dict[str, str] = {}
    for name, runs in found:
        if runs[0].id in first:
            raise InvalidInput(_one_run(first[runs[0].id], name, runs))
        first[runs[0].id] = name
    several = [(name, runs) for name, runs in found if len(runs) > 1]
    return list(first), [f"{name}: the newest of {len(runs)} runs that it can be: {candidates(runs)}" for name, runs in several]


def candidates(runs: Sequence[RunInfo]) -> str:
    """Return runs on one line that distinguishes them: the beginnings of their ids, and when they started."""
    listed = [
        f"{run.id[: _digits(runs)]} of {moment(run.start_time).astimezone():%Y-%m-%d %H:%M:%S}{_state(run)}" for run in runs
    ]
    more = len(listed) - _MOST_LISTED
    return ", ".join(listed[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def resumable(store: Store, run_id: str) -> RunInfo:
    """Return a run that is to be resumed, by its whole id.

    Raises:
        RunNotFound: There is none; where it is the name of runs, the message lists their ids.
    """
    try:
        return store.get_run(run_id)
    except RunNotFound as error:
        named = called(store, run_id, None)
        raise RunNotFound(f"{error}; a run goes on by its whole id, and this can be {candidates(named)}") from None


def _one_run(before: str, name: str, runs: Sequence[RunInfo]) -> str:
    both = f"{before} and {name} are" if before != name else f"{name}, named twice, is"
    others = f"; {name} can be {candidates(runs)}" if len(runs) > 1 else ""
    return f"{both} one run, {runs[0].id[:8]}{others}; name other runs by their ids"


def _digits(runs: Sequence[RunInfo]) -> int:
    """Return how many characters of their ids distinguish runs, eight or more."""
    ids = {run.id for run in runs}
    return next((n for n in range(8, 256) if len({run_id[:n] for run_id in ids}) == len(ids)), 256)


def _state(run: RunInfo) -> str:
    return " (deleted)" if run.stage is LifecycleStage.DELETED else ""


def _search(
    store: Store, attribute: str, test: Literal["=", "LIKE"], text: str, experiment_ids: Sequence[str] | None, view: ViewType
) -> list[RunInfo]:
    from ..store.filter import Comparison, Identifier

    condition = Comparison(Identifier("attribute", attribute), test, text)
    query = Query(None if experiment_ids is None else tuple(experiment_ids), condition, view=view)
    return list(store.search_runs(query).items)
