"""Logged models over a SQL database."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from typing_extensions import override

from ....entities.model import LoggedModelInfo, LoggedModelStatus, RunModel
from ....entities.run import LifecycleStage, now_ms
from ....errors import Deleted, NotFound
from ...protocol.logged_models import LoggedModels, ModelQuery, adopted, check_logged_name
from ...protocol.search import Page
from ...text import storable
from ..connection import SqlConnection
from ..database import Database
from ..experiments import experiment_of
from ..logged import read_links
from . import logged_rows

__all__ = ["SqlLoggedModels"]

T = TypeVar("T")


class SqlLoggedModels(LoggedModels):
    """Logged models in a SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    def create(
        self,
        experiment_id: str,
        *,
        name: str,
        model_type: str = "",
        source_run_id: str = "",
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> LoggedModelInfo:
        facts = (check_logged_name(storable(name)), storable(model_type), storable(source_run_id))
        values = storable(dict(params or {})), storable(dict(tags or {}))
        return self._write(_create, experiment_id, *facts, *values)

    @override
    def adopt(self, model: LoggedModelInfo) -> LoggedModelInfo:
        return self._write(_adopt, model)

    @override
    def get(self, model_id: str) -> LoggedModelInfo:
        return self._read(logged_rows.model_of, storable(model_id))

    @override
    def finalize(self, model_id: str, status: LoggedModelStatus) -> LoggedModelInfo:
        self._write(logged_rows.set_status, storable(model_id), status, now_ms())
        return self.get(model_id)

    @override
    def delete(self, model_id: str) -> None:
        self._write(logged_rows.set_stage, storable(model_id), LifecycleStage.DELETED, now_ms())

    @override
    def log_params(self, model_id: str, params: Mapping[str, str]) -> None:
        self._write(logged_rows.add_params, storable(model_id), storable(dict(params)))

    @override
    def set_tags(self, model_id: str, tags: Mapping[str, str]) -> None:
        new = storable(dict(tags))
        self._write(lambda c: logged_rows.TAGS.put(c, logged_rows.model_row_key(c, storable(model_id)), new))

    @override
    def delete_tag(self, model_id: str, key: str) -> None:
        if not self._write(lambda c: logged_rows.TAGS.drop(c, logged_rows.model_row_key(c, storable(model_id)), storable(key))):
            raise NotFound(f"No tag with key {key!r} found for model with ID {model_id!r}.")

    @override
    def search(self, search: ModelQuery) -> Page[LoggedModelInfo]:
        return self._read(logged_rows.search_logged, search)

    @override
    def outputs(self, run_ids: Sequence[str]) -> list[RunModel]:
        return self._read(read_links, run_ids, "output")

    @override
    def inputs(self, run_ids: Sequence[str]) -> list[RunModel]:
        return self._read(read_links, run_ids, "input")

    def _read(self, read: Callable[..., T], *arguments: Any) -> T:
        return self._database.ask(read, *arguments)

    def _write(self, write: Callable[..., T], *arguments: Any) -> T:
        return self._database.write(lambda connection: write(connection, *arguments))


def _create(
    connection: SqlConnection,
    experiment_id: str,
    name: str,
    model_type: str,
    source_run_id: str,
    params: dict[str, str],
    tags: dict[str, str],
) -> LoggedModelInfo:
    experiment = experiment_of(connection, experiment_id)
    if experiment.stage is LifecycleStage.DELETED:
        raise Deleted(f"the experiment {experiment.name!r} is deleted; restore it before logging a model to it")
    model_id, now = f"m-{secrets.token_hex(16)}", now_ms()
    info = LoggedModelInfo(
        model_id,
        experiment_id,
        name,
        "",
        now,
        now,
        model_type=model_type,
        source_run_id=source_run_id,
        params=params,
        tags=tags,
    )
    return logged_rows.insert_model(connection, info, experiment)


def _adopt(connection: SqlConnection, model: LoggedModelInfo) -> LoggedModelInfo:
    experiment = experiment_of(connection, model.experiment_id)
    info = adopted(model, experiment)
    return logged_rows.find_model(connection, info.id) or logged_rows.insert_model(connection, info, experiment)
