"""Sub-stores: model registry, logged models, traces. Their codecs follow from the type hints of their protocols."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final, get_type_hints

import msgspec

from ..filter import LOGGED_MODELS, REGISTERED_MODELS, TRACES, VERSIONS, Order
from ..protocol.logged_models import LoggedModels, ModelOrder, ModelQuery, OnDataset
from ..protocol.model_registry import Registry
from ..protocol.traces import Traces
from .codecs import Codec
from .filters import decode_name, encode_name
from .queries import query_codec

__all__ = ["SUB_STORES", "RemoteSubStore", "codecs_of", "methods_of"]

# A store's attribute, and the protocol of what is there.
SUB_STORES: Final[Mapping[str, type]] = {"registry": Registry, "models": LoggedModels, "traces": Traces}


def _encode_model_order(order: tuple[Order, ...]) -> list[Any]:
    return [[encode_name(item.left), item.descending, getattr(item, "dataset", None)] for item in order]


def _decode_model_order(raw: Any) -> tuple[ModelOrder, ...]:
    items = msgspec.convert(raw, list[tuple[Any, bool, OnDataset | None]])
    return tuple(ModelOrder(decode_name(name, LOGGED_MODELS), descending, dataset) for name, descending, dataset in items)


# A search needs the names that its filter may contain; all other arguments are plain data, which type hints describe.
_SEARCHES: Final[Mapping[str, Codec]] = {
    "registry.search_models": query_codec(REGISTERED_MODELS),
    "registry.search_versions": query_codec(VERSIONS),
    "models.search": query_codec(
        LOGGED_MODELS, "experiment_ids", "datasets", query=ModelQuery, order=(_encode_model_order, _decode_model_order)
    ),
    "traces.search": query_codec(TRACES, "experiment_ids"),
}


def methods_of(protocol: type) -> dict[str, Callable[..., Any]]:
    """Return the public methods of a protocol by name."""
    return {name: member for name, member in vars(protocol).items() if inspect.isfunction(member) and name[0] != "_"}


def codecs_of(name: str) -> tuple[Codec, dict[str, Codec]]:
    """Return the codecs of a sub-store's method: of its result, and of its arguments by name.

    Args:
        name: The sub-store, a dot, and the method.
    """
    sub_store, _, method = name.partition(".")
    hints = get_type_hints(methods_of(SUB_STORES[sub_store])[method])
    result = Codec(hints.pop("return"))
    return result, {key: _SEARCHES[name] if key == "search" else Codec(hint) for key, hint in hints.items()}


class RemoteSubStore:
    """A sub-store of a server's store, which has every method of its protocol.

    Args:
        name: The sub-store.
        call: Calls an operation with arguments by name.
    """

    def __init__(self, name: str, call: Callable[..., Any]) -> None:
        self._name, self._call = name, call
        self._methods = methods_of(SUB_STORES[name])

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method not in self._methods:
            raise AttributeError(f"{self._name} has no method {method!r}")
        signature = inspect.signature(self._methods[method])

        def call(*arguments: Any, **named: Any) -> Any:
            bound = signature.bind(None, *arguments, **named).arguments
            return self._call(f"{self._name}.{method}", **{key: value for key, value in bound.items() if key != "self"})

        return call
