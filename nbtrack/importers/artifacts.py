"""The files of a run that MLflow logged: where it says they are, if MLflow could have put them there."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from ..copying.source import Files
from ..entities import ArtifactRecord
from ..errors import ArtifactNotFound, NbtrackError
from ..store.artifacts.base import walk
from ..store.artifacts.open import open_artifacts
from ..store.artifacts.paths import local_path, scheme_of

__all__ = ["artifact_store", "records"]


class _Unreachable:
    """Files that are not read, and why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def open(self, path: str) -> BinaryIO:
        raise ArtifactNotFound(self.reason)


def artifact_store(uri: str, run_id: str) -> Files:
    """Return the files at a run's ``artifact_uri``.

    Only what is at ``…/RUN_ID/artifacts``, as MLflow makes it, is read, and of folders no links: a file that somebody
    else wrote must not make us copy other things, which we may read, to where all can see them.
    """
    try:
        if not uri.rstrip("/").endswith(f"/{run_id}/artifacts"):
            return _Unreachable(f"MLflow did not make {uri[:200]!r} for them; copy them by hand")
        if scheme_of(uri) in ("http", "https"):
            return _Unreachable(f"{uri} is behind a server; import from the server itself")
        if scheme_of(uri) in ("", "file") and _leads_elsewhere(local_path(uri)):
            return _Unreachable(f"{uri} is a link to elsewhere")
        return open_artifacts(uri)
    except NbtrackError as error:
        return _Unreachable(str(error))


def _leads_elsewhere(folder: Path) -> bool:
    return folder.is_symlink() or folder.parent.is_symlink() or ".." in folder.parts


def records(files: Files, problems: list[str], owner: str) -> list[ArtifactRecord]:
    """Return what files there are, by path; those that cannot be listed are a problem."""
    if isinstance(files, _Unreachable):
        problems.append(f"the files of {owner}: {files.reason}")
        return []
    odd = list[str]()
    try:
        found = sorted(walk(files, problems=odd), key=lambda record: record.path)  # type: ignore[arg-type]
    except NbtrackError as error:
        problems.append(f"the files of {owner}: {error}")
        return []
    problems += [f"a file of {owner} is left out: {why}" for why in odd]
    return found
