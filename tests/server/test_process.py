"""The server as a process: started from the command line, reached over a socket, terminated."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from nbtrack.cli import main

pytestmark = pytest.mark.slow


@contextmanager
def serving(folder, *options):
    """Start ``nbtrack server`` in a folder and yield (process, URL); kill it at the end if it still runs."""
    command = [sys.executable, "-W", "error", "-m", "nbtrack", "server", "--store", "sqlite:///runs.db", "--port", "0", *options]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        found = re.search(r"http://\S+:\d+", line)
        assert found, line + process.stderr.read()
        yield process, found[0]
    finally:
        process.kill()
        process.communicate()


def workers_of(supervisor):
    """Return the process ids of a server's workers, from /proc."""
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    return {int(each) for each in children if b"spawn_main" in Path(f"/proc/{each}/cmdline").read_bytes()}


def ask(url, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one", "two"])
def test_the_server_answers_until_it_is_terminated(tmp_path, options):
    with serving(tmp_path, *options) as (process, url):

        def log(name):
            run = ask(url, "/api/2.0/mlflow/runs/create", {"experiment_id": "0", "run_name": name})["run"]["info"]["run_id"]
            ask(url, "/api/2.0/mlflow/runs/log-metric", {"run_id": run, "key": "a", "value": 1, "timestamp": 1})

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(log, [f"run {i}" for i in range(8)]))
        found = ask(url, "/api/2.0/mlflow/runs/search", {"experiment_ids": ["0"], "filter": "metrics.a = 1"})["runs"]
        assert {each["info"]["run_name"] for each in found} == {f"run {i}" for i in range(8)}
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert process.stderr.read() == ""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_dead_worker_is_replaced_while_others_answer(tmp_path):
    with serving(tmp_path, "--workers", "2") as (process, url):
        assert ask(url, "/api/2.0/mlflow/experiments/get?experiment_id=0")
        first = workers_of(process.pid)
        os.kill(min(first), signal.SIGKILL)
        while not workers_of(process.pid) - first:
            assert ask(url, "/api/2.0/mlflow/experiments/get?experiment_id=0")
        assert len(workers_of(process.pid) & first) == 1


def test_workers_end_when_their_supervisor_dies(tmp_path):
    with serving(tmp_path, "--workers", "2") as (process, url):
        assert ask(url, "/api/2.0/mlflow/experiments/get?experiment_id=0")
        process.kill()
        assert process.communicate(timeout=60) == ("", "")  # the pipes close only when every process that holds them has ended


def test_a_relative_folder_of_artifacts_is_in_the_working_directory(tmp_path):
    with serving(tmp_path, "--artifacts", "./mlruns", "--no-serve-artifacts") as (_, url):
        default = ask(url, "/api/2.0/mlflow/experiments/get?experiment_id=0")["experiment"]
        assert default["artifact_location"] == f"{(tmp_path / 'mlruns').as_uri()}/0"


def test_the_first_line_names_the_address_and_the_store(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "nbtrack", "server", "--store", "sqlite:///runs.db", "--port", port]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"nbtrack: cannot listen on 127.0.0.1:{port}: Address already in use; choose another with --port\n"


def test_a_store_that_cannot_be_opened_is_a_one_line_error(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs.db").write_text("this is not a database, but some text of more than a hundred bytes " * 20)
    assert main(["server", "--store", "sqlite:///runs.db"]) == 2
    assert "is not a SQLite database" in capsys.readouterr().err
    assert main(["server", "--store", "oracle://x"]) == 2
    assert main(["server", "--store", "sqlite:///new.db", "--workers", "0"]) == 2
    assert not (tmp_path / "new.db").exists()


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "server" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["server", "--help"])
    assert "--no-serve-artifacts" in capsys.readouterr().out
