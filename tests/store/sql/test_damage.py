"""Values that a column cannot have: each is reported in one line, and a damaged run hides no other."""

from __future__ import annotations

import contextlib
import logging
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import nbtrack
from nbtrack.errors import NbtrackError, StoreError
from nbtrack.store.open import open_store
from nbtrack.store.protocol.logged_models import ModelQuery
from nbtrack.store.protocol.search import Query
from nbtrack.store.sql import rows
from nbtrack.store.sql.schema.tables import metadata
from nbtrack.tracking.tracker import connection_of

GOOD = Path(__file__).with_name("frozen") / "schema-0004.db"
COLUMNS = [
    (table.name, column.name)
    for table in metadata.sorted_tables
    for column in table.columns
    if table.name not in ("watermarks", "nbtrack_version")
]
VALUES = ["'no such thing'", "x'00ff'", "-1", "9e300", "1 << 62", "''"]


def execute(path, *statements):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in ("PRAGMA foreign_keys = OFF", "PRAGMA ignore_check_constraints = ON", *statements):
            connection.execute(statement)


@pytest.fixture
def path(tmp_path):
    copy = tmp_path / "runs.db"
    shutil.copy(GOOD, copy)
    return copy


def everything(store):
    """Yield functions that together read everything."""
    ids = [run.id for run in store.search_runs(Query(view="all")).items]
    yield lambda: store.experiments("all")
    yield lambda: store.search_experiments(Query())
    yield lambda: store.get_runs(ids)
    yield lambda: store.params(ids)
    yield lambda: store.tags(ids)
    yield lambda: [float(cell) for row in store.metrics(ids, ("last", "min", "mean", "count")) for cell in row[2:]]
    yield lambda: [
        (points.steps.sum(), points.timestamps.sum(), points.values.sum()) for *_, points in store.histories(ids, None)
    ]
    yield lambda: store.read_documents([sha256 for _, _, sha256 in store.documents_of(ids)])
    yield lambda: store.artifacts_of(ids)
    yield store.open_runs
    yield lambda: store.datasets_of(ids)
    yield lambda: store.datasets_in([each.id for each in store.experiments("all")])
    for run_id in ids:
        yield lambda run_id=run_id: store.get_run(run_id)
        yield lambda run_id=run_id: store.artifacts(run_id)
        yield lambda run_id=run_id: [store.read_document(each) for each in store.documents(run_id).values()]
    yield lambda: store.registry.search_models(Query())
    yield lambda: store.registry.search_versions(Query())
    yield lambda: store.models.search(ModelQuery(tuple(each.id for each in store.experiments("all"))))
    yield lambda: store.traces.search(Query(tuple(each.id for each in store.experiments("all"))))


@pytest.mark.slow
@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_an_impossible_value_raises_an_error_of_nbtrack(path, table, column):
    for value in VALUES:
        shutil.copy(GOOD, path)
        try:
            execute(path, f'UPDATE OR IGNORE "{table}" SET "{column}" = {value}')
        except sqlite3.Error:
            continue  # a key that is a number
        store = open_store(f"sqlite:///{path}", artifact_root=str(path.parent))
        for read in everything(store):
            with contextlib.suppress(NbtrackError):
                read()
        store.close()


BAD = {
    "start_time = 'soon'": r"runs\.start_time: 'soon' is not a whole number",
    "status = 'DONE'": r"runs\.status: 'DONE' is unknown",
    "stage = 'gone'": r"runs\.stage: 'gone' is unknown",
    "user = x'00'": r"runs\.user: b'\\x00' is not a string",
    "end_time = 'now'": r"runs\.end_time: 'now' is not a whole number",
}


@pytest.fixture
def project(tmp_path):
    """A tracker of a store with two runs, and the path of its database."""
    tracker = nbtrack.connect(tmp_path)
    for name in ("good", "bad"):
        with nbtrack.start_run(name, params={"lr": 0.1}) as run:
            run.log(loss=0.5)
    assert tracker.flush()
    yield tracker
    connection_of(tracker).close(10)


@pytest.mark.parametrize(("change", "said"), BAD.items())
def test_one_bad_run_is_named_and_hides_no_other(project, change, said, caplog):
    (bad,) = [run for run in nbtrack.runs() if run.name == "bad"]
    execute(connection_of(project).settings.database, f"UPDATE runs SET {change} WHERE name = 'bad'")
    rows._tell_left_out.cache_clear()
    with caplog.at_level(logging.WARNING):
        view = "all" if "stage" in change else "active"
        assert [run.name for run in nbtrack.runs(view=view)] == ["good"]
        assert len(nbtrack.runs(view=view).df()) == 1
    (line,) = [message for message in caplog.messages if "left out" in message]
    assert line.startswith(
        f"nbtrack: the store {connection_of(project).settings.database} has a run '{bad.id}' that cannot be read: runs."
    )
    with pytest.raises(StoreError, match=said):
        nbtrack.get_run(bad.id)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("metrics SET last = 'high'", r"runs\.db has a value in metrics\.last that cannot be read: 'high' is not a number"),
        ("params SET json = '{'", r"a value in params\.json that cannot be read: '{' is no JSON"),
        ("documents SET body = x'00'", r"has a document '[0-9a-f]{64}' that cannot be read"),
        ("axes SET count = -1", "chunks of a metric are damaged"),
    ],
)
def test_a_damaged_value_is_named_with_its_column(project, change, said):
    (run,) = [run for run in nbtrack.runs() if run.name == "good"]
    execute(connection_of(project).settings.database, f"UPDATE {change}")
    with pytest.raises(StoreError, match=said):
        (dict(run.metrics), dict(run.params), run.metrics["loss"].values.sum(), run.environment)


def test_a_bug_is_not_reported_as_damage(path):
    store = open_store(f"sqlite:///{path}", artifact_root="")
    with pytest.raises(TypeError):
        store.params([object()])
    store.close()
