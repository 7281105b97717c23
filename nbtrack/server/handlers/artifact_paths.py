"""Where a run's artifacts are in the server's artifact store: the server goes to no URI that a client has named."""

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
    """Return the folder of a run's artifacts below a root.

    Args:
        run: The run.
        root: The URI of the server's artifact store.

    Raises:
        ApiError: They lie elsewhere.
    """
    return folder_at(run.artifact_uri, root)


def folder_at(uri: str, root: str) -> str:
    """Return the folder that a URI is below a root; ApiError where it lies elsewhere."""
    if uri.startswith(PROXIED):
        parsed = urlsplit(uri)
        if not parsed.netloc and not parsed.query:
            return inside(unquote(parsed.path).strip("/"))
    else:
        for plain in (_plain, _resolved):
            whole, base = plain(uri), plain(root)
            if f"{whole}/".startswith(f"{base}/"):
                return inside(whole.removeprefix(base).removeprefix("/"))
    raise invalid("these artifacts are not kept by this server; ask where their artifact_uri says")


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BAD_PATH = "Invalid path"  # in the very words of MLflow's server, which its clients' tests compare


def inside(path: str) -> str:
    """Return a path below the root as it is, the empty one too; refuse all that could lead out of it."""
    try:
        return artifact_folder(_escaped(path))
    except InvalidInput as error:
        raise invalid(_BAD_PATH) from error


def joined(folder: str, path: str) -> str:
    """Return the path of a file in a folder; refuse what is no path of one."""
    try:
        name = artifact_path(_escaped(path))
    except InvalidInput as error:
        raise invalid(_BAD_PATH) from error
    return f"{folder}/{name}" if folder else name


def _escaped(path: str) -> str:
    """Return a path with its control characters percent-encoded, as MLflow's server does.

    Its clients put a name into a URL without encoding it, so that of ``100%1f.txt`` the control character arrives.
    """
    return _CONTROL.sub(lambda found: f"%{ord(found[0]):02x}", path)


def _plain(uri: str) -> str:
    """Return a URI in one form, whether it was written as a path or not."""
    if "://" in uri and not uri.lower().startswith("file:"):
        return uri.rstrip("/")
    try:
        return file_uri(local_path(uri)).rstrip("/")
    except InvalidInput:
        return uri.rstrip("/")


def _resolved(uri: str) -> str:
    """Return a path of this machine with its links followed, for a store may be reached through one; any other URI as it is."""
    plain = _plain(uri)
    return os.path.realpath(local_path(plain)) if plain.lower().startswith("file:") else plain
