"""Copying runs from anywhere to any store, with all that they have, and going on where a copy was broken off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from ..settings import Settings, resolve
from ..store.artifacts.allowed_places import AllowedPlaces
from ..store.open import open_store
from ..store.protocol.store import Store
from .copy import Outcome, Target, Tell, copy_all
from .open import open_source
from .source import Source
from .store_source import StoredRuns

__all__ = ["Outcome", "Tell", "import_", "push"]


def push(
    run_ids: Sequence[str] | None,
    target: str,
    *,
    source: str | None = None,
    artifacts: str | None = None,
    tell: Tell | None = None,
) -> Outcome:
    """Copy runs of a store into another one; those that are there already, with all that they have, are passed over.

    Args:
        run_ids: Which runs; None for all.
        target: The URI of the other store.
        source: The store's URI; None where ``connect()`` would go.
        artifacts: Where the artifacts of experiments that are new there go.
        tell: Told how it goes on.

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
) -> Outcome:
    """Copy all runs from somewhere into a store; see ``push``.

    Args:
        source: A store's URI, an MLflow server, MLflow's folder ``mlruns``, or the database of MLflow's SQL store.
        target: The store's URI; None where ``connect()`` would go.
        artifacts: Where the artifacts of experiments that are new there go.
        places: Folders and URIs where files of the source's runs may be read, beside its own folder and what settings name;
            below them the files of a source that was moved are found.
        tell: Told how it goes on.

    Raises:
        InvalidInput: There are no runs at ``source``.
    """
    with closing(open_source(source, places)) as runs:
        return _copy(runs, resolve(target, artifacts=artifacts).for_writing, tell)


def _copy(source: Source, settings: Settings, tell: Tell | None) -> Outcome:
    with _opened(settings) as store:
        target = Target(store, AllowedPlaces.of(settings).open)
        return copy_all(source, target, tell or (lambda what, number: None))


@contextmanager
def _opened(settings: Settings) -> Iterator[Store]:
    with closing(open_store(settings.uri, artifact_root=settings.artifacts)) as store:
        yield store
