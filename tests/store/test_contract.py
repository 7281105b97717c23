"""Every store runs the whole contract: no subclass overrides a test."""

from __future__ import annotations

from .contract import StoreContract
from .memory.test_memory import TestMemory as Memory
from .nbtrack_server.test_store import TestRemoteMemory as RemoteMemory
from .nbtrack_server.test_store import TestRemoteServer as RemoteServer
from .sql.dialects.test_mysql import TestMariaDB as MariaDB
from .sql.dialects.test_postgresql import TestPostgreSQL as PostgreSQL
from .sql.dialects.test_sqlite import TestSQLite as SQLite


def subclasses(cls):
    return [each for direct in cls.__subclasses__() for each in [direct, *subclasses(direct)]]


def test_every_store_runs_the_whole_contract():
    assert {MariaDB, Memory, PostgreSQL, RemoteMemory, RemoteServer, SQLite} <= set(subclasses(StoreContract))


def test_no_inherited_test_is_overridden():
    for each in subclasses(StoreContract):
        inherited = {name for base in each.__mro__[1:] for name in vars(base) if name.startswith("test")}
        assert not inherited & vars(each).keys()
