"""The tables.

Runs have two keys: ``id`` is public, ``key`` a small integer by which other tables refer to the run. Times are milliseconds since
the epoch. Strings compare and sort by code point on every engine, so that a search returns the same runs in the same order
everywhere. A NaN is stored as NULL, because SQLite and MySQL cannot store one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

__all__ = [
    "CLUSTERED",
    "EVENTS_LANE",
    "HEAD",
    "VERSION_TABLE",
    "artifacts",
    "axes",
    "blob",
    "columns",
    "datasets",
    "documents",
    "experiment_tags",
    "experiments",
    "metadata",
    "metrics",
    "params",
    "run_dataset_tags",
    "run_datasets",
    "run_documents",
    "run_key",
    "runs",
    "serial",
    "tags",
    "text",
    "version",
    "watermarks",
]

HEAD = "0004"
VERSION_TABLE = "nbtrack_version"
_LONG = (1 << 32) - 1  # bytes: what MySQL calls LONGTEXT and LONGBLOB
EVENTS_LANE = -1  # the lane under which ``watermarks`` counts a writer's events

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def text(length: int | None = None) -> TypeEngine[str]:
    """Return a string type that sorts by code point; only engines that limit indexed strings use the length."""
    kind = String(length).with_variant(Text(collation="C"), "postgresql").with_variant(Text(), "sqlite")
    return kind if length else kind.with_variant(Text(_LONG), "mysql")


def blob() -> TypeEngine[bytes]:
    """Return a type for bytes of any length."""
    return LargeBinary().with_variant(LargeBinary(_LONG), "mysql")


def serial() -> Column[int]:
    """Return a primary key that the engine numbers."""
    # SQLite numbers rows only in a column whose type is INTEGER.
    return Column("key", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True)


def run_key(**options: Any) -> Column[int]:
    """Return the foreign key of a run, whose rows are deleted with it."""
    return Column("run_key", BigInteger, ForeignKey("runs.key", ondelete="CASCADE"), nullable=False, **options)


# Small rows that are found by their primary key are stored in its order (WITHOUT ROWID).
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}

version = Table(VERSION_TABLE, metadata, Column("version_num", text(32), primary_key=True))

experiments = Table(
    "experiments",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", text(500), nullable=False, unique=True),
    Column("artifact_location", text(), nullable=False),
    Column("stage", text(16), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
)

experiment_tags = Table(
    "experiment_tags",
    metadata,
    Column("experiment_id", Integer, ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True),
    Column("key", text(250), primary_key=True),
    Column("value", text(), nullable=False),
    **CLUSTERED,
)

runs = Table(
    "runs",
    metadata,
    serial(),
    Column("id", text(256), nullable=False, unique=True),
    Column("experiment_id", Integer, ForeignKey("experiments.id"), nullable=False),
    Column("name", text(), nullable=False),
    Column("status", text(16), nullable=False),
    Column("start_time", BigInteger, nullable=False),
    Column("end_time", BigInteger),
    Column("artifact_uri", text(), nullable=False),
    Column("user", text(), nullable=False),
    Column("stage", text(16), nullable=False),
    Column("deleted_time", BigInteger),
    Column("owner", text(), nullable=False),
    Column("heartbeat", BigInteger, nullable=False),
    Index("ix_runs_experiment_id_start_time", "experiment_id", "start_time", "id"),
    Index("ix_runs_start_time", "start_time"),
)
# Of other engines all runs are in it: to name their option here would load them where SQLite is all that is used.
Index("ix_runs_open", runs.c.status, sqlite_where=runs.c.status == "RUNNING")

# ``text`` is what MLflow would show, str(value). ``number`` is there for an int or a float and for a text that reads as a
# finite decimal number, not for a bool. ``json`` is the value with its type, NULL where that is the text itself.
params = Table(
    "params",
    metadata,
    run_key(primary_key=True),
    Column("key", text(250), primary_key=True),
    Column("text", text(), nullable=False),
    Column("number", Double),
    Column("json", text()),
    Index("ix_params_key_number", "key", "number"),
    **CLUSTERED,
)

tags = Table(
    "tags",
    metadata,
    run_key(primary_key=True),
    Column("key", text(250), primary_key=True),
    Column("value", text(), nullable=False),
    **CLUSTERED,
)

# One row for each metric: the fields of MetricSummary.
metrics = Table(
    "metrics",
    metadata,
    run_key(primary_key=True),
    Column("key", text(250), primary_key=True),
    Column("first", Double),
    Column("first_step", BigInteger, nullable=False),
    Column("first_timestamp", BigInteger, nullable=False),
    Column("last", Double),
    Column("last_step", BigInteger, nullable=False),
    Column("last_timestamp", BigInteger, nullable=False),
    Column("min", Double),
    Column("min_step", BigInteger, nullable=False),
    Column("max", Double),
    Column("max_step", BigInteger, nullable=False),
    Column("total", Double),
    Column("count", BigInteger, nullable=False),
    Column("nan_count", BigInteger, nullable=False),
    Index("ix_metrics_key_last", "key", "last"),
    **CLUSTERED,
)

# Points logged together share their steps and timestamps: a row of ``axes``, and ``width`` rows of ``columns``, one a metric.
# A metric's points in the order applied are its columns in the order of their axes.
axes = Table(
    "axes",
    metadata,
    serial(),
    run_key(index=True),
    Column("count", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("min_step", BigInteger, nullable=False),
    Column("max_step", BigInteger, nullable=False),
    Column("min_timestamp", BigInteger, nullable=False),
    Column("max_timestamp", BigInteger, nullable=False),
    Column("steps", blob(), nullable=False),
    Column("timestamps", blob(), nullable=False),
)

columns = Table(
    "columns",
    metadata,
    run_key(primary_key=True),
    Column("key", text(250), primary_key=True),
    Column("axis_key", BigInteger, primary_key=True, autoincrement=False),
    Column("data", blob(), nullable=False),
    **CLUSTERED,
)

# How many events (in EVENTS_LANE) and rows of each lane have been applied.
watermarks = Table(
    "watermarks",
    metadata,
    run_key(primary_key=True),
    Column("writer", text(64), primary_key=True),
    Column("lane", Integer, primary_key=True, autoincrement=False),
    Column("applied", BigInteger, nullable=False),
    **CLUSTERED,
)

documents = Table(
    "documents",
    metadata,
    Column("sha256", text(64), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("body", blob(), nullable=False),
)

run_documents = Table(
    "run_documents",
    metadata,
    run_key(primary_key=True),
    Column("kind", text(250), primary_key=True),
    Column("sha256", text(64), nullable=False),
    **CLUSTERED,
)

artifacts = Table(
    "artifacts",
    metadata,
    run_key(primary_key=True),
    Column("path", text(700), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("sha256", text(64), nullable=False),
    **CLUSTERED,
)

datasets = Table(
    "datasets",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("experiment_id", Integer, ForeignKey("experiments.id", ondelete="CASCADE"), nullable=False),
    Column("name", text(500), nullable=False),
    Column("digest", text(36), nullable=False),
    Column("source_type", text(), nullable=False),
    Column("source", text(), nullable=False),
    Column("schema", text(), nullable=False),
    Column("profile", text(), nullable=False),
    UniqueConstraint("experiment_id", "name", "digest"),
)

run_datasets = Table(
    "run_datasets",
    metadata,
    run_key(primary_key=True),
    Column("dataset_id", Integer, ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("context", text(), nullable=False),
    **CLUSTERED,
)

run_dataset_tags = Table(
    "run_dataset_tags",
    metadata,
    Column("run_key", BigInteger, primary_key=True),
    Column("dataset_id", Integer, primary_key=True),
    Column("key", text(255), primary_key=True),
    Column("value", text(), nullable=False),
    ForeignKeyConstraint(["run_key", "dataset_id"], ["run_datasets.run_key", "run_datasets.dataset_id"], ondelete="CASCADE"),
    **CLUSTERED,
)
