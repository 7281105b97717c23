"""Names in a filter: what can be compared, and with which type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from .lexer import Token, error_at, unquote
from .tree import Entity, Identifier

__all__ = ["RUNS", "Kind", "Names"]

Kind: TypeAlias = Literal["number", "whole", "param", "text", "status", "id", "time", "duration"]

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


@dataclass(frozen=True)
class Names:
    """The names in filters for one kind of thing, and the types of their values.

    Attributes:
        things: What the filter is of, as errors call them.
        entities: What stands before a dot, and which entity that is.
        attributes: The kind of each attribute's values.
        aliases: Other names of attributes.
        elsewhere: Attributes that are kept as something else, as a tag perhaps.
        kinds: The kind of the values of every other entity.
        has_stats: Whether ``metrics.loss.min`` may be a statistic of a metric.
    """

    things: str
    entities: Mapping[str, Entity]
    attributes: Mapping[str, Kind]
    aliases: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, Identifier] = field(default_factory=dict)
    kinds: Mapping[Entity, Kind] = field(default_factory=lambda: _KINDS)
    has_stats: bool = False

    def kind_of(self, name: Identifier) -> Kind:
        """Return the type that a name's values are compared as."""
        return self.attributes[name.key] if name.entity == "attribute" else self.kinds[name.entity]

    def read(self, token: Token, text: str) -> Identifier:
        """Return the identifier for the name in a token.

        Raises:
            FilterError: It is no name, or the name of nothing that there is.
        """
        path = _PATH.fullmatch(token.text) if token.kind == "path" else None
        if path:
            return self._path(path, token, text)
        if (token.kind == "word" and token.upper not in _KEYWORDS) or token.text[:1] in ("`", '"'):
            return self._attribute(unquote(token.text), token, text)
        if token.kind in ("number", "quoted"):
            raise error_at(f"a comparison begins with a name, its value comes after: {self._example} < 0.1", text, token)
        raise error_at(f"a name was expected here, such as {self._examples}", text, token)

    def _path(self, path: re.Match[str], token: Token, text: str) -> Identifier:
        if path["entity"] not in self.entities:
            unknown = _unknown("kind of value", path["entity"], list(self.entities), self._known_entities)
            raise error_at(unknown, text, token)
        entity = self.entities[path["entity"]]
        key = unquote(path["quoted"] or path["bare"])
        if not key:
            raise error_at("the name between the quotes is empty", text, token)
        if path["stat"] and not (self.has_stats and entity == "metric" and path["stat"] in _STATS):
            raise error_at(f"after a quoted name only a metric's statistic can stand: {', '.join(_STATS)}", text, token)
        match entity:
            case "metric":
                return self._metric(key, path["stat"], bare=path["bare"] is not None)
            case "attribute":
                return self._attribute(key, token, text)
            case "dataset" if key not in _FIELDS:
                raise error_at(_unknown("field of a dataset", key, list(_FIELDS), "name, digest or context"), text, token)
        return Identifier(entity, key)

    def _metric(self, key: str, stat: str | None, *, bare: bool) -> Identifier:
        shorter, _, last = key.rpartition(".")
        if self.has_stats and bare and shorter and last in _STATS:
            return Identifier("metric", shorter, last, dotted=True)
        return Identifier("metric", key, stat or "last")

    def _attribute(self, name: str, token: Token, text: str) -> Identifier:
        key = self.aliases.get(name, name)
        if key in self.elsewhere:
            return self.elsewhere[key]
        if key not in self.attributes:
            known = [*self.attributes, *self.elsewhere]
            others = [f"{word}.{name}" for word, entity in self.entities.items() if entity in _KEYED and word.endswith("s")]
            raise error_at(_unknown("attribute", name, known, _listed(others)), text, token)
        return Identifier("attribute", key)

    # Parts of error messages.

    @property
    def _known_entities(self) -> str:
        return _listed(list(dict.fromkeys(_SHOWN[entity] for entity in self.entities.values())))

    @property
    def _example(self) -> str:
        return "metrics.loss" if "metrics" in self.entities else next(iter(self.attributes))

    @property
    def _examples(self) -> str:
        keyed = {"metrics": "metrics.loss", "params": "params.lr", "tags": "tags.team"}
        found = [keyed[word] for word in keyed if word in self.entities][:2]
        return _listed([*found, "status" if "status" in self.attributes else "name"])


def _listed(words: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _unknown(what: str, name: str, known: list[str], otherwise: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name.lower(), known, n=1)
    return f"there is no {what} called {name!r}; did you mean {close[0] if close else otherwise}?"


_KEYED: Final = ("metric", "param", "tag")
_SHOWN: Final[dict[Entity, str]] = {
    "metric": "metrics",
    "param": "params",
    "tag": "tags",
    "attribute": "attributes",
    "dataset": "dataset",
}

RUNS: Final = Names("runs", _ENTITIES, _ATTRIBUTES, _ALIASES, has_stats=True)
