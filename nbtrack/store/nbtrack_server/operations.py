"""The table of operations: every method of a store, what it is asked with and what it answers."""

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
from .errors import not_understood
from .points import HISTORIES, HISTORY
from .queries import EXPERIMENT_QUERY, RUN_QUERY
from .sub_stores import SUB_STORES, sub_store_codecs

__all__ = ["OPERATIONS", "Operation"]

_encode = msgspec.msgpack.Encoder().encode
# What decoding anything at all may raise; OverflowError and RecursionError for what is built to.
_UNREADABLE = (msgspec.MsgspecError, ValueError, TypeError, KeyError, OverflowError, RecursionError)


@dataclass(frozen=True)
class Operation:
    """A method of a store, or of a part of it, by its name.

    Args:
        name: The method's name, after the part's and a dot if it is of one; the last part of its path.
        answer: What it answers.
        arguments: What it is asked with, by name.
        repeats: Whether doing it twice is as doing it once, so that it may be asked again where the answer got lost.
    """

    name: str
    answer: Codec
    arguments: Mapping[str, Codec]
    repeats: bool = True

    @cached_property
    def _request(self) -> msgspec.msgpack.Decoder[Any]:
        """Arguments without a default must be there."""
        part, _, method = self.name.rpartition(".")
        asked = inspect.signature(getattr(SUB_STORES.get(part, Store), method)).parameters
        fields: list[Any] = [
            (name, kind.type)
            if asked[name].default is inspect.Parameter.empty
            else (name, kind.type | msgspec.UnsetType, msgspec.UNSET)
            for name, kind in self.arguments.items()
        ]
        return msgspec.msgpack.Decoder(msgspec.defstruct(self.name.replace(".", "_"), fields, kw_only=True))

    @cached_property
    def _answer(self) -> msgspec.msgpack.Decoder[Any]:
        return msgspec.msgpack.Decoder(self.answer.type)

    def pack_arguments(self, arguments: Mapping[str, Any]) -> bytes:
        """Return the content of a request."""
        return _encode({name: self.arguments[name].pack(value) for name, value in arguments.items()})

    def make_arguments(self, content: bytes) -> dict[str, Any]:
        """Return the arguments in a request; those that are not there have the method's defaults.

        Raises:
            InvalidInput: It is no request of this operation.
        """
        try:
            request = self._request.decode(content)
            given = {name: getattr(request, name) for name in self.arguments}
            return {name: self.arguments[name].make(value) for name, value in given.items() if value is not msgspec.UNSET}
        except _UNREADABLE as error:
            raise not_understood(error) from error

    def pack_answer(self, answer: Any) -> bytes:
        """Return the content of an answer."""
        return _encode(self.answer.pack(answer))

    def make_answer(self, content: bytes) -> Any:
        """Return the answer in what came; StoreError where it is none of this operation."""
        try:
            return self.answer.make(self._answer.decode(content))
        except _UNREADABLE as error:
            raise StoreError(f"the server's answer to {self.name} cannot be read: {str(error)[:200]}") from error


def _operation(name: str, answer: Codec, /, *, repeats: bool = True, **arguments: Codec) -> Operation:
    return Operation(name, answer, arguments, repeats)


_ROWS: Final = (
    _operation("apply", PROGRESS, batches=BATCHES),
    _operation("heartbeat", c.NOTHING, run_ids=c.STRINGS, time=c.INTEGER),
    _operation("open_runs", c.OPEN_RUNS),
    _operation(
        "create_experiment",
        c.EXPERIMENT,
        repeats=False,
        name=c.STRING,
        artifact_location=c.OPTIONAL_STRING,
        tags=c.OPTIONAL_STRING_MAP,
    ),
    _operation("get_experiment", c.EXPERIMENT, experiment_id=c.STRING),
    _operation("find_experiment", c.OPTIONAL_EXPERIMENT, name=c.STRING),
    _operation("experiments", c.EXPERIMENTS, view=c.VIEW),
    _operation("search_experiments", c.EXPERIMENT_PAGE, query=EXPERIMENT_QUERY),
    _operation("update_experiment", c.NOTHING, experiment_id=c.STRING, name=c.OPTIONAL_STRING, tags=c.OPTIONAL_STRING_MAP),
    _operation("delete_experiment_tag", c.NOTHING, repeats=False, experiment_id=c.STRING, key=c.STRING),
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
)

_PARTS: Final = tuple(Operation(name, answer, arguments, repeats) for name, answer, arguments, repeats in sub_store_codecs())

OPERATIONS: Final[Mapping[str, Operation]] = MappingProxyType({row.name: row for row in (*_ROWS, *_PARTS)})
