"""The tables of traces; their spans are artifacts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table

from .tables import CLUSTERED, metadata, serial, text

__all__ = ["trace_assessments", "trace_metadata", "trace_tags", "traces"]


def _of_trace(**options: Any) -> Column[int]:
    return Column("trace_key", BigInteger, ForeignKey("traces.key", ondelete="CASCADE"), nullable=False, **options)


traces = Table(
    "traces",
    metadata,
    serial(),
    Column("id", text(256), nullable=False, unique=True),
    Column("experiment_id", Integer, ForeignKey("experiments.id", ondelete="CASCADE"), nullable=False),
    Column("request_time", BigInteger, nullable=False),
    Column("duration", BigInteger),
    Column("state", text(32), nullable=False),
    Column("client_request_id", text()),
    Column("request_preview", text()),
    Column("response_preview", text()),
    Index("ix_traces_experiment_id_request_time", "experiment_id", "request_time"),
)

trace_metadata = Table(
    "trace_metadata",
    metadata,
    _of_trace(primary_key=True),
    Column("key", text(250), primary_key=True),
    Column("value", text(), nullable=False),
    **CLUSTERED,
)

trace_tags = Table(
    "trace_tags",
    metadata,
    _of_trace(primary_key=True),
    Column("key", text(250), primary_key=True),
    Column("value", text(), nullable=False),
    **CLUSTERED,
)

# ``body`` is the whole assessment, as the JSON received.
trace_assessments = Table(
    "trace_assessments",
    metadata,
    _of_trace(primary_key=True),
    Column("id", text(256), primary_key=True),
    Column("name", text(500), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("body", text(), nullable=False),
    **CLUSTERED,
)
