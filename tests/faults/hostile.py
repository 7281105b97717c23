"""Hostile projects: every path in a field, and every place in the folder, leads out of the project."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from nbtrack.entities.events import ArtifactLogged, Event, ParamsLogged, RunEnded, RunStarted, TagsSet
from nbtrack.journal.codec import FORMAT, to_json
from nbtrack.journal.records import encode

LONG_AGO = 1e9
RUN, DELETED = "a" * 32, "d" * 32

# Fields that are, or become, a path or a URI; whatever else is text takes a path now and then, too.
PLACES = {
    "runs": ["artifact_uri", "id", "owner"],
    "experiments": ["artifact_location"],
    "artifacts": ["path"],
    "logged_models": ["artifact_uri", "id", "source_run_id"],
    "model_versions": ["location", "source", "run_id", "model_id", "run_link"],
    "datasets": ["source", "name"],
    "tags": ["value", "key"],
    "trace_tags": ["value"],
    "run_documents": ["sha256", "kind"],
    "watermarks": ["writer"],
    "run_models": ["model_id"],
}


def path_to(target: Path, start: Path, home: Path, chance: random.Random) -> str:
    """Return one of the ways to write a path that leads elsewhere.

    Args:
        target: What is not the project's.
        start: A folder that the path may be relative to.
        home: The user's home.
        chance: Where the choice comes from.
    """
    absolute = str(target)
    up = os.path.relpath(absolute, start)
    forms: list[Callable[[], str]] = [
        lambda: absolute,
        lambda: f"{absolute}/",
        lambda: f"//{absolute}",
        lambda: up,
        lambda: f"{start}/{up}",
        lambda: f"{start}/./x/../{up}",
        lambda: f"file:{absolute}",
        lambda: f"file://{absolute}",
        lambda: f"FILE://LOCALHOST{absolute}",
        lambda: f"file://localhost{quote(absolute)}",
        lambda: f"file://elsewhere{absolute}",
        lambda: f"file://{start}/{quote(up).replace('..', '%2e%2e')}",
        lambda: f"file://{start}/{up.replace('..', '%252e%252e')}",
        lambda: up.replace("..", "%2e%2e"),
        lambda: f"{start}/{up.replace('/', '%2f')}",
        lambda: up.replace("/", "\\"),
        lambda: f"~/{os.path.relpath(absolute, home)}",
        lambda: f"~root{absolute}",
        lambda: f"s3://bucket/../..{absolute}",
        lambda: f"sftp://localhost{absolute}",
        lambda: f"http://127.0.0.1:9/api/2.0/mlflow-artifacts/artifacts{absolute}",
        lambda: f"mlflow-artifacts:{absolute}",
        lambda: f"mlflow-artifacts://127.0.0.1:9{absolute}",
        lambda: f"runs:/{RUN}/{up}",
        lambda: f"models:/m-1/{up}",
        lambda: f"C:{absolute}",
        lambda: rf"\\host\share{absolute}",
        lambda: f"{absolute}\0.txt",
        lambda: f"{absolute}\u202e\ud7ff",
        lambda: f"{start}{'/x' * 900}{'/..' * 900}/{up}",
        lambda: "y" * 5000,
        lambda: "../" * 40 + absolute.lstrip("/"),
        lambda: "..",
        lambda: ".",
        lambda: "/",
        lambda: "",
    ]
    return chance.choice(forms)()


class Victim:
    """A user's home, whose files must stay as they are."""

    SECRET = "what nobody else may see"

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / ".ssh").mkdir(parents=True)
        (home / "docs" / "deep").mkdir(parents=True)
        for name in (".ssh/id_ed25519", "thesis.tex", "docs/notes.txt", "docs/deep/a.txt", f"docs/{RUN}.{'b' * 12}"):
            (home / name).write_text(f"{self.SECRET}: {name}")
        with closing(sqlite3.connect(home / "other.db")) as database:
            database.execute("CREATE TABLE secrets (text)")
            database.execute("INSERT INTO secrets VALUES (?)", (self.SECRET,))
            database.commit()
        for path in [*home.rglob("*"), home]:
            os.utime(path, (LONG_AGO, LONG_AGO))
        self.before = self.state()

    def state(self) -> dict[str, object]:
        """Return every file with its content, mode and times."""
        found: dict[str, object] = {}
        for path in [self.home, *self.home.rglob("*")]:
            seen = path.lstat()
            content = path.read_bytes() if path.is_file() else None
            found[str(path)] = (seen.st_mode, seen.st_size if content else 0, seen.st_mtime_ns, content)
        return found

    def anything(self, chance: random.Random) -> Path:
        """Return a file, a folder, or a path that does not exist."""
        return chance.choice(
            [
                self.home,
                self.home / "docs",
                self.home / "docs" / "deep",
                self.home / ".ssh" / "id_ed25519",
                self.home / "thesis.tex",
                self.home / "other.db",
                self.home / "new",
            ]
        )


