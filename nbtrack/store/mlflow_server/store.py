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
from ..protocol.store import OpenRun, Store
from ..stages import refuse_deleted
from ..text import storable
from .api import MlflowApi
from .batches import BatchApplier
from .documents import FOLDER, Documents
from .experiments import MlflowExperiments
from .histories import Histories
from .logged_models import MlflowLoggedModels
from .mlflow_run import MlflowRun
from .model_registry import MlflowModelRegistry
from .reserved_tags import documents_in
from .runs import MlflowRuns
from .search import search
from .sending import RunSender
from .summaries import Summary

if TYPE_CHECKING:
    from ..protocol.logged_models import LoggedModels
    from ..protocol.model_registry import Registry

__all__ = ["MlflowServerStore"]

_THREADS = 8
_LAST = ("last", "last_step", "last_timestamp")


class MlflowServerStore(Store):
    """The runs, experiments and models of an MLflow server; the package's docstring says what is stored where.

    Args:
        client: The server.
        artifacts: Opens the artifact store at a URI of the server's.
    """

    def __init__(self, client: HttpClient, artifacts: Callable[[str], ArtifactStore] | None = None) -> None:
        self.uri = client.url
        self._api = MlflowApi(client)
        self._histories = Histories(self._api)
        self._experiments = MlflowExperiments(self._api)
        self._runs = MlflowRuns(self._api, self._experiments, self._histories.summary)
        self._documents = Documents(self._runs, artifacts or AllowedPlaces.of_server(self.uri).open)
        self.registry: Registry = MlflowModelRegistry(self._api)
        self.models: LoggedModels = MlflowLoggedModels(self._api, self._runs)
        self._sender = RunSender(self._api, self._runs, self._experiments, self._documents)
        self._batches = BatchApplier(self._api, self._runs, self._sender)

    def reserve(self, event: RunStarted) -> str:
        """Start a run and return MLflow's id of it; a batch with the same start may be applied later."""
        return self._sender.start(event).info.id

    @override
    def apply(self, batches: Sequence[Batch]) -> list[Progress]:
        return [self._batches.apply(batch) for batch in batches]

    @override
    def heartbeat(self, run_ids: Sequence[str], time: int) -> None:
        self._sender.heartbeat(run_ids)

    @override
    def open_runs(self) -> list[OpenRun]:
        found = self._runs.search("attributes.status = 'RUNNING'")
        return [OpenRun(run.info.id, run.owner, run.heartbeat, dict(run.tags), self._silence(run)) for run in found]

    def _silence(self, run: MlflowRun) -> int | None:
        return self._api.now() - run.heartbeat if run.has_heartbeat and self._api.has_clock else None

    # Experiments.

    @override
    def create_experiment(
        self, name: str, *, artifact_location: str | None = None, tags: dict[str, str] | None = None
    ) -> Experiment:
        return self._experiments.create(storable(name), artifact_location, storable(tags or {}))

    @override
    def get_experiment(self, experiment_id: str) -> Experiment:
        return self._experiments.get(experiment_id)

    @override
    def find_experiment(self, name: str) -> Experiment | None:
        return self._experiments.find(storable(name))

    @override
    def experiments(self, view: ViewType = "active") -> list[Experiment]:
        return self._experiments.list(view)

    @override
    def search_experiments(self, query: Query) -> Page[Experiment]:
        return page_of(self._experiments.list(query.view), query)

    @override
    def update_experiment(self, experiment_id: str, *, name: str | None = None, tags: dict[str, str] | None = None) -> None:
        self._experiments.update(experiment_id, storable(name), storable(tags or {}))

    @override
    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        self._experiments.delete_tag(experiment_id, key)

    @override
    def delete_experiment(self, experiment_id: str) -> None:
        self._experiments.set_stage(experiment_id, LifecycleStage.DELETED)
        self._runs.forget_all()

    @override
    def restore_experiment(self, experiment_id: str) -> None:
        self._experiments.set_stage(experiment_id, LifecycleStage.ACTIVE)
        self._runs.forget_all()

    # Runs.

    @override
    def get_run(self, run_id: str) -> RunInfo:
        return self._runs.get(run_id, fresh=True).info

    @override
    def get_runs(self, run_ids: Sequence[str]) -> list[RunInfo]:
        return [run.info for _, run in self._many(run_ids)]

    @override
    def search_runs(self, query: Query) -> Page[RunInfo]:
        return search(self._runs, self._experiments, query, self._prefetch)

    def _prefetch(self, runs: Sequence[MlflowRun], names: Iterable[str]) -> None:
        wanted = set(names)
        self._histories.compute(
            summary for run in runs for key, summary in run.metrics.items() if key in wanted and isinstance(summary, Summary)
        )

    @override
    def delete_run(self, run_id: str) -> None:
        self._set_stage(run_id, LifecycleStage.DELETED)

    @override
    def restore_run(self, run_id: str) -> None:
        refuse_deleted(self.get_experiment(self.get_run(run_id).experiment_id))
        self._set_stage(run_id, LifecycleStage.ACTIVE)

    @override
    def purge_runs(self, run_ids: Sequence[str]) -> None:
        raise InvalidInput(f"{self.uri} is MLflow's own server, which removes deleted runs by `mlflow gc` where it runs")

    def _set_stage(self, run_id: str, stage: LifecycleStage) -> None:
        run = self._runs.get(run_id, fresh=True)
        if run.info.stage is not stage:
            endpoint = wire.DELETE_RUN if stage is LifecycleStage.DELETED else wire.RESTORE_RUN
            self._api.call(endpoint, RunRequest(run_id=run.mlflow_id))
        self._runs.forget(run.mlflow_id)

    # What runs have.

    @override
    def params(self, run_ids: Sequence[str]) -> list[tuple[str, str, ParamValue]]:
        found = [(run_id, *item) for run_id, run in self._many(run_ids) for item in sorted(run.params.items(), key=_key)]
        return copy.deepcopy(found)

    @override
    def tags(self, run_ids: Sequence[str]) -> list[tuple[str, str, str]]:
        return [(run_id, *item) for run_id, run in self._many(run_ids) for item in sorted(run.tags.items())]

    @override
    def metrics(self, run_ids: Sequence[str], stats: Sequence[str]) -> list[tuple[Any, ...]]:
        # A statistic beyond the last point takes the whole history, which is read again only when points were added.
        found = [(run_id, *item) for run_id, run in self._many(run_ids) for item in sorted(run.metrics.items(), key=_key)]
        if not set(stats) <= set(_LAST):
            self._histories.compute(summary for _, _, summary in found if isinstance(summary, Summary))
        return [(run_id, key, *(getattr(summary, stat) for stat in stats)) for run_id, key, summary in found]

    @override
    def history(self, run_id: str, key: str) -> Points:
        # By time: MLflow does not store the order in which points were logged.
        return self._histories.read(self._runs.get(run_id).mlflow_id, key)

    @override
    def histories(self, run_ids: Sequence[str], keys: Sequence[str] | None) -> list[tuple[str, str, Points]]:
        wanted = [
            (run_id, key, run.mlflow_id)
            for run_id, run in self._many(run_ids)
            for key in sorted(run.metrics)
            if keys is None or key in keys
        ]
        found = self._histories.read_many([(mlflow_id, key) for _, key, mlflow_id in wanted])
        return [(run_id, key, points) for (run_id, key, _), points in zip(wanted, found, strict=True)]

    def _many(self, run_ids: Sequence[str]) -> list[tuple[str, MlflowRun]]:
        """Return runs with the ids by which the caller named them."""
        found = self._runs.many(run_ids)
        return [(run.info.id if run.info.id in run_ids else run.mlflow_id, run) for run in found]

    # Documents, artifacts and datasets.

    @override
    def documents(self, run_id: str) -> dict[str, str]:
        return documents_in(self._runs.get(run_id).all_tags)

    @override
    def read_document(self, sha256: str) -> str | None:
        return self._documents.read(sha256)

    @override
    def documents_of(self, run_ids: Sequence[str]) -> list[tuple[str, str, str]]:
        return [(run_id, *document) for run_id, run in self._many(run_ids) for document in documents_in(run.all_tags).items()]

    @override
    def artifacts(self, run_id: str) -> list[ArtifactRecord]:
        # Without checksums: MLflow lists paths and sizes only.
        found = self._files(self._runs.get(run_id).mlflow_id, "")
        return sorted(found, key=lambda record: record.path)

    @override
    def artifacts_of(self, run_ids: Sequence[str]) -> list[tuple[str, ArtifactRecord]]:
        known = [run_id for run_id, _ in self._many(run_ids)]
        # A request lists one folder of one run, so this takes at least one request per run, eight at a time.
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="nbtrack-read") as pool:
            found = list(pool.map(self.artifacts, known))
        return [(run_id, record) for run_id, records in zip(known, found, strict=True) for record in records]

    def _files(self, mlflow_id: str, folder: str) -> Iterator[ArtifactRecord]:
        request = wire_artifacts.ListArtifacts(run_id=mlflow_id, path=folder)
        for page in self._api.pages(wire_artifacts.LIST_ARTIFACTS, request):
            for entry in page.files:
                if not entry.is_dir:
                    yield ArtifactRecord(entry.path, entry.file_size or 0, "")
                elif entry.path != FOLDER:
                    yield from self._files(mlflow_id, entry.path)

    @override
    def datasets(self, run_id: str) -> list[Dataset]:
        return list(self._runs.get(run_id).datasets.values())

    @override
    def datasets_of(self, run_ids: Sequence[str]) -> list[tuple[str, Dataset]]:
        return [(run_id, dataset) for run_id, run in self._many(run_ids) for dataset in run.datasets.values()]

    @override
    def datasets_in(self, experiment_ids: Sequence[str]) -> list[tuple[str, Dataset]]:
        there = {each.id for each in self._experiments.list("all")}
        found = {
            (run.info.experiment_id, dataset.name, dataset.digest, dataset.context): replace(dataset, tags=())
            for run in self._runs.search(experiment_ids=sorted(there.intersection(experiment_ids)))
            for dataset in run.datasets.values()
        }
        return [(key[0], dataset) for key, dataset in sorted(found.items(), key=_key)]

    @override
    def close(self) -> None:
        self._api.close()


def _key(item: tuple[Any, ...]) -> Any:
    return item[0]
