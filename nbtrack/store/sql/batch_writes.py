"""Folds a batch's events into one write per table."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from ...entities.events import (
    ArtifactLogged,
    Conflict,
    DatasetLogged,
    DocumentLogged,
    DocumentNamed,
    Event,
    ModelMade,
    ModelMeasured,
    ModelRead,
    ParamsLogged,
    RunEnded,
    RunResumed,
    RunStarted,
    RunUpdated,
    TagsDeleted,
    TagsSet,
)
from ...entities.model import ModelMetric
from ...entities.run import Dataset, ParamValue, now_ms
from ...entities.tags import RUN_NAME
from ...errors import ModelNotFound
from .connection import SqlConnection
from .models.logged_rows import add_measured, link_models
from .params import write_params
from .rows import RunRow
from .schema.tables import artifacts, datasets, documents, run_dataset_tags, run_datasets, run_documents, tags

__all__ = ["BatchWrites"]


_DROP_TAG = sa.delete(tags).where(tags.c.run_key == sa.bindparam("run"), tags.c.key == sa.bindparam("tag"))
_HAS_DOCUMENT = sa.select(documents.c.size).where(documents.c.sha256 == sa.bindparam("sha256"))
_DATASET = sa.select(datasets.c.id).where(
    datasets.c.experiment_id == sa.bindparam("experiment"),
    datasets.c.name == sa.bindparam("name"),
    datasets.c.digest == sa.bindparam("digest"),
)
_READ = sa.select(run_datasets.c.dataset_id).where(run_datasets.c.run_key == sa.bindparam("run"))


@dataclass(slots=True)
class BatchWrites:
    """The writes that a run's events come to.

    Attributes:
        run: The changed columns of its row.
        params: Key, value, and whether it replaces another, in order.
        tags: By key; None deletes a tag.
        documents: sha256 by kind.
        texts: Texts of documents by their sha256.
        outputs: The steps of the models made, by id.
        inputs: The ids of the models read.
        measured: Metrics of models, by id.
    """

    run: dict[str, Any] = field(default_factory=dict)
    params: list[tuple[str, ParamValue, bool]] = field(default_factory=list)
    tags: dict[str, str | None] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    artifacts: dict[str, tuple[int, str]] = field(default_factory=dict)
    datasets: list[Dataset] = field(default_factory=list)
    outputs: dict[str, int] = field(default_factory=dict)
    inputs: dict[str, None] = field(default_factory=dict)
    measured: dict[str, list[ModelMetric]] = field(default_factory=dict)
    has_ended: bool = False

    def gather(self, events: Iterable[Event]) -> None:
        """Fold events in, in their order."""
        for event in events:
            _GATHER[type(event)](self, event)

    # One method for each event.

    def _start(self, event: RunStarted) -> None:
        """Change nothing: a start creates the row of its run elsewhere, or repeats the start of an existing run."""

    def _resume(self, event: RunResumed) -> None:
        self.run |= {"status": "RUNNING", "end_time": None, "owner": event.owner, "heartbeat": now_ms()}

    def _end(self, event: RunEnded) -> None:
        self.run |= {"status": event.status.value, "end_time": event.end_time}
        self.has_ended = True

    def _update(self, event: RunUpdated) -> None:
        if event.status is not None:
            self.run["status"] = event.status.value
            self.has_ended = not event.status.is_open
        if event.end_time is not None:
            self.run["end_time"] = event.end_time

    def _param(self, event: ParamsLogged) -> None:
        self.params += [(key, value, event.replaces) for key, value in event.params.items()]

    def _tag(self, event: TagsSet) -> None:
        new = dict(event.tags)
        name = new.pop(RUN_NAME, "")
        self.tags |= new
        if name:  # an empty name does not erase one
            self.run["name"] = self.tags[RUN_NAME] = name

    def _untag(self, event: TagsDeleted) -> None:
        self.tags |= dict.fromkeys([key for key in event.keys if key != RUN_NAME])

    def _keep(self, event: DocumentLogged) -> None:
        sha256 = hashlib.sha256(event.text.encode()).hexdigest()
        self.texts[sha256] = event.text
        if event.kind:
            self.documents[event.kind] = sha256

    def _refer(self, event: DocumentNamed) -> None:
        self.documents[event.kind] = event.sha256

    def _artifact(self, event: ArtifactLogged) -> None:
        self.artifacts[event.path] = (event.size, event.sha256)

    def _dataset(self, event: DatasetLogged) -> None:
        self.datasets.append(event.dataset)

    def _made(self, event: ModelMade) -> None:
        self.outputs[event.model_id] = event.step

    def _read(self, event: ModelRead) -> None:
        self.inputs[event.model_id] = None

    def _measure(self, event: ModelMeasured) -> None:
        self.measured.setdefault(event.model_id, []).extend(event.metrics)

    # Writing.

    def write(self, connection: SqlConnection, run: RunRow, *, is_new_run: bool, is_direct: bool) -> tuple[Conflict, ...]:
        """Write all but the run's own row, and return conflicts of params."""
        conflicts = write_params(connection, run.key, self.params, is_new_run=is_new_run)
        self._write_tags(connection, run.key)
        for sha256, text in self.texts.items():
            _write_document(connection, sha256, text)
        connection.upsert(run_documents, [(run.key, *item) for item in self.documents.items()])
        connection.upsert(artifacts, [(run.key, path, *noted) for path, noted in self.artifacts.items()])
        self._write_datasets(connection, run)
        self._write_models(connection, run.key, is_direct=is_direct)
        return conflicts

    def _write_datasets(self, connection: SqlConnection, run: RunRow) -> None:
        """Record the datasets read; the first record of one stays, with context and tags."""
        new: dict[int, Dataset] = {}
        for dataset in self.datasets:
            new.setdefault(_dataset_id(connection, run, dataset), dataset)
        if any(dataset.tags for dataset in new.values()):
            for (number,) in connection.rows(_READ, run=run.key):
                new.pop(number, None)
        connection.insert_or_pass(run_datasets, [(run.key, number, dataset.context) for number, dataset in new.items()])
        marks = [(run.key, number, *tag) for number, dataset in new.items() for tag in dataset.tags]
        connection.insert_or_pass(run_dataset_tags, marks)

    def _write_models(self, connection: SqlConnection, run_key: int, *, is_direct: bool) -> None:
        if self.outputs or self.inputs:
            link_models(connection, run_key, self.outputs, self.inputs)
        for model_id, metrics in self.measured.items():
            if not add_measured(connection, run_key, model_id, metrics) and is_direct:
                raise ModelNotFound(f"Logged model with ID {model_id!r} not found.")

    def _write_tags(self, connection: SqlConnection, run_key: int) -> None:
        connection.upsert(tags, [(run_key, key, value) for key, value in self.tags.items() if value is not None])
        for key in [key for key, value in self.tags.items() if value is None]:
            connection.run(_DROP_TAG, run=run_key, tag=key)