class Project:
    """A hostile project's folder, made from a sound one.

    Args:
        good: The ``.nbtrack`` folder of a project with a run, a deleted run, a model and a trace.
        folder: Where the copy goes.
        victim: Whose home it is after.
        chance: Where choices come from; the same make the same project.
    """

    def __init__(self, good: Path, folder: Path, victim: Victim, chance: random.Random) -> None:
        self.folder, self.victim, self.chance = folder / ".nbtrack", victim, chance
        shutil.copytree(good, self.folder, symlinks=True)
        self.done: list[str] = []

    def spoil(self) -> None:
        """Change a few things in the database, the journals or the folder."""
        for _ in range(self.chance.randint(1, 4)):
            self.chance.choice([self.change_row, self.change_row, self.leave_journal, self.put_link, self.put_beside])()
        for path in [*self.folder.rglob("*"), self.folder]:
            os.utime(path, (LONG_AGO, LONG_AGO), follow_symlinks=False)

    def path(self, start: str = "") -> str:
        """Return a path that leads elsewhere."""
        return path_to(self.victim.anything(self.chance), self.folder / start, self.victim.home, self.chance)

    # The database

    def change_row(self) -> None:
        """Put a path into a field of some rows, or of all."""
        database = self.folder / "runs.db"
        if database.is_symlink() or not database.is_file() or [*self.folder.glob("runs.db-*")]:
            return  # SQLite would do here already what it must not do there
        table, column = self._field(database)
        value, where = self.path("artifacts/0"), self.chance.choice(["", " WHERE rowid % 2 = 0", " WHERE rowid % 2 = 1"])
        self.done.append(f"{table}.{column} = {value[:200]!r}{where}")
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            if "WITHOUT ROWID" in connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]:
                where = ""
            with suppress(sqlite3.IntegrityError):  # a key that is a number
                connection.execute(f'UPDATE OR IGNORE "{table}" SET "{column}" = ?{where}', (value,))
            connection.commit()

    def _field(self, database: Path) -> tuple[str, str]:
        if self.chance.random() < 0.8:
            table = self.chance.choice(list(PLACES))
            return table, self.chance.choice(PLACES[table])
        with closing(sqlite3.connect(database)) as connection:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            columns = [(table, row[1]) for table in sorted(tables) for row in connection.execute(f'PRAGMA table_info("{table}")')]
        return self.chance.choice([each for each in columns if each[1] != "version_num"])

    # Journals

    def leave_journal(self) -> None:
        """Add the journal of a dead process whose files are elsewhere."""
        home = self.folder / "journal"
        if home.is_symlink() or (home.exists() and not home.is_dir()):
            return
        run = self.chance.choice([RUN, DELETED, "e" * 32, "f" * 32])
        folder = home / f"{run}.{self.chance.randrange(16**12):012x}"
        (folder / "spool").mkdir(parents=True)
        events: list[Event] = [RunStarted(self.chance.choice(["Default", self.path()]), "demo", 1, "eve")]
        for number in range(self.chance.randint(1, 4)):
            events.append(self._event(folder, number))
        events += [RunEnded("FINISHED", 5)] if self.chance.random() < 0.5 else []  # type: ignore[arg-type]
        head = {"format": FORMAT, "run": run, "writer": folder.name[-12:], "owns": True, "owner": self._owner()}
        (folder / "events.jsonl").write_bytes(b"".join(map(encode, [head, *map(to_json, events)])))
        self.done.append(f"journal {folder.name}: {events!r}"[:600])
        if self.chance.random() < 0.4:
            self._replace(folder / self.chance.choice(["events.jsonl", "names.jsonl", "lane-0.00000.rows", "spool"]))

    def _event(self, folder: Path, number: int) -> Event:
        if self.chance.random() < 0.2:
            return self.chance.choice([TagsSet({"mlflow.artifactLocation": self.path()}), ParamsLogged({"path": self.path()})])
        name = f"{number:032x}"
        path = self.chance.choice([f"new/{number}.txt", self.path(), "../" * 3 + f"{number}.txt"])
        match self.chance.randint(0, 3):
            case 0:
                return ArtifactLogged(path, 1, "", self.path(f"journal/{folder.name}/spool"))
            case 1:
                self._replace(folder / "spool" / name)
            case _:
                (folder / "spool" / name).write_text("packed with the project")
        return ArtifactLogged(path, 1, "", name)

    def _owner(self) -> str:
        facts = {"host": "h", "boot": "b", "space": "s", "pid": self.chance.choice([1, self.path("/proc/x")]), "started": "1"}
        return self.chance.choice(["", json.dumps(facts)])

    # Links

    def put_link(self) -> None:
        """Replace something in the folder by a link."""
        inside = [path for path in sorted(self.folder.rglob("*")) if not path.is_symlink()]
        named = [
            "artifacts",
            "artifacts/0",
            "journal",
            "runs.db",
            "journal/damaged",
            f"artifacts/0/{RUN}",
            f"artifacts/0/{DELETED}",
        ]
        named += [f"artifacts/0/{RUN}/artifacts", f"artifacts/0/{DELETED}/artifacts", "outbox", ".gitignore", f"journal/.{RUN}.x"]
        self._replace(self.chance.choice([*inside, *(self.folder / name for name in named * 3)]))

    def put_beside(self) -> None:
        """Put a file beside the database that SQLite takes for its own."""
        suffix = self.chance.choice(["-wal", "-shm", "-journal", "-journal", ".0003.backup", ".files"])
        if suffix == "-journal" and self.chance.random() < 0.5:
            hot_journal(self.folder / "runs.db", self.victim.anything(self.chance))
            self.done.append("a rollback journal that names a file")
        else:
            self._replace(self.folder / f"runs.db{suffix}")

    def _replace(self, path: Path) -> None:
        if any(parent.is_symlink() or (parent.exists() and not parent.is_dir()) for parent in path.parents):
            return
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        target = self.victim.anything(self.chance)
        kind = self.chance.randint(0, 9)
        if kind == 0:
            path.symlink_to(path.name)  # to itself
        elif kind == 1:
            os.mkfifo(path)
        elif kind == 2 and target.is_file() and path.parent.name == "spool":  # elsewhere no archive makes one
            path.hardlink_to(target)
        else:
            relative = os.path.relpath(target, path.parent)
            path.symlink_to(self.chance.choice([str(target), relative, f"{target}/"]))
        self.done.append(f"{path.relative_to(self.folder)} -> {target}")


def hot_journal(database: Path, named: Path) -> None:
    """Write a rollback journal that names another one, which SQLite deletes after rolling back."""
    magic, name = bytes.fromhex("d9d505f920a163d7"), str(named).encode()
    size = database.stat().st_size if database.is_file() else 4096
    head = (magic + b"".join(each.to_bytes(4, "big") for each in [0, 1, size // 4096, 512, 4096])).ljust(512, b"\0")
    check = sum(name).to_bytes(4, "big")
    written = (0x40000000 // 4096 + 1).to_bytes(4, "big") + name + len(name).to_bytes(4, "big") + check
    journal = database.with_name(f"{database.name}-journal")
    if not journal.is_symlink() and not journal.is_fifo():
        journal.write_bytes(head + written + magic)
