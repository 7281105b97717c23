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
from . import kinds as k
from .batches import BATCHES, PROGRESS
from .failures import not_understood
from .kinds import Kind
from .parts import PARTS, part_kinds
from .points import HISTORIES, HISTORY
from .queries import EXPERIMENT_QUERY, RUN_QUERY

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
    answer: Kind
    arguments: Mapping[str, Kind]
    repeats: bool = True

    @cached_property
    def _request(self) -> msgspec.msgpack.Decoder[Any]:
        """Arguments without a default must be there."""
        part, _, method = self.name.rpartition(".")
        asked = inspect.signature(getattr(PARTS.get(part, Store), method)).parameters
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


def _operation(name: str, answer: Kind, /, *, repeats: bool = True, **arguments: Kind) -> Operation:
    return Operation(name, answer, arguments, repeats)


_ROWS: Final = (
    _operation("apply", PROGRESS, batches=BATCHES),
    _operation("heartbeat", k.NOTHING, run_ids=k.TEXTS, time=k.INTEGER),
    _operation("open_runs", k.OPEN_RUNS),
    _operation(
        "create_experiment",
        k.EXPERIMENT,
        repeats=False,
        name=k.TEXT,
        artifact_location=k.OPTIONAL_TEXT,
        tags=k.OPTIONAL_TEXT_MAP,
    ),
    _operation("get_experiment", k.EXPERIMENT, experiment_id=k.TEXT),
    _operation("find_experiment", k.OPTIONAL_EXPERIMENT, name=k.TEXT),
    _operation("experiments", k.EXPERIMENTS, view=k.VIEW),
    _operation("search_experiments", k.EXPERIMENT_PAGE, query=EXPERIMENT_QUERY),
    _operation("update_experiment", k.NOTHING, experiment_id=k.TEXT, name=k.OPTIONAL_TEXT, tags=k.OPTIONAL_TEXT_MAP),
    _operation("delete_experiment_tag", k.NOTHING, repeats=False, experiment_id=k.TEXT, key=k.TEXT),
    _operation("delete_experiment", k.NOTHING, experiment_id=k.TEXT),
    _operation("restore_experiment", k.NOTHING, experiment_id=k.TEXT),
    _operation("get_run", k.RUN, run_id=k.TEXT),
    _operation("search_runs", k.RUNS, query=RUN_QUERY),
    _operation("delete_run", k.NOTHING, run_id=k.TEXT),
    _operation("restore_run", k.NOTHING, run_id=k.TEXT),
    _operation("purge_runs", k.NOTHING, run_ids=k.TEXTS),
    _operation("params", k.PARAM_ROWS, run_ids=k.TEXTS),
    _operation("tags", k.TAG_ROWS, run_ids=k.TEXTS),
    _operation("metrics", k.ROWS, run_ids=k.TEXTS, stats=k.STATS),
    _operation("history", HISTORY, run_id=k.TEXT, key=k.TEXT),
    _operation("stretches", HISTORIES, run_id=k.TEXT, keys=k.TEXTS, axis=k.AXIS, low=k.INTEGER, high=k.INTEGER),
    _operation("histories", HISTORIES, run_ids=k.TEXTS, keys=k.OPTIONAL_TEXTS),
    _operation("documents", k.TEXT_MAP, run_id=k.TEXT),
    _operation("read_document", k.OPTIONAL_TEXT, sha256=k.TEXT),
    _operation("artifacts", k.ARTIFACTS, run_id=k.TEXT),
    _operation("datasets", k.DATASETS, run_id=k.TEXT),
    _operation("datasets_of", k.DATASET_ROWS, run_ids=k.TEXTS),
    _operation("datasets_in", k.DATASET_ROWS, experiment_ids=k.TEXTS),
)

_PARTS: Final = tuple(Operation(name, answer, arguments, repeats) for name, answer, arguments, repeats in part_kinds())

OPERATIONS: Final[Mapping[str, Operation]] = MappingProxyType({row.name: row for row in (*_ROWS, *_PARTS)})
