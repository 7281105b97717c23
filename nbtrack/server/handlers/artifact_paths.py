"""Maps artifact URIs to paths in the server's artifact store; the server never opens a URI that a client has named."""

from __future__ import annotations

import os
import re
from urllib.parse import unquote, urlsplit

from ...entities.run import RunInfo
from ...errors import InvalidInput
from ...store.artifacts.paths import PROXIED, artifact_folder, artifact_path, file_uri, local_path
from ...store.mlflow_api.errors import invalid

__all__ = ["PROXIED", "folder_at", "folder_of", "inside", "joined"]


def folder_of(run: RunInfo, root: str) -> str:
    """Return the folder of a run's artifacts in the artifact store.

    Args:
        run: The run.
        root: The URI of the server's artifact store.

    Raises:
        ApiError: The artifacts are in another store.
    """
    return folder_at(run.artifact_uri, root)


def folder_at(uri: str, root: str) -> str:
    """Return the path of a URI below a root; ApiError if it is elsewhere."""
    if uri.startswith(PROXIED):
        parsed = urlsplit(uri)
        if not parsed.netloc and not parsed.query:
            return inside(unquote(parsed.path).strip("/"))
    else:
        for plain in (_plain, _resolved):
            whole, base = plain(uri), plain(root)
            if f"{whole}/".startswith(f"{base}/"):
                return inside(whole.removeprefix(base).removeprefix("/"))
    raise invalid("this server does not store these artifacts; read them from their artifact_uri")


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BAD_PATH = "Invalid path"  # MLflow's message, which its clients' tests compare


def inside(path: str) -> str:
    """Return a folder's path below the root unchanged, also the empty one; ApiError if it could lead out of the root."""
    try:
        return artifact_folder(_escaped(path))
    except InvalidInput as error:
        raise invalid(_BAD_PATH) from error


def joined(folder: str, path: str) -> str:
    """Return the path of a file in a folder; ApiError if the file's path is not a valid one."""
    try:
        name = artifact_path(_escaped(path))
    except InvalidInput as error:
        raise invalid(_BAD_PATH) from error
    return f"{folder}/{name}" if folder else name


def _escaped(path: str) -> str:
    """Percent-encode the control characters of a path, as MLflow's server does.

    MLflow's clients put names into URLs without encoding them, so ``100%1f.txt`` arrives with a control character.
    """
    return _CONTROL.sub(lambda found: f"%{ord(found[0]):02x}", path)


def _plain(uri: str) -> str:
    """Return a URI in one form, whether it is written as a path or as a URI."""
    if "://" in uri and not uri.lower().startswith("file:"):
        return uri.rstrip("/")
    try:
        return file_uri(local_path(uri)).rstrip("/")
    except InvalidInput:
        return uri.rstrip("/")


def _resolved(uri: str) -> str:
    """Return a local path with symbolic links resolved, because a store may be opened through one; other URIs unchanged."""
    plain = _plain(uri)
    return os.path.realpath(local_path(plain)) if plain.lower().startswith("file:") else plain