def _write_document(connection: SqlConnection, sha256: str, text: str) -> None:
    if connection.row(_HAS_DOCUMENT, sha256=sha256) is None:
        body = text.encode()
        connection.insert_or_pass(documents, [(sha256, len(body), zlib.compress(body))])


def _dataset_id(connection: SqlConnection, run: RunRow, dataset: Dataset) -> int:
    """Return the key of a dataset in the run's experiment, created if need be; the facts recorded first stay."""
    found = connection.row(_DATASET, experiment=run.experiment_id, name=dataset.name, digest=dataset.digest)
    if found is not None:
        return int(found[0])
    facts = (dataset.name, dataset.digest, dataset.source_type, dataset.source, dataset.schema, dataset.profile)
    return connection.insert_one(datasets, (run.experiment_id, *facts))


_GATHER: Final[dict[type[Event], Any]] = {
    RunStarted: BatchWrites._start,
    RunResumed: BatchWrites._resume,
    RunEnded: BatchWrites._end,
    RunUpdated: BatchWrites._update,
    ParamsLogged: BatchWrites._param,
    TagsSet: BatchWrites._tag,
    TagsDeleted: BatchWrites._untag,
    DocumentLogged: BatchWrites._keep,
    DocumentNamed: BatchWrites._refer,
    ArtifactLogged: BatchWrites._artifact,
    DatasetLogged: BatchWrites._dataset,
    ModelMade: BatchWrites._made,
    ModelRead: BatchWrites._read,
    ModelMeasured: BatchWrites._measure,
}
