"""The store protocol over an MLflow tracking server."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from ...entities.events import Batch, Progress, RunStarted
from ...entities.run import (
    ArtifactRecord,
    Dataset,
    Experiment,
    LifecycleStage,
    MetricSummary,
    ParamValue,
    Points,
    RunInfo,
    ViewType,
)
from ...errors import InvalidInput
from ..artifacts.allowed_places import AllowedPlaces
from ..artifacts.protocol import ArtifactStore
from ..http import HttpClient
from ..matching.experiments import page_of
from ..mlflow_api import artifacts as wire_artifacts
from ..mlflow_api import runs as wire
from ..mlflow_api.message import RunRequest
from ..protocol.search import Page, Query
from ..protocol.store import Axis, OpenRun, Store
from ..stages import refuse_deleted
from ..text import storable
from .api import MlflowApi
from .documents import FOLDER, Documents
from .experiments import Experiments
from .histories import Histories
from .logged_models import MlflowLoggedModels
from .model_registry import MlflowModelRegistry
from .reserved_tags import documents_in
from .runs import MlflowRun, Runs
from .search import search
from .summaries import Summary
from .writes import Writes

if TYPE_CHECKING:
    from ..protocol.logged_models import LoggedModels
    from ..protocol.model_registry import Registry

__all__ = ["MlflowServerStore"]

_THREADS = 8
_LAST = ("last", "last_step", "last_timestamp")


class MlflowServerStore(Store):
    """Runs on an MLflow server; see the package's docstring for what is kept where.

    Args:
        client: The server.
        artifacts: Opens the artifact store at a URI of the server's.
    """

    def __init__(self, client: HttpClient, artifacts: Callable[[str], ArtifactStore] | None = None) -> None:
        self.uri = client.url
        self._api = MlflowApi(client)
        self._histories = Histories(self._api)
        self._experiments = Experiments(self._api)
        self._runs = Runs(self._api, self._experiments, self._histories.summary)
        opened = artifacts or self._open_artifacts
        self._documents = Documents(self._runs, opened)
        self.registry: Registry = MlflowModelRegistry(self._api)
        self.models: LoggedModels = MlflowLoggedModels(self._api, self._runs)
        self._writes = Writes(self._api, self._runs, self._experiments, self._documents)

    def _open_artifacts(self, uri: str) -> ArtifactStore:
        return AllowedPlaces.of_server(self.uri).open(uri)

    def reserve(self, event: RunStarted) -> str:
        """Start a run under an id of MLflow's, and return that; its start may be applied all the same."""
        return self._writes.start(event).info.id

    def apply(self, batches: Sequence[Batch]) -> list[Progress]:
        """See ``Store.apply``; batch by batch, and a long one perhaps in part."""
        return [self._writes.apply(batch) for batch in batches]

    def heartbeat(self, run_ids: Sequence[str], time: int) -> None:
        """See ``Store.heartbeat``."""
        self._writes.beat(run_ids)

    def open_runs(self) -> list[OpenRun]:
        """See ``Store.open_runs``."""
        found = self._runs.search("attributes.status = 'RUNNING'")
        return [OpenRun(run.info.id, run.owner, run.heartbeat, dict(run.tags), self._silence(run)) for run in found]

    def _silence(self, run: MlflowRun) -> int | None:
        return self._api.now() - run.heartbeat if run.has_heartbeat and self._api.has_clock else None

    # Experiments.

    def create_experiment(
        self, name: str, *, artifact_location: str | None = None, tags: dict[str, str] | None = None
    ) -> Experiment:
        """See ``Store.create_experiment``."""
        return self._experiments.create(storable(name), artifact_location, storable(tags or {}))

    def get_experiment(self, experiment_id: str) -> Experiment:
        """See ``Store.get_experiment``."""
        return self._experiments.get(experiment_id)

    def find_experiment(self, name: str) -> Experiment | None:
        """See ``Store.find_experiment``."""
        return self._experiments.named(storable(name))

    def experiments(self, view: ViewType = "active") -> list[Experiment]:
        """See ``Store.experiments``."""
        return self._experiments.list(view)

    def search_experiments(self, query: Query) -> Page[Experiment]:
        """See ``Store.search_experiments``."""
        return page_of(self._experiments.list(query.view), query)

    def update_experiment(self, experiment_id: str, *, name: str | None = None, tags: dict[str, str] | None = None) -> None:
        """See ``Store.update_experiment``."""
        self._experiments.update(experiment_id, storable(name), storable(tags or {}))

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        """See ``Store.delete_experiment_tag``."""
        self._experiments.delete_tag(experiment_id, key)

    def delete_experiment(self, experiment_id: str) -> None:
        """See ``Store.delete_experiment``."""
        self._experiments.set_stage(experiment_id, LifecycleStage.DELETED)
        self._runs.forget_all()

    def restore_experiment(self, experiment_id: str) -> None:
        """See ``Store.restore_experiment``."""
        self._experiments.set_stage(experiment_id, LifecycleStage.ACTIVE)
        self._runs.forget_all()

    # Runs.

    def get_run(self, run_id: str) -> RunInfo:
        """See ``Store.get_run``."""
        return self._runs.get(run_id, fresh=True).info

    @override
    def get_runs(self, run_ids: Sequence[str]) -> list[RunInfo]:
        return [run.info for _, run in self._many(run_ids)]

    def search_runs(self, query: Query) -> Page[RunInfo]:
        """See ``Store.search_runs``."""
        return search(self._runs, self._experiments, query, self._prefetch)

    def _prefetch(self, runs: Sequence[MlflowRun], names: Iterable[str]) -> None:
        wanted = set(names)
        self._histories.compute(
            summary for run in runs for key, summary in run.metrics.items() if key in wanted and isinstance(summary, Summary)
        )

    def delete_run(self, run_id: str) -> None:
        """See ``Store.delete_run``."""
        self._set_stage(run_id, LifecycleStage.DELETED)

    def restore_run(self, run_id: str) -> None:
        """See ``Store.restore_run``."""
        refuse_deleted(self.get_experiment(self.get_run(run_id).experiment_id))
        self._set_stage(run_id, LifecycleStage.ACTIVE)

    def purge_runs(self, run_ids: Sequence[str]) -> None:
        """See ``Store.purge_runs``: the protocol has no such request."""
        raise InvalidInput(f"{self.uri} is MLflow's own server, which removes deleted runs by `mlflow gc` where it runs")

    def _set_stage(self, run_id: str, stage: LifecycleStage) -> None:
        run = self._runs.get(run_id, fresh=True)
        if run.info.stage is not stage:
            endpoint = wire.DELETE_RUN if stage is LifecycleStage.DELETED else wire.RESTORE_RUN
            self._api.call(endpoint, RunRequest(run_id=run.own_id))
        self._runs.forget(run.own_id)

    # What runs have.

    def params(self, run_ids: Sequence[str]) -> list[tuple[str, str, ParamValue]]:
        """See ``Store.params``."""
        found = [(run_id, *item) for run_id, run in self._many(run_ids) for item in sorted(run.params.items(), key=_key)]
        return copy.deepcopy(found)

    def tags(self, run_ids: Sequence[str]) -> list[tuple[str, str, str]]:
        """See ``Store.tags``."""
        return [(run_id, *item) for run_id, run in self._many(run_ids) for item in sorted(run.tags.items())]

    def metrics(self, run_ids: Sequence[str], stats: Sequence[str]) -> list[tuple[Any, ...]]:
        """See ``Store.metrics``; any but the last point needs the whole history, read once as long as nothing comes."""
        found = [(run_id, *item) for run_id, run in self._many(run_ids) for item in sorted(run.metrics.items(), key=_key)]
        if not set(stats) <= set(_LAST):
            self._histories.compute(summary for _, _, summary in found if isinstance(summary, Summary))
        return [(run_id, key, *(getattr(summary, stat) for stat in stats)) for run_id, key, summary in found]

    def history(self, run_id: str, key: str) -> Points:
        """See ``Store.history``; MLflow keeps points by time, not as they were logged."""
        return self._histories.read(self._runs.get(run_id).own_id, key)

    def stretches(self, run_id: str, keys: Sequence[str], axis: Axis, low: int, high: int) -> list[tuple[str, str, Points]]:
        """See ``Store.stretches``."""
        self.get_run(run_id)
        return self.histories([run_id], keys)

    def histories(self, run_ids: Sequence[str], keys: Sequence[str] | None) -> list[tuple[str, str, Points]]:
        """See ``Store.histories``."""
        wanted = [
            (run_id, key, run.own_id)
            for run_id, run in self._many(run_ids)
            for key in sorted(run.metrics)
            if keys is None or key in keys
        ]
        found = self._histories.read_many([(own_id, key) for _, key, own_id in wanted])
        return [(run_id, key, points) for (run_id, key, _), points in zip(wanted, found, strict=True)]

    def _many(self, run_ids: Sequence[str]) -> list[tuple[str, MlflowRun]]:
        """Return runs by the ids by which they were asked for."""
        found = self._runs.many(run_ids)
        return [(run.info.id if run.info.id in run_ids else run.own_id, run) for run in found]

    # Documents, artifacts and datasets.

    def documents(self, run_id: str) -> dict[str, str]:
        """See ``Store.documents``."""
        return documents_in(self._runs.get(run_id).marks)

    def read_document(self, sha256: str) -> str | None:
        """See ``Store.read_document``."""
        return self._documents.read(sha256)

    @override
    def documents_of(self, run_ids: Sequence[str]) -> list[tuple[str, str, str]]:
        return [(run_id, *document) for run_id, run in self._many(run_ids) for document in documents_in(run.marks).items()]

    def artifacts(self, run_id: str) -> list[ArtifactRecord]:
        """See ``Store.artifacts``; MLflow knows paths and sizes, and no checksums."""
        found = self._files(self._runs.get(run_id).own_id, "")
        return sorted(found, key=lambda record: record.path)

    @override
    def artifacts_of(self, run_ids: Sequence[str]) -> list[tuple[str, ArtifactRecord]]:
        known = [run_id for run_id, _ in self._many(run_ids)]
        # MLflow lists one folder of one run a request.
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="nbtrack-read") as pool:
            found = list(pool.map(self.artifacts, known))
        return [(run_id, record) for run_id, records in zip(known, found, strict=True) for record in records]

    def _files(self, own_id: str, folder: str) -> Iterator[ArtifactRecord]:
        request = wire_artifacts.ListArtifacts(run_id=own_id, path=folder)
        for page in self._api.pages(wire_artifacts.LIST_ARTIFACTS, request):
            for entry in page.files:
                if not entry.is_dir:
                    yield ArtifactRecord(entry.path, entry.file_size or 0, "")
                elif entry.path != FOLDER:
                    yield from self._files(own_id, entry.path)

    def datasets(self, run_id: str) -> list[Dataset]:
        """See ``Store.datasets``."""
        return list(self._runs.get(run_id).datasets.values())

    def datasets_of(self, run_ids: Sequence[str]) -> list[tuple[str, Dataset]]:
        """See ``Store.datasets_of``."""
        return [(run_id, dataset) for run_id, run in self._many(run_ids) for dataset in run.datasets.values()]

    def datasets_in(self, experiment_ids: Sequence[str]) -> list[tuple[str, Dataset]]:
        """See ``Store.datasets_in``."""
        there = {each.id for each in self._experiments.list("all")}
        found = {
            (run.info.experiment_id, dataset.name, dataset.digest, dataset.context): replace(dataset, tags=())
            for run in self._runs.search(experiment_ids=sorted(there.intersection(experiment_ids)))
            for dataset in run.datasets.values()
        }
        return [(key[0], dataset) for key, dataset in sorted(found.items(), key=_key)]

    def close(self) -> None:
        """See ``Store.close``."""
        self._api.close()


def _key(item: tuple[Any, ...]) -> Any:
    return item[0]


if TYPE_CHECKING:
    from ..http import client_of

    _proof: Store = MlflowServerStore(client_of(""))
    _summary: type[MetricSummary]
