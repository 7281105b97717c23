"""A real MLflow tracking server that is emptied for each test."""

from __future__ import annotations

import contextlib
import http.client
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from ...needs import free_ports

_SECONDS = 240


class MlflowServer:
    """A server on a SQLite database in a folder; ``reset`` empties it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.uri = f"http://127.0.0.1:{port}"

    def reset(self) -> None:
        with contextlib.closing(sqlite3.connect(self.folder / "mlflow.db", timeout=30)) as database:
            database.execute("PRAGMA foreign_keys = OFF")
            names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for name in names:
                if name not in ("alembic_version", "experiments") and not name.startswith("sqlite_"):
                    database.execute(f"DELETE FROM {name}")
            database.execute("DELETE FROM experiments WHERE experiment_id != 0")
            database.execute("UPDATE experiments SET lifecycle_stage = 'active', name = 'Default'")
            database.commit()


@contextlib.contextmanager
def mlflow_server(folder: Path, *options: str) -> Iterator[MlflowServer]:
    """Run a server in a folder until the block ends."""
    server = MlflowServer(folder, *free_ports(1))
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(server.port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", *options]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait(server, process)
            yield server
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 15)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                process.wait(20)


def _wait(server: MlflowServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, f"mlflow server ended: {(server.folder / 'log').read_text()[-2000:]}"
        with (
            contextlib.suppress(OSError),
            contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)) as asked,
        ):
            asked.request("GET", "/health")
            if asked.getresponse().status == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"mlflow server did not start: {(server.folder / 'log').read_text()[-2000:]}")
