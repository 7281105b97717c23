"""From a URI or a path to the runs there."""

from __future__ import annotations

from pathlib import Path

from ..errors import InvalidInput
from ..settings import Settings, resolve
from ..store.artifacts.allowed import AllowedPlaces
from ..store.open import open_store
from ..store.sql.schema import VERSION_TABLE
from .source import Source
from .stored import StoredRuns

__all__ = ["open_source"]

_ENGINES = ("sqlite", "postgresql", "postgres", "mysql", "mariadb", "mssql")


def open_source(uri: str) -> Source:
    """Open what is at a URI or path for reading: a store, or what MLflow wrote. Nothing is made there.

    Raises:
        InvalidInput: There are no runs.
        StoreUnavailable: It cannot be reached now.
    """
    path = Path(uri.removeprefix("file://"))
    if path.is_file():
        return _in_database(f"sqlite:///{path.absolute()}")
    if path.is_dir():
        return _in_folder(path)
    if uri.partition(":")[0].partition("+")[0].lower() in _ENGINES:
        return _in_database(uri)
    if ":" not in uri:
        raise InvalidInput(f"there is no file or folder {uri}")
    return _in_store(resolve(uri))


def _in_folder(folder: Path) -> Source:
    from ..importers.mlflow_folder import MlflowFolder

    if (folder / "runs.db").is_file():
        return _in_store(resolve(folder))
    if any(folder.glob("*/meta.yaml")):
        return MlflowFolder(folder)
    for name in ("mlruns", ".nbtrack"):
        if (folder / name).is_dir():
            return _in_folder(folder / name)
    raise InvalidInput(f"{folder} holds no runs: neither runs.db nor the experiments of MLflow's mlruns")


def _in_database(uri: str) -> Source:
    from ..importers.mlflow_sql import MlflowDatabase

    database = MlflowDatabase(uri)
    if database.is_mlflow:
        return database
    database.close()
    if VERSION_TABLE not in database.tables:
        raise InvalidInput(f"{database.label} holds no runs: neither nbtrack's tables nor MLflow's")
    return _in_store(resolve(uri))


def _in_store(settings: Settings) -> Source:
    store = open_store(settings.uri, artifact_root=settings.artifacts)
    return StoredRuns(store, AllowedPlaces.of(settings).open, is_ours=True)
