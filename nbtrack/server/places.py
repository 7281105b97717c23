"""Where a run's artifacts are in the server's artifact store: the server goes to no URI that a client has named."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from ..entities import RunInfo
from ..errors import InvalidInput
from ..store.artifacts.paths import PROXIED, artifact_folder, artifact_path, file_uri, local_path
from ..store.wire.errors import invalid

__all__ = ["PROXIED", "folder_at", "folder_of", "inside", "joined"]


def folder_of(run: RunInfo, root: str) -> str:
    """Return the folder of a run's artifacts below a root.

    Args:
        run: The run.
        root: The URI of the server's artifact store.

    Raises:
        WireError: They lie elsewhere.
    """
    return folder_at(run.artifact_uri, root)


def folder_at(uri: str, root: str) -> str:
    """Return the folder that a URI is below a root; WireError where it lies elsewhere."""
    if uri.startswith(PROXIED):
        parsed = urlsplit(uri)
        if not parsed.netloc and not parsed.query:
            return inside(unquote(parsed.path).strip("/"))
    else:
        whole, base = _plain(uri), _plain(root)
        if f"{whole}/".startswith(f"{base}/"):
            return inside(whole.removeprefix(base).removeprefix("/"))
    raise invalid("these artifacts are not kept by this server; ask where their artifact_uri says")


_BAD_PATH = "Invalid path"  # in the very words of MLflow's server, which its clients' tests compare


def inside(path: str) -> str:
    """Return a path below the root as it is, the empty one too; refuse all that could lead out of it."""
    try:
        return artifact_folder(path)
    except InvalidInput as error:
        raise invalid(_BAD_PATH) from error


def joined(folder: str, path: str) -> str:
    """Return the path of a file in a folder; refuse what is no path of one."""
    try:
        return f"{folder}/{artifact_path(path)}" if folder else artifact_path(path)
    except InvalidInput as error:
        raise invalid(_BAD_PATH) from error


def _plain(uri: str) -> str:
    """Return a URI in one form, whether it was written as a path or not."""
    if "://" in uri and not uri.lower().startswith("file:"):
        return uri.rstrip("/")
    try:
        return file_uri(local_path(uri)).rstrip("/")
    except InvalidInput:
        return uri.rstrip("/")
