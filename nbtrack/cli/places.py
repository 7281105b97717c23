"""Which store a command works on."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ..entities import Experiment, RunInfo
from ..errors import ExperimentNotFound, InvalidInput, RunNotFound
from ..settings import resolve
from ..store.base import RunQuery, Store
from ..store.filter import parse
from ..tracker import Tracker

__all__ = ["add_place", "every_experiment", "find_experiment", "find_run", "opened"]

_SHORTEST = 4  # digits by which a run's id can be told


def add_place(parser: argparse.ArgumentParser) -> None:
    """Declare the options that name a store."""
    parser.add_argument("--store", metavar="URI", help="the store; by default NBTRACK_URI, or else the project's own")
    parser.add_argument("--artifacts", metavar="URI", help="where new experiments keep files; by default beside the store")
    parser.add_argument("--json", action="store_true", help="write JSON")


@contextmanager
def opened(arguments: argparse.Namespace) -> Iterator[Tracker]:
    """Give a tracker on the store, and close it."""
    tracker = Tracker(resolve(arguments.store, artifacts=arguments.artifacts))
    try:
        yield tracker
    finally:
        tracker.connection.close(5)


def every_experiment(store: Store) -> tuple[str, ...]:
    """Return the ids of all experiments, deleted ones too."""
    return tuple(experiment.id for experiment in store.experiments("all"))


def find_experiment(store: Store, name: str) -> Experiment:
    """Return the experiment of a name, deleted or not; ExperimentNotFound."""
    found = store.find_experiment(name)
    if found is None:
        known = ", ".join(repr(each.name) for each in store.experiments("all")[:5])
        raise ExperimentNotFound(f"there is no experiment called {name!r}; there are {known}")
    return found


def find_run(store: Store, text: str) -> RunInfo:
    """Return the run of an id, of the beginning of one, or of a name, deleted or not.

    Raises:
        RunNotFound: There is none.
        InvalidInput: There are several.
    """
    try:
        return store.get_run(text)
    except RunNotFound:
        found = _named(store, "run_name =", text)
        if not found and len(text) >= _SHORTEST and text.isalnum():
            found = _named(store, "run_id LIKE", f"{text}%")
        if len(found) > 1:
            raise InvalidInput(f"{text!r} can be {len(found)} runs, {found[0].id} and {found[1].id} among them") from None
        if not found:
            raise
        return found[0]


def _named(store: Store, test: str, text: str) -> Sequence[RunInfo]:
    quoted = "'{}'".format(text.replace("'", "''"))
    return store.search_runs(RunQuery(every_experiment(store), parse(f"attributes.{test} {quoted}"), view="all")).runs
