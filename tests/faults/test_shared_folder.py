"""A project that several users of a group share: none who reads or logs locks another out."""

import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path

import pytest

from nbtrack.store.artifacts.spool import move_file
from nbtrack.store.open import open_store

from ..needs import missing
from .people import ADA, BOB, OWN_OF_ADA, OWN_OF_BOB, TEAM, as_user, modes, said

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="needs users and groups of Linux")]

LOG = """
with nbtrack.start_run({name!r}) as run:
    run.log_params({{"lr": 0.1}})
    run.log(loss=1.0)
    run.log_text("text", "plots/a.txt")
assert nbtrack.flush(10)
"""
NAMES = "print(*sorted(run.name for run in nbtrack.runs()))"


@pytest.fixture
def shared():
    """A folder of ada's that the team may write to, in which everything belongs to the team."""
    if os.geteuid() != 0:
        missing("only root can be several users")
    folder = Path(tempfile.mkdtemp(prefix="nbtrack-", dir="/tmp"))  # every user can reach it
    folder.chmod(0o755)
    project = folder / "project"
    project.mkdir()
    os.chown(project, ADA, TEAM)
    project.chmod(0o2775)
    yield project
    shutil.rmtree(folder)


@pytest.mark.parametrize("umask", [0o002, 0o007])
def test_two_users_read_log_and_delete_in_turn(shared, umask):
    for user, code in [
        (ADA, LOG.format(name="a1")),
        (BOB, NAMES),
        (ADA, LOG.format(name="a2")),
        (BOB, LOG.format(name="b1")),
        (ADA, """nbtrack.runs("attributes.run_name = 'b1'")[0].delete()"""),
        (BOB, "from nbtrack.cli import main; assert main(['runs', 'gc', '--yes', '--store', os.getcwd()]) == 0"),
        (ADA, LOG.format(name="a3")),
    ]:
        assert said(shared, user, code, umask=umask)[1] == "", code
    assert said(shared, BOB, NAMES, umask=umask) == ("a1 a2 a3", "")


@pytest.mark.parametrize("umask", [0o002, 0o007, 0o022, 0o077])
def test_files_have_the_mode_of_the_umask_and_the_folders_group(shared, umask):
    child = as_user(shared, ADA, LOG.format(name="a") + "print(flush=True); sys.stdin.readline()", umask=umask, group=OWN_OF_ADA)
    child.line()
    found = modes(shared)
    child.finish()
    assert {"runs.db", "runs.db-wal", "runs.db-shm", "journal", "artifacts"} <= set(found)
    assert any(path.endswith("a.txt") for path in found)
    for path, (mode, group) in found.items():
        is_folder = mode & stat.S_ISGID
        assert (mode & 0o777, group) == ((0o777 if is_folder else 0o666) & ~umask, TEAM), path


def test_files_of_a_journal_may_be_used_by_the_group(shared):
    code = (
        "run = nbtrack.start_run(); run.log_text('x', 'a.txt'); [run.log({f'm{i}': 1.0}) for i in range(40)]; print(flush=True)"
    )
    (shared / "runs.db").mkdir()  # no store, so that everything stays in the journal
    child = as_user(shared, ADA, code)
    child.line()
    found = modes(shared / "journal")
    child.kill()
    names = " ".join(found)
    assert "events.jsonl" in names
    assert "names.jsonl" in names
    assert "lane-0" in names
    assert "spool" in names
    assert {mode for (mode, _) in found.values()} == {0o664, 0o2775}


def test_the_log_of_a_folder_without_setgid_has_the_databases_group(shared):
    """Bob's files have a group of his own there, which must not lock ada out."""
    shared.chmod(0o775)
    said(shared, ADA, LOG.format(name="a1"))
    look = "nbtrack.runs(); print(flush=True); sys.stdin.readline()"
    child = as_user(shared, BOB, look, group=OWN_OF_BOB, groups=(TEAM,))
    child.line()
    assert said(shared, ADA, LOG.format(name="a2")) == ("", "")
    child.finish()


LOOK_BY_SQLITE = """
import sqlite3
connection = sqlite3.connect("runs.db")
connection.execute("SELECT count(*) FROM runs").fetchall()
os._exit(0)
"""


