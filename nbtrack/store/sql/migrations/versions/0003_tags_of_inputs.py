"""Tags of the datasets that runs read."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

LONG = (1 << 32) - 1


def text(length: int | None = None) -> Any:
    """Return text that sorts by code point."""
    text = sa.String(length).with_variant(sa.Text(collation="C"), "postgresql").with_variant(sa.Text(), "sqlite")
    return text if length else text.with_variant(sa.Text(LONG), "mysql")


def upgrade() -> None:
    """Make a table of tags that go with what a run read."""
    op.create_table(
        "run_dataset_tags",
        sa.Column("run_key", sa.BigInteger(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("key", text(255), nullable=False),
        sa.Column("value", text(), nullable=False),
        sa.PrimaryKeyConstraint("run_key", "dataset_id", "key", name="pk_run_dataset_tags"),
        sa.ForeignKeyConstraint(
            ["run_key", "dataset_id"],
            ["run_datasets.run_key", "run_datasets.dataset_id"],
            name="fk_run_dataset_tags_run_key_dataset_id",
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )
