"""Places of files that lie below the store become relative to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

IN_FOLDER, IN_FILES = "nbtrack-store:", "nbtrack-files:"
LOCATION_TAG = "mlflow.artifactLocation"

# Columns with places, and what tells their rows apart.
EXPERIMENTS = ("experiments", "artifact_location", "id")
OTHERS = (
    ("runs", "artifact_uri", "key"),
    ("logged_models", "artifact_uri", "key"),
    ("model_versions", "source", "key"),
    ("model_versions", "location", "key"),
    ("trace_tags", "value", "trace_key"),
)


class Root:
    """Where artifacts went by default at some time: how its places are kept now, and which folder that is at present.

    A store that was moved or copied has the roots of earlier places, which are told by their form.
    """

    def __init__(self, old: str, kept: str, present: str) -> None:
        self.old, self.kept, self.present = old, kept, present
        self.is_elsewhere = os.path.realpath(old) != os.path.realpath(present)

    def rest(self, place: str) -> str | None:
        """Return what follows this root in a place, None where that is not below it."""
        for prefix, decode in ((self.old, str), (f"file://{quote(self.old)}", unquote)):
            if place.startswith(f"{prefix}/") and ".." not in (rest := decode(place[len(prefix) :])).split("/"):
                return rest
        return None

    def keeps(self, rest: str) -> bool:
        """Tell whether the files of a place are in the present folder, or nowhere: those that went elsewhere stay there."""
        return not self.is_elsewhere or is_there(self.present + rest) or not is_there(self.old + rest)


def upgrade() -> None:
    """Make places relative; databases on a server have no folder."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite" or not connection.engine.url.database:
        return
    database = Path(connection.engine.url.database).absolute()
    for root in list(roots(connection, database)):
        replace(connection, root, *EXPERIMENTS, is_checked=False)
        for column in OTHERS:
            replace(connection, root, *column, is_checked=True)


def roots(connection: sa.Connection, database: Path) -> Iterator[Root]:
    """Yield the roots that experiments lie in by their number, as far as they are the store's own."""
    numbers: dict[str, list[str]] = {}
    for number, location in connection.execute(sa.text("SELECT id, artifact_location FROM experiments")).all():
        root, _, last = location.rpartition("/")
        if last == str(number) and Path(root).is_absolute():
            numbers.setdefault(root, []).append(last)
    for old, found in numbers.items():
        own = own_place(old, database, found)
        if own is not None:
            yield Root(old, *own)


def own_place(old: str, database: Path, numbers: list[str]) -> tuple[str, str] | None:
    """Return how a root that belongs to the store is kept and where it is now; None of a root that somebody else chose."""
    folder, files = database.parent, f"{database}.files"
    named = {f"{IN_FILES}/artifacts": f"{files}/artifacts", f"{IN_FOLDER}/artifacts": str(folder / "artifacts")}
    for kept, present in named.items():
        if old == present or os.path.realpath(old) == os.path.realpath(present):
            return kept, present
    before, found, rest = f"{old}/".rpartition(f"/{Path(files).name}/")
    if found and before:
        return f"{IN_FILES}/{rest}".rstrip("/"), f"{files}/{rest}".rstrip("/")
    before, found, rest = f"{old}/".rpartition("/.nbtrack/")
    if found and folder.name == ".nbtrack":
        return f"{IN_FOLDER}/{rest}".rstrip("/"), f"{folder}/{rest}".rstrip("/")
    kept = f"{IN_FOLDER}/artifacts"
    return (kept, named[kept]) if was_renamed(old, folder, numbers) else None


def was_renamed(old: str, folder: Path, numbers: list[str]) -> bool:
    """Tell whether a root was the place of this store under another name of its folder, which only files can say."""
    if Path(old).name != "artifacts":
        return False
    if any((folder / "artifacts" / number).is_dir() for number in numbers):
        return True
    return Path(old).parent.name == folder.name and not is_there(old)


def is_there(path: str) -> bool:
    """Tell whether a path is there; a row may have one that no file system takes."""
    return os.path.exists(path)  # noqa: PTH110 - Path.exists raises where a path is too long


def replace(connection: sa.Connection, root: Root, name: str, column: str, key: str, *, is_checked: bool) -> None:
    """Make the places of a column that are below a root relative."""
    table = sa.table(name, sa.column(column), sa.column("key"), sa.column(key))
    only = [table.c.key == LOCATION_TAG] if name == "trace_tags" else []
    changed: list[dict[str, Any]] = []
    for number, place in connection.execute(sa.select(table.c[key], table.c[column]).where(*only)).all():
        rest = root.rest(place)
        if rest is not None and (not is_checked or root.keeps(rest)):
            changed.append({"number": number, "place": root.kept + rest})
    if changed:
        update = sa.update(table).where(table.c[key] == sa.bindparam("number"), *only)
        connection.execute(update.values({column: sa.bindparam("place")}), changed)
