"""Creating the tables, and migrating older ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from ....entities.run import DEFAULT_EXPERIMENT, LifecycleStage, now_ms
from ....errors import SchemaError
from ..connection import SqlConnection
from ..database import Database
from . import model_tables, trace_tables  # noqa: F401 - their tables are among the metadata's
from .tables import HEAD, VERSION_TABLE, experiments, metadata, version

if TYPE_CHECKING:
    from alembic.script import Script

__all__ = ["make_current", "migrations", "upgrade"]

_SCRIPTS = Path(__file__).parents[1] / "migrations"
_VERSION = sa.select(version.c.version_num)


def make_current(database: Database) -> None:
    """Create the tables of a new store, or migrate those of an older one; processes that try at the same time do it once.

    Raises:
        SchemaError: The store was written by a newer nbtrack, or the database is not a store.
        StoreUnavailable: The database cannot be reached or written to now.
    """
    with database.read() as connection:
        found = _version(connection)
    if found == HEAD:
        return
    if database.reading_only is not None:
        _refuse_to_read(database.dialect.label, found)
    database.write(_make_current)


def _refuse_to_read(label: str, found: str | None) -> None:
    """Raise SchemaError for a store that needs a migration but may only be read here."""
    if found is None:
        raise SchemaError(f"{label} has no tables yet and may only be read here: connect to another store")
    migrations(found)  # raises for a newer store
    raise SchemaError(
        f"{label} is of an older nbtrack (version {found} of its tables) and may only be read here: have its owner open it with "
        "this nbtrack, or copy its folder and connect to the copy"
    )


def _make_current(connection: SqlConnection) -> None:
    with connection.dialect.lock_schema(connection.core):
        stored = _version(connection)
        if stored is None:
            _make(connection)
        elif stored != HEAD:
            steps = migrations(stored)
            connection.dialect.back_up(stored)
            upgrade(connection.core, steps)


def _version(connection: SqlConnection) -> str | None:
    """Return the version of the tables; None if there are none."""
    names = _tables(connection)
    if VERSION_TABLE not in names and (taken := sorted(names & set(metadata.tables))):
        whose = "of MLflow" if "alembic_version" in names else "of another program"
        raise SchemaError(
            f"{connection.dialect.label} is a database {whose}, which has tables called {', '.join(taken)} of its own; "
            "give nbtrack another file or database"
        )
    if VERSION_TABLE not in sa.inspect(connection.core).get_table_names():
        return None
    row = connection.row(_VERSION)
    return None if row is None else str(row[0])


def _tables(connection: SqlConnection) -> set[str]:
    """Return the tables in the schema where new ones would be created; other schemas of PostgreSQL's search_path do not count."""
    inspector = sa.inspect(connection.core)
    return set(inspector.get_table_names(schema=inspector.default_schema_name))


def _make(connection: SqlConnection) -> None:
    # The version table first: where DDL outlives a failed transaction, it marks the other tables as nbtrack's.
    there = _tables(connection)
    for tables in ([version], [table for table in metadata.sorted_tables if table is not version]):
        metadata.create_all(connection.core, [table for table in tables if table.name not in there], checkfirst=False)
    connection.insert(version, [(HEAD,)])
    now = now_ms()
    row = (0, DEFAULT_EXPERIMENT, f"{connection.places.root}/0", LifecycleStage.ACTIVE.value, now, now)
    connection.insert(experiments, [row])


def migrations(stored: str | None) -> list[Script]:
    """Return the migrations from a version, None for an empty database, to the newest, in their order.

    Raises:
        SchemaError: This version is not known here.
    """
    from alembic.script import ScriptDirectory
    from alembic.script.revision import RevisionError

    try:
        return list(ScriptDirectory(str(_SCRIPTS)).iterate_revisions("head", stored or "base"))[::-1]
    except RevisionError as error:
        raise SchemaError(
            f"the store was written by a newer nbtrack: its tables have version {stored}, and this nbtrack knows those "
            f"up to {HEAD}; pip install -U nbtrack"
        ) from error


def upgrade(connection: sa.Connection, steps: Sequence[Script]) -> None:
    """Run migrations in the connection's transaction."""
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext

    with Operations.context(MigrationContext.configure(connection)):
        for step in steps:
            step.module.upgrade()
    connection.execute(sa.delete(version))
    connection.execute(sa.insert(version).values(version_num=HEAD))
