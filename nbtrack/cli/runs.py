"""``nbtrack runs``: list, show, delete, restore and purge runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ..delivery.liveness import SILENCE_MS
from ..entities.run import RunInfo, ViewType, now_ms
from ..errors import NbtrackError
from ..store.filter import parse, parse_order
from ..store.protocol.search import Query
from ..store.protocol.store import Store
from ..tracking.tracker import Tracker, connection_of
from .output import print_json, print_table, shown_duration, shown_number, shown_time
from .store_options import add_store_options, every_experiment, find_experiment, find_run, opened

__all__ = ["add", "run"]

_METRICS = 4  # columns of metrics in a table


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their options."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listed = _action(actions, "list", "list runs, the newest first", _list)
    listed.add_argument("filter", nargs="?", help="which runs, such as \"metrics.loss < 0.1 and params.opt = 'adam'\"")
    listed.add_argument("-e", "--experiment", action="append", metavar="NAME", help="only of this experiment; may be repeated")
    listed.add_argument("--order-by", action="append", metavar="KEY", help="such as 'metrics.loss ASC'; may be repeated")
    listed.add_argument(
        "-n", "--limit", type=int, default=20, metavar="N", help="the most runs to list, 0 for all (default: %(default)s)"
    )
    listed.add_argument("--deleted", action="store_true", help="list the deleted runs")
    shown = _action(actions, "show", "show everything that a run has", _show)
    shown.add_argument("run_id", metavar="RUN", help="an id, the beginning of one, or a name")
    for name, purpose, work in (
        ("delete", "mark runs as deleted", _delete),
        ("restore", "bring deleted runs back", _restore),
    ):
        action = _action(actions, name, purpose, work)
        action.add_argument("run_ids", metavar="RUN", nargs="+", help="an id, the beginning of one, or a name")
    purged = _action(actions, "gc", "remove deleted runs and their files for good", _purge)
    purged.add_argument("run_ids", metavar="RUN", nargs="*", help="only these of the deleted ones")
    purged.add_argument("--yes", action="store_true", help="remove them; without this they are only listed")


def _action(actions: Any, name: str, purpose: str, work: Callable[..., int]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=purpose, description=purpose.capitalize() + ".")
    add_store_options(parser)
    parser.set_defaults(work=work)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Run an action."""
    with opened(arguments) as tracker:
        return int(arguments.work(tracker, arguments))


def _list(tracker: Tracker, arguments: argparse.Namespace) -> int:
    store = connection_of(tracker).store()
    names = arguments.experiment
    view: ViewType = "deleted" if arguments.deleted else "active"
    ids = tuple(find_experiment(store, name).id for name in names) if names else every_experiment(store)
    condition, order = parse(arguments.filter, now=now_ms()), parse_order(arguments.order_by)
    infos = store.search_runs(Query(ids, condition, order, view, arguments.limit or None)).items
    if arguments.json:
        print_json([_facts(store, info) for info in infos])
    else:
        _print_runs(store, infos)
    return 0


def _print_runs(store: Store, infos: Sequence[RunInfo]) -> None:
    experiments = {each.id: each.name for each in store.experiments("all")}
    values: dict[str, dict[str, float]] = {}
    for run_id, key, last in store.metrics([info.id for info in infos], ["last"]):
        values.setdefault(key, {})[run_id] = last
    shown = sorted(values, key=lambda key: (-len(values[key]), key))[:_METRICS]
    rows = []
    for info in infos:
        numbers = [shown_number(values[key][info.id]) if info.id in values[key] else "" for key in shown]
        times = shown_time(info.start_time), shown_duration(info.start_time, info.end_time)
        rows.append([info.id, info.name, experiments.get(info.experiment_id, ""), info.status, *times, *numbers])
    print_table(["ID", "NAME", "EXPERIMENT", "STATUS", "STARTED", "TOOK", *shown], rows)


def _facts(store: Store, info: RunInfo) -> dict[str, Any]:
    return {
        "id": info.id,
        "name": info.name,
        "experiment": store.get_experiment(info.experiment_id).name,
        "status": str(info.status),
        "stage": str(info.stage),
        "user": info.user,
        "start_time": info.start_time,
        "end_time": info.end_time,
        "artifact_uri": info.artifact_uri,
        "params": {key: value for _, key, value in store.params([info.id])},
        "tags": {key: value for _, key, value in store.tags([info.id])},
        "metrics": {
            key: {"last": last, "min": low, "max": high, "mean": mean, "count": count}
            for _, key, last, low, high, mean, count in store.metrics([info.id], ["last", "min", "max", "mean", "count"])
        },
    }


