"""Searching runs: MLflow's filters and ours, with the same result from memory and every database."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from nbtrack.entities.events import Batch, DatasetLogged, LaneRows, ParamsLogged, RunEnded, RunStarted, Series, TagsSet
from nbtrack.entities.run import Dataset, Status
from nbtrack.store.filter import parse, parse_order
from nbtrack.store.memory import MemoryStore
from nbtrack.store.protocol.search import Query
from nbtrack.store.sql.dialects import dialect_of
from nbtrack.store.sql.store import SqlStore

NOW = 10_000_000
NAN, INF = math.nan, math.inf


def run(id, *, experiment="e", start=0, end=None, status=Status.FINISHED, user="", params=(), tags=(), metrics=(), datasets=()):
    """A run's batch; ``metrics`` maps a key to the values of the steps from 0 on."""
    events = [RunStarted(experiment, id, start, user), ParamsLogged(dict(params)), TagsSet(dict(tags))]
    events += [DatasetLogged(Dataset(name, digest, context=context)) for name, digest, context in datasets]
    if end is not None:
        events.append(RunEnded(status, end))
    series = tuple(
        Series((key,), np.arange(len(values)), np.arange(len(values)), (np.array(values, float),))
        for key, values in dict(metrics).items()
        if values
    )
    return Batch(id, "w", 0, tuple(events), (LaneRows(0, 0, 1, series),))


SERVERS = [pytest.param(name, marks=pytest.mark.slow) for name in ("postgres", "maria")]


@pytest.fixture(scope="module", params=["sqlite", *SERVERS])
def stores(request):
    """The store in memory and a database with the same runs, which must return the same."""
    if request.param == "sqlite":
        url = f"sqlite:///{request.getfixturevalue('tmp_path_factory').mktemp('search')}/runs.db"
    else:
        url = request.getfixturevalue(f"{request.param}_url")
    stores = [MemoryStore(), SqlStore(dialect_of(sa.make_url(url)), "memory:")]
    for store in stores:
        store.apply(RUNS)
    yield stores
    stores[1].close()


# What a filter means, on a handful of runs.

RUNS = [
    run(
        "a",
        start=NOW - 3_600_000,
        end=NOW - 3_000_000,
        user="ada",
        params={"lr": 0.1, "opt": "adam", "layers": [1, 2], "flag": True, "none": None},
        tags={"team": "Red", "path": "c:\\data", "rate": "100%"},
        metrics={"loss": [3.0, 1.0, 2.0], "val/loss": [0.5], "acc.max": [NAN]},
        datasets=[("iris", "d1", "train"), ("digits", "d2", "test")],
    ),
    run(
        "b",
        start=NOW - 60_000,
        end=NOW,
        status=Status.FAILED,
        user="bob",
        params={"lr": "0.01", "opt": "ADAM"},
        tags={"team": "red", "rate": "100"},
        metrics={"loss": [5.0, NAN], "loss.min": [7.0]},
        datasets=[("iris", "d1", "test")],
    ),
    run("c", start=NOW - 60_000, params={"lr": 1, "opt": "it's"}, tags={"team": ""}, metrics={"loss": [-INF, INF]}),
    run("d", start=NOW - 5_000, end=NOW, status=Status.KILLED, params={"lr": "1e-1"}, metrics={"loss": [NAN]}),
    run("e", start=NOW, params={"lr": "fast", "opt": "ádám"}, tags={"team": "ROT"}),
]


def found(store, filter=None, order=None):
    experiment = store.find_experiment("e").id
    page = store.search_runs(Query((experiment,), parse(filter, now=NOW), parse_order(order)))
    return "".join(info.id for info in page.items)


def matching(store, filter):
    return "".join(sorted(found(store, filter)))


