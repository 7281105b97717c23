"""``nbtrack experiments``: list, delete and restore experiments."""

from __future__ import annotations

import argparse

from ..entities.run import Experiment
from ..store.protocol.search import Query
from ..store.protocol.store import Store
from ..tracking.tracker import connection_of
from .output import print_json, print_table, shown_time
from .store_options import add_store_options, find_experiment, opened

__all__ = ["add", "run"]


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_store_options(parser)
    parser.add_argument("--all", action="store_true", help="include deleted ones")
    parser.add_argument(
        "--delete", metavar="NAME", action="append", default=[], help="mark an experiment and its runs as deleted"
    )
    parser.add_argument("--restore", metavar="NAME", action="append", default=[], help="bring it and its runs back")


def run(arguments: argparse.Namespace) -> int:
    """Delete and restore experiments, and list them."""
    with opened(arguments) as tracker:
        store = connection_of(tracker).store()
        for name in arguments.delete:
            store.delete_experiment(find_experiment(store, name).id)
        for name in arguments.restore:
            store.restore_experiment(find_experiment(store, name).id)
        facts = [_facts(store, each) for each in store.experiments("all" if arguments.all else "active")]
    if arguments.json:
        print_json(facts)
    else:
        titles = ["ID", "NAME", "RUNS", "STAGE", "CREATED", "ARTIFACTS"]
        print_table(titles, [[*list(fact.values())[:4], shown_time(fact["created"]), fact["artifacts"]] for fact in facts])  # type: ignore[arg-type]
    return 0


def _facts(store: Store, experiment: Experiment) -> dict[str, object]:
    return {
        "id": experiment.id,
        "name": experiment.name,
        "runs": len(store.search_runs(Query((experiment.id,))).items),
        "stage": str(experiment.stage),
        "created": experiment.created,
        "artifacts": experiment.artifact_location,
        "tags": dict(experiment.tags),
    }
