"""A store without write permission, or mounted read-only, can be read, and reading leaves no trace."""

import os
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from nbtrack.journal.reader import journals

from ..needs import missing
from .child import Child
from .people import ADA, BOB, OWN_OF_ADA, OWN_OF_BOB, as_user, said

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="needs users and groups of Linux")]

LOG = """
with nbtrack.start_run({!r}, params={{"lr": 0.1}}) as run:
    run.log(loss=1.0)
    run.log_text("text", "a.txt")
assert nbtrack.flush(10)
"""
READ = """
from nbtrack.cli import main
runs = nbtrack.runs()
assert len(runs.df()) == len(runs)
for run in runs:
    again = nbtrack.get_run(run.id)
    assert again.metrics["loss"].values.tolist() == [1.0]
    assert again.params["lr"] == 0.1
    assert [file.path for file in again.artifacts.list()] == ["a.txt"]
    assert again.artifacts.load("a.txt") == "text"
assert "loss" in str(nbtrack.compare(runs))
for command in (["runs", "list"], ["runs", "show", runs[0].id], ["doctor"], ["export", os.environ["HOME"] + "/out"]):
    assert main([*command, "--store", os.getcwd(), "--json"]) == 0, command
print(file=sys.stderr)
print("read", *sorted(run.name for run in runs))
"""
HOLD = LOG + "print('is there', flush=True)\nsys.stdin.readline()\n"


@pytest.fixture
def place():
    """A folder that every user can reach, with a home of bob's in it."""
    if os.geteuid() != 0:
        missing("only root can be several users")
    folder = Path(tempfile.mkdtemp(prefix="nbtrack-", dir="/tmp"))
    folder.chmod(0o755)
    (folder / "bob").mkdir()
    os.chown(folder / "bob", BOB, OWN_OF_BOB)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def project(place):
    """A project of ada's with a run, which others may read."""
    folder = place / "project"
    folder.mkdir()
    os.chown(folder, ADA, OWN_OF_ADA)
    ada(folder, LOG.format("a1"))
    return folder


def ada(folder, code):
    assert said(folder, ADA, code, umask=0o022, group=OWN_OF_ADA, home=folder) == ("", "")


def bob(folder, code):
    out, err = said(folder, BOB, code, umask=0o022, group=OWN_OF_BOB, home=folder.parent / "bob")
    return out.rpartition("\n")[2], err


def seen(folder):
    """Return owner, mode, size and time of every file."""
    found = {path: path.stat() for path in folder.rglob("*")}
    return {path: (at.st_uid, at.st_mode, at.st_size, at.st_mtime_ns) for path, at in found.items()}


def without_memory(folder):
    """Leave only the log of a killed writer, as a copy or a snapshot may."""
    (folder / "runs.db-shm").unlink()


def as_closed(folder):
    ada(folder, "nbtrack.runs()")


def without_log(folder):
    with closing(sqlite3.connect(folder / "runs.db")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


CASES = {"closed": as_closed, "killed": lambda _: None, "a log without memory": without_memory, "no log": without_log}


@pytest.mark.parametrize("mode", [0o755, 0o777], ids=["folder read-only", "database read-only"])
@pytest.mark.parametrize("case", CASES)
def test_a_reader_without_write_permission_reads_everything_and_leaves_no_trace(project, case, mode):
    child = as_user(project, ADA, HOLD.format("a2"), umask=0o022, group=OWN_OF_ADA)
    child.line()
    child.kill()
    CASES[case](project)
    project.chmod(mode)
    before = seen(project)
    assert bob(project, READ) == ("read a1 a2", "")
    assert seen(project) == before
    ada(project, LOG.format("a3"))
    assert bob(project, READ) == ("read a1 a2 a3", "")


@pytest.mark.parametrize("mode", [0o755, 0o777], ids=["folder read-only", "database read-only"])
def test_a_reader_without_write_permission_sees_what_is_logged_meanwhile(project, mode):
    project.chmod(mode)
    look = "for _ in range(4):\n    print(*sorted(run.name for run in nbtrack.runs()), flush=True)\n    sys.stdin.readline()"
    reader = as_user(project, BOB, look, umask=0o022, group=OWN_OF_BOB, home=project.parent / "bob")
    assert reader.line() == "a1"
    ada(project, LOG.format("a2"))
    reader.tell()
    assert reader.line() == "a1 a2"
    writer = as_user(project, ADA, HOLD.format("a3"), umask=0o022, group=OWN_OF_ADA)
    writer.line()
    reader.tell()
    assert reader.line() == "a1 a2 a3"
    assert writer.finish()[1] == ""
    ada(project, LOG.format("a4"))
    reader.tell()
    assert reader.line() == "a1 a2 a3 a4"
    assert reader.finish()[1] == ""


@pytest.mark.parametrize("case", CASES)
def test_a_store_on_a_read_only_file_system_can_be_read(project, case):
    child = as_user(project, ADA, HOLD.format("a2"), umask=0o022, group=OWN_OF_ADA)
    child.line()
    child.kill()
    CASES[case](project)
    home = project.parent / "bob"
    before = f"""
import os
from tests.faults.people import mount_read_only
mount_read_only({str(project)!r})
os.environ["HOME"] = {str(home)!r}
"""
    out, err = Child(project, READ, before=before).finish()
    assert (out.strip().rpartition("\n")[2], err.strip()) == ("read a1 a2", "")


def test_a_read_only_store_of_an_older_version_names_the_remedy(place):
    folder = place / "old"
    folder.mkdir()
    shutil.copy(Path(__file__).parents[1] / "store" / "sql" / "frozen" / "schema-0002.db", folder / "runs.db")
    said_of_it = bob(folder, "from nbtrack.cli import main; print(main(['runs', 'list', '--store', os.getcwd()]))")
    assert said_of_it[0] == "2"
    assert "runs.db is of an older nbtrack (version 0002 of its tables) and may only be read here" in said_of_it[1]
    assert "Traceback" not in said_of_it[1]
    assert [path.name for path in folder.iterdir()] == ["runs.db"]


def test_what_is_logged_into_a_read_only_store_waits_in_the_users_own_folder(project):
    own = project.parent / "bob" / ".local" / "state" / "nbtrack"
    _, err = bob(project, LOG.format("b1").replace("assert nbtrack.flush(10)", "assert not nbtrack.flush(0.5)"))
    away, pending = err.splitlines()
    assert "may only be read here: have its owner let you write it and its folder" in away
    assert f"1 rows of 1 runs are not in the store yet; they wait in {own}/" in pending
    (home,) = own.iterdir()
    assert len(journals(home)) == 1
    assert home.stat().st_mode & 0o777 == 0o700
    for path in (project, *project.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    assert bob(project, READ) == ("read a1 b1", "")
    assert journals(home) == []


def test_files_in_the_users_own_folder_arrive_by_sync(project):
    bob(project, LOG.format("b1").replace("assert nbtrack.flush(10)", ""))
    for path in (project, *project.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    assert bob(project, "from nbtrack.cli import main; assert main(['sync', '--store', os.getcwd()]) == 0") == (
        "nothing waits",
        "",
    )
    ada(project, "assert sorted(run.name for run in nbtrack.runs()) == ['a1', 'b1']")