@pytest.mark.parametrize(
    "filter, ids",
    [
        # MLflow's strings
        ("params.opt = 'adam'", "a"),
        ("params.opt != 'adam'", "bce"),  # not d, which has none
        ("params.opt LIKE '%dam'", "a"),
        ("params.opt LIKE '_dam'", "a"),
        ("params.opt ILIKE 'ADAM'", "ab"),  # not ádám
        ("params.opt LIKE '_d_m'", "ae"),
        ('params.opt = "it\'s"', "c"),
        ("params.`lr` = '0.1'", "a"),
        ("params.layers = '[1, 2]'", "a"),
        ("params.flag = 'True' and params.none = 'None'", "a"),
        ("params.opt IS NULL", "d"),
        ("params.opt IS NOT NULL", "abce"),
        ("tags.team = ''", "c"),
        ("tags.path LIKE 'c:\\%'", "a"),
        ("tags.rate LIKE '100%'", "ab"),
        ("tags.team IS NULL", "d"),
        ("tags.mlflow.runName = 'b'", "b"),
        ("run_name = 'b'", "b"),
        ("attributes.`Run name` LIKE '%'", "abcde"),
        ("metrics.loss > 1", "ac"),
        ("metrics.loss = 2", "a"),
        ("metrics.loss != 2", "bcd"),
        ("metrics.`val/loss` <= 0.5", "a"),
        ("status = 'FINISHED'", "a"),
        ("status != 'RUNNING'", "abd"),
        ("user_id = 'ada'", "a"),
        ("run_id IN ('a', 'c', 'x')", "ac"),
        ("run_id NOT IN ('a', 'c', 'x')", "bde"),
        (f"start_time = {NOW}", "e"),
        (f"created < {NOW - 60_000}", "a"),
        ("end_time != 1", "abd"),
        ("artifact_uri LIKE '%/b/artifacts'", "b"),
        ("dataset.name = 'iris'", "ab"),
        ("dataset.name != 'iris'", "a"),
        ("dataset.name = 'iris' AND dataset.context = 'test'", "ab"),  # of any dataset each
        ("datasets.digest IN ('d2')", "a"),
        ("params.lr = '0.1' and metrics.loss > 1 AND tags.team = 'Red'", "a"),
        # ours
        ("params.opt = 'adam' OR params.opt = 'ADAM'", "ab"),
        ("NOT params.opt = 'adam'", "bcde"),
        ("NOT (params.opt = 'adam' OR metrics.loss != 2)", "e"),
        ("params.lr < 0.05", "b"),
        ("params.lr = 0.1", "ad"),
        ("params.lr != 0.1", "bc"),  # fast is no number
        ("params.lr BETWEEN 0.1 AND 1", "acd"),
        ("params.lr NOT BETWEEN 0.1 AND 1", "b"),
        ("params.lr IN (1, 0.01)", "bc"),
        ("params.flag = 1", ""),
        ("params.opt IN ('adam', 'ADAM')", "ab"),
        ("params.opt NOT IN ('adam', 'ADAM')", "ce"),
        ("params.opt NOT LIKE 'adam'", "bce"),
        ("metrics.loss = inf", "c"),
        ("metrics.loss.min = -inf", "c"),
        ("metrics.loss.min = 1", "a"),
        ("metrics.loss.min = 7", "b"),  # where there is a metric of that name
        ("metrics.loss.min = 5", ""),
        ("metrics.`loss`.min = 5", "b"),
        ("metrics.`loss.min` < 100", "b"),
        ("metrics.loss.min IS NULL", "e"),
        ("metrics.loss.min != 1", "bcd"),
        ("metrics.loss.first >= 3", "ab"),
        ("metrics.loss.max = 3", "a"),
        ("metrics.loss.mean = 2", "a"),
        ("metrics.loss.mean != 2", "bcd"),
        ("metrics.loss.count > 2", "a"),
        ("metrics.loss.nan_count > 0", "bd"),
        ("NOT metrics.loss < 3", "bcde"),
        ("metrics.loss NOT IN (2)", "bcd"),
        ("metrics.loss NOT BETWEEN 0 AND 3", "bcd"),
        ("metrics.loss IS NULL", "e"),
        ("duration = 5", "d"),
        ("duration >= '1m'", "ab"),
        ("duration BETWEEN '5s' AND '1 min'", "bd"),
        ("duration IS NULL", "ce"),
        ("NOT duration >= '1m'", "cde"),
        ("start_time >= '1 min ago'", "bcde"),
        ("end_time IS NULL", "ce"),
        ("status IN ('failed', 'killed')", "bd"),
        ("status LIKE 'fi%'", "a"),
        ("dataset.name IS NULL", "cde"),
        ("dataset.name NOT IN ('iris')", "a"),
        ("NOT dataset.name = 'iris'", "cde"),
        ("experiment_id != 0", "abcde"),
    ],
)
def test_what_a_filter_means(stores, filter, ids):
    assert [matching(store, filter) for store in stores] == [ids, ids]


