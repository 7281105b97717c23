"""Which folder ``.nbtrack``, here or above, is the project: not one of another user, nor one that is not writable."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from ..needs import missing
from .people import ADA, BOB, OWN_OF_ADA, OWN_OF_BOB, TEAM, said

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="needs users and groups of Linux")]

# Where runs are shown, and where they go, from the folder above both.
FOUND = """
from pathlib import Path
from nbtrack.system.project import find_project
found = find_project(Path.cwd())
print(*(path.relative_to(os.environ["TOP"]) for path in (found.shown, found.own)), found.objection)
"""
RUN = """
os.environ.pop("NBTRACK_URI", None)
nbtrack.connect()
print("shown", *sorted(run.name for run in nbtrack.runs()))
with nbtrack.start_run("b1") as run:
    run.log(loss=1.0)
assert nbtrack.flush(10)
print("shown", *sorted(run.name for run in nbtrack.runs()))
"""


@pytest.fixture
def top():
    """A folder that every user can reach, with a folder ``work`` that belongs to bob, in which he works."""
    if os.geteuid() != 0:
        missing("only root can be several users")
    folder = Path(tempfile.mkdtemp(prefix="nbtrack-", dir="/tmp"))
    folder.chmod(0o755)
    made(folder / "work", BOB, OWN_OF_BOB)
    yield folder
    shutil.rmtree(folder)


def made(folder, user, group, mode=0o755, *, runs=False):
    folder.mkdir()
    if runs:
        (folder / "runs.db").touch(0o666 & mode | 0o600)
        os.chown(folder / "runs.db", user, group)
        (folder / "runs.db").chmod(mode & 0o666)
    os.chown(folder, user, group)
    folder.chmod(mode)
    return folder


def found(top, folder="work"):
    code = f"os.environ['TOP'] = {str(top)!r}\n{FOUND}"
    out, err = said(top / folder, BOB, code, umask=0o022, group=OWN_OF_BOB, groups=(TEAM,), home=top / "work")
    assert err == ""
    return out


@pytest.mark.parametrize(
    ("user", "group", "mode", "expected"),
    [
        (BOB, OWN_OF_BOB, 0o755, ".nbtrack .nbtrack"),
        (ADA, TEAM, 0o2775, ".nbtrack .nbtrack"),
        (0, 0, 0o777, ".nbtrack .nbtrack"),
        (ADA, OWN_OF_ADA, 0o755, ".nbtrack work/.nbtrack is not writable"),
        (ADA, TEAM, 0o2755, ".nbtrack work/.nbtrack is not writable"),
        (0, 0, 0o755, ".nbtrack work/.nbtrack is not writable"),
        (ADA, OWN_OF_ADA, 0o777, f".nbtrack work/.nbtrack belongs to user {ADA}"),
        (ADA, TEAM, 0o2777, f".nbtrack work/.nbtrack belongs to user {ADA}"),
        (ADA, OWN_OF_ADA, 0o700, "work/.nbtrack work/.nbtrack"),
    ],
    ids=[
        "own",
        "of the group",
        "root's, for all",
        "ada's",
        "of a group, unwritable",
        "root's",
        "ada's, for all",
        "group and all",
        "closed",
    ],
)
def test_which_project_above_is_used(top, user, group, mode, expected):
    made(top / ".nbtrack", user, group, mode, runs=True)
    assert found(top) == expected


def test_a_project_with_a_read_only_database_is_not_writable(top):
    made(top / ".nbtrack", ADA, TEAM, 0o2775, runs=True)
    (top / ".nbtrack" / "runs.db").chmod(0o644)
    assert found(top) == ".nbtrack work/.nbtrack is not writable"


def test_the_project_of_the_working_folders_owner_is_used(top):
    """Like root in a container, in a folder of the host, or a guest who may write there."""
    theirs = made(top / "theirs", ADA, OWN_OF_ADA)
    made(theirs / ".nbtrack", ADA, OWN_OF_ADA, 0o777, runs=True)
    assert found(top, "theirs") == "theirs/.nbtrack theirs/.nbtrack"


def test_ones_own_project_further_up_is_used_before_a_new_one_is_made(top):
    made(top / ".nbtrack", BOB, OWN_OF_BOB, runs=True)
    middle = made(top / "middle", ADA, OWN_OF_ADA)
    made(middle / ".nbtrack", ADA, OWN_OF_ADA, runs=True)
    made(middle / "work", BOB, OWN_OF_BOB)
    assert found(top, "middle/work") == "middle/.nbtrack .nbtrack is not writable"


def test_a_read_only_project_here_is_used_if_there_is_no_other(top):
    made(top / "work" / ".nbtrack", 0, 0, runs=True)
    assert found(top) == "work/.nbtrack work/.nbtrack"


def test_a_read_only_folder_without_a_project_has_its_project_there(top):
    made(top / "closed", ADA, OWN_OF_ADA)
    assert found(top, "closed") == "closed/.nbtrack closed/.nbtrack"


def test_a_new_run_goes_to_ones_own_project_instead_of_a_colleagues(top):
    theirs = made(top / ".nbtrack", ADA, OWN_OF_ADA)
    log = "with nbtrack.start_run('a1') as run: run.log(loss=1.0)\nassert nbtrack.flush(10)"
    assert said(theirs, ADA, log, umask=0o022, group=OWN_OF_ADA, home=theirs) == ("", "")
    before = {path: path.stat().st_mtime_ns for path in theirs.rglob("*")}
    out, err = said(top / "work", BOB, RUN, umask=0o022, group=OWN_OF_BOB, home=top / "work")
    assert out.splitlines() == ["shown a1", "shown b1"]
    assert len(err.splitlines()) == 1
    assert f"{theirs} is not writable: its runs are shown until you start one, which goes to {top}/work/.nbtrack" in err
    assert f"name it: nbtrack.connect({str(theirs)!r}) or NBTRACK_URI" in err
    assert {path: path.stat().st_mtime_ns for path in theirs.rglob("*")} == before
    out, err = said(top / "work", BOB, RUN.replace("b1", "b2"), umask=0o022, group=OWN_OF_BOB, home=top / "work")
    assert (out.splitlines(), err) == (["shown b1", "shown b1 b2"], "")
