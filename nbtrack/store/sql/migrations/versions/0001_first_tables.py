"""The first tables."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

LONG = (1 << 32) - 1


def text(length: int | None = None) -> Any:
    """Return text that sorts by code point."""
    text = sa.String(length).with_variant(sa.Text(collation="C"), "postgresql").with_variant(sa.Text(), "sqlite")
    return text if length else text.with_variant(sa.Text(LONG), "mysql")


def data() -> Any:
    """Return bytes of any length."""
    return sa.LargeBinary().with_variant(sa.LargeBinary(LONG), "mysql")


def upgrade() -> None:
    """Make all tables."""
    serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "documents",
        sa.Column("sha256", text(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("body", data(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_documents"),
    )
    op.create_table(
        "experiments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", text(500), nullable=False),
        sa.Column("artifact_location", text(), nullable=False),
        sa.Column("stage", text(16), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_experiments"),
        sa.UniqueConstraint("name", name="uq_experiments_name"),
    )
    op.create_table(
        "nbtrack_version",
        sa.Column("version_num", text(32), nullable=False),
        sa.PrimaryKeyConstraint("version_num", name="pk_nbtrack_version"),
    )
    op.create_table(
        "datasets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("experiment_id", sa.Integer(), nullable=False),
        sa.Column("name", text(500), nullable=False),
        sa.Column("digest", text(36), nullable=False),
        sa.Column("source_type", text(), nullable=False),
        sa.Column("source", text(), nullable=False),
        sa.Column("schema", text(), nullable=False),
        sa.Column("profile", text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_datasets"),
        sa.UniqueConstraint("experiment_id", "name", "digest", name="uq_datasets_experiment_id_name_digest"),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiments.id"], name="fk_datasets_experiment_id", ondelete="CASCADE"),
    )
    op.create_table(
        "experiment_tags",
        sa.Column("experiment_id", sa.Integer(), nullable=False),
        sa.Column("key", text(250), nullable=False),
        sa.Column("value", text(), nullable=False),
        sa.PrimaryKeyConstraint("experiment_id", "key", name="pk_experiment_tags"),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiments.id"], name="fk_experiment_tags_experiment_id", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "runs",
        sa.Column("key", serial, nullable=False),
        sa.Column("id", text(256), nullable=False),
        sa.Column("experiment_id", sa.Integer(), nullable=False),
        sa.Column("name", text(), nullable=False),
        sa.Column("status", text(16), nullable=False),
        sa.Column("start_time", sa.BigInteger(), nullable=False),
        sa.Column("end_time", sa.BigInteger(), nullable=True),
        sa.Column("artifact_uri", text(), nullable=False),
        sa.Column("user", text(), nullable=False),
        sa.Column("stage", text(16), nullable=False),
        sa.Column("deleted_time", sa.BigInteger(), nullable=True),
        sa.Column("owner", text(), nullable=False),
        sa.Column("heartbeat", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_runs"),
        sa.UniqueConstraint("id", name="uq_runs_id"),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiments.id"], name="fk_runs_experiment_id"),
    )
    op.create_index("ix_runs_experiment_id_start_time", "runs", ["experiment_id", "start_time", "id"])
    op.create_index("ix_runs_open", "runs", ["status"], sqlite_where=sa.column("status") == "RUNNING")
    op.create_table(
        "artifacts",
        sa.Column("run_key", sa.BigInteger(), nullable=False),
        sa.Column("path", text(700), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", text(64), nullable=False),
        sa.PrimaryKeyConstraint("run_key", "path", name="pk_artifacts"),
        sa.ForeignKeyConstraint(["run_key"], ["runs.key"], name="fk_artifacts_run_key", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "axes",
        sa.Column("key", serial, nullable=False),
        sa.Column("run_key", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("min_step", sa.BigInteger(), nullable=False),
        sa.Column("max_step", sa.BigInteger(), nullable=False),
        sa.Column("min_timestamp", sa.BigInteger(), nullable=False),
        sa.Column("max_timestamp", sa.BigInteger(), nullable=False),
        sa.Column("steps", data(), nullable=False),
        sa.Column("timestamps", data(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_axes"),
        sa.ForeignKeyConstraint(["run_key"], ["runs.key"], name="fk_axes_run_key", ondelete="CASCADE"),
    )
    op.create_index("ix_axes_run_key", "axes", ["run_key"])
    op.create_table(
        "columns",
        sa.Column("run_key", sa.BigInteger(), nullable=False),
        sa.Column("key", text(250), nullable=False),
        sa.Column("axis_key", sa.BigInteger(), nullable=False),
        sa.Column("data", data(), nullable=False),
        sa.PrimaryKeyConstraint("run_key", "key", "axis_key", name="pk_columns"),
        sa.ForeignKeyConstraint(["run_key"], ["runs.key"], name="fk_columns_run_key", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "metrics",
        sa.Column("run_key", sa.BigInteger(), nullable=False),
        sa.Column("key", text(250), nullable=False),
        sa.Column("first", sa.Double(), nullable=True),
        sa.Column("first_step", sa.BigInteger(), nullable=False),
        sa.Column("first_timestamp", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.Double(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("last_timestamp", sa.BigInteger(), nullable=False),
        sa.Column("min", sa.Double(), nullable=True),
        sa.Column("min_step", sa.BigInteger(), nullable=False),
        sa.Column("max", sa.Double(), nullable=True),
        sa.Column("max_step", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Double(), nullable=True),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("nan_count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_key", "key", name="pk_metrics"),
        sa.ForeignKeyConstraint(["run_key"], ["runs.key"], name="fk_metrics_run_key", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_metrics_key_last", "metrics", ["key", "last"])
    op.create_table(
        "params",
        sa.Column("run_key", sa.BigInteger(), nullable=False),
        sa.Column("key", text(250), nullable=False),
        sa.Column("text", text(), nullable=False),
        sa.Column("number", sa.Double(), nullable=True),
        sa.Column("json", text(), nullable=True),
        sa.PrimaryKeyConstraint("run_key", "key", name="pk_params"),
        sa.ForeignKeyConstraint(["run_key"], ["runs.key"], name="fk_params_run_key", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_params_key_number", "params", ["key", "number"])
    op.create_table(
        "run_datasets",
        sa.Column("run_key", sa.BigInteger(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("context", text(), nullable=False),
        sa.PrimaryKeyConstraint("run_key", "dataset_id", name="pk_run_datasets"),
        sa.ForeignKeyConstraint(["run_key"], ["runs.key"], name="fk_run_datasets_run_key", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name="fk_run_datasets_dataset_id", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_run_datasets_dataset_id", "run_datasets", ["dataset_id"])
    op.create_table(
        "run_documents",
        sa.Column("run_key", sa.BigInteger(), nullable=False),
        sa.Column("kind", text(250), nullable=False),
        sa.Column("sha256", text(64), nullable=False),
        sa.PrimaryKeyConstraint("run_key", "kind", name="pk_run_documents"),
        sa.ForeignKeyConstraint(["run_key"], ["runs.key"], name="fk_run_documents_run_key", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tags",
        sa.Column("run_key", sa.BigInteger(), nullable=False),
        sa.Column("key", text(250), nullable=False),
        sa.Column("value", text(), nullable=False),
        sa.PrimaryKeyConstraint("run_key", "key", name="pk_tags"),
        sa.ForeignKeyConstraint(["run_key"], ["runs.key"], name="fk_tags_run_key", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "watermarks",
        sa.Column("run_key", sa.BigInteger(), nullable=False),
        sa.Column("writer", text(64), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("applied", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_key", "writer", "lane", name="pk_watermarks"),
        sa.ForeignKeyConstraint(["run_key"], ["runs.key"], name="fk_watermarks_run_key", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
