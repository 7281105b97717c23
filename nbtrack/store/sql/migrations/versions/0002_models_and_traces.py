"""Registered models and their versions, logged models, traces."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

LONG = (1 << 32) - 1


def text(length: int | None = None) -> Any:
    """Return text that sorts by code point."""
    text = sa.String(length).with_variant(sa.Text(collation="C"), "postgresql").with_variant(sa.Text(), "sqlite")
    return text if length else text.with_variant(sa.Text(LONG), "mysql")


def big(name: str) -> Any:
    """Return a column of large whole numbers, which is never empty."""
    return sa.Column(name, sa.BigInteger(), nullable=False)


def words(name: str, length: int | None = None) -> Any:
    """Return a column of text, which is never empty."""
    return sa.Column(name, text(length), nullable=False)


def serial() -> Any:
    """Return a key that the engine counts up."""
    return sa.Column("key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def foreign(table: str, column: str, other: str) -> Any:
    """Return the reference to the row that this one goes with."""
    return sa.ForeignKeyConstraint([column], [other], name=f"fk_{table}_{column}", ondelete="CASCADE")


def keyed(table: str, owner: str, column: str) -> None:
    """Make a table of keys and values that belong to rows of another."""
    op.create_table(
        table,
        big(column),
        words("key", 250),
        words("value"),
        sa.PrimaryKeyConstraint(column, "key", name=f"pk_{table}"),
        foreign(table, column, f"{owner}.key"),
        sqlite_with_rowid=False,
    )


def upgrade() -> None:
    """Make the tables of models and traces, and an index for the newest runs of all experiments."""
    op.create_index("ix_runs_start_time", "runs", ["start_time"])
    registry()
    logged_models()
    traces()


def registry() -> None:
    """Make the tables of registered models."""
    op.create_table(
        "registered_models",
        serial(),
        words("name", 256),
        big("created"),
        big("updated"),
        words("description"),
        sa.Column("versions", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_registered_models"),
        sa.UniqueConstraint("name", name="uq_registered_models_name"),
    )
    keyed("model_tags", "registered_models", "model_key")
    op.create_table(
        "model_aliases",
        big("model_key"),
        words("alias", 255),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("model_key", "alias", name="pk_model_aliases"),
        foreign("model_aliases", "model_key", "registered_models.key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "model_versions",
        serial(),
        big("model_key"),
        sa.Column("version", sa.Integer(), nullable=False),
        big("created"),
        big("updated"),
        words("source"),
        words("location"),
        words("description"),
        words("stage", 32),
        words("status", 32),
        words("run_id", 256),
        words("run_link"),
        words("model_id", 256),
        words("user"),
        sa.PrimaryKeyConstraint("key", name="pk_model_versions"),
        sa.UniqueConstraint("model_key", "version", name="uq_model_versions_model_key_version"),
        foreign("model_versions", "model_key", "registered_models.key"),
    )
    op.create_index("ix_model_versions_run_id", "model_versions", ["run_id"])
    keyed("version_tags", "model_versions", "version_key")


def logged_models() -> None:
    """Make the tables of logged models."""
    op.create_table(
        "logged_models",
        serial(),
        words("id", 256),
        sa.Column("experiment_id", sa.Integer(), nullable=False),
        words("name", 500),
        words("artifact_uri"),
        big("created"),
        big("updated"),
        words("status", 32),
        words("status_message"),
        words("model_type", 500),
        words("source_run_id", 256),
        words("stage", 16),
        sa.PrimaryKeyConstraint("key", name="pk_logged_models"),
        sa.UniqueConstraint("id", name="uq_logged_models_id"),
        foreign("logged_models", "experiment_id", "experiments.id"),
    )
    op.create_index("ix_logged_models_experiment_id_created", "logged_models", ["experiment_id", "created"])
    op.create_index("ix_logged_models_source_run_id", "logged_models", ["source_run_id"])
    keyed("logged_model_params", "logged_models", "model_key")
    keyed("logged_model_tags", "logged_models", "model_key")
    op.create_table(
        "logged_model_metrics",
        big("model_key"),
        words("key", 250),
        big("timestamp"),
        big("step"),
        big("run_key"),
        words("dataset_digest", 36),
        words("dataset_name", 500),
        sa.Column("value", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint(
            "model_key", "key", "timestamp", "step", "run_key", "dataset_digest", name="pk_logged_model_metrics"
        ),
        foreign("logged_model_metrics", "model_key", "logged_models.key"),
        foreign("logged_model_metrics", "run_key", "runs.key"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_logged_model_metrics_run_key", "logged_model_metrics", ["run_key"])
    op.create_table(
        "run_models",
        big("run_key"),
        words("role", 8),
        words("model_id", 256),
        big("step"),
        sa.PrimaryKeyConstraint("run_key", "role", "model_id", name="pk_run_models"),
        foreign("run_models", "run_key", "runs.key"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_run_models_model_id", "run_models", ["model_id"])


def traces() -> None:
    """Make the tables of traces."""
    op.create_table(
        "traces",
        serial(),
        words("id", 256),
        sa.Column("experiment_id", sa.Integer(), nullable=False),
        big("request_time"),
        sa.Column("duration", sa.BigInteger(), nullable=True),
        words("state", 32),
        sa.Column("client_request_id", text(), nullable=True),
        sa.Column("request_preview", text(), nullable=True),
        sa.Column("response_preview", text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_traces"),
        sa.UniqueConstraint("id", name="uq_traces_id"),
        foreign("traces", "experiment_id", "experiments.id"),
    )
    op.create_index("ix_traces_experiment_id_request_time", "traces", ["experiment_id", "request_time"])
    keyed("trace_metadata", "traces", "trace_key")
    keyed("trace_tags", "traces", "trace_key")
    op.create_table(
        "trace_assessments",
        big("trace_key"),
        words("id", 256),
        words("name", 500),
        big("created"),
        big("updated"),
        words("body"),
        sa.PrimaryKeyConstraint("trace_key", "id", name="pk_trace_assessments"),
        foreign("trace_assessments", "trace_key", "traces.key"),
        sqlite_with_rowid=False,
    )
