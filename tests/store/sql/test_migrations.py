"""Creating tables and migrating older ones."""

from __future__ import annotations

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from nbtrack.errors import SchemaError, StoreError
from nbtrack.store.open import open_store
from nbtrack.store.sql.dialects import dialect_of
from nbtrack.store.sql.schema import migrate, tables

from ..building import batch, started

NEXT = """
revision = "9998"
down_revision = "{head}"


def upgrade():
    from alembic import op

    op.execute("CREATE TABLE extra (id INTEGER)")
    op.execute("INSERT INTO extra SELECT count(*) FROM runs")
    {more}
"""


@pytest.fixture
def uri(tmp_path):
    return f"sqlite:///{tmp_path}/runs.db"


@pytest.fixture
def newer_program(tmp_path, monkeypatch):
    """Return a function that turns this into the next release, with one more migration."""

    def become(more=""):
        folder = tmp_path / "migrations"
        shutil.copytree(migrate._SCRIPTS, folder)
        Path(folder, "versions", "9998_next.py").write_text(NEXT.format(more=more, head=tables.HEAD))
        monkeypatch.setattr(migrate, "_SCRIPTS", folder)
        monkeypatch.setattr(migrate, "HEAD", "9998")

    return become


def store_with_a_run(uri):
    store = open_store(uri, artifact_root="artifacts")
    store.apply([batch("r", started())])
    store.close()


def query(path, sql):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def objects_of_sqlite(engine):
    with engine.connect() as connection:
        found = connection.execute(sa.text("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"))
        return [tuple(row) for row in found]


def objects_of_server(engine):
    inspector = sa.inspect(engine)
    return {
        name: (
            [{**column, "type": repr(column["type"])} for column in inspector.get_columns(name)],
            inspector.get_pk_constraint(name),
            inspector.get_foreign_keys(name),
            inspector.get_indexes(name),
            inspector.get_unique_constraints(name),
        )
        for name in sorted(inspector.get_table_names())
    }


def made_and_migrated(made, migrated, objects):
    try:
        with made.begin() as connection:
            tables.metadata.create_all(connection)
        with migrated.begin() as connection:
            migrate.upgrade(connection, migrate.migrations(None))
        assert objects(made) == objects(migrated)
        assert len(objects(made)) >= len(tables.metadata.tables)
    finally:
        made.dispose()
        migrated.dispose()


def test_tables_made_are_tables_migrated(tmp_path):
    engines = [sa.create_engine(f"sqlite:///{tmp_path}/{name}.db") for name in ("made", "migrated")]
    made_and_migrated(*engines, objects_of_sqlite)


@pytest.mark.slow
@pytest.mark.parametrize("server", ["postgres", "maria"])
def test_tables_made_are_tables_migrated_on_a_server(server, request):
    new_url = request.getfixturevalue(f"new_{server}_url")
    engines = [dialect_of(sa.make_url(new_url())).engine() for _ in range(2)]
    made_and_migrated(*engines, objects_of_server)


def test_the_newest_migration_is_the_version_of_new_stores(uri, tmp_path):
    assert ScriptDirectory(str(migrate._SCRIPTS)).get_current_head() == tables.HEAD
    store_with_a_run(uri)
    assert query(tmp_path / "runs.db", "SELECT version_num FROM nbtrack_version") == [(tables.HEAD,)]


def test_an_older_store_is_migrated_and_a_copy_is_kept(uri, tmp_path, newer_program):
    store_with_a_run(uri)
    newer_program()
    store = open_store(uri, artifact_root="artifacts")
    assert store.get_run("r").name == "a run"
    store.close()
    assert query(tmp_path / "runs.db", "SELECT version_num FROM nbtrack_version") == [("9998",)]
    assert query(tmp_path / "runs.db", "SELECT id FROM extra") == [(1,)]
    assert query(
        tmp_path / f"runs.db.{tables.HEAD}.backup", "SELECT version_num, (SELECT id FROM runs) FROM nbtrack_version"
    ) == [(tables.HEAD, "r")]


def test_many_who_open_an_older_store_migrate_it_once(uri, tmp_path, newer_program):
    store_with_a_run(uri)
    newer_program()
    with ThreadPoolExecutor(4) as pool:
        for store in pool.map(lambda _: open_store(uri, artifact_root="artifacts"), range(4)):
            store.close()
    assert query(tmp_path / "runs.db", "SELECT count(*) FROM extra") == [(1,)]


def test_a_migration_that_fails_changes_nothing(uri, tmp_path, newer_program):
    store_with_a_run(uri)
    newer_program(more="op.execute('SELECT broken')")
    with pytest.raises(StoreError, match="broken"):
        open_store(uri, artifact_root="artifacts")
    assert query(tmp_path / "runs.db", "SELECT version_num FROM nbtrack_version") == [(tables.HEAD,)]
    assert query(tmp_path / "runs.db", "SELECT name FROM sqlite_master WHERE name = 'extra'") == []


def test_a_newer_store_is_refused_and_unchanged(uri, tmp_path):
    store_with_a_run(uri)
    with closing(sqlite3.connect(tmp_path / "runs.db")) as other, other:
        other.execute("UPDATE nbtrack_version SET version_num = '9999'")
    before = (tmp_path / "runs.db").read_bytes()
    with pytest.raises(SchemaError, match=r"written by a newer nbtrack: .* version 9999,.*; pip install -U nbtrack"):
        open_store(uri, artifact_root="artifacts")
    assert (tmp_path / "runs.db").read_bytes() == before
    assert not list(tmp_path.glob("*.backup"))
