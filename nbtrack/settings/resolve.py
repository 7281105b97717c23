"""Finds the settings of a store from arguments, environment, configuration and the project's folder."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..entities.run import DEFAULT_EXPERIMENT
from ..errors import InvalidInput
from ..system.file_uri import database_path, path_of_file_uri, sqlite_uri
from ..system.project import FOLDER, find_project, is_of_mlflow
from ..validation import local_path
from .link_checks import check_links
from .settings import DATABASE, MEMORY, SCHEME, Settings, is_server, store_digest, without_password
from .user import BaseFolder, absolute, artifact_places, configured, environment
from .user_folders import memory_folder

__all__ = ["resolve"]


def resolve(
    uri: str | os.PathLike[str] | None = None,
    *,
    experiment: str | None = None,
    artifacts: str | os.PathLike[str] | None = None,
    config: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Settings:
    """Return the settings from arguments, environment and configuration; the first that has a value wins.

    Args:
        uri: A store's URI, or a folder; default NBTRACK_URI, MLFLOW_TRACKING_URI, ``config["uri"]``, the project's folder.
        experiment: The experiment; default NBTRACK_EXPERIMENT, MLFLOW_EXPERIMENT_NAME, ``config["experiment"]``, "Default".
        artifacts: The root of artifacts; default NBTRACK_ARTIFACTS, ``config["artifacts"]``, beside the store.
        config: The user's configuration by name; default that of ``configure``.
        environ: The environment; default this process's.
        cwd: The folder of relative paths; default the working directory.

    Raises:
        InvalidInput: The URI cannot name a store, or is a server's and ``artifacts`` is given; or a link in the store's folder
            points out of it.
    """
    for value, what in ((uri, "the URI of a store"), (artifacts, "the root of artifacts")):
        if value is not None and value != "":
            local_path(value, what)  # a URI must not contain NUL either
    environ = environment() if environ is None else environ
    config = configured() if config is None else config
    chosen = str(uri or environ.get("NBTRACK_URI") or environ.get("MLFLOW_TRACKING_URI") or config.get("uri") or "")
    name = experiment or environ.get("NBTRACK_EXPERIMENT") or environ.get("MLFLOW_EXPERIMENT_NAME") or config.get("experiment")
    if artifacts and is_server(chosen):
        raise InvalidInput("a server says itself where artifacts are: leave artifacts= out, or start it with --artifacts")
    root = str(artifacts or environ.get("NBTRACK_ARTIFACTS") or config.get("artifacts") or "")
    here = BaseFolder(cwd)
    settings = _settings(chosen, name or DEFAULT_EXPERIMENT, absolute(root, here), here)
    places = artifact_places(config=config, environ=environ, cwd=cwd)
    for each in {settings, settings.for_writing}:
        check_links(each, places, is_found=not chosen)
    return settings


def _settings(uri: str, experiment: str, artifacts: str, here: BaseFolder) -> Settings:
    if not uri:
        return _in_project(here.folder(), experiment, artifacts)
    if not SCHEME.match(uri) or re.match(r"[A-Za-z]:[\\/]", uri):
        return _in_folder(here / Path(uri).expanduser(), experiment, artifacts)
    scheme = uri.partition(":")[0].lower()
    if scheme == "file":
        return _in_folder(here / path_of_file_uri(uri), experiment, artifacts)
    if scheme == "sqlite":
        return _beside_database(uri, experiment, artifacts, here)
    if scheme == "memory":
        folder = memory_folder()
        return Settings(MEMORY, artifacts or str(folder / "artifacts"), folder / "journal", experiment, folder)
    return _remote(uri, experiment, artifacts, here)


def _in_project(start: Path, experiment: str, artifacts: str) -> Settings:
    project = find_project(start)
    settings = _in_folder(project.shown, experiment, artifacts)
    if project.shown == project.own:
        return settings
    return replace(settings, own=_in_folder(project.own, experiment, artifacts), objection=project.objection)


def _in_folder(folder: Path, experiment: str, artifacts: str) -> Settings:
    if folder.is_file():
        raise InvalidInput(f"{folder} is a file: name a folder, or the database as {sqlite_uri(folder)}")
    if is_of_mlflow(folder) and not (folder / DATABASE).is_file():  # earlier versions created stores there
        raise InvalidInput(
            f"{folder} is MLflow's own folder of runs, where nothing else goes: name another one, as NBTRACK_URI=.nbtrack, and "
            f"`nbtrack import {shlex.quote(str(folder))}` copies MLflow's runs to it"
        )
    uri = sqlite_uri(folder / DATABASE)
    return Settings(uri, artifacts or str(folder / "artifacts"), folder / "journal", experiment, folder)


def _beside_database(uri: str, experiment: str, artifacts: str, here: BaseFolder) -> Settings:
    named, query = database_path(uri), uri.partition("?")[2]
    if named is None:
        raise InvalidInput(
            f"{without_password(uri)} names no file: write sqlite:///runs.db, or memory: for a store that ends with the process"
        )
    database = here / named
    files = _files_of(database, here / uri.partition(":///")[2].partition("?")[0])
    if database.name == DATABASE and database.parent.name == FOLDER and not files.exists():
        return replace(_in_folder(database.parent, experiment, artifacts), uri=sqlite_uri(database, query))
    return Settings(sqlite_uri(database, query), artifacts or str(files / "artifacts"), files / "journal", experiment)


def _files_of(database: Path, written: Path) -> Path:
    """Return the folder beside a database with its name; earlier versions kept each %XX of the URI in the name."""
    files, earlier = (path.with_name(f"{path.name}.files") for path in (database, written))
    return earlier if earlier.exists() and not files.exists() else files


def _remote(uri: str, experiment: str, artifacts: str, here: BaseFolder) -> Settings:
    """Return the settings of a remote store, whose journal is in the project's folder."""
    folder = find_project(here.folder()).own
    # A server decides itself where artifacts are.
    uri, root = (uri.rstrip("/"), "") if is_server(uri) else (uri, artifacts or str(folder / "artifacts"))
    return Settings(uri, root, folder / "outbox" / store_digest(uri), experiment, folder)
