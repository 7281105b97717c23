"""Params with their types: MLflow stores strings, and reserved tags store what the strings do not tell."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from ...entities.run import ParamValue
from ...entities.tags import TAG_PARAM_TYPES, TAG_PARAM_VALUE
from ..filter import param_text
from ..mlflow_api.message import KeyValue
from .name_escapes import mlflow_name, original_name

__all__ = ["params_in", "type_tags", "value_tags"]

_LONGEST_TAG = 5000  # older servers take no more

_dump: Callable[[Any], str] = json.JSONEncoder(separators=(",", ":")).encode

# From a param's string to its value, by the name of its type.
_READERS: Final[dict[str, Callable[[str], ParamValue]]] = {
    "bool": lambda text: text == "True",
    "int": int,
    "float": float,
    "none": lambda text: None,
    "literal": ast.literal_eval,
}


def type_tags(params: Mapping[str, ParamValue]) -> dict[str, str]:
    """Return tags with the types of all params that are not strings."""
    # The name of a tag is a digest of its value: the same params logged again make the same tag, others a further one.
    tags: dict[str, str] = {}
    for piece in _pieces({key: kind for key, value in sorted(params.items()) if (kind := _type_of(value))}):
        text = _dump(piece)
        tags[TAG_PARAM_TYPES + hashlib.sha256(text.encode()).hexdigest()[:12]] = text
    tags |= value_tags({key: value for key, value in params.items() if not _is_readable(value)})
    return tags


def value_tags(params: Mapping[str, ParamValue]) -> dict[str, str]:
    """Return tags with whole values, for params whose value cannot be read from the string that MLflow stores."""
    return {
        TAG_PARAM_VALUE + mlflow_name(key): text for key, value in params.items() if len(text := _dump(value)) <= _LONGEST_TAG
    }


def params_in(params: Iterable[KeyValue], tags: Mapping[str, str]) -> dict[str, ParamValue]:
    """Return a run's params with their types, from its params and tags."""
    types = _types_in(tags)
    values = {
        key.removeprefix(TAG_PARAM_VALUE): json.loads(text) for key, text in tags.items() if key.startswith(TAG_PARAM_VALUE)
    }
    found = {each.key: _value(each.value, types.get(each.key, "")) for each in params} | values
    return {original_name(key): found[key] for key in found}


def _types_in(tags: Mapping[str, str]) -> dict[str, str]:
    types: dict[str, str] = {}
    for tag, text in tags.items():
        if tag.startswith(TAG_PARAM_TYPES):
            types |= {key: kind for kind, keys in json.loads(text).items() for key in keys}
    return types


def _value(text: str, kind: str) -> ParamValue:
    try:
        return _READERS[kind](text) if kind else text
    except (ValueError, SyntaxError, KeyError):
        return text  # MLflow cut the string, or another version of nbtrack knows more types


def _type_of(value: ParamValue) -> str:
    if value is None:
        return "none"
    return "literal" if isinstance(value, list | dict) else "" if isinstance(value, str) else type(value).__name__


def _is_readable(value: ParamValue) -> bool:
    """Tell whether a value can be read from its string."""
    if not isinstance(value, list | dict):
        return True
    try:
        return bool(ast.literal_eval(param_text(value)) == value)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return False  # it contains NaN or an infinity


def _pieces(types: Mapping[str, str]) -> Iterable[dict[str, list[str]]]:
    """Yield mappings of a type to names, each small enough for one tag."""
    piece: dict[str, list[str]] = {}
    room = _LONGEST_TAG
    for key, kind in types.items():
        name = mlflow_name(key)
        room -= len(_dump(name)) + 12
        if room < 0:
            yield piece
            piece, room = {}, _LONGEST_TAG
        piece.setdefault(kind, []).append(name)
    if piece:
        yield piece
