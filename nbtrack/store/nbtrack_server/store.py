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
from ..protocol.store import Axis, OpenRun, RunDetails, Store
from ..text import storable
from . import CONTENT_TYPE, PATH, PROTOCOL
from .batches import in_pieces, numbers_of
from .errors import raise_error
from .operations import OPERATIONS
from .sub_stores import RemoteSubStore

if TYPE_CHECKING:
    from ..protocol.logged_models import LoggedModels
    from ..protocol.model_registry import Registry
    from ..protocol.traces import Traces

__all__ = ["NbtrackServerStore"]

_HEADERS = {"Content-Type": CONTENT_TYPE, "Accept": CONTENT_TYPE}
# As raw numbers some 8 MB: large enough that a request's own cost is none, small enough to be answered soon.
_NUMBERS_A_REQUEST = 1 << 20


class NbtrackServerStore(Store):
    """A store behind a server, with every guarantee of ``store.base``.

    What ``apply`` is given is applied in one transaction as long as it fits into one request, of a million numbers or so;
    more goes piece by piece, each exactly once, as all batches do.

    Args:
        client: The server.
        protocol: The version of the protocol that it speaks; one of version 1 is asked run by run for what many runs have.
    """

    def __init__(self, client: HttpClient, protocol: int = PROTOCOL) -> None:
        self.uri = client.url
        self._client, self._reads_many = client, protocol > 1
        self.registry = cast("Registry", RemoteSubStore("registry", self._ask))
        self.models = cast("LoggedModels", RemoteSubStore("models", self._ask))
        self.traces = cast("Traces", RemoteSubStore("traces", self._ask))

    def _ask(self, method: str, **arguments: Any) -> Any:
        operation = OPERATIONS[method]
        answer = self._client.request(
            "POST",
            PATH + method,
            body=operation.pack_arguments(storable(arguments)),
            headers=_HEADERS,
            repeats=operation.repeats,
            judge=_judge,
        )
        if answer.headers.get("content-type") != CONTENT_TYPE:
            raise StoreError(f"{self.uri} does not know the operation {method!r} ({answer.status}); update the server")
        return operation.make_answer(answer.body)

    def apply(self, batches: Sequence[Batch]) -> list[Progress]:
        """See ``Store.apply``."""
        if sum(numbers_of(lane) for batch in batches for lane in batch.lanes) <= _NUMBERS_A_REQUEST:
            return cast("list[Progress]", self._ask("apply", batches=batches))
        return [self._apply_in_pieces(batch) for batch in batches]

    def _apply_in_pieces(self, batch: Batch) -> Progress:
        progress, conflicts = Progress(), ()
        for piece in in_pieces(batch, _NUMBERS_A_REQUEST):
            (progress,) = self._ask("apply", batches=[piece])
            conflicts += progress.conflicts
        return Progress(progress.events, progress.lanes, conflicts)

    def heartbeat(self, run_ids: Sequence[str], time: int) -> None:
        """See ``Store.heartbeat``."""
        self._ask("heartbeat", run_ids=run_ids, time=time)

    def open_runs(self) -> list[OpenRun]:
        """See ``Store.open_runs``."""
        return cast("list[OpenRun]", self._ask("open_runs"))

    # Experiments.

    def create_experiment(
        self, name: str, *, artifact_location: str | None = None, tags: dict[str, str] | None = None
    ) -> Experiment:
        """See ``Store.create_experiment``."""
        facts = {"name": name, "artifact_location": artifact_location, "tags": tags}
        return cast("Experiment", self._ask("create_experiment", **facts))

    def get_experiment(self, experiment_id: str) -> Experiment:
        """See ``Store.get_experiment``."""
        return cast("Experiment", self._ask("get_experiment", experiment_id=experiment_id))

    def find_experiment(self, name: str) -> Experiment | None:
        """See ``Store.find_experiment``."""
        return cast("Experiment | None", self._ask("find_experiment", name=name))

    def experiments(self, view: ViewType = "active") -> list[Experiment]:
        """See ``Store.experiments``."""
        return cast("list[Experiment]", self._ask("experiments", view=view))

    def search_experiments(self, query: Query) -> Page[Experiment]:
        """See ``Store.search_experiments``."""
        return cast("Page[Experiment]", self._ask("search_experiments", query=query))

    def update_experiment(self, experiment_id: str, *, name: str | None = None, tags: dict[str, str] | None = None) -> None:
        """See ``Store.update_experiment``."""
        self._ask("update_experiment", experiment_id=experiment_id, name=name, tags=tags)

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        """See ``Store.delete_experiment_tag``."""
        self._ask("delete_experiment_tag", experiment_id=experiment_id, key=key)

    def delete_experiment(self, experiment_id: str) -> None:
        """See ``Store.delete_experiment``."""
        self._ask("delete_experiment", experiment_id=experiment_id)

    def restore_experiment(self, experiment_id: str) -> None:
        """See ``Store.restore_experiment``."""
        self._ask("restore_experiment", experiment_id=experiment_id)

    # Runs.

    def get_run(self, run_id: str) -> RunInfo:
        """See ``Store.get_run``."""
        return cast("RunInfo", self._ask("get_run", run_id=run_id))

    @override
    def get_runs(self, run_ids: Sequence[str]) -> list[RunInfo]:
        if not self._reads_many:
            return super().get_runs(run_ids)
        return cast("list[RunInfo]", self._ask("get_runs", run_ids=run_ids))

    def search_runs(self, query: Query) -> Page[RunInfo]:
        """See ``Store.search_runs``."""
        return cast("Page[RunInfo]", self._ask("search_runs", query=query))

    def delete_run(self, run_id: str) -> None:
        """See ``Store.delete_run``."""
        self._ask("delete_run", run_id=run_id)

    def restore_run(self, run_id: str) -> None:
        """See ``Store.restore_run``."""
        self._ask("restore_run", run_id=run_id)

    def purge_runs(self, run_ids: Sequence[str]) -> None:
        """See ``Store.purge_runs``."""
        self._ask("purge_runs", run_ids=run_ids)

    # What runs have.

    @override
    def details(self, run_ids: Sequence[str], stats: Sequence[str]) -> RunDetails:
        if not self._reads_many:
            return super().details(run_ids, stats)
        return cast("RunDetails", self._ask("details", run_ids=run_ids, stats=stats))

    def params(self, run_ids: Sequence[str]) -> list[tuple[str, str, ParamValue]]:
        """See ``Store.params``."""
        return cast("list[tuple[str, str, ParamValue]]", self._ask("params", run_ids=run_ids))

    def tags(self, run_ids: Sequence[str]) -> list[tuple[str, str, str]]:
        """See ``Store.tags``."""
        return cast("list[tuple[str, str, str]]", self._ask("tags", run_ids=run_ids))

    def metrics(self, run_ids: Sequence[str], stats: Sequence[str]) -> list[tuple[Any, ...]]:
        """See ``Store.metrics``."""
        return cast("list[tuple[Any, ...]]", self._ask("metrics", run_ids=run_ids, stats=stats))

    def history(self, run_id: str, key: str) -> Points:
        """See ``Store.history``; a column of the points is decoded when it is first asked for."""
        return cast("Points", self._ask("history", run_id=run_id, key=key))

    def stretches(self, run_id: str, keys: Sequence[str], axis: Axis, low: int, high: int) -> list[tuple[str, str, Points]]:
        """See ``Store.stretches``."""
        asked = {"run_id": run_id, "keys": keys, "axis": axis, "low": low, "high": high}
        return cast("list[tuple[str, str, Points]]", self._ask("stretches", **asked))

    def histories(self, run_ids: Sequence[str], keys: Sequence[str] | None) -> list[tuple[str, str, Points]]:
        """See ``Store.histories``."""
        return cast("list[tuple[str, str, Points]]", self._ask("histories", run_ids=run_ids, keys=keys))

    def documents(self, run_id: str) -> dict[str, str]:
        """See ``Store.documents``."""
        return cast("dict[str, str]", self._ask("documents", run_id=run_id))

    def read_document(self, sha256: str) -> str | None:
        """See ``Store.read_document``."""
        return cast("str | None", self._ask("read_document", sha256=sha256))

    def artifacts(self, run_id: str) -> list[ArtifactRecord]:
        """See ``Store.artifacts``."""
        return cast("list[ArtifactRecord]", self._ask("artifacts", run_id=run_id))

    @override
    def documents_of(self, run_ids: Sequence[str]) -> list[tuple[str, str, str]]:
        if not self._reads_many:
            return super().documents_of(run_ids)
        return cast("list[tuple[str, str, str]]", self._ask("documents_of", run_ids=run_ids))

    @override
    def read_documents(self, sha256s: Sequence[str]) -> dict[str, str]:
        if not self._reads_many:
            return super().read_documents(sha256s)
        return cast("dict[str, str]", self._ask("read_documents", sha256s=sha256s))

    @override
    def artifacts_of(self, run_ids: Sequence[str]) -> list[tuple[str, ArtifactRecord]]:
        if not self._reads_many:
            return super().artifacts_of(run_ids)
        return cast("list[tuple[str, ArtifactRecord]]", self._ask("artifacts_of", run_ids=run_ids))

    def datasets(self, run_id: str) -> list[Dataset]:
        """See ``Store.datasets``."""
        return cast("list[Dataset]", self._ask("datasets", run_id=run_id))

    def datasets_of(self, run_ids: Sequence[str]) -> list[tuple[str, Dataset]]:
        """See ``Store.datasets_of``."""
        return cast("list[tuple[str, Dataset]]", self._ask("datasets_of", run_ids=run_ids))

    def datasets_in(self, experiment_ids: Sequence[str]) -> list[tuple[str, Dataset]]:
        """See ``Store.datasets_in``."""
        return cast("list[tuple[str, Dataset]]", self._ask("datasets_in", experiment_ids=experiment_ids))

    def close(self) -> None:
        """See ``Store.close``."""
        self._client.close()


def _judge(answer: Response) -> None:
    """Raise the error that a server of ours says."""
    if answer.status != 200 and answer.headers.get("content-type") == CONTENT_TYPE:
        raise_error(answer.body, answer.status)


if TYPE_CHECKING:
    from ..http import client_of

    _proof: Store = NbtrackServerStore(client_of(""))
