"""The tables of logged models and of the model registry."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Index, Integer, Table, UniqueConstraint

from .tables import CLUSTERED, metadata, run_key, serial, text

__all__ = [
    "logged_model_metrics",
    "logged_model_params",
    "logged_model_tags",
    "logged_models",
    "model_aliases",
    "model_tags",
    "model_versions",
    "registered_models",
    "run_models",
    "version_tags",
]


def _of(table: str, column: str, **options: Any) -> Column[int]:
    """Return a foreign key column whose row is deleted with the row it refers to."""
    return Column(column, BigInteger, ForeignKey(f"{table}.key", ondelete="CASCADE"), nullable=False, **options)


# ``versions`` is the last number used, so that none is reused, and its row orders concurrent inserts.
registered_models = Table(
    "registered_models",
    metadata,
    serial(),
    Column("name", text(256), nullable=False, unique=True),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("description", text(), nullable=False),
    Column("versions", Integer, nullable=False),
)

model_tags = Table(
    "model_tags",
    metadata,
    _of("registered_models", "model_key", primary_key=True),
    Column("key", text(250), primary_key=True),
    Column("value", text(), nullable=False),
    **CLUSTERED,
)

model_aliases = Table(
    "model_aliases",
    metadata,
    _of("registered_models", "model_key", primary_key=True),
    Column("alias", text(255), primary_key=True),
    Column("version", Integer, nullable=False),
    **CLUSTERED,
)

model_versions = Table(
    "model_versions",
    metadata,
    serial(),
    _of("registered_models", "model_key"),
    Column("version", Integer, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("source", text(), nullable=False),
    Column("location", text(), nullable=False),
    Column("description", text(), nullable=False),
    Column("stage", text(32), nullable=False),
    Column("status", text(32), nullable=False),
    Column("run_id", text(256), nullable=False, index=True),
    Column("run_link", text(), nullable=False),
    Column("model_id", text(256), nullable=False),
    Column("user", text(), nullable=False),
    UniqueConstraint("model_key", "version"),
)

version_tags = Table(
    "version_tags",
    metadata,
    _of("model_versions", "version_key", primary_key=True),
    Column("key", text(250), primary_key=True),
    Column("value", text(), nullable=False),
    **CLUSTERED,
)

logged_models = Table(
    "logged_models",
    metadata,
    serial(),
    Column("id", text(256), nullable=False, unique=True),
    Column("experiment_id", Integer, ForeignKey("experiments.id", ondelete="CASCADE"), nullable=False),
    Column("name", text(500), nullable=False),
    Column("artifact_uri", text(), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("status", text(32), nullable=False),
    Column("status_message", text(), nullable=False),
    Column("model_type", text(500), nullable=False),
    Column("source_run_id", text(256), nullable=False, index=True),
    Column("stage", text(16), nullable=False),
    Index("ix_logged_models_experiment_id_created", "experiment_id", "created"),
)

logged_model_params = Table(
    "logged_model_params",
    metadata,
    _of("logged_models", "model_key", primary_key=True),
    Column("key", text(250), primary_key=True),
    Column("value", text(), nullable=False),
    **CLUSTERED,
)

logged_model_tags = Table(
    "logged_model_tags",
    metadata,
    _of("logged_models", "model_key", primary_key=True),
    Column("key", text(250), primary_key=True),
    Column("value", text(), nullable=False),
    **CLUSTERED,
)

# Metrics of models, which are stored as points of the run too. A NaN is NULL, as in ``metrics``.
logged_model_metrics = Table(
    "logged_model_metrics",
    metadata,
    _of("logged_models", "model_key", primary_key=True),
    Column("key", text(250), primary_key=True),
    Column("timestamp", BigInteger, primary_key=True, autoincrement=False),
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    run_key(primary_key=True, index=True),
    Column("dataset_digest", text(36), primary_key=True),
    Column("dataset_name", text(500), nullable=False),
    Column("value", Double),
    **CLUSTERED,
)

# The models that a run made (``output``) or read (``input``); a link may be recorded before its model.
run_models = Table(
    "run_models",
    metadata,
    run_key(primary_key=True),
    Column("role", text(8), primary_key=True),
    Column("model_id", text(256), primary_key=True, index=True),
    Column("step", BigInteger, nullable=False),
    **CLUSTERED,
)
