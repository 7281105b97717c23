"""Stores to test with: a PostgreSQL server of our own, started when a test first asks for it."""

from __future__ import annotations

import getpass
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest


def missing(reason: str) -> None:
    """Skip the test, or fail it where everything is required to run."""
    if os.environ.get("NBTRACK_REQUIRE_ALL") == "1":
        pytest.fail(f"{reason}, and NBTRACK_REQUIRE_ALL is set")
    pytest.skip(reason)


def postgres_programs() -> Path | None:
    """Return the folder of PostgreSQL's server programs, the newest there is."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name.split(".")[0]))
    return Path(found).resolve().parent if found else folders[-1] if folders else None


class PostgresServer:
    """A server on a socket in a folder of its own; root may not run one, so there the user postgres does."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs, self.folder = programs, folder
        self.names = count()
        is_root = os.geteuid() == 0
        self.user = "postgres" if is_root else getpass.getuser()
        self.prefix = ["runuser", "-u", "postgres", "--"] if is_root else []
        if is_root:
            shutil.chown(folder, "postgres")

    def run(self, program: str, *arguments: str) -> None:
        command = [*self.prefix, str(self.programs / program), *arguments]
        done = subprocess.run(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 0, f"{program} failed: {done.stderr}"

    @contextmanager
    def running(self) -> Iterator[PostgresServer]:
        data = str(self.folder / "data")
        self.run("initdb", "-D", data, "-U", "test", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8")
        options = f"-c fsync=off -c full_page_writes=off -c listen_addresses='' -c unix_socket_directories={self.folder}"
        self.run("pg_ctl", "-D", data, "-w", "-l", str(self.folder / "log"), "-o", options, "start")
        try:
            # Its own collation is not by code point, as is usual; what a store sorts must be.
            self.execute("CREATE DATABASE nbtrack TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'", "postgres")
            yield self
        finally:
            self.run("pg_ctl", "-D", data, "-m", "immediate", "stop")

    def execute(self, statement: str, database: str = "nbtrack") -> None:
        import psycopg

        with psycopg.connect(host=str(self.folder), user="test", dbname=database, autocommit=True) as connection:
            connection.execute(statement)

    @property
    def url(self) -> str:
        """The URI of a store in the database itself."""
        return f"postgresql+psycopg://test@/nbtrack?host={self.folder}"

    def new_url(self) -> str:
        """Return the URI of a new store, in a schema of its own."""
        name = f"store{next(self.names)}"
        self.execute(f"CREATE SCHEMA {name}")
        return f"{self.url}&options=-csearch_path%3D{name}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    programs = postgres_programs()
    if programs is None:
        missing("PostgreSQL's server programs (initdb, pg_ctl) are not installed")
    if importlib.util.find_spec("psycopg") is None:
        missing("psycopg is not installed")
    folder = Path(tempfile.mkdtemp(prefix="nbtrack-pg-"))
    try:
        with PostgresServer(programs, folder).running() as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def new_postgres_url(postgres_server: PostgresServer) -> Callable[[], str]:
    """Return what gives the URI of a new store with each call."""
    return postgres_server.new_url


@pytest.fixture(scope="module")
def postgres_url(new_postgres_url: Callable[[], str]) -> str:
    """Return the URI of a new store, one a module."""
    return new_postgres_url()
