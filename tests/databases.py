"""Database servers for the tests: each in a folder of its own, without a network, stopped when the tests are done."""

from __future__ import annotations

import getpass
import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TypeVar

from .needs import missing

_PATIENCE = 180  # seconds, for a busy machine


def _user(name: str) -> str:
    """Return the user who runs a server: for root, who must not run one, the user that its package made."""
    return name if os.geteuid() == 0 else getpass.getuser()


class PostgresServer:
    """A PostgreSQL server on a socket."""

    def __init__(self, programs: Path, folder: Path, options: str = "") -> None:
        self.programs, self.folder, self.options = programs, folder, options
        self.names = count()
        self.user = _user("postgres")
        self.prefix = ["runuser", "-u", self.user, "--"] if os.geteuid() == 0 else []
        shutil.chown(folder, self.user)

    def run(self, program: str, *arguments: str) -> None:
        command = [*self.prefix, str(self.programs / program), *arguments]
        done = subprocess.run(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 0, f"{program} failed: {done.stderr}"

    def make(self) -> None:
        self.run("initdb", "-D", self.data, "-U", "test", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8")
        self.start()
        # Its own collation is not by code point, as is usual; what a store sorts must be.
        self.execute("CREATE DATABASE nbtrack TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'", "postgres")

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} {self.options}"
        self.run("pg_ctl", "-D", self.data, "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self, how: str = "immediate") -> None:
        """Stop it at once, like a crash, or orderly (``fast``)."""
        self.run("pg_ctl", "-D", self.data, "-m", how, "stop")

    @property
    def data(self) -> str:
        return str(self.folder / "data")

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


@contextmanager
def pgbouncer(server: PostgresServer, size: int = 2) -> Iterator[str]:
    """Run a pooler that gives connections to others after each transaction; yield the URI of a new store behind it."""
    program = shutil.which("pgbouncer", path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))
    if program is None:
        missing("pgbouncer is not installed")
    with _folder("nbtrack-pgbouncer-") as folder:
        shutil.chown(folder, server.user)
        name = f"pooled{next(server.names)}"
        server.execute(f"CREATE DATABASE {name}", "postgres")
        settings = {"pool_mode": "transaction", "default_pool_size": size, "auth_type": "any", "unix_socket_dir": folder}
        settings |= {"listen_addr": "", "listen_port": 6432, "logfile": folder / "log", "admin_users": "test"}
        lines = [
            "[databases]",
            f"* = host={server.folder} user=test",
            "[pgbouncer]",
            *(f"{k} = {v}" for k, v in settings.items()),
        ]
        (folder / "config").write_text("\n".join(lines) + "\n")
        process = subprocess.Popen([*server.prefix, program, str(folder / "config")], stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + _PATIENCE
            while not (folder / ".s.PGSQL.6432").exists():
                is_alive = process.poll() is None and time.monotonic() < deadline
                assert is_alive, (folder / "log").read_text()
                time.sleep(0.02)
            yield f"postgresql+psycopg://test@/{name}?host={folder}&port=6432"
        finally:
            process.terminate()
            process.wait(_PATIENCE)


class MariaServer:
    """A MariaDB server on a socket."""

    def __init__(self, programs: dict[str, str], folder: Path, options: tuple[str, ...] = ()) -> None:
        self.programs, self.folder, self.options = programs, folder, options
        self.names = count()
        self.user = _user("mysql")
        self.process: subprocess.Popen[bytes] | None = None
        shutil.chown(folder, self.user)

    def make(self) -> None:
        command = [self.programs["mariadb-install-db"], "--no-defaults", f"--datadir={self.data}", f"--user={self.user}"]
        command += ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"mariadb-install-db failed: {done.stdout}{done.stderr}"
        self.start()

    def start(self) -> None:
        command = [self.programs["mariadbd"], "--no-defaults", f"--user={self.user}", f"--datadir={self.data}"]
        command += [f"--socket={self.socket}", f"--pid-file={self.folder}/pid", "--skip-networking", "--skip-log-bin"]
        # Its own collation is not by code point, as is usual; what a store compares must be.
        command += ["--character-set-server=latin1", "--innodb-file-per-table=0", *self.options]
        Path(self.socket).unlink(missing_ok=True)  # as a crash leaves it
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        deadline = time.monotonic() + _PATIENCE
        while not Path(self.socket).exists():
            is_alive = self.process.poll() is None and time.monotonic() < deadline
            assert is_alive, (self.folder / "log").read_text()[-2000:]
            time.sleep(0.05)

    def stop(self, *, at_once: bool = True) -> None:
        """Stop it at once, as a crash would, or let it come to an end."""
        assert self.process is not None
        self.process.kill() if at_once else self.process.terminate()
        self.process.wait(_PATIENCE)

    @property
    def data(self) -> str:
        return str(self.folder / "data")

    @property
    def socket(self) -> str:
        return str(self.folder / "socket")

    def execute(self, statement: str) -> None:
        import pymysql

        with pymysql.connect(unix_socket=self.socket, user="root", autocommit=True) as connection:
            connection.cursor().execute(statement)

    def new_url(self) -> str:
        """Return the URI of a new store, in a database of its own."""
        name = f"store{next(self.names)}"
        self.execute(f"CREATE DATABASE {name}")
        return f"mysql+pymysql://root@/{name}?unix_socket={self.socket}"


NOT_DURABLE = {
    "postgresql": "-c fsync=off -c full_page_writes=off",
    "mariadb": (
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-flush-method=nosync",
        "--innodb-stats-persistent=0",
        "--skip-innodb-doublewrite",
    ),
}


@contextmanager
def postgres_server(options: str = NOT_DURABLE["postgresql"]) -> Iterator[PostgresServer]:
    """Run a server; with the default options it is fast, and loses data when the machine stops."""
    programs = _postgres_programs()
    if programs is None:
        missing("PostgreSQL's server programs (initdb, pg_ctl) are not installed")
    _need("psycopg")
    with _running("nbtrack-pg-", lambda folder: PostgresServer(programs, folder, options)) as server:
        yield server


@contextmanager
def maria_server(options: tuple[str, ...] = NOT_DURABLE["mariadb"]) -> Iterator[MariaServer]:
    """Run a server, as ``postgres_server`` does."""
    programs = _maria_programs()
    if programs is None:
        missing("MariaDB's server programs (mariadbd, mariadb-install-db) are not installed")
    _need("pymysql")
    with _running("nbtrack-maria-", lambda folder: MariaServer(programs, folder, options)) as server:
        yield server


def _need(driver: str) -> None:
    if importlib.util.find_spec(driver) is None:
        missing(f"{driver} is not installed")


Server = TypeVar("Server", PostgresServer, MariaServer)


@contextmanager
def _running(prefix: str, server_in: Callable[[Path], Server]) -> Iterator[Server]:
    with _folder(prefix) as folder:
        server = server_in(folder)
        server.make()
        try:
            yield server
        finally:
            server.stop()


def _postgres_programs() -> Path | None:
    """Return the folder of PostgreSQL's server programs, the newest there is."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name.split(".")[0]))
    return Path(found).resolve().parent if found else folders[-1] if folders else None


def _maria_programs() -> dict[str, str] | None:
    folders = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"])
    found = {name: shutil.which(name, path=folders) for name in ("mariadbd", "mariadb-install-db")}
    return {name: path for name, path in found.items() if path} if all(found.values()) else None


@contextmanager
def _folder(prefix: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
