"""The lock that proves a process to be alive: held while it has journals, released with its death, not held by children."""

import errno
import json
import os
import signal
import subprocess
import sys

import pytest

from nbtrack.entities.events import Progress
from nbtrack.journal import process_lock
from nbtrack.journal.owner import Owner, this_process
from nbtrack.journal.process_lock import hold, is_held, leave, locks, release, remove_lock
from nbtrack.journal.reader import journals, read_journal
from nbtrack.journal.writer import Writer

pytestmark = pytest.mark.skipif(process_lock.fcntl is None, reason="there are no such locks here")

HOLDS = """
import sys
from pathlib import Path
from nbtrack.journal.writer import Writer
writer = Writer(Path(sys.argv[1]), "a" * 32, owns=True)
writer.log({"x": 1.0}, 0, 1)
print("holds", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def other(tmp_path):
    """Another process that writes a journal."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", HOLDS, str(tmp_path)], stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout.readline() == "holds\n"
        yield process
        process.kill()


def hidden(monkeypatch):
    """Let no process be visible, as with hidepid or from another container."""
    monkeypatch.setattr(Owner, "is_alive", lambda _: None)


def test_a_process_that_cannot_be_examined_is_alive_while_it_holds_its_lock(tmp_path, other, monkeypatch):
    hidden(monkeypatch)
    (folder,) = journals(tmp_path)
    assert read_journal(folder, is_live=True).is_alive() is True
    os.kill(other.pid, signal.SIGSTOP)
    assert read_journal(folder, is_live=True).is_alive() is True
    other.kill()
    other.wait()
    assert read_journal(folder).is_alive() is False


def test_a_free_lock_of_another_machine_proves_nothing(tmp_path, other, monkeypatch):
    """Not every shared folder shows a lock to other machines."""
    (folder,) = journals(tmp_path)
    elsewhere = Owner.from_json(json.dumps({**json.loads(this_process().to_json()), "host": "another", "boot": "another"}))
    journal = read_journal(folder, is_live=True)
    journal.owner = elsewhere
    assert journal.is_alive() is True
    other.kill()
    other.wait()
    assert journal.is_alive() is None


