"""The table of operations: every method of a store, with its arguments, its result and whether it may be repeated."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

import msgspec

from ...errors import StoreError
from ..protocol.store import Store
from . import codecs as c
from .batches import BATCHES, PROGRESS
from .codecs import Codec
from .errors import unreadable_request
from .points import HISTORIES, HISTORY, OVERVIEW
from .queries import EXPERIMENT_QUERY, RUN_QUERY
from .sub_stores import SUB_STORES, codecs_of

__all__ = ["OPERATIONS", "Operation"]

_encode = msgspec.msgpack.Encoder().encode
# Everything that decoding untrusted bytes may raise; they can be built to cause an OverflowError or a RecursionError.
_UNREADABLE = (msgspec.MsgspecError, ValueError, TypeError, KeyError, OverflowError, RecursionError)


@dataclass(frozen=True)
class Operation:
    """One method of a store, or of a sub-store.

    Attributes:
        name: The method's name, the last part of the path; a sub-store's method is ``SUB_STORE.METHOD``.
        result: The codec of the result.
        arguments: The codecs of the arguments, by name.
        is_repeatable: Whether the client may send a request again when no response came: the second time the method
            changes nothing more and returns the same.
    """

    name: str
    result: Codec
    arguments: Mapping[str, Codec]
    is_repeatable: bool = True

    @cached_property
    def _request_decoder(self) -> msgspec.msgpack.Decoder[Any]:
        """Requires the arguments that have no default in the method's signature."""
        sub_store, _, method = self.name.rpartition(".")
        parameters = inspect.signature(getattr(SUB_STORES.get(sub_store, Store), method)).parameters
        fields: list[Any] = [
            (name, codec.type)
            if parameters[name].default is inspect.Parameter.empty
            else (name, codec.type | msgspec.UnsetType, msgspec.UNSET)
            for name, codec in self.arguments.items()
        ]
        return msgspec.msgpack.Decoder(msgspec.defstruct(self.name.replace(".", "_"), fields, kw_only=True))

    @cached_property
    def _result_decoder(self) -> msgspec.msgpack.Decoder[Any]:
        return msgspec.msgpack.Decoder(self.result.type)

    def encode_arguments(self, arguments: Mapping[str, Any]) -> bytes:
        """Return the body of a request."""
        return _encode({name: self.arguments[name].encode(value) for name, value in arguments.items()})

    def decode_arguments(self, content: bytes) -> dict[str, Any]:
        """Return the arguments in the body of a request, without those that were left out.

        Raises:
            InvalidInput: The body is not a request of this operation.
        """
        try:
            request = self._request_decoder.decode(content)
            given = {name: getattr(request, name) for name in self.arguments}
            return {name: self.arguments[name].decode(value) for name, value in given.items() if value is not msgspec.UNSET}
        except _UNREADABLE as error:
            raise unreadable_request(error) from error

    def encode_result(self, result: Any) -> bytes:
        """Return the body of a response."""
        return _encode(self.result.encode(result))

    def decode_result(self, content: bytes) -> Any:
        """Return the result in the body of a response; StoreError if it has none of this operation."""
        try:
            return self.result.decode(self._result_decoder.decode(content))
        except _UNREADABLE as error:
            raise StoreError(f"the server's response to {self.name} cannot be read: {str(error)[:200]}") from error


def _operation(name: str, result: Codec, /, *, is_repeatable: bool = True, **arguments: Codec) -> Operation:
    return Operation(name, result, arguments, is_repeatable)


def _derived(name: str, *, is_repeatable: bool = True) -> Operation:
    return Operation(name, *codecs_of(name), is_repeatable)


