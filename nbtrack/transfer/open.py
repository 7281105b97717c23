"""Opens the runs at a URI or path, whoever wrote them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from ..errors import InvalidInput
from ..settings import Settings, artifact_places, resolve, without_password
from ..store.artifacts.allowed_places import AllowedPlaces
from ..store.artifacts.paths import absolute_location, local_path, scheme_of
from ..store.open import open_store
from ..store.sql.schema.tables import VERSION_TABLE
from ..system.file_uri import sqlite_uri
from ..system.project import is_of_mlflow
from .source import Source
from .store_source import StoredRuns

__all__ = ["open_source"]

_ENGINES = ("sqlite", "postgresql", "postgres", "mysql", "mariadb", "mssql")
_SERVERS = ("http", "https")
# What a project's folder may contain: nbtrack's folder, MLflow's, and the database that MLflow 3 makes.
_IN_PROJECT = (".nbtrack", "mlruns", "mlflow.db")


def open_source(uri: str, places: Sequence[str] = ()) -> Source:
    """Open a store, or what MLflow wrote, for reading. Nothing is made there.

    Args:
        uri: A path, a ``file:`` URI of any form, or the URI of a database or a server.
        places: Folders and URIs, besides the source's own folder and those in settings, where files of its runs may be read.

    Raises:
        InvalidInput: There are no runs.
        StoreUnavailable: It is unavailable.
    """
    named = (*map(absolute_location, map(str, places)), *artifact_places())
    scheme = uri.partition(":")[0].partition("+")[0].lower()
    if scheme in _ENGINES:
        return _in_database(uri, named)
    if scheme in _SERVERS:
        return _in_store(resolve(uri), named)
    path = Path(local_path(absolute_location(uri) if scheme == "file" else uri)).absolute()
    if path.is_file():
        return _in_file(path, named)
    if path.is_dir():
        return _in_folder(path, named)
    raise InvalidInput(f"there is no file or folder {path} (from {without_password(uri)!r})")


def _in_file(path: Path, named: Sequence[str]) -> Source:
    return _in_database(sa.URL.create("sqlite", database=str(path)), named)


def _in_folder(folder: Path, named: Sequence[str]) -> Source:
    if is_of_mlflow(folder):
        from .mlflow.folder import MlflowFolder

        return MlflowFolder(folder, named)
    if (folder / "runs.db").is_file():
        return _in_file(_own(folder, "runs.db", named), named)
    return _in_project(folder, named)


def _in_project(folder: Path, named: Sequence[str]) -> Source:
    """Open the only thing with runs in a folder."""
    found = [path for name in _IN_PROJECT if (folder / name).exists() and _holds_runs(path := _own(folder, name, named))]
    if len(found) > 1:
        names = ", ".join(str(path) for path in found)
        raise InvalidInput(f"{folder} holds runs in several places; import one after the other: {names}")
    if not found:
        raise InvalidInput(f"{folder} holds no runs: neither runs.db nor the experiments of MLflow's mlruns, nor an mlflow.db")
    return _in_file(found[0], named) if found[0].is_file() else _in_folder(found[0], named)


def _own(folder: Path, name: str, named: Sequence[str]) -> Path:
    """Return a path in a folder that may have been downloaded, unless it is a link that leads out of it.

    Raises:
        InvalidInput: It is a link to a place that the user did not name.
    """
    real = (folder / name).resolve()
    places = [folder, *(local_path(place) for place in named if scheme_of(place) in ("", "file"))]
    if not any(real.is_relative_to(place.resolve()) for place in places):
        raise InvalidInput(f"{folder / name} is a link to {real}, outside that folder: if that is yours, import {real} itself")
    return folder / name


def _holds_runs(path: Path) -> bool:
    return path.is_file() or (path / "runs.db").is_file() or is_of_mlflow(path)


def _in_database(uri: str | sa.URL, named: Sequence[str]) -> Source:
    from .mlflow.database import MlflowDatabase

    database = MlflowDatabase(uri, named)
    if database.is_mlflow:
        return database
    database.close()
    if VERSION_TABLE not in database.tables:
        raise InvalidInput(f"{database.label} holds no runs: neither nbtrack's tables nor MLflow's")
    return _in_store(resolve(uri if isinstance(uri, str) else _store_of(Path(uri.database or ""))), named)


def _store_of(database: Path) -> str:
    """Return the URI of the store in a file; its folder if nbtrack named the file."""
    return str(database.parent) if database.name == "runs.db" else sqlite_uri(database)


def _in_store(settings: Settings, named: Sequence[str]) -> Source:
    store = open_store(settings.uri, artifact_root=settings.artifacts)
    allowed = AllowedPlaces.of(settings)
    return StoredRuns(store, replace(allowed, named=(*allowed.named, *named)).open, owns_store=True)