@pytest.mark.parametrize(
    "order, ids",
    [
        (None, "edbca"),
        ("start_time", "abcde"),
        ("run_id DESC", "edcba"),
        ("metrics.loss", "acdbe"),  # numbers, NaN, missing; ties by start time, newest first
        ("metrics.loss DESC", "cadbe"),
        ("metrics.loss.min", "cabde"),
        ("metrics.loss.min DESC", "bacde"),
        ("metrics.`loss`.min DESC", "bacde"),
        ("metrics.loss.count DESC", "abcde"),
        ("metrics.acc.max", "aedbc"),
        ("params.lr", "bacde"),  # as text: 0.01 0.1 1 1e-1 fast
        ("params.lr DESC", "edcab"),
        ("params.opt", "baced"),
        ("tags.team", "ceabd"),
        ("duration", "dbaec"),
        ("duration DESC", "abdec"),
        ("end_time DESC, status", "bdaec"),
        ("status, metrics.loss DESC", "badce"),
        (["user_id DESC", "run_name"], "bacde"),
        ("experiment_id, run_id", "abcde"),
    ],
)
def test_what_an_order_means(stores, order, ids):
    assert [found(store, order=order) for store in stores] == [ids, ids]


# The same answer everywhere, on any runs and any query.

WORDS = ["", "a", "A", "ab", "aB", "a_b", "a%b", "a\nb", "it's", "\\", "*", "[a]", "a?", "é", "É", "ß", "\uffff", "𝒳"]
FIGURES = ["1", "1.0", "01", "-0", "10", "9", "1e0", "1e999", "nan", "True", " 1"]
TEXTS = st.sampled_from(["a", "A", "1"]) | st.sampled_from(WORDS) | st.sampled_from(FIGURES)
PATTERNS = st.lists(st.sampled_from(["%", "_", "a", "A", "B", "*", "?", "[", "]", "\\", "é", "1", "𝒳"]), max_size=4).map("".join)
NUMBERS = st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 10.0, 1e300, 5e-324, INF, -INF])
TIMES = st.integers(0, 3).map(lambda n: n * 500)
METRIC_KEYS = ["m", "m.min", "val é"]
STATS = ["", ".min", ".max", ".mean", ".first", ".count", ".nan_count"]
METRICS = [f"metrics.`{key}`{stat}" for key in METRIC_KEYS for stat in STATS]
METRICS += 3 * ["metrics.m", "metrics.m.min", "metrics.m.min.max", "metrics.m.last"]
PARAMS = 5 * ["params.p", "params.q"]
LABELS = ["tags.t", "tags.mlflow.runName", "run_name", "run_id", "user_id", "artifact_uri", "experiment_id"]
DATASETS = ["dataset.name", "dataset.digest", "dataset.context"]
MOMENTS = ["start_time", "end_time", "duration"]
NAMES = METRICS + PARAMS + LABELS + MOMENTS


def quoted(text):
    return "'{}'".format(text.replace("'", "''"))


def compared(name, operators, values):
    return st.builds("{} {} {}".format, name, st.sampled_from(operators), values)


def listed(name, values):
    choices = st.lists(values, min_size=1, max_size=3).map(", ".join)
    return st.builds("{} {} ({})".format, name, st.sampled_from(["IN", "NOT IN"]), choices)


def between(name, values):
    return st.builds("{} {} {} AND {}".format, name, st.sampled_from(["BETWEEN", "NOT BETWEEN"]), values, values)


def by_number(names, values):
    name = st.sampled_from(names)
    return compared(name, ["=", "!=", "<", "<=", ">", ">="], values) | listed(name, values) | between(name, values)


def by_text(names, values=TEXTS):
    name = st.sampled_from(names)
    patterns = compared(name, ["LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE"], PATTERNS.map(quoted))
    return compared(name, ["=", "!="], values.map(quoted)) | listed(name, values.map(quoted)) | patterns


COMPARISONS = st.one_of(
    by_number(METRICS + PARAMS, NUMBERS.map(repr)),
    by_number(["start_time", "end_time"], TIMES.map(str)),
    by_number(["duration"], TIMES.map(lambda ms: repr(ms / 1000))),
    by_text(PARAMS + LABELS + DATASETS),
    by_text(["status"], st.sampled_from(["running", "FINISHED", "failed"])),
    st.builds("{} IS {}NULL".format, st.sampled_from(NAMES + DATASETS), st.sampled_from(["", "NOT "])),
)


def joined(parts):
    return st.tuples(st.sampled_from([" AND ", " OR "]), parts, parts).map(lambda some: f"({some[1]}{some[0]}{some[2]})")


FILTERS = st.recursive(COMPARISONS, lambda parts: parts.map("NOT ({})".format) | joined(parts), max_leaves=6)
ORDERS = st.lists(
    st.tuples(st.sampled_from([*NAMES, "status"]), st.sampled_from(["", " DESC"])),
    max_size=3,
    unique_by=lambda order: parse_order(order[0]),
).map(lambda orders: [name + direction for name, direction in orders])


