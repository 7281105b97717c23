"""Saves strings, and values that JSON or YAML can represent."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import importlib
import json
import uuid
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import PurePath
from typing import Any, TypeAlias

from ..errors import InvalidInput, WrongType
from .suffix import suffix_of

__all__ = ["JSON", "dict_bytes", "load_yaml", "plain_value", "text_bytes"]

JSON: TypeAlias = "None | bool | int | float | str | list[JSON] | dict[str, JSON]"

_MAX_BITS = 13_000  # Python refuses to convert longer integers to strings
_AS_TEXT = (PurePath, datetime.timedelta, uuid.UUID, decimal.Decimal, complex, bytes)


def text_bytes(text: str) -> bytes:
    """Return a string in UTF-8.

    Raises:
        WrongType: It is not a string.
    """
    if not isinstance(text, str):
        raise WrongType(f"log_text takes a str, not {_type_name(text)}; str(value) would do, or log_dict")
    return text.encode("utf-8", "backslashreplace")


def dict_bytes(value: object, path: str) -> bytes:
    """Return a dict, list or simple value as YAML for ``.yml`` and ``.yaml``, as JSON for any other suffix.

    Arrays become lists, times ISO strings, dataclasses dicts. NaN and infinities are written as Python and MLflow write them
    (``NaN``), and ``load`` reads them.

    Raises:
        WrongType: A value inside cannot be represented in JSON; the message says where.
    """
    plain = plain_value(value)
    if suffix_of(path) in (".yml", ".yaml"):
        return bytes(_yaml(path).safe_dump(plain, indent=2, default_flow_style=False, allow_unicode=True).encode())
    return json.dumps(plain, indent=2, ensure_ascii=False).encode("utf-8", "backslashreplace")


def load_yaml(data: bytes, path: str) -> Any:
    """Return the value in a YAML file; InvalidInput if it is not YAML."""
    yaml = _yaml(path)
    try:
        return yaml.safe_load(data)
    except yaml.YAMLError as error:
        raise InvalidInput(f"{path!r} is not YAML: {error}") from error


def plain_value(value: object, where: str = "") -> JSON:
    """Return a value as JSON types, including the items of containers.

    Args:
        value: Any value.
        where: How errors name it, such as ``config.layers[2]``.

    Raises:
        WrongType: It, or a value inside, cannot be represented in JSON or contains itself.
    """
    try:
        return _plain(value, where)
    except RecursionError as error:
        raise WrongType(f"{where or 'the value'} contains itself or is nested too deeply; log a part of it") from error


def _plain(value: object, where: str) -> JSON:
    if type(value) is int and value.bit_length() > _MAX_BITS:
        raise WrongType(f"{where or 'the value'} has more than 4,000 digits; log it as a string with log_text")
    if value is None or type(value) in (bool, int, float, str):
        return value  # type: ignore[return-value]
    if isinstance(value, Mapping):
        return {_key(key, where): _plain(item, f"{where}.{key}" if where else str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple | AbstractSet):
        items = sorted(value, key=repr) if isinstance(value, AbstractSet) else value
        return [_plain(item, f"{where}[{i}]") for i, item in enumerate(items)]
    return _plain_object(value, where)


def _plain_object(value: object, where: str) -> JSON:
    """Return the JSON value of an object of a well-known type."""
    if isinstance(value, enum.Enum):
        return _plain(value.value, where)
    if isinstance(value, bool | int | float | str):
        return next(kind(value) for kind in (bool, int, float, str) if isinstance(value, kind))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name), f"{where}.{f.name}".lstrip(".")) for f in dataclasses.fields(value)}
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, _AS_TEXT):
        return str(value)
    if hasattr(value, "__array__") and hasattr(value, "tolist"):
        return _plain(value.tolist(), where)
    raise WrongType(
        f"{where or 'the value'} is a {_type_name(value)}, which JSON cannot hold; log its str(), or its parts in a dict"
    )


def _key(key: object, where: str) -> str:
    if isinstance(key, str | int | float | bool) or key is None:
        return key if isinstance(key, str) else json.dumps(_plain(key, where))
    if hasattr(key, "item") and hasattr(key, "dtype"):
        return _key(key.item(), where)
    raise WrongType(f"{where or 'the dict'} has the key {key!r}, a {_type_name(key)}; a JSON key is a string")


def _type_name(value: object) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _yaml(path: str) -> Any:
    try:
        return importlib.import_module("yaml")
    except ImportError as error:
        raise InvalidInput(f"{path!r} needs PyYAML (pip install pyyaml); a name that ends in .json needs nothing") from error
