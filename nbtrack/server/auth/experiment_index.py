"""Finds the experiment of a run, logged model or trace by its id, and of a file by its path.

None of them ever moves to another experiment, so the results are cached for all requests, up to a limit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final

from ...errors import ModelNotFound, RunNotFound, TraceNotFound
from ...store.mlflow_api.errors import ApiError
from ...store.protocol.store import Store
from ..handlers.artifact_paths import folder_at

__all__ = ["ExperimentIndex"]

_MOST_CACHED: Final = 1 << 16
_SECONDS: Final = 5.0  # that the list of experiments' folders may be old


class ExperimentIndex:
    """A cache of the experiments that things in a store belong to.

    Args:
        store: The store.
        root: The URI of the server's artifact store.
    """

    def __init__(self, store: Store, root: str) -> None:
        self._store, self._root = store, root
        self._cache: dict[tuple[str, str], str] = {}
        self._folders: dict[str, list[str]] = {}
        self._read_at = float("-inf")

    def of_run(self, run_id: str) -> str:
        """Return a run's experiment; RunNotFound."""
        return self._cached("run", run_id, lambda: self._store.get_run(run_id).experiment_id)

    def of_model(self, model_id: str) -> str:
        """Return a logged model's experiment; ModelNotFound."""
        return self._cached("model", model_id, lambda: self._store.models.get(model_id).experiment_id)

    def of_trace(self, trace_id: str) -> str:
        """Return a trace's experiment; TraceNotFound."""
        return self._cached("trace", trace_id, lambda: self._find_trace(trace_id))

    def _find_trace(self, trace_id: str) -> str:
        for found in self._store.traces.get([trace_id]):
            return found.experiment_id
        raise TraceNotFound(f"Trace with ID '{trace_id}' not found.")

    def of_existing(self, find: Callable[[str], str], ids: Iterable[str]) -> set[str]:
        """Return the experiments of those ids that exist, each found by one of the methods above."""
        found = set()
        for each in ids:
            try:
                found.add(find(each))
            except (RunNotFound, ModelNotFound, TraceNotFound):
                continue
        return found

    def note_run(self, run_id: str, experiment_id: str) -> None:
        """Cache a run's experiment that a search has returned."""
        self._keep(("run", run_id), experiment_id)

    def forget_runs(self, run_ids: Iterable[str]) -> None:
        """Drop runs that were purged, or may have been."""
        for each in run_ids:
            self._cache.pop(("run", each), None)

    def of_path(self, path: str, *, deep: bool = False) -> set[str]:
        """Return the experiments whose folders contain a path of the artifact store.

        Usually there is one; if artifact locations were chosen so that they overlap, all of them count.

        Args:
            path: The path.
            deep: Whether to add the experiments whose folders are below the path.
        """
        found = self._covering(path, deep=deep)
        if not found:  # the experiment may be new
            self._read_folders()
            found = self._covering(path, deep=deep)
        return found

    def _covering(self, path: str, *, deep: bool) -> set[str]:
        if time.monotonic() - self._read_at > _SECONDS:
            self._read_folders()
        parts = path.split("/")
        above = ["/".join(parts[:n]) for n in range(len(parts) + 1)]
        found = {each for folder in above for each in self._folders.get(folder, ())}
        if deep:
            prefix = f"{path}/" if path else ""
            found |= {each for folder, ids in self._folders.items() if folder.startswith(prefix) for each in ids}
        return found

    def _read_folders(self) -> None:
        folders: dict[str, list[str]] = {}
        for each in self._store.experiments("all"):
            try:
                folders.setdefault(folder_at(each.artifact_location, self._root), []).append(each.id)
            except ApiError:
                continue  # its files are in another artifact store
        self._folders, self._read_at = folders, time.monotonic()

    def _cached(self, kind: str, name: str, find: Callable[[], str]) -> str:
        key = (kind, name)
        found = self._cache.get(key)
        return self._keep(key, find()) if found is None else found

    def _keep(self, key: tuple[str, str], experiment_id: str) -> str:
        while len(self._cache) >= _MOST_CACHED:
            self._cache.pop(next(iter(self._cache)), None)
        self._cache[key] = experiment_id
        return experiment_id
