"""The runs of an MLflow server, by MLflow's ids and by those that runs started with."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence

from ...entities.tags import TAG_RUN_ID
from ...errors import InvalidInput, RunNotFound
from ..mlflow_api import runs as wire
from ..mlflow_api.message import RunRequest
from .api import MlflowApi
from .experiments import MlflowExperiments
from .mlflow_run import MlflowRun, ReadSummary, mlflow_run
from .quoting import is_quotable, quoted

__all__ = ["MlflowRuns"]

# A table asks for params, tags and metrics of the same runs one after the other; one read serves them all.
_FRESH_SECONDS = 1.0
_CACHED = 20_000
_IDS_PER_SEARCH = 100
_PAGE = 1000


class MlflowRuns:
    """Reads runs, and keeps what was read for a second.

    Any thread may use it: a cached run is replaced, never changed.
    """

    def __init__(self, api: MlflowApi, experiments: MlflowExperiments, read_summary: ReadSummary) -> None:
        self._api, self._experiments, self._read_summary = api, experiments, read_summary
        self._mlflow_ids: dict[str, str] = {}
        self._cache: dict[str, MlflowRun] = {}

    # One run.

    def find(self, run_id: str, *, fresh: bool = False) -> MlflowRun | None:
        """Return a run by either id, None if there is none; ``fresh`` reads it anew."""
        cached = None if fresh else self._cached(run_id)
        if cached is not None:
            return cached
        mlflow_id = self._mlflow_ids.get(run_id, run_id)
        found = self._api.find(wire.GET_RUN, RunRequest(run_id=mlflow_id)) if _may_be_id(run_id) else None
        if found is not None:
            return self.keep(found.run)
        return None if run_id in self._mlflow_ids else self._find_by_tag(run_id)

    def get(self, run_id: str, *, fresh: bool = False) -> MlflowRun:
        """Return a run by either id; RunNotFound."""
        found = self.find(run_id, fresh=fresh)
        if found is None:
            raise RunNotFound(f"there is no run with the id {run_id!r}")
        return found

    def _cached(self, run_id: str) -> MlflowRun | None:
        cached = self._cache.get(self._mlflow_ids.get(run_id, run_id))
        return cached if cached is not None and time.monotonic() - cached.read_at < _FRESH_SECONDS else None

    def _find_by_tag(self, run_id: str) -> MlflowRun | None:
        found = list(self.search(f"tags.`{TAG_RUN_ID}` = {quoted(run_id)}")) if is_quotable(run_id) else []
        # Two processes that deliver the same journal at once may both create the run; all clients choose the same one.
        chosen = min(found, key=lambda run: run.mlflow_id, default=None)
        if chosen is not None:
            self._mlflow_ids[run_id] = chosen.mlflow_id
        return chosen

    # Many runs.

    def many(self, run_ids: Sequence[str]) -> list[MlflowRun]:
        """Return the existing ones of these runs, in this order, by one request per hundred."""
        found: dict[str, MlflowRun] = {}
        unread: list[str] = []
        for run_id in dict.fromkeys(run_ids):
            if (cached := self._cached(run_id)) is not None:
                found[run_id] = cached
            else:
                unread.append(run_id)
        found |= self._read_many(unread)
        return [found[run_id] for run_id in run_ids if run_id in found]

    def _read_many(self, run_ids: list[str]) -> dict[str, MlflowRun]:
        if len(run_ids) <= 3:  # a search names all experiments, which takes a request of its own
            return {run_id: run for run_id in run_ids if (run := self.find(run_id)) is not None}
        found: dict[str, MlflowRun] = {}
        for start in range(0, len(run_ids), _IDS_PER_SEARCH):
            part = run_ids[start : start + _IDS_PER_SEARCH]
            here = self._search_ids([self._mlflow_ids.get(run_id, run_id) for run_id in part if _may_be_id(run_id)])
            found |= {run_id: here[own] for run_id in part if (own := self._mlflow_ids.get(run_id, run_id)) in here}
        missing = [run_id for run_id in run_ids if run_id not in found]
        return found | {run_id: run for run_id in missing if (run := self.find(run_id)) is not None}

    def _search_ids(self, mlflow_ids: list[str]) -> dict[str, MlflowRun]:
        if not mlflow_ids:
            return {}
        try:
            return {run.mlflow_id: run for run in self.search(f"attributes.run_id IN ({', '.join(map(quoted, mlflow_ids))})")}
        except InvalidInput:  # an older server does not know the attribute
            return {}

    def search(
        self,
        filter_: str = "",
        *,
        experiment_ids: Sequence[str] | None = None,
        order_by: Sequence[str] = (),
        view: str = "ALL",
        page: int = _PAGE,
    ) -> Iterator[MlflowRun]:
        """Yield the runs that match, page by page.

        Args:
            filter_: A filter in MLflow's language.
            experiment_ids: The experiments; None for all.
            order_by: MLflow's order.
            view: MLflow's name of the stages that are searched.
            page: The runs of one request.
        """
        ids = [each.id for each in self._experiments.list("all")] if experiment_ids is None else list(experiment_ids)
        if not ids:
            return
        request = wire.SearchRuns(
            experiment_ids=ids, filter=filter_, run_view_type=view, max_results=page, order_by=list(order_by)
        )
        for response in self._api.pages(wire.SEARCH_RUNS, request):
            for run in response.runs:
                yield self.keep(run)

    # The cache.

    def keep(self, run: wire.Run) -> MlflowRun:
        """Return a run from the server's message, and cache it."""
        found = mlflow_run(run, self._read_summary)
        if len(self._cache) > _CACHED:
            self._cache = {}
        self._cache[found.mlflow_id] = found
        self._mlflow_ids[found.info.id] = found.mlflow_id
        return found

    def touch(self, run_ids: Iterable[str]) -> None:
        """Count these runs as read now: the search that found them may have taken longer than they are fresh."""
        now = time.monotonic()
        for run_id in run_ids:
            if (cached := self._cache.get(self._mlflow_ids.get(run_id, run_id))) is not None:
                cached.read_at = now

    def forget(self, mlflow_id: str) -> None:
        """Drop a changed run from the cache."""
        self._cache.pop(mlflow_id, None)

    def forget_id(self, run_id: str) -> None:
        """Drop what is known about MLflow's id of a run."""
        self._mlflow_ids.pop(run_id, None)

    def forget_all(self) -> None:
        """Drop every run from the cache."""
        self._cache = {}


def _may_be_id(run_id: str) -> bool:
    return run_id.isascii() and run_id.replace("-", "").replace("_", "").isalnum() and len(run_id) <= 256
