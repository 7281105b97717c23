"""Compares tracking servers, each on SQLite in a folder of its own: ``python benchmarks/server.py [--scale 0.2] [SERVER …]``.

With ``--postgresql`` each has a database of its own in a PostgreSQL started for it, with its default durability.

Servers: ``nbtrack``, ``nbtrack-token`` and ``nbtrack-password`` (with ``--auth``), ``fasttrackml`` (its command ``fml``, from an
environment of its own, on the PATH) and ``mlflow``, as far as they are installed. One client of the standard library sends the
same requests of MLflow's REST API to all of them, and every point that is written is read and counted.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.databases import PostgresServer, postgres_server

BIN = Path(sys.executable).parent
COMMANDS = {
    "nbtrack": ["nbtrack", "server", "--store", "{store}", "--artifacts", "files", "--port", "{port}"],
    "nbtrack-token": ["nbtrack", "server", "--store", "{store}", "--auth", "--port", "{port}"],
    "nbtrack-password": ["nbtrack", "server", "--store", "{store}", "--auth", "--port", "{port}"],
    "fasttrackml": ["fml", "server", "-d", "{store}", "-a", "127.0.0.1:{port}", "-l", "error"],
    "mlflow": ["mlflow", "server", "--backend-store-uri", "{store}", "--port", "{port}"],
}
SQLITE = {"fasttrackml": "sqlite://runs.db"}
PASSWORD = "a password of the benchmark"
START = 1_700_000_000_000
now = time.perf_counter


class Client:
    """A client of one server, with a connection for each thread."""

    def __init__(self, port: int, authorization: str = "") -> None:
        self.port, self.local = port, threading.local()
        self.headers = {"Content-Type": "application/json"} | ({"Authorization": authorization} if authorization else {})

    def call(self, method: str, path: str, body: dict | None = None) -> dict:
        connection = getattr(self.local, "connection", None)
        if connection is None:
            connection = self.local.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        data = None if body is None else json.dumps(body)
        connection.request(method, f"/api/2.0/mlflow/{path}", data, self.headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {content[:200]!r}")
        return json.loads(content or b"{}")

    def run(self, experiment: str) -> str:
        return self.call("POST", "runs/create", {"experiment_id": experiment, "start_time": START})["run"]["info"]["run_id"]

    def batch(self, run: str, key: str, first: int, count: int = 1000) -> None:
        steps = range(first, first + count)
        metrics = [{"key": key, "value": 1 / (step + 1), "timestamp": START + step, "step": step} for step in steps]
        self.call("POST", "runs/log-batch", {"run_id": run, "metrics": metrics})

    def history(self, run: str, key: str) -> int:
        found, token = 0, ""
        while True:
            query = {"run_id": run, "metric_key": key, "max_results": 25_000} | ({"page_token": token} if token else {})
            page = self.call("GET", f"metrics/get-history?{urlencode(query)}")
            found += len(page.get("metrics", []))
            token = page.get("next_page_token", "")
            if not token:
                return found


def timed(work, *arguments) -> tuple[float, object]:
    start = now()
    result = work(*arguments)
    return now() - start, result


def measure(client: Client, scale: float) -> dict[str, str]:
    """Return the figures of one server."""
    experiment = client.call("POST", "experiments/create", {"name": f"bench-{time.time_ns()}"})["experiment_id"]
    figures = {}
    count = max(20, int(200 * scale))
    seconds, runs = timed(lambda: [client.run(experiment) for _ in range(count)])
    figures["runs/create, ms"] = f"{seconds / count * 1000:.2f}"
    point = {"run_id": runs[0], "key": "one"}
    each = [
        timed(client.call, "POST", "runs/log-metric", point | {"value": i, "timestamp": START + i, "step": i})[0]
        for i in range(int(300 * scale))
    ]
    figures["log-metric, ms (median)"] = f"{statistics.median(each) * 1000:.2f}"
    batches = int(50 * scale)
    seconds, _ = timed(lambda: [client.batch(runs[1], "big", i * 1000) for i in range(batches)])
    figures["log-batch, points a second"] = f"{batches * 1000 / seconds:,.0f}"
    seconds, found = timed(client.history, runs[1], "big")
    assert found == batches * 1000, (found, batches)
    figures["history, points a second"] = f"{found / seconds:,.0f}"
    asked = int(600 * scale)
    seconds, _ = timed(lambda: [client.call("GET", f"experiments/get?experiment_id={experiment}") for _ in range(asked)])
    figures["experiments/get, requests a second"] = f"{asked / seconds:,.0f}"
    figures["log-batch by 8 clients, points a second"] = f"{eight(client, runs[2:10], int(25 * scale)):,.0f}"
    fill(client, runs)
    where = {"experiment_ids": [experiment], "max_results": 1000}
    text = "metrics.m0 < 0.5 and params.p0 = '1'"
    figures["filtered search, ms"] = f"{median_ms(client, where | {'filter': text}, 5)}"
    figures[f"table of {count} runs, ms"] = f"{median_ms(client, where, 5)}"
    return figures


def eight(client: Client, runs: list[str], batches: int) -> float:
    def write(run: str) -> None:
        for i in range(batches):
            client.batch(run, "par", i * 1000)

    with ThreadPoolExecutor(8) as threads:
        seconds, _ = timed(lambda: list(threads.map(write, runs)))
    assert all(client.history(run, "par") == batches * 1000 for run in runs)
    return len(runs) * batches * 1000 / seconds


def fill(client: Client, runs: list[str]) -> None:
    for i, run in enumerate(runs):
        params = [{"key": f"p{j}", "value": str((i + j) % 7)} for j in range(10)]
        metrics = [{"key": f"m{j}", "value": (i * 31 + j) % 1000 / 1000, "timestamp": 1, "step": 0} for j in range(10)]
        client.call("POST", "runs/log-batch", {"run_id": run, "params": params, "metrics": metrics})


def median_ms(client: Client, search: dict, times: int) -> str:
    return f"{statistics.median(timed(client.call, 'POST', 'runs/search', search)[0] for _ in range(times)) * 1000:.1f}"


def program(name: str) -> str | None:
    """Return the path of a server's command, from this environment or the PATH."""
    command = COMMANDS[name][0]
    return str(BIN / command) if (BIN / command).exists() else shutil.which(command)


