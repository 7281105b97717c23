"""Where runs go: arguments, then the environment, then configuration, as one frozen ``Settings``.

The only reader of environment variables in the package.
"""

from __future__ import annotations

import functools
import getpass
import hashlib
import os
import re
import secrets
import shlex
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from .entities.run import DEFAULT_EXPERIMENT
from .errors import InvalidInput
from .system.file_uri import database_path, misread_path, path_of_file_uri, sqlite_uri
from .system.project import FOLDER, find_project, is_of_mlflow
from .validation import local_path

__all__ = [
    "MEMORY",
    "Settings",
    "artifact_places",
    "configure",
    "environment",
    "memory_folder",
    "not_failures",
    "resolve",
    "spare_journal",
    "user_name",
    "without_password",
    "working_directory",
]

MEMORY = "memory:"
_DATABASE = "runs.db"
_FILES = f"{_DATABASE}.files"

# All up to the last @, for a password may have any character where it is written without %XX.
_PASSWORD = re.compile(r"(://[^:/@]*):.*@", re.DOTALL)
_SECRET_OPTION = re.compile(r"([?&][^=&]*(?:pass|secret|token|pwd)[^=&]*=)[^&]*", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+:")


_configured: Callable[[], Mapping[str, str]] = dict


def configure(config: Callable[[], Mapping[str, str]]) -> None:
    """Ask ``config`` from now on for what the user configured: ``uri``, ``experiment``, ``artifacts``, ``artifact_places``."""
    global _configured  # noqa: PLW0603
    _configured = config


@dataclass(frozen=True, slots=True)
class Settings:
    """One store and what goes with it.

    Args:
        uri: The store, as a URI with an absolute path.
        artifacts: The root of its artifacts, a URI or an absolute path; empty where a server says it.
        journal: The folder of this machine's journals for the store; None: keep them in memory.
        experiment: The experiment of runs that name none.
        folder: The ``.nbtrack`` folder to make, with a .gitignore in it; None where there is none.
        own: Where new runs go, if the project that was found is not one to write to; else None.
        objection: Why not.
    """

    uri: str
    artifacts: str
    journal: Path | None
    experiment: str = DEFAULT_EXPERIMENT
    folder: Path | None = None
    own: Settings | None = None
    objection: str = ""

    @property
    def for_writing(self) -> Settings:
        """The settings of the store that new runs go to."""
        return self.own or self

    @property
    def server(self) -> str:
        """The URI where it is a tracking server's, else empty."""
        return self.uri if _is_server(self.uri) else ""

    @property
    def shown(self) -> str:
        """The URI for people: without a password."""
        return without_password(self.uri)

    def moved(self, old: Path, new: Path) -> Settings:
        """Return what these settings are when a folder was renamed."""

        def now(path: Path) -> Path:
            return new / path.relative_to(old) if path.is_relative_to(old) else path

        return replace(
            self,
            uri=self.uri if self.database is None else sqlite_uri(now(self.database), self.uri.partition("?")[2]),
            artifacts=self.artifacts if _SCHEME.match(self.artifacts) else self.artifacts and str(now(Path(self.artifacts))),
            journal=self.journal and now(self.journal),
            folder=self.folder and now(self.folder),
        )

    @property
    def database(self) -> Path | None:
        """The database where it is a file."""
        return database_path(self.uri)

    @property
    def misplaced(self) -> Path | None:
        """The database that an earlier version made elsewhere, where the one in the folder is missing."""
        database = self.database if self.folder is not None else None
        return None if database is None or database.exists() else misread_path(database)

    @property
    def root(self) -> Path | None:
        """The folder that the store and its journals lie in; None of a store in memory."""
        if self.uri == MEMORY or self.journal is None:
            return None
        return self.folder or self.journal.parent.parent

    @property
    def own_places(self) -> tuple[tuple[Path, str], ...]:
        """Where the store's own artifacts go by default: its folder, and a path from there; none for a server, which says it.

        The database of a folder can be named as ``sqlite:///…/runs.db`` too, whose default is another: both are the store's.
        """
        if self.server or self.journal is None:
            return ()
        if self.folder is None:
            files = self.journal.parent
            usual = ((files.parent, "artifacts"),) if files.name == _FILES else ()
            return ((files.parent, f"{files.name}/artifacts"), *usual)
        return ((self.folder, "artifacts"), (self.folder, f"{_FILES}/artifacts"))

    def __repr__(self) -> str:
        """Show no password."""
        return f"Settings({self.shown!r}, artifacts={without_password(self.artifacts)!r}, journal={self.journal!r})"


def without_password(uri: str) -> str:
    """Return a URI as people may see it: a password in it, written as it should be or not, is left out."""
    return _PASSWORD.sub(r"\1:…@", _SECRET_OPTION.sub(r"\1…", uri))


def environment() -> Mapping[str, str]:
    """Return the process's environment variables, for those that may look at some: never to be recorded."""
    return os.environ


@functools.cache
def user_name() -> str:
    """Return the user's login name, empty where there is none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def spare_journal(uri: str) -> Path | None:
    """Return the user's own folder for journals of a store in whose place none can be written; None where there is no home."""
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.home raises where there is none
    state = os.environ.get("XDG_STATE_HOME") or os.environ.get("LOCALAPPDATA") or (f"{home}/.local/state" if home != "~" else "")
    return Path(state) / "nbtrack" / _digest(uri) if os.path.isabs(state) else None  # noqa: PTH117


def resolve(
    uri: str | os.PathLike[str] | None = None,
    *,
    experiment: str | None = None,
    artifacts: str | os.PathLike[str] | None = None,
    config: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Settings:
    """Return the settings that arguments, environment and configuration make, the first that says something winning.

    Args:
        uri: A store's URI, or a folder; default NBTRACK_URI, MLFLOW_TRACKING_URI, ``config["uri"]``, the project's folder.
        experiment: Its name; default NBTRACK_EXPERIMENT, MLFLOW_EXPERIMENT_NAME, ``config["experiment"]``, "Default".
        artifacts: The root of artifacts; default NBTRACK_ARTIFACTS, ``config["artifacts"]``, beside the store.
        config: What the user configured, by name; default what ``configure`` was given.
        environ: The environment; default this process's.
        cwd: What relative paths are relative to; default the working directory.

    Raises:
        InvalidInput: The URI cannot name a store, or is a server's and ``artifacts`` is given; or a link in the store's folder
            leads out of it.
    """
    for value, what in ((uri, "the URI of a store"), (artifacts, "the root of artifacts")):
        if value is not None and value != "":
            local_path(value, what)  # a URI, too, is a text without a NUL
    environ = environment() if environ is None else environ
    config = _configured() if config is None else config
    chosen = str(uri or environ.get("NBTRACK_URI") or environ.get("MLFLOW_TRACKING_URI") or config.get("uri") or "")
    name = experiment or environ.get("NBTRACK_EXPERIMENT") or environ.get("MLFLOW_EXPERIMENT_NAME") or config.get("experiment")
    if artifacts and _is_server(chosen):
        raise InvalidInput("a server says itself where artifacts are: leave artifacts= out, or start it with --artifacts")
    root = str(artifacts or environ.get("NBTRACK_ARTIFACTS") or config.get("artifacts") or "")
    here = _Here(cwd)
    settings = _settings(chosen, name or DEFAULT_EXPERIMENT, _absolute(root, here), here)
    places = artifact_places(config=config, environ=environ, cwd=cwd)
    for each in {settings, settings.for_writing}:
        _check_links(each, places, is_found=not chosen)
    return settings


def artifact_places(
    *, config: Mapping[str, str] | None = None, environ: Mapping[str, str] | None = None, cwd: Path | None = None
) -> tuple[str, ...]:
    """Return the places for artifacts that the user's settings name beside a store's own: URIs and absolute paths.

    NBTRACK_ARTIFACT_PLACES, else ``config["artifact_places"]``, separated by commas; and NBTRACK_ARTIFACTS and
    ``config["artifacts"]``. They are asked for each time: a store, or a pickled run, brings none of its own.
    """
    environ = environment() if environ is None else environ
    config = _configured() if config is None else config
    here = _Here(cwd)
    listed = str(environ.get("NBTRACK_ARTIFACT_PLACES") or config.get("artifact_places") or "").split(",")
    roots = [str(environ.get("NBTRACK_ARTIFACTS") or ""), str(config.get("artifacts") or "")]
    found: list[str] = []
    for place in filter(None, map(str.strip, [*listed, *roots])):
        with suppress(InvalidInput):  # a relative one, whose folder is gone: it leads nowhere
            found.append(_absolute(place, here))
    return tuple(dict.fromkeys(found))


def not_failures() -> tuple[str, ...]:
    """Return the names of exceptions that the user's settings say are no failure of a run."""
    environ = environment()
    named = str(environ.get("NBTRACK_NOT_FAILURES") or _configured().get("not_failures") or "")
    return tuple(name for each in named.split(",") if (name := each.strip()))


def working_directory() -> str:
    """Return the working directory; an empty string where it was deleted."""
    try:
        return os.getcwd()  # noqa: PTH109  a Path of an empty string would be the current one
    except OSError:
        return ""


class _Here:
    """What relative paths are relative to; looked up only when one is, for the working directory may be gone."""

    def __init__(self, cwd: Path | None) -> None:
        self._cwd = cwd

    def __truediv__(self, path: str | Path) -> Path:
        return Path(path) if Path(path).is_absolute() else self.folder() / path

    def folder(self) -> Path:
        """Return the folder.

        Raises:
            InvalidInput: It was deleted.
        """
        found = str(self._cwd or working_directory())
        if not found:
            raise InvalidInput("the working directory was deleted: change to one that exists (os.chdir), then connect")
        return Path(found).absolute()


def _check_links(settings: Settings, named: Iterable[str], *, is_found: bool) -> None:
    """Refuse a folder in which a link leads to elsewhere: it may have been downloaded, and what is there is not the store's."""
    folder = settings.folder
    if is_found and folder is not None and folder.is_symlink() and folder.is_dir() and not (folder / _DATABASE).is_file():
        raise InvalidInput(f"{folder} is a link to a folder without a store: if you want one there, name it by NBTRACK_URI")
    places = [os.path.realpath(place) for place in named if not _SCHEME.match(place)]
    for root, path in _own_files(settings):
        real = os.path.realpath(root / path)
        if real != os.path.join(os.path.realpath(root), path) and not any(Path(real).is_relative_to(each) for each in places):  # noqa: PTH118
            raise InvalidInput(
                f"{root / path} leads through a link to {real}, out of the store's folder: "
                "if that is yours, add its folder to NBTRACK_ARTIFACT_PLACES"
            )


def _own_files(settings: Settings) -> Iterator[tuple[Path, str]]:
    """Give what a store has in its folder: the folder, and paths from there."""
    root = settings.folder or (settings.journal and settings.journal.parent.parent)
    if root is not None and settings.journal is not None:
        yield root, str(settings.journal.relative_to(root))
        if settings.database == root / _DATABASE and settings.folder is not None:
            yield root, _DATABASE


def memory_folder() -> Path:
    """Return the folder for the files of this process's store in memory, whose name nobody can know before."""
    return Path(tempfile.gettempdir()) / _memory_name(os.getpid())


@functools.lru_cache(maxsize=1)
def _memory_name(process: int) -> str:
    return f"nbtrack-{process}-{secrets.token_hex(6)}"


def _settings(uri: str, experiment: str, artifacts: str, here: _Here) -> Settings:
    if not uri:
        return _in_project(here.folder(), experiment, artifacts)
    if not _SCHEME.match(uri) or re.match(r"[A-Za-z]:[\\/]", uri):
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
    if is_of_mlflow(folder) and not (folder / _DATABASE).is_file():  # earlier versions made stores there
        raise InvalidInput(
            f"{folder} is MLflow's own folder of runs, where nothing else goes: name another one, as NBTRACK_URI=.nbtrack, and "
            f"`nbtrack import {shlex.quote(str(folder))}` copies MLflow's runs to it"
        )
    uri = sqlite_uri(folder / _DATABASE)
    return Settings(uri, artifacts or str(folder / "artifacts"), folder / "journal", experiment, folder)


def _beside_database(uri: str, experiment: str, artifacts: str, here: _Here) -> Settings:
    named, query = database_path(uri), uri.partition("?")[2]
    if named is None:
        raise InvalidInput(
            f"{without_password(uri)} names no file: write sqlite:///runs.db, or memory: for a store that ends with the process"
        )
    database = here / named
    files = _files_of(database, here / uri.partition(":///")[2].partition("?")[0])
    if database.name == _DATABASE and database.parent.name == FOLDER and not files.exists():
        return replace(_in_folder(database.parent, experiment, artifacts), uri=sqlite_uri(database, query))
    return Settings(sqlite_uri(database, query), artifacts or str(files / "artifacts"), files / "journal", experiment)


def _files_of(database: Path, written: Path) -> Path:
    """Return the folder beside a database, which has its name; in earlier versions that was with each %XX as it was written."""
    files, earlier = (path.with_name(f"{path.name}.files") for path in (database, written))
    return earlier if earlier.exists() and not files.exists() else files


def _remote(uri: str, experiment: str, artifacts: str, here: _Here) -> Settings:
    """Keep the journal of a store that is elsewhere in the project's folder, one for each store.

    A server says itself where artifacts are.
    """
    folder = find_project(here.folder()).own
    is_server = _is_server(uri)
    uri = uri.rstrip("/") if is_server else uri
    root = "" if is_server else artifacts or str(folder / "artifacts")
    return Settings(uri, root, folder / "outbox" / _digest(uri), experiment, folder)


def _digest(uri: str) -> str:
    """Return what tells a store from others in the name of a folder: without its user and password."""
    return hashlib.sha256(re.sub(r"://[^@/]*@", "://", uri).encode()).hexdigest()[:12]


def _is_server(uri: str) -> bool:
    return uri.lower().startswith(("http:", "https:"))


def _absolute(root: str, here: _Here) -> str:
    return root if not root or _SCHEME.match(root) else str(here / Path(root).expanduser())
