"""A database with anything in its columns: valid rows are imported, invalid ones are reported."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import numpy as np
import pytest

from nbtrack.errors import InvalidInput, StoreUnavailable
from nbtrack.store.artifacts.open import open_artifacts
from nbtrack.store.open import open_store
from nbtrack.transfer.copy import copy_all
from nbtrack.transfer.open import open_source
from nbtrack.transfer.run_copy import Target

# MLflow's tables as its releases make them, without the constraints that a hostile file would not have either.
TABLES = {
    "alembic_version": "version_num",
    "experiments": "experiment_id name artifact_location lifecycle_stage creation_time last_update_time",
    "experiment_tags": "key value experiment_id",
    "runs": "run_uuid name source_type source_name entry_point_name user_id status start_time end_time deleted_time "
    "source_version lifecycle_stage artifact_uri experiment_id",
    "params": "key value run_uuid",
    "tags": "key value run_uuid",
    "metrics": "key value timestamp run_uuid step is_nan",
    "datasets": "dataset_uuid experiment_id name digest dataset_source_type dataset_source dataset_schema dataset_profile",
    "inputs": "input_uuid source_type source_id destination_type destination_id step",
    "input_tags": "input_uuid name value",
    "logged_models": "model_id experiment_id name artifact_location creation_timestamp_ms last_updated_timestamp_ms status "
    "lifecycle_stage model_type source_run_id status_message",
    "logged_model_params": "model_id experiment_id param_key param_value",
    "logged_model_tags": "model_id experiment_id tag_key tag_value",
    "logged_model_metrics": "model_id metric_name metric_timestamp_ms metric_step metric_value experiment_id run_id dataset_uuid "
    "dataset_name dataset_digest",
}
OF_A_MODEL = ("logged_models", "logged_model_params", "logged_model_tags", "logged_model_metrics")
OF_A_RUN = ("runs", "params", "tags", "metrics", "datasets", "inputs", "input_tags", *OF_A_MODEL)
ANYTHING = {
    "nothing": None,
    "bytes": b"\xff\x00\x80",
    "markup": "<script>alert(1)</script>",
    "sql": "'; DROP TABLE runs; -- \" ` %s %(x)s :x ?",
    "a path": "../../../etc/passwd",
    "empty": "",
    "a NUL": "a\0b",
    "long": "x" * 1_000_000,
    "largest": (1 << 63) - 1,
    "smallest": -(1 << 63),
    "a fraction": 1.5,
    "infinite": float("inf"),
    "emoji": "👩\u200d👧 \u202egnp.exe",
}


def filled(path, run_ids):
    """Make a database with runs that have one of everything, and 100 points."""
    with closing(sqlite3.connect(path)) as connection:
        for table, columns in TABLES.items():
            connection.execute(f"CREATE TABLE {table} ({', '.join(columns.split())})")

        def put(table, *row):
            connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)

        put("experiments", 1, "vision", "", "active", 1, 2)
        put("experiment_tags", "team", "blue", 1)
        for i, run in enumerate(run_ids):
            facts = ("me", "FINISHED", 10 + i, 20 + i, None, "", "active", f"/nowhere/{run}/artifacts", 1)
            put("runs", run, f"run {i}", "", "", "", *facts)
            put("params", "lr", "0.1", run)
            put("tags", "kind", "sound", run)
            for step in range(100):
                put("metrics", "loss", step / 7, 1000 + step, run, step, 0)
            put("datasets", f"d{run}", 1, "digits", "abc", "local", "file", "{}", "{}")
            put("inputs", f"i{run}", "DATASET", f"d{run}", "RUN", run, 0)
            put("inputs", f"o{run}", "RUN_OUTPUT", run, "MODEL_OUTPUT", f"m{run}", 1)
            put("logged_models", f"m{run}", 1, "net", f"/nowhere/m{run}/artifacts", 1, 2, 2, "active", "", run, "")
            put("logged_model_params", f"m{run}", 1, "depth", "3")
            put("logged_model_tags", f"m{run}", 1, "t", "v")
            put("logged_model_metrics", f"m{run}", "loss", 1, 2, 0.5, 1, run, "", "", "")
            put("input_tags", f"i{run}", "mlflow.data.context", "train")
        connection.commit()
    return path


def belonging(table, run):
    """Return the condition for a run's rows in a table."""
    column, before = {
        **dict.fromkeys(OF_A_MODEL, ("model_id", "m")),
        "datasets": ("dataset_uuid", "d"),
        "inputs": ("input_uuid", "i"),
        "input_tags": ("input_uuid", "i"),
    }.get(table, ("run_uuid", ""))
    return f"{column} = '{before}{run}'"


