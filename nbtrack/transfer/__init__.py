"""Copies runs from any source to any store with everything they have, and continues interrupted copies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from ..settings import Settings, resolve
from ..store.artifacts.allowed_places import AllowedPlaces
from ..store.open import open_store
from ..store.protocol.store import Store
from .copy import copy_all
from .open import open_source
from .progress import CopyResult, Tell
from .run_copy import Target
from .source import Source
from .store_source import StoredRuns

__all__ = ["CopyResult", "Tell", "import_", "push"]


def push(
    run_ids: Sequence[str] | None,
    target: str,
    *,
    source: str | None = None,
    artifacts: str | None = None,
    tell: Tell | None = None,
) -> CopyResult:
    """Copy runs of a store into another one; runs that the other one has completely are skipped.

    Args:
        run_ids: Which runs; None for all.
        target: The URI of the other store.
        source: The store's URI; None for the store that ``connect()`` uses.
        artifacts: Where experiments that are new in the target keep their artifacts.
        tell: Told of the progress.

    Example:
        >>> import nbtrack
        >>> from nbtrack.transfer import push
        >>> with nbtrack.start_run() as run:
        ...     nbtrack.log(loss=0.5)
        >>> _ = nbtrack.flush()
        >>> push([run.id], "sqlite:///copy.db").copied == [run.id]
        True
    """
    settings = resolve(source)
    with _opened(settings) as store:
        runs = StoredRuns(store, AllowedPlaces.of(settings).open, run_ids)
        return _copy(runs, resolve(target, artifacts=artifacts).for_writing, tell)


def import_(
    source: str,
    *,
    target: str | None = None,
    artifacts: str | None = None,
    places: Sequence[str] = (),
    tell: Tell | None = None,
) -> CopyResult:
    """Copy all runs of a source into a store, as ``push`` does.

    Args:
        source: A store's URI, an MLflow server, MLflow's folder ``mlruns``, or the database of MLflow's SQL store.
        target: The store's URI; None for the store that ``connect()`` uses.
        artifacts: Where experiments that are new in the target keep their artifacts.
        places: Folders and URIs, besides the source's own folder and those in settings, where files of its runs may be read.
            The files of a source that was moved are found below them.
        tell: Told of the progress.

    Raises:
        InvalidInput: There are no runs at ``source``.
    """
    with closing(open_source(source, places)) as runs:
        return _copy(runs, resolve(target, artifacts=artifacts).for_writing, tell)


def _copy(source: Source, settings: Settings, tell: Tell | None) -> CopyResult:
    with _opened(settings) as store:
        target = Target(store, AllowedPlaces.of(settings).open)
        return copy_all(source, target, tell or (lambda what, number: None))


@contextmanager
def _opened(settings: Settings) -> Iterator[Store]:
    with closing(open_store(settings.uri, artifact_root=settings.artifacts)) as store:
        yield store
