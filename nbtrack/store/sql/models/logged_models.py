"""Logged models over a SQL database."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ....entities.model import LoggedModelInfo, LoggedModelStatus, RunModel
from ....entities.run import LifecycleStage, now_ms
from ....errors import Deleted, NotFound
from ...protocol.logged_models import ModelQuery, adopted, check_logged_name
from ...protocol.search import Page
from ...text import storable
from ..database import Connection, Database
from ..experiments import experiment_of
from ..logged import read_links
from . import logged_rows

if TYPE_CHECKING:
    from ...protocol.logged_models import LoggedModels

__all__ = ["SqlModels"]

T = TypeVar("T")


class SqlModels:
    """Logged models in a SQL database; see ``store.models.LoggedModels`` for each method."""

    def __init__(self, database: Database) -> None:
        self._database = database

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
        """See ``LoggedModels.create``."""
        facts = (check_logged_name(storable(name)), storable(model_type), storable(source_run_id))
        values = storable(dict(params or {})), storable(dict(tags or {}))
        return self._write(_create, experiment_id, *facts, *values)

    def adopt(self, model: LoggedModelInfo) -> LoggedModelInfo:
        """See ``LoggedModels.adopt``."""
        return self._write(_adopt, model)

    def get(self, model_id: str) -> LoggedModelInfo:
        """See ``LoggedModels.get``."""
        return self._read(logged_rows.model_of, storable(model_id))

    def finalize(self, model_id: str, status: LoggedModelStatus) -> LoggedModelInfo:
        """See ``LoggedModels.finalize``."""
        self._write(logged_rows.set_status, storable(model_id), status, now_ms())
        return self.get(model_id)

    def delete(self, model_id: str) -> None:
        """See ``LoggedModels.delete``."""
        self._write(logged_rows.set_stage, storable(model_id), LifecycleStage.DELETED, now_ms())

    def log_params(self, model_id: str, params: Mapping[str, str]) -> None:
        """See ``LoggedModels.log_params``."""
        self._write(logged_rows.add_params, storable(model_id), storable(dict(params)))

    def set_tags(self, model_id: str, tags: Mapping[str, str]) -> None:
        """See ``LoggedModels.set_tags``."""
        new = storable(dict(tags))
        self._write(lambda c: logged_rows.TAGS.put(c, logged_rows.model_row_key(c, storable(model_id)), new))

    def delete_tag(self, model_id: str, key: str) -> None:
        """See ``LoggedModels.delete_tag``."""
        if not self._write(lambda c: logged_rows.TAGS.drop(c, logged_rows.model_row_key(c, storable(model_id)), storable(key))):
            raise NotFound(f"No tag with key {key!r} found for model with ID {model_id!r}.")

    def search(self, search: ModelQuery) -> Page[LoggedModelInfo]:
        """See ``LoggedModels.search``."""
        return self._read(logged_rows.search_logged, search)

    def outputs(self, run_ids: Sequence[str]) -> list[RunModel]:
        """See ``LoggedModels.outputs``."""
        return self._read(read_links, run_ids, "output")

    def inputs(self, run_ids: Sequence[str]) -> list[RunModel]:
        """See ``LoggedModels.inputs``."""
        return self._read(read_links, run_ids, "input")

    def _read(self, read: Callable[..., T], *arguments: Any) -> T:
        return self._database.ask(read, *arguments)

    def _write(self, write: Callable[..., T], *arguments: Any) -> T:
        return self._database.write(lambda connection: write(connection, *arguments))


def _create(
    connection: Connection,
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


def _adopt(connection: Connection, model: LoggedModelInfo) -> LoggedModelInfo:
    experiment = experiment_of(connection, model.experiment_id)
    info = adopted(model, experiment)
    return logged_rows.find_model(connection, info.id) or logged_rows.insert_model(connection, info, experiment)


if TYPE_CHECKING:

    def _proof(models: SqlModels) -> LoggedModels:
        return models
