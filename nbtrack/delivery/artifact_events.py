"""Files that events of a batch name: put into the artifact store before the store learns of them."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from ..entities.events import ArtifactLogged, Batch, TagsSet
from ..entities.tags import ARTIFACTS_REFUSED
from ..errors import InvalidInput, StoreUnavailable
from ..store.artifacts.paths import artifact_path
from ..store.protocol.store import Store

__all__ = ["FilesUnavailable", "PutFile", "put_file", "with_files_put"]

# Puts a file where the run's artifacts are: (store, run id, event, the file).
PutFile: TypeAlias = Callable[[Store, str, ArtifactLogged, Path], None]
# Returns where the file of an event is; None if another process has put it.
_FileOf: TypeAlias = Callable[[ArtifactLogged], Path | None]

_log = logging.getLogger("nbtrack")


class FilesUnavailable(StoreUnavailable):
    """Everything was delivered but some files, whose artifact store is unavailable, and what was logged after them."""


def with_files_put(store: Store, batch: Batch, put: PutFile, file_of: _FileOf) -> tuple[Batch, StoreUnavailable | None]:
    """Put a batch's files into the artifact store, in order.

    A file that can never be put, because its path leads through another file or elsewhere, is replaced by a tag that says so.

    Returns:
        The batch and None; or, if a file cannot be put now, the part of the batch before it, and why.
    """
    events = list(batch.events)
    for number, event in enumerate(events):
        if isinstance(event, ArtifactLogged):
            try:
                events[number] = put_file(store, batch.run_id, event, put, file_of)
            except StoreUnavailable as error:
                return replace(batch, events=tuple(events[:number])), error
    return replace(batch, events=tuple(events)), None


def put_file(store: Store, run_id: str, event: ArtifactLogged, put: PutFile, file_of: _FileOf) -> ArtifactLogged | TagsSet:
    """Put a file into the artifact store, and return the event for the store.

    Raises:
        StoreUnavailable: It cannot be put now.
    """
    try:
        artifact_path(event.path)
        if (file := file_of(event)) is not None:
            put(store, run_id, event, file)
    except InvalidInput as error:
        _warn_once(run_id, str(error))
        return TagsSet({ARTIFACTS_REFUSED: str(error)})
    return event


@functools.cache
def _warn_once(run_id: str, why: str) -> None:
    _log.warning("nbtrack: run %s: a file is not kept: %s", run_id, why)