@st.composite
def some_runs(draw):
    """Arguments of ``run`` for a few runs; sums of the values are exact in any order."""
    values = st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 2.0, INF, -INF, NAN])
    params = TEXTS | st.integers(-2, 10) | NUMBERS | st.sampled_from([True, False, None, [1], {"a": 1}, NAN, 10**400, 2**60 + 1])
    end = st.tuples(TIMES, st.sampled_from([Status.FINISHED, Status.FAILED])) | st.none()
    runs = []
    for _ in range(draw(st.integers(2, 6))):
        ended = draw(end)
        start = draw(TIMES)
        runs.append(
            {
                "experiment": draw(st.sampled_from("xy")),
                "start": start,
                "end": ended and start + ended[0],
                "status": ended and ended[1],
                "user": draw(TEXTS),
                "params": draw(st.dictionaries(st.sampled_from("pq"), params, min_size=1)),
                "tags": draw(st.dictionaries(st.sampled_from(["t", "mlflow.runName"]), TEXTS)),
                "metrics": draw(st.dictionaries(st.sampled_from(METRIC_KEYS), st.lists(values, max_size=3), min_size=1)),
                "datasets": draw(st.lists(st.tuples(TEXTS, st.sampled_from("12"), TEXTS), max_size=2)),
            }
        )
    return runs


@dataclass(frozen=True)
class Asked:
    filter: str | None
    order: list[str]
    experiments: str | None
    view: str = "active"
    limit: int | None = None
    offset: int = 0


QUERIES = st.builds(
    Asked,
    FILTERS,
    ORDERS,
    st.sampled_from(["xy", "xy", "xy", "x", "y", "yz", "", None]),
    st.sampled_from(["active", "active", "all", "deleted"]),
    st.sampled_from([None, None, None, 0, 1, 2, 4]),
    st.sampled_from([0, 0, 0, 1, 3]),
)


class Pair:
    """Two stores, filled with new experiments for each example."""

    def __init__(self, stores):
        self.stores = stores
        self.rounds = itertools.count()

    def fill(self, runs, deleted):
        self.round = next(self.rounds)
        batches = [
            run(f"{self.round}-{n}", **{**facts, "experiment": self.name(facts["experiment"])}) for n, facts in enumerate(runs)
        ]
        for store in self.stores:
            store.apply(batches)
            for n in deleted & set(range(len(runs))):
                store.delete_run(f"{self.round}-{n}")

    def name(self, letter):
        return f"{self.round}-{letter}"

    def answers(self, query):
        return [self.answer(store, query) for store in self.stores]

    def answer(self, store, query):
        ids = None
        if query.experiments is not None:
            named = [store.find_experiment(self.name(letter)) for letter in query.experiments]
            ids = tuple(experiment.id if experiment else "none" for experiment in named)
        found = parse(query.filter, now=NOW)
        return store.search_runs(Query(ids, found, parse_order(query.order), query.view, query.limit, query.offset))

    def clear(self):
        """Delete everything that a search of all active experiments would find."""
        for store in self.stores:
            for letter in "xy":
                if experiment := store.find_experiment(self.name(letter)):
                    store.delete_experiment(experiment.id)


@pytest.fixture(scope="module")
def pair(stores):
    return Pair(stores)


@given(runs=some_runs(), deleted=st.sets(st.integers(0, 5), max_size=2), queries=st.lists(QUERIES, min_size=1, max_size=4))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_memory_and_database_find_the_same_runs_in_the_same_order(pair, runs, deleted, queries):
    pair.fill(runs, deleted)
    for query in queries:
        expected, answer = pair.answers(query)
        event("some found" if expected.items else "none found")
        assert answer == expected, query
    pair.clear()


@pytest.mark.parametrize(
    "filter",
    [
        "(NOT " * 12 + "metrics.m.min != 1" + ")" * 12,
        "(metrics.m.min != 1 OR (params.p NOT BETWEEN 1 AND 2 AND " * 12 + "dataset.name LIKE '%'" + "))" * 12,
        " OR ".join(["metrics.m.min != 1"] * 400),
        "NOT (" + " AND ".join(["end_time != 1"] * 400) + ")",
        "run_id NOT IN ({})".format(", ".join(f"'{n}'" for n in range(10_000))),
        f"params.p LIKE '{'*' * 5_000}'",
    ],
    ids=["not", "alternating", "or", "and", "in", "like"],
)
def test_the_largest_filters_are_answered_by_every_store(pair, filter):
    expected, answer = pair.answers(Asked(filter, [], None))
    assert answer == expected


def test_sixteen_orders_are_answered_by_every_store(pair):
    expected, answer = pair.answers(Asked(None, [f"metrics.m{n}.min" for n in range(16)], None))
    assert answer == expected