def _show(tracker: Tracker, arguments: argparse.Namespace) -> int:
    store = connection_of(tracker).store()
    info = find_run(store, arguments.run_id)
    facts = _facts(store, info)
    facts["datasets"] = [{"name": each.name, "digest": each.digest, "context": each.context} for each in store.datasets(info.id)]
    facts["files"] = [{"path": each.path, "size": each.size} for each in store.artifacts(info.id)]
    if arguments.json:
        print_json(facts)
        return 0
    for name in ("id", "name", "experiment", "status", "stage", "user", "artifact_uri"):
        print(f"{name:13} {facts[name]}")
    print(f"{'started':13} {shown_time(info.start_time)}  {shown_duration(info.start_time, info.end_time)}")
    for name in ("params", "tags"):
        _print_section(name, [[key, value] for key, value in facts[name].items()], ["KEY", "VALUE"])
    numbers = [[key, *map(shown_number, each.values())] for key, each in facts["metrics"].items()]
    _print_section("metrics", numbers, ["KEY", "LAST", "MIN", "MAX", "MEAN", "POINTS"])
    _print_section("files", [[each["path"], f"{each['size']:,}"] for each in facts["files"]], ["PATH", "BYTES"])
    return 0


def _print_section(title: str, rows: Sequence[Sequence[object]], titles: Sequence[str]) -> None:
    if rows:
        print(f"\n{title}")
        print_table(titles, rows)


def _delete(tracker: Tracker, arguments: argparse.Namespace) -> int:
    return _each(tracker, arguments, "deleted", lambda store, run_id: store.delete_run(run_id))


def _restore(tracker: Tracker, arguments: argparse.Namespace) -> int:
    return _each(tracker, arguments, "restored", lambda store, run_id: store.restore_run(run_id))


def _each(tracker: Tracker, arguments: argparse.Namespace, done: str, work: Callable[[Store, str], None]) -> int:
    store = connection_of(tracker).store()
    infos = [find_run(store, text) for text in arguments.run_ids]  # all of them before any is changed
    for info in infos:
        work(store, info.id)
    _report(arguments, done, infos)
    return 0


def _purge(tracker: Tracker, arguments: argparse.Namespace) -> int:
    store = connection_of(tracker).store()
    infos: Sequence[RunInfo] = store.search_runs(Query(every_experiment(store), view="deleted")).items
    if arguments.run_ids:
        asked = {find_run(store, text).id for text in arguments.run_ids}
        infos = [info for info in infos if info.id in asked]
    running = _running(tracker, infos)
    for info in running:
        print(f"run {info.id} stays: it is running; stop it first", file=sys.stderr if arguments.json else sys.stdout)
    infos = [info for info in infos if info not in running]
    if not arguments.yes:
        _report(arguments, "would be removed for good; add --yes to do it", infos, _deleted_experiments(store))
        return 0
    failed = [info for info in infos if not _purge_one(tracker, store, info)]
    _report(arguments, "removed", [info for info in infos if info not in failed], _deleted_experiments(store))
    return 1 if failed or running else 0


def _running(tracker: Tracker, infos: Sequence[RunInfo]) -> list[RunInfo]:
    """Return the runs that a process is writing, after closing those of dead processes."""
    with suppress(NbtrackError):  # a run that could not be closed counts as running
        connection_of(tracker).recover()
    found = connection_of(tracker).store().open_runs()
    open_now = {run.run_id for run in found if run.silent is None or run.silent < SILENCE_MS}
    return [info for info in infos if info.id in open_now]


def _deleted_experiments(store: Store) -> dict[str, str]:
    return {each.id: each.name for each in store.experiments("deleted")}


def _purge_one(tracker: Tracker, store: Store, info: RunInfo) -> bool:
    """Remove a run's files, then its rows, so that a failure can be tried again."""
    try:
        connection_of(tracker).artifacts(info.artifact_uri).delete("")
        store.purge_runs([info.id])
    except NbtrackError as error:
        print(f"run {info.id} stays: {error}")
        return False
    return True


def _report(arguments: argparse.Namespace, done: str, infos: Sequence[RunInfo], deleted: Mapping[str, str] | None = None) -> None:
    """Print what was done to which runs; a deleted run names its deleted experiment, which must be restored first."""
    if arguments.json:
        print_json({"done": done, "runs": [info.id for info in infos]})
    else:
        for info in infos:
            experiment = (deleted or {}).get(info.experiment_id)
            why = "" if experiment is None else f"  (its experiment {experiment!r} is deleted)"
            print(f"{info.id}  {info.name}{why}")
        print(f"{len(infos)} runs {done}")
