"""Names in a filter: what can be compared, under which names, and as what."""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias

from .lexer import Token, error_at, unquote
from .tree import Entity, Identifier

__all__ = ["Kind", "kind_of", "read_name"]

Kind: TypeAlias = Literal["number", "param", "text", "status", "id", "time", "duration"]

_ENTITIES: Final[dict[str, Entity]] = {
    "metrics": "metric",
    "metric": "metric",
    "params": "param",
    "param": "param",
    "parameters": "param",
    "parameter": "param",
    "tags": "tag",
    "tag": "tag",
    "attributes": "attribute",
    "attribute": "attribute",
    "attr": "attribute",
    "run": "attribute",
    "dataset": "dataset",
    "datasets": "dataset",
}
_ATTRIBUTES: Final[dict[str, Kind]] = {
    "run_id": "text",
    "run_name": "text",
    "status": "status",
    "start_time": "time",
    "end_time": "time",
    "duration": "duration",
    "experiment_id": "id",
    "user_id": "text",
    "artifact_uri": "text",
}
_ALIASES: Final = {"created": "start_time", "Created": "start_time"} | dict.fromkeys(
    ("run name", "Run name", "Run Name"), "run_name"
)
_FIELDS: Final = ("name", "digest", "context")
_STATS: Final = ("first", "last", "min", "max", "mean", "count", "nan_count")
_KINDS: Final[dict[Entity, Kind]] = {"metric": "number", "param": "param", "tag": "text", "dataset": "text"}
_KEYWORDS: Final = ("AND", "OR", "NOT", "LIKE", "ILIKE", "IN", "BETWEEN", "IS", "NULL")

_PATH = re.compile(
    r"`?(?P<entity>\w+)`?\.(?:(?P<quoted>(?P<quote>['\"`]).*(?P=quote))(?:\.(?P<stat>\w+))?|(?P<bare>.+))", re.DOTALL
)


def kind_of(name: Identifier) -> Kind:
    """Tell as what a name's values are compared."""
    return _ATTRIBUTES[name.key] if name.entity == "attribute" else _KINDS[name.entity]


def read_name(token: Token, text: str) -> Identifier:
    """Return what the name in a token stands for.

    Raises:
        FilterError: It is no name, or the name of nothing that there is.
    """
    path = _PATH.fullmatch(token.text) if token.kind == "path" else None
    if path:
        return _read_path(path, token, text)
    if (token.kind == "word" and token.upper not in _KEYWORDS) or token.text[:1] in ("`", '"'):
        return _attribute(unquote(token.text), token, text)
    if token.kind in ("number", "quoted"):
        raise error_at("a comparison begins with a name, its value comes after: metrics.loss < 0.1", text, token)
    raise error_at("a name was expected here, such as metrics.loss, params.lr or status", text, token)


def _read_path(path: re.Match[str], token: Token, text: str) -> Identifier:
    if path["entity"] not in _ENTITIES:
        raise error_at(
            _unknown("kind of value", path["entity"], list(_ENTITIES), "metrics, params, tags, attributes or dataset"),
            text,
            token,
        )
    entity = _ENTITIES[path["entity"]]
    key = unquote(path["quoted"] or path["bare"])
    if not key:
        raise error_at("the name between the quotes is empty", text, token)
    if path["stat"] and (entity != "metric" or path["stat"] not in _STATS):
        raise error_at(f"after a quoted name only a metric's statistic can stand: {', '.join(_STATS)}", text, token)
    match entity:
        case "metric":
            return _metric(key, path["stat"], bare=path["bare"] is not None)
        case "attribute":
            return _attribute(key, token, text)
        case "dataset" if key not in _FIELDS:
            raise error_at(_unknown("field of a dataset", key, list(_FIELDS), "name, digest or context"), text, token)
    return Identifier(entity, key)


def _metric(key: str, stat: str | None, *, bare: bool) -> Identifier:
    shorter, _, last = key.rpartition(".")
    if bare and shorter and last in _STATS:
        return Identifier("metric", shorter, last, dotted=True)
    return Identifier("metric", key, stat or "last")


def _attribute(name: str, token: Token, text: str) -> Identifier:
    key = _ALIASES.get(name, name)
    if key not in _ATTRIBUTES:
        raise error_at(
            _unknown("attribute", name, list(_ATTRIBUTES), f"metrics.{name}, params.{name} or tags.{name}"), text, token
        )
    return Identifier("attribute", key)


def _unknown(what: str, name: str, known: list[str], otherwise: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name.lower(), known, n=1)
    return f"there is no {what} called {name!r}; did you mean {close[0] if close else otherwise}?"
