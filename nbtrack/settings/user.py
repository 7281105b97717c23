"""What the user's environment and configuration say."""

from __future__ import annotations

import functools
import getpass
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from ..errors import InvalidInput
from .settings import SCHEME

__all__ = [
    "BaseFolder",
    "absolute",
    "artifact_places",
    "configure",
    "configured",
    "environment",
    "not_failures",
    "user_name",
    "working_directory",
]

_configured: Callable[[], Mapping[str, str]] = dict


def configure(config: Callable[[], Mapping[str, str]]) -> None:
    """Set the function that returns the user's configuration: ``uri``, ``experiment``, ``artifacts``, ``artifact_places``."""
    global _configured  # noqa: PLW0603
    _configured = config


def configured() -> Mapping[str, str]:
    """Return what the user has configured, by name."""
    return _configured()


def environment() -> Mapping[str, str]:
    """Return the process's environment variables, which must never be recorded."""
    return os.environ


@functools.cache
def user_name() -> str:
    """Return the user's login name, empty if there is none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def artifact_places(
    *, config: Mapping[str, str] | None = None, environ: Mapping[str, str] | None = None, cwd: Path | None = None
) -> tuple[str, ...]:
    """Return the locations of artifacts that the user allows besides a store's own: URIs and absolute paths.

    They are NBTRACK_ARTIFACT_PLACES or ``config["artifact_places"]``, separated by commas, and NBTRACK_ARTIFACTS and
    ``config["artifacts"]``. They are read each time, never stored: a store or a pickled run from elsewhere cannot add to them.
    """
    environ = environment() if environ is None else environ
    config = configured() if config is None else config
    here = BaseFolder(cwd)
    listed = str(environ.get("NBTRACK_ARTIFACT_PLACES") or config.get("artifact_places") or "").split(",")
    roots = [str(environ.get("NBTRACK_ARTIFACTS") or ""), str(config.get("artifacts") or "")]
    found: list[str] = []
    for place in filter(None, map(str.strip, [*listed, *roots])):
        with suppress(InvalidInput):  # a relative place while the working directory is deleted
            found.append(absolute(place, here))
    return tuple(dict.fromkeys(found))


def not_failures() -> tuple[str, ...]:
    """Return the names of exceptions that do not count as a failure of a run, by the user's settings."""
    environ = environment()
    named = str(environ.get("NBTRACK_NOT_FAILURES") or configured().get("not_failures") or "")
    return tuple(name for each in named.split(",") if (name := each.strip()))


def working_directory() -> str:
    """Return the working directory; an empty string if it was deleted."""
    try:
        return os.getcwd()  # noqa: PTH109  a Path of an empty string would be the current one
    except OSError:
        return ""


class BaseFolder:
    """The folder of relative paths; looked up only for a relative path, because the working directory may have been deleted."""

    def __init__(self, cwd: Path | None) -> None:
        self._cwd = cwd

    def __truediv__(self, path: str | Path) -> Path:
        """Return a path made absolute; InvalidInput for a relative one if the working directory was deleted."""
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


def absolute(root: str, here: BaseFolder) -> str:
    """Return a root of artifacts with a local path made absolute; URIs and the empty string unchanged."""
    return root if not root or SCHEME.match(root) else str(here / Path(root).expanduser())
