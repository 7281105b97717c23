"""Only what a store refuses waits; it is named, and can be sent again, sent to another store, or deleted."""

import json
import logging
import os
import subprocess
import sys
import urllib.request
from base64 import b64encode
from pathlib import Path

import pytest

import nbtrack
from nbtrack.entities.tags import EVENT_REFUSED
from nbtrack.tracking.tracker import connection_of

from ..databases import NOT_DURABLE, maria_server
from ..proxies import nginx
from ..server.test_process import serving

pytestmark = pytest.mark.slow

PASSWORD = "correct horse battery"


@pytest.fixture
def project(tmp_path, monkeypatch):
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def command(*arguments, status=0):
    done = subprocess.run(
        [Path(sys.executable).with_name("nbtrack"), *arguments], capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


# Limits of size.


@pytest.fixture
def behind_nginx(tmp_path):
    """A server behind nginx with its default limit of 1 MB for a body."""
    (tmp_path / "server").mkdir()
    with serving(tmp_path / "server") as (_, url), nginx(tmp_path / "nginx", url) as address:
        yield address, url


def test_metrics_beyond_a_proxys_limit_are_split_until_they_fit(behind_nginx, project):
    tracker = nbtrack.connect(behind_nginx[0])
    with tracker.start_run("long", params={"lr": 0.1}) as run:
        values = [((i * 7919) % 10007) ** 1.5 for i in range(300_000)]
        for step, value in enumerate(values):
            run.log({"a": value, "b": -value, "c": value / 3}, step=step)
        assert run.flush(60)
    found = nbtrack.connect(behind_nginx[1]).get_run(run.id)
    assert found.metrics["a"].values.tolist() == values
    assert found.status == "FINISHED"


def test_a_file_beyond_a_proxys_limit_waits_alone(behind_nginx, project, tmp_path, caplog):
    tracker = nbtrack.connect(behind_nginx[0])
    (project / "large.bin").write_bytes(os.urandom(3_000_000))
    with caplog.at_level(logging.WARNING, "nbtrack"), tracker.start_run("files") as run:
        run.log_artifact(project / "large.bin")
        run.log_text("hello", "small.txt")
        run.log(loss=1.0)
        run.set_tag("after", "1")
    assert tracker.flush(60)
    with tracker.start_run("next") as other:
        other.log(loss=2.0)
    found = nbtrack.connect(behind_nginx[1]).get_run(run.id)
    assert (found.status, found.tags["after"], found.artifacts.read_text("small.txt")) == ("FINISHED", "1", "hello")
    assert [str(each) for each in found.artifacts.list()] == ["small.txt"]
    assert [message for message in caplog.messages if "unavailable" in message] == []
    assert any("'large.bin'" in message and "413" in message for message in caplog.messages)
    assert "large.bin" in tracker.status()
    connection_of(tracker).close(10)

    doctor = command("doctor", "--store", behind_nginx[0], status=1)
    assert "large.bin" in doctor
    assert "413" in doctor
    waits = json.loads(command("sync", "--store", behind_nginx[0], "--json", status=1))["refused"]
    assert [each["run_id"] for each in waits] == [run.id]


def test_a_refused_file_arrives_after_the_limit_is_raised(behind_nginx, project, tmp_path):
    address, url = behind_nginx
    tracker = nbtrack.connect(address)
    content = os.urandom(2_000_000)
    (project / "large.bin").write_bytes(content)
    with tracker.start_run("files") as run:
        run.log_artifact(project / "large.bin")
    assert tracker.flush(60)
    connection_of(tracker).close(10)
    outbox = next((project / ".nbtrack" / "outbox").iterdir())
    with nginx(tmp_path / "larger", url, "100m") as wide:
        there = nbtrack.connect(wide)
        outbox.rename(connection_of(there).settings.journal)
        connection_of(there).close(5)
        command("sync", "--store", wide)
    found = nbtrack.connect(url).get_run(run.id)
    (found.artifacts.download("large.bin", project / "back.bin"))
    assert (project / "back.bin").read_bytes() == content
    assert EVENT_REFUSED not in found.tags


def test_refused_events_are_deleted_by_a_second_drop(behind_nginx, project):
    tracker = nbtrack.connect(behind_nginx[0])
    (project / "large.bin").write_bytes(bytes(2_000_000) + os.urandom(10))
    with tracker.start_run("files") as run:
        run.log_artifact(project / "large.bin")
    assert tracker.flush(60)
    connection_of(tracker).close(10)
    once = command("sync", "--store", behind_nginx[0], "--drop", status=1)
    assert "say --drop twice" in once
    assert run.id in once
    assert "nothing waits" in command("sync", "--store", behind_nginx[0], "--drop", "--drop")
    assert "nothing waits" in command("sync", "--store", behind_nginx[0])


def test_a_value_beyond_mariadbs_packet_waits_alone(project, caplog):
    with maria_server((*NOT_DURABLE["mariadb"], "--max-allowed-packet=1M")) as server:
        tracker = nbtrack.connect(server.new_url(), artifacts=str(project / "files"))
        with caplog.at_level(logging.WARNING, "nbtrack"), tracker.start_run("large") as run:
            run.log(loss=1.0)
            run.set_tag("before", "1")
            run.set_tag("note", "x" * 2_000_000)
            run.set_tag("after", "1")
            for step in range(400_000):
                run.log({"a": (step * 7919 % 10007) ** 1.5}, step=step)
        assert tracker.flush(60)
        with tracker.start_run("next") as other:
            other.log(loss=2.0)
        found = tracker.get_run(run.id)
        assert (found.status, found.tags["before"], found.tags["after"]) == ("FINISHED", "1", "1")
        assert "'note'" in found.tags[EVENT_REFUSED]
        assert "max_allowed_packet" in found.tags[EVENT_REFUSED]
        assert found.metrics["a"].count == 400_000
        assert tracker.get_run(other.id).metrics["loss"].last == 2.0
        assert [message for message in caplog.messages if "unavailable" in message] == []
        server.execute("SET GLOBAL max_allowed_packet = 64 * 1024 * 1024")
        connection_of(tracker).close(10)
        command("sync", "--store", connection_of(tracker).settings.uri)
        again = nbtrack.connect(connection_of(tracker).settings.uri, artifacts=str(project / "files")).get_run(run.id)
        assert len(again.tags["note"]) == 2_000_000
        assert EVENT_REFUSED not in again.tags


# Rights.


@pytest.fixture
def with_users(tmp_path, monkeypatch):
    """A server where a user may edit experiment ``mine`` and read ``theirs``."""
    (tmp_path / "server").mkdir()
    monkeypatch.setenv("NBTRACK_ADMIN_PASSWORD", PASSWORD)
    with serving(tmp_path / "server", "--auth") as (_, url):

        def as_user(name):
            monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", name)
            monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)

        def may_edit(experiment_id):
            admin = {
                "Authorization": f"Basic {b64encode(f'admin:{PASSWORD}'.encode()).decode()}",
                "Content-Type": "application/json",
            }
            said = json.dumps({"experiment_id": experiment_id, "username": "ada", "permission": "EDIT"}).encode()
            asked = urllib.request.Request(f"{url}/api/2.0/mlflow/experiments/permissions/create", said, admin)
            urllib.request.urlopen(asked, timeout=30).close()

        as_user("admin")
        admin = nbtrack.connect(url)
        ids = [admin.set_experiment(name).id for name in ("mine", "theirs")]
        program = Path(sys.executable).with_name("nbtrack")
        store = ["--store", f"sqlite:///{tmp_path}/server/runs.db"]
        subprocess.run([program, "users", *store, "add", "ada"], input=PASSWORD, text=True, check=True, capture_output=True)
        may_edit(ids[0])
        as_user("ada")
        yield url, lambda: may_edit(ids[1])


