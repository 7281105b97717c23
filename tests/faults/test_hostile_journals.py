"""Hostile journals in a downloaded project or a shared folder: nothing outside is touched, other users' journals stay."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from nbtrack.cli.waiting import waiting
from nbtrack.entities.events import ArtifactLogged, RunStarted, TagsSet
from nbtrack.entities.tags import ARTIFACTS_REFUSED
from nbtrack.errors import InvalidInput, StoreUnavailable
from nbtrack.journal import plain_files
from nbtrack.journal.codec import FORMAT, to_json
from nbtrack.journal.records import encode
from nbtrack.settings import resolve

RUN, WRITER = "b" * 32, "abcdefabcdab"
LONG_AGO = 1e9


def hostile(home, *events, run=RUN, writer=WRITER, head=None):
    """Make the journal of a dead process with these events."""
    folder = home / f"{run}.{writer}"
    (folder / "spool").mkdir(parents=True)
    first = {"format": FORMAT, "run": run, "writer": writer, "owns": True, "owner": "", **(head or {})}
    lines = [first, *map(to_json, [RunStarted("Default", "demo", 1, "eve"), *events])]
    (folder / "events.jsonl").write_bytes(b"".join(map(encode, lines)))
    return folder


def age(folder):
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, (LONG_AGO, LONG_AGO), follow_symlinks=False)


@pytest.fixture
def victim(tmp_path):
    file = tmp_path / "home" / "thesis.tex"
    file.parent.mkdir()
    file.write_text("years of work")
    yield file
    assert file.read_text() == "years of work"
    assert [each.name for each in file.parent.iterdir()] == ["thesis.tex"]


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project" / ".nbtrack"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    "name", ["{file}", "../../../../../home/thesis.tex", "..", ".", "spool/x", "a\0b", "\udc80", "x" * 5000, "~/thesis.tex", "é"]
)
def test_the_name_of_a_spooled_file_is_no_path(project, victim, opened, name):
    age(hostile(project / "journal", ArtifactLogged("a.txt", 1, "", name.format(file=victim)), TagsSet({"after": "yes"})))
    store = opened(project)
    tags = {key: value for _, key, value in store.tags([RUN])}
    assert "not one of its own" in tags[ARTIFACTS_REFUSED]
    assert tags["after"] == "yes"
    assert (project / "journal" / "damaged" / f"{RUN}.{WRITER}").is_dir()


@pytest.mark.parametrize("what", ["file", "spool", "hard link", "folder", "pipe"])
def test_a_spooled_file_is_only_the_journals_own(project, victim, opened, what):
    folder = hostile(project / "journal", ArtifactLogged("a.txt", 1, "", "thesis.tex"))
    file = folder / "spool" / "thesis.tex"
    if what == "file":
        file.symlink_to(victim)
    elif what == "hard link":
        file.hardlink_to(victim)
    elif what == "folder":
        file.mkdir()
    elif what == "pipe":
        os.mkfifo(file)
    else:
        (folder / "spool").rmdir()
        (folder / "spool").symlink_to(victim.parent)
    age(folder)
    store = opened(project)
    assert ARTIFACTS_REFUSED in {key for _, key, _ in store.tags([RUN])}
    assert not [each for each in (project / "artifacts").rglob("*") if each.is_file()]


@pytest.mark.parametrize("name", ["events.jsonl", "names.jsonl", "lane-0.00000.rows"])
@pytest.mark.parametrize("what", ["link", "pipe", "endless"])
def test_a_journals_file_that_is_not_a_plain_file_is_not_read(project, victim, opened, name, what):
    folder = hostile(project / "journal")
    (folder / name).unlink(missing_ok=True)
    if what == "pipe":
        os.mkfifo(folder / name)
    else:
        (folder / name).symlink_to(victim if what == "link" else "/dev/zero")
    age(folder)
    store = opened(project)
    assert store.open_runs() == []
    assert folder.exists()
    (found,) = waiting(project / "journal")
    assert found.damage


@pytest.mark.parametrize("level", ["journal", "journal/damaged", f"journal/{RUN}.{WRITER}"])
def test_a_linked_journal_is_not_followed(project, victim, opened, level, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    journal = hostile(elsewhere, ArtifactLogged("../../x", 1, "", "thesis.tex"))
    age(journal)
    if level == "journal":
        (project / "journal").symlink_to(elsewhere)
        with pytest.raises(InvalidInput, match="NBTRACK_ARTIFACT_PLACES"):
            opened(project)
    elif level == "journal/damaged":
        age(hostile(project / "journal", ArtifactLogged("a", 1, "", "../x")))
        (project / level).symlink_to(victim.parent)
        opened(project)
    else:
        (project / "journal").mkdir()
        (project / level).symlink_to(journal)
        opened(project)
    assert (journal / "events.jsonl").exists()


def test_removing_a_journal_removes_links_not_their_targets(project, victim, opened):
    folder = hostile(project / "journal")
    (folder / "more").symlink_to(victim.parent)
    (folder / "one").symlink_to(victim)
    age(folder)
    assert opened(project).get_run(RUN).name == "demo"
    assert not folder.exists()


def test_a_link_with_the_name_of_an_unfinished_journal_stays(project, victim, opened):
    (project / "journal").mkdir()
    (project / "journal" / f".{RUN}.{WRITER}").symlink_to(victim.parent)
    os.utime(victim.parent, (LONG_AGO, LONG_AGO))
    opened(project)


def test_an_artifact_path_that_leads_out_is_refused_although_its_file_is_missing(project, opened):
    age(hostile(project / "journal", ArtifactLogged("../../x", 1, "", "gone"), ArtifactLogged("b", 1, "", "gone")))
    store = opened(project)
    assert [record.path for record in store.artifacts(RUN)] == ["b"]
    assert ARTIFACTS_REFUSED in {key for _, key, _ in store.tags([RUN])}


@pytest.mark.parametrize("head", [{"run": "c" * 32}, {"writer": "ffffffffffff"}, {"run": 7}])
def test_a_renamed_journal_is_not_delivered(project, opened, caplog, head):
    folder = hostile(project / "journal", head=head)
    age(folder)
    assert opened(project).open_runs() == []
    assert folder.exists()
    assert "not named after" in caplog.text


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files to others")
@pytest.mark.parametrize("what", ["", "events.jsonl", "spool/file"])
def test_a_journal_of_another_user_is_not_delivered(project, opened, caplog, what):
    folder = hostile(project / "journal", ArtifactLogged("a.txt", 1, "", "file"))
    (folder / "spool" / "file").write_text("theirs")
    mine = hostile(project / "journal", run="a" * 32)
    for each in (folder, mine):
        age(each)
    os.chown(folder / what, 12345, -1)
    store = opened(project)
    assert store.get_run("a" * 32).name == "demo"
    assert not mine.exists()
    assert (folder / "spool" / "file").read_text() == "theirs"
    assert caplog.text.count("other users") == 1
    (found,) = waiting(project / "journal")
    assert not found.is_ours


def test_files_of_a_share_with_one_owner_are_ours(tmp_path, monkeypatch):
    """On some network file systems the files that a process makes belong to another user."""
    folder = hostile(tmp_path)
    monkeypatch.setattr(plain_files.os, "geteuid", lambda: 54321)
    assert plain_files.is_ours(folder)
    assert [each.name for each in tmp_path.iterdir()] == [folder.name]


def hot_journal(database, victim):
    """Write a rollback journal that names another one, which SQLite deletes after rolling back."""
    magic, name = bytes.fromhex("d9d505f920a163d7"), str(victim).encode()
    sizes = [0, 1, database.stat().st_size // 4096, 512, 4096]
    head = (magic + b"".join(each.to_bytes(4, "big") for each in sizes)).ljust(512, b"\0")
    check = sum(name).to_bytes(4, "big")
    named = (0x40000000 // 4096 + 1).to_bytes(4, "big") + name + len(name).to_bytes(4, "big") + check
    Path(f"{database}-journal").write_bytes(head + named + magic)


@pytest.mark.parametrize("what", ["journal", "-wal", "-shm", "-journal", "database", "backup"])
def test_a_hostile_database_changes_no_other_file(project, victim, opened, what, tmp_path):
    database = project / "runs.db"
    frozen = Path(__file__).parents[1] / "store" / "sql" / "frozen"
    shutil.copy(next(iter(sorted(frozen.glob("*.db")))), database)
    if what == "journal":
        hot_journal(database, victim)
    elif what == "database":
        database.unlink()
        database.symlink_to(tmp_path / "home" / "new.db")
    elif what == "backup":
        for version in ("0001", "0002", "0003"):
            (project / f"runs.db.{version}.backup").symlink_to(tmp_path / "home" / "new.db")
    else:
        Path(f"{database}{what}").symlink_to(victim)
    if what == "backup":
        assert opened(project).experiments()
        return
    with pytest.raises((InvalidInput, StoreUnavailable)):
        opened(project)


def test_no_store_is_made_through_a_link(tmp_path, victim, monkeypatch):
    (tmp_path / "downloaded").mkdir()
    (tmp_path / "downloaded" / ".nbtrack").symlink_to(victim.parent)
    with pytest.raises(InvalidInput, match="NBTRACK_URI"):
        resolve(environ={}, config={}, cwd=tmp_path / "downloaded")
    assert resolve(str(tmp_path / "downloaded" / ".nbtrack"), environ={}, config={}).folder  # named by the user


def test_an_outbox_that_is_a_link_is_refused_unless_settings_name_where_it_leads(tmp_path):
    (tmp_path / ".nbtrack").mkdir()
    (tmp_path / "disk").mkdir()
    (tmp_path / ".nbtrack" / "outbox").symlink_to(tmp_path / "disk")
    with pytest.raises(InvalidInput, match="outbox"):
        resolve("http://host", environ={}, config={}, cwd=tmp_path)
    allowed = {"NBTRACK_ARTIFACT_PLACES": str(tmp_path / "disk")}
    assert resolve("http://host", environ=allowed, config={}, cwd=tmp_path).journal
