"""A PostgreSQL store at size: ``python benchmarks/postgres.py [RUNS]``, on a server that is started for it.

First a page of a table of 100,000 runs, filtered and ordered; then the curves of a run of 20 metrics with a million points each.
Figures and how to read them are in README.md beside this file.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from nbtrack.entities.events import Batch, LaneRows, RunEnded, RunStarted, Series
from nbtrack.entities.run import Status
from nbtrack.store.filter import parse, parse_order
from nbtrack.store.open import open_store
from nbtrack.store.protocol.search import Query
from nbtrack.store.protocol.store import Store
from nbtrack.widgets.data import curves
from tests.databases import PostgresServer, postgres_server

now = time.perf_counter
START = 1_700_000_000_000
POINTS, METRICS, DRAWN = 1_000_000, 20, 2_000

# A filter, and an order.
PAGES = {
    "newest 100": (None, None),
    "one of 2,000, by a metric": ("metrics.m0 < 0.1 and params.p0 = '1' and metrics.m3 < 0.05", "metrics.m1 ASC"),
    "one of 70, by a metric": ("metrics.m0 < 0.1 and params.p0 = '1'", "metrics.m1 ASC"),
    "nearly all, by a metric": ("metrics.m0 > 0.01", "metrics.m1 DESC"),
    "nearly all, by a param": ("status = 'FINISHED'", "params.p1 ASC"),
    "a number of a param": ("params.lr > 0.5 and params.lr < 0.51", "metrics.m2 ASC"),
    "a text of a tag": ("tags.mlflow.runName LIKE 'run 123%'", "start_time ASC"),
}


# The rows that runs come to, made in the server, for by way of the store they would take long; no page reads points.
RUNS = """
INSERT INTO experiments (name, artifact_location, stage, created, updated)
SELECT 'e' || i, 'artifacts/' || i, 'active', {start}, {start} FROM generate_series(1, 4) i;

INSERT INTO runs (id, experiment_id, name, status, start_time, end_time, artifact_uri, "user", stage, owner, heartbeat)
SELECT md5(i::text), 1 + i % 4, 'run ' || i, CASE i % 20 WHEN 0 THEN 'FAILED' ELSE 'FINISHED' END, {start} + i * 1000,
       {start} + i * 1000 + 500, 'artifacts/' || (1 + i % 4) || '/' || md5(i::text), 'user' || i % 9, 'active', '', {start}
FROM generate_series(1, {count}) i;

INSERT INTO tags (run_key, key, value) SELECT key, 'mlflow.runName', name FROM runs;

INSERT INTO params (run_key, key, text, number, json)
SELECT key, 'p' || j, ((key + j) % 7)::text, (key + j) % 7, NULL FROM runs, generate_series(0, 8) j;
INSERT INTO params (run_key, key, text, number, json)
SELECT key, 'lr', lr::text, lr, lr::text FROM (SELECT key, round(random()::numeric, 4)::float8 lr FROM runs) made;

INSERT INTO metrics (run_key, key, first, first_step, first_timestamp, last, last_step, last_timestamp,
                     min, min_step, max, max_step, total, count, nan_count)
SELECT key, 'm' || j, v, 0, {start}, v, 99, {start}, v, 0, v, 0, v * 100, 100, 0
FROM (SELECT key, j, random() v FROM runs, generate_series(0, 9) j) made;
"""


def fill(server: PostgresServer, schema: str, count: int) -> None:
    server.execute(f"SET search_path = {schema}; {RUNS.format(start=START, count=count)}")
    server.execute("VACUUM ANALYZE")


def fill_long_run(store: Store) -> None:
    store.apply([Batch("long", "w", 0, (RunStarted("e0", "long", START),))])
    keys = tuple(f"loss{j}" for j in range(METRICS))
    random = np.random.default_rng(0)
    for first in range(0, POINTS, 50_000):
        steps = np.arange(first, first + 50_000)
        noise = random.normal(size=(METRICS, 50_000))
        values = tuple(1 / (1 + steps / 1e5) + 0.01 * row for row in noise)
        lane = LaneRows(0, first, 50_000, (Series(keys, steps, START + steps * 3 + random.integers(0, 3, 50_000), values),))
        store.apply([Batch("long", "w", 1, (), (lane,))])
    store.apply([Batch("long", "w", 1, (RunEnded(Status.FINISHED, START + 3 * POINTS),))])


def measured(ask: Callable[[], object]) -> str:
    seconds = []
    for _ in range(7):
        start = now()
        ask()
        seconds.append((now() - start) * 1e3)
    return f"{statistics.median(seconds[1:]):7.1f} ms   (first {seconds[0]:.1f})"


def page(store: Store, condition: str | None, order: str | None) -> None:
    everywhere = tuple(str(number) for number in range(5))
    query = Query(everywhere, parse(condition), parse_order(order), limit=100)
    print(f"    {measured(lambda: store.search_runs(query))}   found {len(store.search_runs(query).items)}")


def rows_of_a_page(store: Store) -> None:
    ids = [run.id for run in store.search_runs(Query(limit=100)).items]
    print("what the rows of such a page show: params, tags and metrics of 100 runs")
    print("   ", measured(lambda: (store.params(ids), store.tags(ids), store.metrics(ids, ["last", "min", "max"]))))


def curves_of_a_run(store: Store) -> None:
    keys = [key for _, key in store.metrics(["long"], [])]
    end = float(POINTS)
    print(f"{len(keys)} curves of {POINTS:,} points, {DRAWN:,} drawn of each")
    print("   ", measured(lambda: curves.stretches(store, "long", keys, curves.Window("step", -1.0, end, DRAWN), START)))
    print("a hundredth of them")
    print(
        "   ", measured(lambda: curves.stretches(store, "long", keys, curves.Window("step", end * 0.5, end * 0.51, DRAWN), START))
    )


def main(count: int) -> None:
    # With what a machine of this size has, and everything kept as a server in use keeps it.
    with postgres_server("-c shared_buffers=1GB") as server:
        url = server.new_url()
        store = open_store(url, artifact_root="artifacts")
        fill(server, url.rpartition("%3D")[2], count)
        print(f"{count:,} runs of 10 params and 10 metrics")
        for name, (condition, order) in PAGES.items():
            print(f"a page of 100 runs: {name}")
            page(store, condition, order)
        rows_of_a_page(store)
        fill_long_run(store)
        curves_of_a_run(store)
        store.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