def imported(place, folder):
    target = open_store(f"sqlite:///{folder}/runs.db", artifact_root=str(folder / "files"))
    with closing(open_source(str(place))) as source:
        return target, copy_all(source, Target(target, open_artifacts))


def points(store, run_id):
    return {key: found.values for _, key, found in store.stretches(run_id, ["loss"], "step", -(1 << 63), (1 << 63) - 1)}


@pytest.mark.parametrize("value", ANYTHING.values(), ids=ANYTHING)
def test_a_run_with_anything_in_a_column_stops_no_import(tmp_path, value):
    """Each run has it in another row; the last in none."""
    places = [(table, column) for table in OF_A_RUN for column in TABLES[table].split()]
    *run_ids, sound = ids = [f"{i:032x}" for i in range(len(places) + 1)]
    path = filled(tmp_path / "mlflow.db", ids)
    with closing(sqlite3.connect(path)) as connection:
        for run, (table, column) in zip(run_ids, places, strict=True):
            one = f"rowid = (SELECT min(rowid) FROM {table} WHERE {belonging(table, run)})"
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE {one}", [value])
        connection.commit()

    store, outcome = imported(path, tmp_path)

    with closing(store):
        # Only who is no run, or in no experiment, is left out.
        left_out = {ids[places.index(("runs", column))] for column in ("run_uuid", "experiment_id")}
        assert set(ids) - set(outcome.copied) == left_out
        np.testing.assert_array_equal(points(store, sound)["loss"], np.arange(100) / 7)
        assert list(store.params([sound])) == [(sound, "lr", "0.1")]
        assert [each.model_id for each in store.models.outputs([sound])] == [f"m{sound}"]
        assert store.models.get(f"m{sound}").params == {"depth": "3"}
        assert ("kind", "sound") in {(key, text) for _, key, text in store.tags([sound])}
        for run in set(outcome.copied) - {sound}:
            assert len(points(store, run)["loss"]) in (99, 100)
        assert any("is not a valid id" in problem for problem in outcome.problems)
        assert all(len(problem) < 600 for problem in outcome.problems)


@pytest.mark.parametrize("value", ANYTHING.values(), ids=ANYTHING)
def test_an_experiment_with_anything_in_a_column_stops_no_import(tmp_path, value):
    sound = "a" * 32
    path = filled(tmp_path / "mlflow.db", [sound])
    with closing(sqlite3.connect(path)) as connection:
        for i, column in enumerate(TABLES["experiments"].split()):
            connection.execute("INSERT INTO experiments VALUES (?, ?, '', 'active', 1, 2)", [10 + i, f"experiment {i}"])
            connection.execute(f"UPDATE experiments SET {column} = ? WHERE name = ?", [value, f"experiment {i}"])
        for i, column in enumerate(TABLES["experiment_tags"].split()):
            connection.execute("INSERT INTO experiment_tags VALUES (?, 'text', 11)", [f"tag {i}"])
            connection.execute(f"UPDATE experiment_tags SET {column} = ? WHERE key = ?", [value, f"tag {i}"])
        connection.commit()

    store, outcome = imported(path, tmp_path)

    with closing(store):
        assert outcome.copied == [sound]
        assert {"vision", "experiment 0", "experiment 3"} <= {each.name for each in store.experiments("all")}


def test_strings_that_are_not_utf8_are_read(tmp_path):
    """SQLite stores any bytes as a string."""
    run = "a" * 32
    path = filled(tmp_path / "mlflow.db", [run])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE params SET value = CAST(x'41ff42' AS TEXT)")
        connection.commit()
    store, outcome = imported(path, tmp_path)
    with closing(store):
        assert outcome.copied == [run]
        assert list(store.params([run])) == [(run, "lr", "A\ufffdB")]


def test_a_view_that_never_ends_is_not_a_table(tmp_path):
    path = filled(tmp_path / "mlflow.db", ["a" * 32])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE metrics")
        endless = (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i AS key, i AS run_uuid, i AS timestamp FROM n"
        )
        connection.execute(f"CREATE VIEW metrics AS {endless}")
        connection.commit()
    with pytest.raises(InvalidInput, match="holds no runs"):
        open_source(str(path))


def test_a_file_that_is_not_a_database_is_an_error(tmp_path):
    path = tmp_path / "mlflow.db"
    path.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 40)
    with pytest.raises(StoreUnavailable, match=r"mlflow\.db cannot be read"):
        open_source(str(path))