def test_a_process_has_one_lock_and_none_after_its_journals_are_deleted(tmp_path):
    writers = [Writer(tmp_path, letter * 32, owns=True) for letter in "ab"]
    for writer in writers:
        writer.log({"x": 1.0}, 0, 1)
    (name,) = locks(tmp_path)
    assert {read_journal(folder, is_live=True).lock for folder in journals(tmp_path)} == {name}
    for writer in writers:
        assert is_held(tmp_path, name) is True
        writer.outbox.applied(Progress(0, {0: 1}))
        leave(tmp_path)
        assert locks(tmp_path) == [name]
        assert writer.delete() is None
    assert locks(tmp_path) == [name]  # for the next run
    leave(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_does_not_hold_its_parents_lock(tmp_path, monkeypatch):
    """The child lives on when the parent is killed, and writes under a lock of its own."""
    code = HOLDS.replace(
        'print("holds"',
        """
import os, signal
parent = os.getpid()
if (child := os.fork()) == 0:
    writer.log({"x": 1.0}, 0, 1)
    print("holds", os.getpid(), flush=True)
    signal.pause()
signal.pause()
print("never\"""",
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        child = int(process.stdout.readline().split()[1])
        try:
            process.kill()
            process.wait()
            hidden(monkeypatch)
            found = {read.owns: read.is_alive() for read in map(read_journal, journals(tmp_path))}
            assert found == {True: False, False: True}
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_deleted_lock_file_is_made_again_for_the_next_journal(tmp_path):
    first, second = (Writer(tmp_path, letter * 32, owns=True) for letter in "ab")
    first.log({"x": 1.0}, 0, 1)
    (name,) = locks(tmp_path)
    (tmp_path / name).unlink()
    second.log({"x": 1.0}, 0, 1)
    (again,) = locks(tmp_path)
    assert again != name
    assert is_held(tmp_path, again) is True
    assert is_held(tmp_path, name) is None  # and whether its process lives is seen some other way
    assert [read_journal(folder, is_live=True).is_alive() for folder in journals(tmp_path)] == [True, True]


def test_a_lock_that_a_daemon_closed_is_taken_again_and_no_other_file_is_closed(tmp_path):
    name = hold(tmp_path, "w")
    fd = process_lock._held[tmp_path].fd
    os.close(fd)
    assert is_held(tmp_path, name) is False
    with (tmp_path / "users.txt").open("w") as file:
        assert file.fileno() == fd
        assert hold(tmp_path, "w") != name
        file.write("here")
        file.flush()
        release(tmp_path, "w")
        leave(tmp_path)
    assert (tmp_path / "users.txt").read_text() == "here"


def test_only_the_lock_file_of_a_dead_process_is_removed(tmp_path, other):
    (name,) = locks(tmp_path)
    remove_lock(tmp_path, name)
    assert locks(tmp_path) == [name]
    other.kill()
    other.wait()
    remove_lock(tmp_path, name)
    assert locks(tmp_path) == []
    remove_lock(tmp_path, name)


def test_a_lock_that_is_removed_while_it_is_made_is_made_again(tmp_path, monkeypatch):
    made = process_lock._made
    removed = []

    def make_and_lose(path):
        fd = made(path)
        if not removed:
            removed.append(path)
            remove_lock(path.parent, path.name)
        return fd

    monkeypatch.setattr(process_lock, "_made", make_and_lose)
    name = hold(tmp_path, "w")
    assert removed
    assert removed[0].name != name
    assert locks(tmp_path) == [name]
    assert is_held(tmp_path, name) is True
    release(tmp_path, "w")
    leave(tmp_path)
    assert locks(tmp_path) == []


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_without_file_locks_processes_are_examined_by_their_pid(tmp_path, monkeypatch, code):
    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(process_lock.fcntl, "flock", refuse)
    writer = Writer(tmp_path, "a" * 32, owns=True)
    writer.log({"x": 1.0}, 0, 1)
    (folder,) = journals(tmp_path)
    journal = read_journal(folder, is_live=True)
    assert (journal.lock, journal.is_alive(), locks(tmp_path)) == ("", True, [])
    writer.unmap()


@pytest.mark.parametrize("name", ["../elsewhere", "", ".alive.", ".alive.0123456789ab/../elsewhere", "events.jsonl"])
def test_the_lock_in_a_head_names_no_other_file(tmp_path, name):
    (tmp_path / "elsewhere").write_text("")
    assert is_held(tmp_path, name) is None


def test_a_pipe_or_link_in_place_of_a_lock_does_not_block(tmp_path):
    names = [".alive.0123456789ab", ".alive.ba9876543210"]
    os.mkfifo(tmp_path / names[0])
    (tmp_path / names[1]).symlink_to(tmp_path / names[0])
    assert is_held(tmp_path, names[0]) in (None, False)
    assert is_held(tmp_path, names[1]) is None


@pytest.mark.parametrize(
    "changed",
    [{"pid": "1"}, {"pid": -1}, {"pid": 0}, {"pid": True}, {"pid": None}, {"started": 5}, {"space": ["x"]}, {"more": 1}],
)
def test_an_owner_with_an_invalid_field_is_none(changed):
    assert Owner.from_json(json.dumps({**json.loads(this_process().to_json()), **changed})) is None


def test_an_existing_process_that_must_not_be_examined_is_not_dead(monkeypatch):
    here = this_process()
    monkeypatch.setattr("pathlib.Path.read_bytes", lambda path: (_ for _ in ()).throw(FileNotFoundError(path)))
    assert here.is_alive() is None


def test_a_host_of_another_name_is_the_same_host(monkeypatch):
    here = this_process()
    renamed = Owner("another name", here.boot, here.space, here.pid, here.started)
    assert (renamed.is_here(), renamed.is_alive()) == (True, True)
    restarted = Owner(here.host, "an earlier start", here.space, here.pid, here.started)
    assert (restarted.is_here(), restarted.is_alive()) == (False, False)
    elsewhere = Owner("another name", "an earlier start", here.space, here.pid, here.started)
    assert elsewhere.is_alive() is None
