"""Params that the user names: ``%%track -p config`` logs the fields of a dataclass or dict."""

from __future__ import annotations

import argparse
import dataclasses
import re
import types
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from itertools import chain
from typing import Any

from ...entities.run import ParamValue
from ...errors import InvalidInput
from ..base import safely
from ..secrets.redact import redact_value
from ..stable import stable_text
from .simple import LONGEST_VALUE, NOT_SIMPLE, NotSimple, TooLong, is_environment, read_simple

__all__ = ["named_params"]

_DEEPEST = 8
_LONGEST_REPR = 300
_MOST_PARAMS = 10_000
_FORBIDDEN = re.compile(r"[^/\w.\- ]")  # in the names of MLflow's params


def named_params(namespace: Mapping[str, object], names: Iterable[str]) -> dict[str, ParamValue]:
    """Return the params that the named variables hold.

    A simple value is a param of that name. Of a dict, dataclass, ``argparse.Namespace``, ``SimpleNamespace``, named tuple,
    attrs class, pydantic model or scikit-learn estimator each value is a param, named by its path as in Python: ``-p config``
    gives ``config.optimizer.lr``. Functions, classes and other objects in it are recorded by their names. Secrets are redacted.

    Raises:
        InvalidInput: There is no such variable, it holds neither a simple value nor fields, or a value is too long.
    """
    params: dict[str, ParamValue] = {}
    for name in names:
        if name not in namespace:
            raise InvalidInput(_missing(name, namespace))
        params |= _open(name, namespace[name], _DEEPEST)
    return params


def _missing(name: str, namespace: Mapping[str, object]) -> str:
    close = get_close_matches(name, [key for key, value in namespace.items() if key[:1] != "_" and not callable(value)])
    advice = f"did you mean {' or '.join(close)}?" if close else "assign it in an earlier cell"
    return f"there is no variable {name!r} to take params from; {advice}"


def _open(name: str, value: object, depth: int) -> dict[str, ParamValue]:
    top = depth == _DEEPEST
    fields = safely(lambda: _fields(value), NOT_SIMPLE) if depth else None
    if isinstance(fields, NotSimple):
        if top:
            raise InvalidInput(f"{name} is a {type(value).__name__} that raises when it is read; name the values that matter")
        fields = None
    if not fields:
        return {name: _leaf(name, {} if fields is not None else value, top=top)}
    if is_environment(fields):
        raise InvalidInput(f"{name} holds environment variables, which are never recorded; name the values that matter")
    if len(fields) > _MOST_PARAMS:
        raise InvalidInput(
            f"{name} holds {len(fields):,} values, more than the {_MOST_PARAMS:,} params that a name may stand for"
        )
    parts = [_open(f"{name}.{_FORBIDDEN.sub('_', _key(key))}", part, depth - 1) for key, part in fields.items()]
    return {key: part for found in parts for key, part in found.items()}


def _key(key: object) -> str:
    return safely(lambda: str(key), type(key).__name__)


def _leaf(name: str, value: object, *, top: bool) -> ParamValue:
    simple = _simple(name, value)
    if isinstance(simple, NotSimple):
        if top:
            raise InvalidInput(f"{name} is a {type(value).__name__}, which no param can hold; name a number, a string or a dict")
        simple = _described(value)
    if len(str(simple)) > LONGEST_VALUE:
        raise _too_long(name)
    return redact_value(name, simple)


def _simple(name: str, value: object) -> ParamValue | NotSimple:
    try:
        return safely(lambda: read_simple(value), NOT_SIMPLE, but=TooLong)
    except TooLong:
        raise _too_long(name) from None


def _too_long(name: str) -> InvalidInput:
    return InvalidInput(f"{name} is longer than the {LONGEST_VALUE} characters of a param; log it with log_text or log_dict")


def _described(value: object) -> str:
    """Return the name of a class or function, the repr of an object if it is short, else the name of its type."""
    kind = type(value)
    if kind in (types.FunctionType, types.BuiltinFunctionType) or issubclass(kind, type):
        return f"{value.__module__}.{value.__qualname__}"  # type: ignore[attr-defined]
    text = safely(lambda: repr(value), "") if safely(lambda: _room(value, _LONGEST_REPR), -1) >= 0 else ""
    is_fit = 0 < len(text) <= _LONGEST_REPR and " at 0x" not in text
    return stable_text(text) if is_fit else f"<{kind.__module__}.{kind.__qualname__}>"


def _room(value: object, room: int) -> int:
    """Return how many of ``room`` characters a value's repr leaves; negative as soon as it is known to be longer."""
    kind = type(value)
    if issubclass(kind, str | bytes):
        return room - len(value)  # type: ignore[arg-type]
    if not issubclass(kind, dict | list | tuple | set | frozenset):
        return room - 1
    for part in chain(value, value.values()) if isinstance(value, dict) else value:  # type: ignore[attr-defined]
        room = _room(part, room - 1)
        if room < 0:
            break
    return room


def _fields(value: object) -> Mapping[Any, object] | None:
    """Return the fields of an object that has some, None for anything else."""
    if isinstance(value, type):
        return None
    if isinstance(value, Mapping):
        return value
    if dataclasses.is_dataclass(value):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, argparse.Namespace | types.SimpleNamespace):
        return vars(value)
    if hasattr(value, "__attrs_attrs__"):
        return {a.name: getattr(value, a.name) for a in value.__attrs_attrs__}
    return _given(value)


def _given(value: object) -> Mapping[Any, object] | None:
    """Return the fields that a method of the object returns, such as pydantic's ``model_dump``."""
    asked: tuple[tuple[str, dict[str, bool]], ...] = (("model_dump", {}), ("_asdict", {}), ("get_params", {"deep": False}))
    for method, arguments in asked:
        give = getattr(value, method, None)
        if callable(give):
            fields = give(**arguments)
            return fields if isinstance(fields, Mapping) else None
    return None