def test_a_run_without_permission_delays_no_other(with_users, project, caplog):
    url, _ = with_users
    tracker = nbtrack.connect(url)
    with caplog.at_level(logging.WARNING, "nbtrack"):
        refused = tracker.start_run("refused", experiment="theirs")
        refused.log(loss=1.0)
        with tracker.start_run("fine", experiment="mine") as fine:
            for step in range(100):
                fine.log(loss=float(step))
        refused.end()
        assert fine.flush(30) or tracker.get_run(fine.id).status == "FINISHED"
    assert tracker.get_run(fine.id).metrics["loss"].count == 100
    assert [message for message in caplog.messages if "unavailable" in message] == []
    assert any(refused.id in message and "EDIT" in message for message in caplog.messages)
    assert f"refused: run {refused.id}" in tracker.status()
    connection_of(tracker).close(10)


def log_in_another_process(url):
    """Log a run without permission, in another process; return the run's id."""
    code = f"""
import nbtrack
nbtrack.connect({url!r})
with nbtrack.start_run("refused", experiment="theirs") as run:
    run.log(loss=1.0)
print(run.id)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=100)
    return done.stdout.strip()


def test_a_run_without_permission_waits_for_it_and_every_session_says_so(with_users, project):
    url, permit = with_users
    run_id = log_in_another_process(url)
    refused = command("sync", "--store", url, status=1)
    assert run_id in refused
    assert "EDIT" in refused
    assert f"run {run_id}" in command("doctor", "--store", url, status=1)
    again = nbtrack.connect(url)
    with again.start_run("fine", experiment="mine") as fine:
        fine.log(loss=2.0)
    assert f"refused: run {run_id}" in again.status()
    assert again.get_run(fine.id).status == "FINISHED"
    connection_of(again).close(5)
    permit()
    assert "nothing waits" in command("sync", "--store", url)
    found = nbtrack.connect(url).get_run(run_id)
    assert (found.status, found.metrics["loss"].last) == ("FINISHED", 1.0)


def test_a_run_without_permission_is_sent_to_another_store(with_users, project, tmp_path):
    url, *_ = with_users
    run_id = log_in_another_process(url)
    elsewhere = f"sqlite:///{tmp_path}/own.db"
    command("sync", "--store", url, "--to", elsewhere)
    found = nbtrack.connect(elsewhere).get_run(run_id)
    assert (found.name, found.metrics["loss"].last, found.status) == ("refused", 1.0, "FINISHED")
