"""Stores and journals of every earlier and of a later version, and training beside them."""

import os
import shutil
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

import nbtrack
from nbtrack.entities.run import Status
from nbtrack.errors import SchemaError
from nbtrack.journal.codec import FORMAT
from nbtrack.journal.reader import journals
from nbtrack.journal.records import encode, read_records
from nbtrack.store.sql.schema.tables import HEAD

from ..store.sql.frozen.make import SMOOTH
from .child import Child
from .frozen.make import NAMES, POINTS, START

FROZEN = sorted(Path(__file__).with_name("frozen").glob("journal-*.tar.gz"))
STORES = sorted((Path(__file__).parents[1] / "store" / "sql" / "frozen").glob("schema-*.db"))

TRAINS = """
with nbtrack.start_run("new") as run:
    for step in range(100):
        run.log(loss=step / 4)
print(run.id)
"""


def query(path, sql):
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(sql).fetchall()


def check_new_run(store, run_id):
    assert store.history(run_id, "loss").values.tolist() == [step / 4 for step in range(100)]
    assert store.get_run(run_id).status is Status.FINISHED


@pytest.fixture(params=FROZEN, ids=[path.name.partition(".")[0] for path in FROZEN])
def journal(request, tmp_path):
    """The journal of an unfinished run, in a project of its own."""
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path / "journal", filter="data")
    (found,) = journals(tmp_path / "journal")
    return found


def test_the_newest_format_is_among_the_frozen_ones():
    assert f"journal-{FORMAT}.tar.gz" in {path.name for path in FROZEN}


def test_an_unfinished_run_is_delivered_as_it_was_and_closed(journal, tmp_path, opened):
    store = opened(tmp_path)
    (run_id,) = [run.run_id for run in store.open_runs()] or [journal.name.partition(".")[0]]
    run = store.get_run(run_id)
    assert (run.name, run.status, run.user) == ("unfinished", Status.FAILED, "ada")
    tags = {key: value for _, key, value in store.tags([run_id])}
    assert (tags["stage"], tags["mlflow.note.content"], tags["nbtrack.ended"]) == ("final", "é", "crashed")
    assert {key: value for _, key, value in store.params([run_id])} == {"lr": 0.1, "layers": [64, 32], "none": None}
    loss, accuracy = store.history(run_id, "loss"), store.history(run_id, "accuracy")
    assert loss.steps.tolist() == list(range(POINTS))
    assert loss.timestamps.tolist() == [START + step for step in range(POINTS)]
    assert loss.values.tolist() == [1 / (step + 1) for step in range(POINTS)]
    assert accuracy.values.tolist() == [step / 4 for step in range(POINTS)]
    for number in range(NAMES):
        points = store.history(run_id, f"metric {number}")
        assert (points.steps.tolist(), points.values.tolist()) == ([-number], [float(number)])
    assert store.read_document(store.documents(run_id)["code"]) == "x = 1"
    assert [each.name for each in store.datasets(run_id)] == ["digits"]
    assert [record.path for record in store.artifacts(run_id)] == ["notes/a.txt"]
    assert (tmp_path / "artifacts" / "0" / run_id / "artifacts" / "notes" / "a.txt").read_text() == "hello"
    assert not journal.exists()
    assert not (tmp_path / "journal" / "damaged").exists()


def test_a_journal_of_a_later_version_is_not_touched(journal, tmp_path, opened, caplog):
    head, *others = read_records(journal / "events.jsonl").values.values()
    later = [head | {"format": FORMAT + 1}, ["invented later", {"by": "somebody"}], *others]
    (journal / "events.jsonl").write_bytes(b"".join(map(encode, later)))
    os.utime(journal / "events.jsonl", (START // 1000, START // 1000))
    before = sorted(path.read_bytes() for path in journal.rglob("*") if path.is_file())
    assert opened(tmp_path).open_runs() == []
    assert sorted(path.read_bytes() for path in journal.rglob("*") if path.is_file()) == before
    assert caplog.text.count("was written by a newer nbtrack, and waits for it") == 1


@pytest.mark.parametrize("frozen", STORES, ids=[path.stem for path in STORES])
def test_an_older_store_is_migrated_and_a_copy_is_kept(frozen, tmp_path, opened):
    shutil.copy(frozen, tmp_path / "runs.db")
    out, err = Child(tmp_path, TRAINS).finish()
    assert err == ""
    store = opened(tmp_path)
    check_new_run(store, out.strip())
    assert store.history("finished", "loss").values.tolist() == SMOOTH
    since = frozen.stem.removeprefix("schema-")
    backups = [path.name for path in tmp_path.glob("*.backup")]
    assert backups == ([] if since == HEAD else [f"runs.db.{since}.backup"])
    for backup in backups:
        assert query(tmp_path / backup, "SELECT version_num FROM nbtrack_version") == [(since,)]
        assert query(tmp_path / backup, "SELECT count(*) FROM runs") == [(3,)]


def test_a_later_store_is_not_touched_and_training_goes_on(tmp_path, opened):
    Child(tmp_path, "nbtrack.start_run('first').end()").finish()
    query(tmp_path / "runs.db", "UPDATE nbtrack_version SET version_num = '9999'")
    before = query(tmp_path / "runs.db", "SELECT * FROM runs")
    out, err = Child(tmp_path, TRAINS).finish()
    newer, pending = err.splitlines()
    assert newer.startswith("nbtrack: the store was written by a newer nbtrack")
    assert "pip install -U nbtrack; what was logged stays in the journal" in newer
    assert "100 rows of 1 runs are not in the store yet" in pending
    tracker = nbtrack.connect(tmp_path)
    with pytest.raises(SchemaError, match="newer nbtrack"):
        tracker.runs()
    assert query(tmp_path / "runs.db", "SELECT * FROM runs") == before
    query(tmp_path / "runs.db", f"UPDATE nbtrack_version SET version_num = '{HEAD}'")
    check_new_run(opened(tmp_path), out.strip())