def store_of(name: str, database: PostgresServer | None) -> str:
    """Return the URI of a new store in the form that a server accepts."""
    if database is None:
        return SQLITE.get(name, "sqlite:///runs.db")
    place = f"bench{next(database.names)}"
    database.execute(f"CREATE DATABASE {place}")
    scheme = "postgres" if name == "fasttrackml" else "postgresql+psycopg"
    return f"{scheme}://test@/{place}?host={database.folder}"


@contextmanager
def serving(name: str, database: PostgresServer | None):
    """Start a server and yield a client of it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store = store_of(name, database)
    with tempfile.TemporaryDirectory() as folder:
        line = [program(name), *[option.format(port=port, store=store) for option in COMMANDS[name][1:]]]
        environ = {**os.environ, "NBTRACK_ADMIN_PASSWORD": PASSWORD}
        process = subprocess.Popen(line, cwd=folder, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait(port, process)
            yield Client(port, authorization(name, folder, store))
        finally:
            process.terminate()
            process.wait()


def authorization(name: str, folder: str, store: str) -> str:
    """Return the Authorization header for a server with users."""
    if name == "nbtrack-password":
        return "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    if name == "nbtrack-token":
        line = [str(BIN / "nbtrack"), "users", "--store", store, "token", "create", "admin", "bench"]
        return "Bearer " + subprocess.run(line, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()
    return ""


def wait(port: int, process: subprocess.Popen, seconds: float = 300) -> None:
    end = now() + seconds
    while process.poll() is None and now() < end:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health")
            connection.getresponse()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit(f"{process.args[0]} does not answer")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "servers",
        nargs="*",
        default=[name for name in ("nbtrack", "fasttrackml", "mlflow") if program(name)],
    )
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--postgresql", action="store_true", help="keep all in PostgreSQL")
    parser.add_argument("--rounds", type=int, default=1, help="measure each server so many times, in turn")
    options = parser.parse_args()
    figures: dict[str, list[dict[str, str]]] = {name: [] for name in options.servers}
    with postgres_server("") if options.postgresql else nullcontext() as database:
        for _ in range(options.rounds):
            for name in options.servers:
                with serving(name, database) as client:
                    figures[name].append(measure(client, options.scale))
    print("| |", " | ".join(figures), "|")
    print("|---" * (len(figures) + 1) + "|")
    for row in next(iter(figures.values()))[0]:
        print(f"| {row} |", " | ".join(" / ".join(each[row] for each in found) for found in figures.values()), "|")


if __name__ == "__main__":
    main()
