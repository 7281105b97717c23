"""To which experiment something belongs: runs, logged models and traces by their ids, files by their paths.

None of these ever moves, so what was found out is remembered for all requests; how much is bounded.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final

from ...errors import ModelNotFound, RunNotFound, TraceNotFound
from ...store.mlflow_api.errors import ApiError
from ...store.protocol.logged_models import models_of
from ...store.protocol.store import Store
from ...store.protocol.traces import traces_of
from ..handlers.artifact_paths import folder_at

__all__ = ["ExperimentIndex"]

_MOST_REMEMBERED: Final = 1 << 16
_SECONDS: Final = 5.0


class ExperimentIndex:
    """Finds the experiments of things in a store.

    Args:
        store: Where they are.
        root: The URI of the server's artifact store.
    """

    def __init__(self, store: Store, root: str) -> None:
        self._store, self._root = store, root
        self._known: dict[tuple[str, str], str] = {}
        self._folders: dict[str, list[str]] = {}
        self._read_at = float("-inf")

    def of_run(self, run_id: str) -> str:
        """Return a run's experiment; RunNotFound."""
        return self._of("run", run_id, lambda: self._store.get_run(run_id).experiment_id)

    def of_model(self, model_id: str) -> str:
        """Return a logged model's experiment; ModelNotFound."""
        return self._of("model", model_id, lambda: models_of(self._store).get(model_id).experiment_id)

    def of_trace(self, trace_id: str) -> str:
        """Return a trace's experiment; TraceNotFound."""
        return self._of("trace", trace_id, lambda: self._find_trace(trace_id))

    def _find_trace(self, trace_id: str) -> str:
        for found in traces_of(self._store).get([trace_id]):
            return found.experiment_id
        raise TraceNotFound(f"Trace with ID '{trace_id}' not found.")

    def of_those(self, find: Callable[[str], str], ids: Iterable[str]) -> set[str]:
        """Return the experiments of all that there are of these ids."""
        found = set()
        for each in ids:
            try:
                found.add(find(each))
            except (RunNotFound, ModelNotFound, TraceNotFound):
                continue
        return found

    def note_run(self, run_id: str, experiment_id: str) -> None:
        """Remember what a search has told."""
        self._remember(("run", run_id), experiment_id)

    def forget_runs(self, run_ids: Iterable[str]) -> None:
        """Forget runs that are gone, or that may be."""
        for each in run_ids:
            self._known.pop(("run", each), None)

    def of_path(self, path: str, *, deep: bool = False) -> set[str]:
        """Return the experiments in whose folders a path of the artifact store lies, with ``deep`` also those that lie in it.

        Folders are made for experiments, so there is one; where somebody has made them overlap, all of them count.
        """
        found = self._covering(path, deep=deep)
        if not found:
            self._read()
            found = self._covering(path, deep=deep)
        return found

    def _covering(self, path: str, *, deep: bool) -> set[str]:
        if time.monotonic() - self._read_at > _SECONDS:
            self._read()
        parts = path.split("/")
        above = ["/".join(parts[:n]) for n in range(len(parts) + 1)]
        found = {each for folder in above for each in self._folders.get(folder, ())}
        if deep:
            prefix = f"{path}/" if path else ""
            found |= {each for folder, ids in self._folders.items() if folder.startswith(prefix) for each in ids}
        return found

    def _read(self) -> None:
        folders: dict[str, list[str]] = {}
        for each in self._store.experiments("all"):
            try:
                folders.setdefault(folder_at(each.artifact_location, self._root), []).append(each.id)
            except ApiError:
                continue  # its files are elsewhere
        self._folders, self._read_at = folders, time.monotonic()

    def _of(self, kind: str, name: str, find: Callable[[], str]) -> str:
        key = (kind, name)
        found = self._known.get(key)
        return self._remember(key, find()) if found is None else found

    def _remember(self, key: tuple[str, str], experiment_id: str) -> str:
        while len(self._known) >= _MOST_REMEMBERED:
            self._known.pop(next(iter(self._known)), None)
        self._known[key] = experiment_id
        return experiment_id