@pytest.mark.parametrize("has_rows", [True, False])
def test_another_users_sqlite_log_does_not_lock_the_owner_out(shared, has_rows):
    """A database that others may only read, in a folder that they may write to: SQLite itself leaves its log there."""
    shared.chmod(0o777)
    said(shared, ADA, LOG.format(name="a1"), umask=0o022)
    if has_rows:
        child = as_user(shared, ADA, LOG.format(name="a2") + "os.kill(os.getpid(), 9)", umask=0o022)
        child.wait()
        (shared / "runs.db-shm").unlink()
        os.chown(shared / "runs.db-wal", BOB, OWN_OF_BOB)
    as_user(shared, BOB, LOOK_BY_SQLITE, umask=0o022, group=OWN_OF_BOB).wait()
    assert (shared / "runs.db-wal").stat().st_uid == BOB
    assert said(shared, ADA, LOG.format(name="a3"), umask=0o022) == ("", "")
    assert said(shared, ADA, NAMES, umask=0o022) == ("a1 a2 a3" if has_rows else "a1 a3", "")


def test_a_backup_before_a_migration_has_the_stores_permissions(shared):
    frozen = Path(__file__).parents[1] / "store" / "sql" / "frozen" / "schema-0002.db"
    for mode in (0o664, 0o600):
        shutil.copy(frozen, shared / "runs.db")
        os.chown(shared / "runs.db", ADA, TEAM)
        (shared / "runs.db").chmod(mode)
        said(shared, ADA, "nbtrack.runs(experiment='*')", umask=0o022, group=OWN_OF_ADA)
        assert modes(shared)["runs.db.0002.backup"] == (mode, TEAM)


def test_a_file_moved_into_a_groups_folder_gets_that_group(shared):
    own, place = shared.parent / "own.txt", shared / "deep" / "a.txt"
    own.write_text("text")
    move_file(own, place)
    assert (place.read_text(), place.stat().st_gid, own.exists()) == ("text", TEAM, False)


def test_a_file_whose_group_cannot_be_changed_is_copied_there(shared):
    own, place = shared.parent / "own.txt", shared / "a.txt"
    own.write_text("text")
    own.chmod(0o644)
    shared.parent.chmod(0o777)
    code = f"""
from pathlib import Path
from nbtrack.store.artifacts.spool import move_file
move_file(Path({str(own)!r}), Path({str(place)!r}))
"""
    assert said(shared, ADA, code) == ("", "")  # it is root's
    assert (place.read_text(), place.stat().st_gid, own.exists()) == ("text", TEAM, False)


# The users of a server.


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_no_other_user_may_read_the_database_of_users(shared, umask):
    code = """
from nbtrack.server.auth.accounts import open_accounts
accounts = open_accounts(f"sqlite:///{os.getcwd()}/users.db")
accounts.users.add("ada", "hashed")
print(flush=True); sys.stdin.readline()
"""
    child = as_user(shared, ADA, code, umask=umask)
    child.line()
    found = {path: mode for path, (mode, _) in modes(shared).items() if path.startswith("users.db")}
    child.finish()
    assert found == dict.fromkeys(("users.db", "users.db-wal", "users.db-shm"), 0o600)


def test_a_store_that_becomes_the_database_of_users_is_closed_to_others(shared):
    said(shared, ADA, LOG.format(name="a"))
    code = """
from nbtrack.server.auth.accounts import open_accounts
open_accounts(f"sqlite:///{os.getcwd()}/runs.db").close()
"""
    _, warned = said(shared, ADA, code)
    assert "runs.db has users in it: from now on nobody but its owner may open it" in warned
    assert modes(shared)["runs.db"][0] == 0o600
    assert said(shared, ADA, code) == ("", "")


def test_a_database_of_users_that_stays_open_to_others_is_refused(shared):
    open_store(f"sqlite:///{shared}/users.db", artifact_root="").close()  # root's
    (shared / "users.db").chmod(0o666)
    code = """
from nbtrack.server.auth.accounts import open_accounts
open_accounts(f"sqlite:///{os.getcwd()}/users.db")
"""
    child = as_user(shared, ADA, code)
    assert f"its owner says `chmod 600 {shared}/users.db`" in child.wait()[1]