_ROWS: Final = (
    _operation("apply", PROGRESS, batches=BATCHES),
    _operation("heartbeat", c.NOTHING, run_ids=c.STRINGS, time=c.INTEGER),
    _operation("open_runs", c.OPEN_RUNS),
    _operation(
        "create_experiment",
        c.EXPERIMENT,
        is_repeatable=False,
        name=c.STRING,
        artifact_location=c.OPTIONAL_STRING,
        tags=c.OPTIONAL_STRING_MAP,
    ),
    _operation("get_experiment", c.EXPERIMENT, experiment_id=c.STRING),
    _operation("find_experiment", c.OPTIONAL_EXPERIMENT, name=c.STRING),
    _operation("experiments", c.EXPERIMENTS, view=c.VIEW),
    _operation("search_experiments", c.EXPERIMENT_PAGE, query=EXPERIMENT_QUERY),
    _operation("update_experiment", c.NOTHING, experiment_id=c.STRING, name=c.OPTIONAL_STRING, tags=c.OPTIONAL_STRING_MAP),
    _operation("delete_experiment_tag", c.NOTHING, is_repeatable=False, experiment_id=c.STRING, key=c.STRING),
    _operation("delete_experiment", c.NOTHING, experiment_id=c.STRING),
    _operation("restore_experiment", c.NOTHING, experiment_id=c.STRING),
    _operation("get_run", c.RUN, run_id=c.STRING),
    _operation("get_runs", c.RUN_INFOS, run_ids=c.STRINGS),
    _operation("search_runs", c.RUNS, query=RUN_QUERY),
    _operation("delete_run", c.NOTHING, run_id=c.STRING),
    _operation("restore_run", c.NOTHING, run_id=c.STRING),
    _operation("purge_runs", c.NOTHING, run_ids=c.STRINGS),
    _operation("params", c.PARAM_ROWS, run_ids=c.STRINGS),
    _operation("tags", c.TAG_ROWS, run_ids=c.STRINGS),
    _operation("metrics", c.ROWS, run_ids=c.STRINGS, stats=c.STATS),
    _operation("details", c.DETAILS, run_ids=c.STRINGS, stats=c.STATS),
    _operation("overview", OVERVIEW, run_id=c.STRING, most_curves=c.INTEGER, kinds=c.STRINGS),
    _operation("history", HISTORY, run_id=c.STRING, key=c.STRING),
    _operation("stretches", HISTORIES, run_id=c.STRING, keys=c.STRINGS, axis=c.AXIS, low=c.INTEGER, high=c.INTEGER),
    _operation("histories", HISTORIES, run_ids=c.STRINGS, keys=c.OPTIONAL_STRINGS),
    _operation("documents", c.STRING_MAP, run_id=c.STRING),
    _operation("read_document", c.OPTIONAL_STRING, sha256=c.STRING),
    _operation("documents_of", c.TAG_ROWS, run_ids=c.STRINGS),
    _operation("read_documents", c.STRING_MAP, sha256s=c.STRINGS),
    _operation("artifacts", c.ARTIFACTS, run_id=c.STRING),
    _operation("artifacts_of", c.ARTIFACT_ROWS, run_ids=c.STRINGS),
    _operation("datasets", c.DATASETS, run_id=c.STRING),
    _operation("datasets_of", c.DATASET_ROWS, run_ids=c.STRINGS),
    _operation("datasets_in", c.DATASET_ROWS, experiment_ids=c.STRINGS),
    _derived("registry.create_model", is_repeatable=False),
    _derived("registry.get_model"),
    _derived("registry.rename_model", is_repeatable=False),
    _derived("registry.update_model"),
    _derived("registry.delete_model"),
    _derived("registry.search_models"),
    _derived("registry.set_model_tag"),
    _derived("registry.delete_model_tag"),
    _derived("registry.set_alias"),
    _derived("registry.delete_alias"),
    _derived("registry.create_version", is_repeatable=False),
    _derived("registry.get_version"),
    _derived("registry.version_by_alias"),
    _derived("registry.latest_versions"),
    _derived("registry.update_version"),
    _derived("registry.transition"),
    _derived("registry.delete_version"),
    _derived("registry.search_versions"),
    _derived("registry.set_version_tag"),
    _derived("registry.delete_version_tag"),
    _derived("models.create", is_repeatable=False),
    _derived("models.adopt"),
    _derived("models.get"),
    _derived("models.finalize"),
    _derived("models.delete"),
    _derived("models.log_params"),
    _derived("models.set_tags"),
    _derived("models.delete_tag", is_repeatable=False),
    _derived("models.search"),
    _derived("models.outputs"),
    _derived("models.inputs"),
    _derived("traces.start", is_repeatable=False),
    _derived("traces.end"),
    _derived("traces.get"),
    _derived("traces.search"),
    _derived("traces.set_tag"),
    _derived("traces.delete_tag", is_repeatable=False),
    _derived("traces.delete"),
    _derived("traces.assess"),
    _derived("traces.delete_assessment"),
)

OPERATIONS: Final[Mapping[str, Operation]] = MappingProxyType({row.name: row for row in _ROWS})
