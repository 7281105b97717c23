"""The options that name a store, and what commands look up in it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from ..entities.run import Experiment, RunInfo
from ..errors import ExperimentNotFound
from ..settings import resolve
from ..store.protocol.store import Store
from ..tracking.lookup import called, only_one
from ..tracking.tracker import Tracker, connection_of

__all__ = ["add_store_options", "every_experiment", "find_experiment", "find_run", "opened"]


def add_store_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options that name a store."""
    parser.add_argument("--store", metavar="URI", help="the store; by default NBTRACK_URI, or else the project's own")
    parser.add_argument("--artifacts", metavar="URI", help="where new experiments keep files; by default beside the store")
    parser.add_argument("--json", action="store_true", help="write JSON")


@contextmanager
def opened(arguments: argparse.Namespace) -> Iterator[Tracker]:
    """Yield a tracker on the store, and close it afterwards."""
    tracker = Tracker(resolve(arguments.store, artifacts=arguments.artifacts))
    try:
        yield tracker
    finally:
        connection_of(tracker).close(5)


def every_experiment(store: Store) -> tuple[str, ...]:
    """Return the ids of all experiments, including deleted ones."""
    return tuple(experiment.id for experiment in store.experiments("all"))


def find_experiment(store: Store, name: str) -> Experiment:
    """Return the experiment of a name, deleted or not.

    Raises:
        ExperimentNotFound: There is none; the message names some that exist.
    """
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
    return only_one(text, called(store, text, every_experiment(store), "all"))
