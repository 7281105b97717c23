"""What a store has beside runs (a model registry, logged models, traces): operations straight from their protocols."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, get_type_hints

import msgspec

from ..filter import LOGGED_MODELS, REGISTERED_MODELS, TRACES, VERSIONS, Order
from ..protocol.logged_models import LoggedModels, ModelOrder, ModelQuery, OnDataset
from ..protocol.model_registry import Registry
from ..protocol.traces import Traces
from .codecs import Codec
from .filters import make_name, pack_name
from .queries import query_codec

__all__ = ["SUB_STORES", "RemoteSubStore", "methods_of", "sub_store_codecs"]

# The attribute of a store, and the protocol that it keeps.
SUB_STORES: Final[Mapping[str, type]] = {"registry": Registry, "models": LoggedModels, "traces": Traces}

# Asked twice these would be refused, or do something twice.
_ONCE = ("create", "rename", "delete_tag", "start")


def _pack_model_order(order: tuple[Order, ...]) -> list[Any]:
    return [[pack_name(item.left), item.descending, getattr(item, "dataset", None)] for item in order]


def _make_model_order(raw: Any) -> tuple[ModelOrder, ...]:
    items = msgspec.convert(raw, list[tuple[Any, bool, OnDataset | None]])
    return tuple(ModelOrder(make_name(name, LOGGED_MODELS), descending, dataset) for name, descending, dataset in items)


# Searches say what they can name; everything else is plain data, as its type hints say.
_SEARCHES: Final[Mapping[str, Codec]] = {
    "registry.search_models": query_codec(REGISTERED_MODELS),
    "registry.search_versions": query_codec(VERSIONS),
    "models.search": query_codec(
        LOGGED_MODELS, "experiment_ids", "datasets", query=ModelQuery, order=(_pack_model_order, _make_model_order)
    ),
    "traces.search": query_codec(TRACES, "experiment_ids"),
}


def methods_of(protocol: type) -> dict[str, Callable[..., Any]]:
    """Return the public methods of a protocol by name."""
    return {name: thing for name, thing in vars(protocol).items() if inspect.isfunction(thing) and name[0] != "_"}


def sub_store_codecs() -> Iterator[tuple[str, Codec, dict[str, Codec], bool]]:
    """Yield for each method of each part its name, what it answers, what it is asked with, and whether it may be repeated."""
    for part, protocol in SUB_STORES.items():
        for method, function in methods_of(protocol).items():
            name = f"{part}.{method}"
            hints = get_type_hints(function)
            answer = hints.pop("return")
            arguments = {key: _SEARCHES[name] if key == "search" else Codec(hint) for key, hint in hints.items()}
            yield name, Codec(answer), arguments, not method.startswith(_ONCE)


class RemoteSubStore:
    """A part of a store behind a server: calls of its methods are asked there.

    Args:
        name: The part.
        ask: Asks an operation with arguments by name.
    """

    def __init__(self, name: str, ask: Callable[..., Any]) -> None:
        self._name, self._ask = name, ask
        self._methods = methods_of(SUB_STORES[name])

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method not in self._methods:
            raise AttributeError(f"{self._name} has no method {method!r}")
        signature = inspect.signature(self._methods[method])

        def call(*arguments: Any, **named: Any) -> Any:
            bound = signature.bind(None, *arguments, **named).arguments
            return self._ask(f"{self._name}.{method}", **{key: value for key, value in bound.items() if key != "self"})

        return call
