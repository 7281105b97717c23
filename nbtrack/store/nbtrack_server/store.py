"""The store protocol over an ``nbtrack server``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from typing_extensions import override

from ...entities.events import Batch, Progress
from ...entities.run import ArtifactRecord, Dataset, Experiment, ParamValue, Points, RunInfo, ViewType
from ...errors import StoreError
from ..http import HttpClient, Response
from ..protocol.search import Page, Query
from ..protocol.store import Axis, OpenRun, RunDetails, RunOverview, Store
from ..text import storable
from . import CONTENT_TYPE, PATH, PROTOCOL
from .batch_splitting import count_numbers, split_batch
from .errors import raise_error
from .operations import OPERATIONS
from .sub_stores import RemoteSubStore

if TYPE_CHECKING:
    from ..protocol.logged_models import LoggedModels
    from ..protocol.model_registry import Registry
    from ..protocol.traces import Traces

__all__ = ["NbtrackServerStore"]

_HEADERS = {"Content-Type": CONTENT_TYPE, "Accept": CONTENT_TYPE}
# About 8 MB before encoding: large enough to make the cost of a request negligible, small enough for a quick response.
_NUMBERS_A_REQUEST = 1 << 20


class NbtrackServerStore(Store):
    """The store behind an ``nbtrack server``.

    ``apply`` is one transaction if the batches contain at most about a million numbers. Larger ones are sent as several
    requests, each applied exactly once.

    Args:
        client: The server.
        protocol: The version of the protocol that it speaks.
    """

    def __init__(self, client: HttpClient, protocol: int = PROTOCOL) -> None:
        self.uri = client.url
        self._client, self._reads_many = client, protocol > 1
        self.registry = cast("Registry", RemoteSubStore("registry", self._call))
        self.models = cast("LoggedModels", RemoteSubStore("models", self._call))
        self.traces = cast("Traces", RemoteSubStore("traces", self._call))

    def _call(self, name: str, /, **arguments: Any) -> Any:
        operation = OPERATIONS[name]
        response = self._client.request(
            "POST",
            PATH + name,
            body=operation.encode_arguments(storable(arguments)),
            headers=_HEADERS,
            is_repeatable=operation.is_repeatable,
            check=_raise_reported_error,
        )
        # An older server answers an unknown path as MLflow's would, with JSON.
        if response.headers.get("content-type") != CONTENT_TYPE:
            raise StoreError(f"{self.uri} does not know the operation {name!r} ({response.status}); update the server")
        return operation.decode_result(response.body)

    @override
    def apply(self, batches: Sequence[Batch]) -> list[Progress]:
        if sum(count_numbers(lane) for batch in batches for lane in batch.lanes) <= _NUMBERS_A_REQUEST:
            return cast("list[Progress]", self._call("apply", batches=batches))
        return [self._apply_in_pieces(batch) for batch in batches]

    def _apply_in_pieces(self, batch: Batch) -> Progress:
        progress, conflicts = Progress(), ()
        for piece in split_batch(batch, _NUMBERS_A_REQUEST):
            (progress,) = self._call("apply", batches=[piece])
            conflicts += progress.conflicts
        return Progress(progress.events, progress.lanes, conflicts)

    @override
    def heartbeat(self, run_ids: Sequence[str], time: int) -> None:
        self._call("heartbeat", run_ids=run_ids, time=time)

    @override
    def open_runs(self) -> list[OpenRun]:
        return cast("list[OpenRun]", self._call("open_runs"))

    # Experiments.

    @override
    def create_experiment(
        self, name: str, *, artifact_location: str | None = None, tags: dict[str, str] | None = None
    ) -> Experiment:
        arguments = {"name": name, "artifact_location": artifact_location, "tags": tags}
        return cast("Experiment", self._call("create_experiment", **arguments))

    @override
    def get_experiment(self, experiment_id: str) -> Experiment:
        return cast("Experiment", self._call("get_experiment", experiment_id=experiment_id))

    @override
    def find_experiment(self, name: str) -> Experiment | None:
        return cast("Experiment | None", self._call("find_experiment", name=name))

    @override
    def experiments(self, view: ViewType = "active") -> list[Experiment]:
        return cast("list[Experiment]", self._call("experiments", view=view))

    @override
    def search_experiments(self, query: Query) -> Page[Experiment]:
        return cast("Page[Experiment]", self._call("search_experiments", query=query))

    @override
    def update_experiment(self, experiment_id: str, *, name: str | None = None, tags: dict[str, str] | None = None) -> None:
        self._call("update_experiment", experiment_id=experiment_id, name=name, tags=tags)

    @override
    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        self._call("delete_experiment_tag", experiment_id=experiment_id, key=key)

    @override
    def delete_experiment(self, experiment_id: str) -> None:
        self._call("delete_experiment", experiment_id=experiment_id)

    @override
    def restore_experiment(self, experiment_id: str) -> None:
        self._call("restore_experiment", experiment_id=experiment_id)

    # Runs.

    @override
    def get_run(self, run_id: str) -> RunInfo:
        return cast("RunInfo", self._call("get_run", run_id=run_id))

    @override
    def get_runs(self, run_ids: Sequence[str]) -> list[RunInfo]:
        if not self._reads_many:
            return super().get_runs(run_ids)
        return cast("list[RunInfo]", self._call("get_runs", run_ids=run_ids))

    @override
    def search_runs(self, query: Query) -> Page[RunInfo]:
        return cast("Page[RunInfo]", self._call("search_runs", query=query))

    @override
    def delete_run(self, run_id: str) -> None:
        self._call("delete_run", run_id=run_id)

    @override
    def restore_run(self, run_id: str) -> None:
        self._call("restore_run", run_id=run_id)

    @override
    def purge_runs(self, run_ids: Sequence[str]) -> None:
        self._call("purge_runs", run_ids=run_ids)

    # What runs have.

    @override
    def details(self, run_ids: Sequence[str], stats: Sequence[str]) -> RunDetails:
        if not self._reads_many:
            return super().details(run_ids, stats)
        return cast("RunDetails", self._call("details", run_ids=run_ids, stats=stats))

    @override
    def overview(self, run_id: str, most_curves: int, kinds: Sequence[str] = ()) -> RunOverview:
        if not self._reads_many:
            return super().overview(run_id, most_curves, kinds)
        return cast("RunOverview", self._call("overview", run_id=run_id, most_curves=most_curves, kinds=kinds))

    @override
    def params(self, run_ids: Sequence[str]) -> list[tuple[str, str, ParamValue]]:
        return cast("list[tuple[str, str, ParamValue]]", self._call("params", run_ids=run_ids))

    @override
    def tags(self, run_ids: Sequence[str]) -> list[tuple[str, str, str]]:
        return cast("list[tuple[str, str, str]]", self._call("tags", run_ids=run_ids))

    @override
    def metrics(self, run_ids: Sequence[str], stats: Sequence[str]) -> list[tuple[Any, ...]]:
        return cast("list[tuple[Any, ...]]", self._call("metrics", run_ids=run_ids, stats=stats))

    @override
    def history(self, run_id: str, key: str) -> Points:
        return cast("Points", self._call("history", run_id=run_id, key=key))

    @override
    def stretches(self, run_id: str, keys: Sequence[str], axis: Axis, low: int, high: int) -> list[tuple[str, str, Points]]:
        arguments = {"run_id": run_id, "keys": keys, "axis": axis, "low": low, "high": high}
        return cast("list[tuple[str, str, Points]]", self._call("stretches", **arguments))

    @override
    def histories(self, run_ids: Sequence[str], keys: Sequence[str] | None) -> list[tuple[str, str, Points]]:
        return cast("list[tuple[str, str, Points]]", self._call("histories", run_ids=run_ids, keys=keys))

    @override
    def documents(self, run_id: str) -> dict[str, str]:
        return cast("dict[str, str]", self._call("documents", run_id=run_id))

    @override
    def read_document(self, sha256: str) -> str | None:
        return cast("str | None", self._call("read_document", sha256=sha256))

    @override
    def artifacts(self, run_id: str) -> list[ArtifactRecord]:
        return cast("list[ArtifactRecord]", self._call("artifacts", run_id=run_id))

    @override
    def documents_of(self, run_ids: Sequence[str]) -> list[tuple[str, str, str]]:
        if not self._reads_many:
            return super().documents_of(run_ids)
        return cast("list[tuple[str, str, str]]", self._call("documents_of", run_ids=run_ids))

    @override
    def read_documents(self, sha256s: Sequence[str]) -> dict[str, str]:
        if not self._reads_many:
            return super().read_documents(sha256s)
        return cast("dict[str, str]", self._call("read_documents", sha256s=sha256s))

    @override
    def artifacts_of(self, run_ids: Sequence[str]) -> list[tuple[str, ArtifactRecord]]:
        if not self._reads_many:
            return super().artifacts_of(run_ids)
        return cast("list[tuple[str, ArtifactRecord]]", self._call("artifacts_of", run_ids=run_ids))

    @override
    def datasets(self, run_id: str) -> list[Dataset]:
        return cast("list[Dataset]", self._call("datasets", run_id=run_id))

    @override
    def datasets_of(self, run_ids: Sequence[str]) -> list[tuple[str, Dataset]]:
        return cast("list[tuple[str, Dataset]]", self._call("datasets_of", run_ids=run_ids))

    @override
    def datasets_in(self, experiment_ids: Sequence[str]) -> list[tuple[str, Dataset]]:
        return cast("list[tuple[str, Dataset]]", self._call("datasets_in", experiment_ids=experiment_ids))

    @override
    def close(self) -> None:
        self._client.close()


def _raise_reported_error(response: Response) -> None:
    if response.status != 200 and response.headers.get("content-type") == CONTENT_TYPE:
        raise_error(response.body, response.status)
