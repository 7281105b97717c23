"""The protocol of a model registry: names, numbered versions of a model under each, and aliases for versions.

The guarantees of ``protocol.store`` on threads, processes, durability and errors hold here too. A change of a version sets its
``updated``; a change of a version's stage, and its deletion, also its model's.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from ...entities.model import ModelStage, ModelVersionInfo, RegisteredModelInfo
from ...entities.tags import IS_PROMPT
from ...errors import InvalidInput
from ...validation import text
from ..filter import And, Comparison, Identifier, Node, Not
from .search import Page, Query

__all__ = [
    "Registry",
    "canonical_stage",
    "check_alias",
    "check_model_name",
    "check_tag",
    "latest_of",
    "without_prompts",
]

_LONGEST_NAME = 256
_LONGEST_KEY, _LONGEST_VALUE = 250, 100_000
_ALIAS = re.compile(r"[\w\-]{1,255}")
_IS_PROMPT = Identifier("tag", IS_PROMPT)


class Registry(Protocol):
    """A model registry."""

    # Registered models, by name; methods raise ModelNotFound for an unknown name.

    def create_model(self, name: str, *, description: str = "", tags: Mapping[str, str] | None = None) -> RegisteredModelInfo:
        """Register a model; AlreadyExists if the name is taken, InvalidInput if it is not valid."""

    def get_model(self, name: str) -> RegisteredModelInfo:
        """Return a registered model."""

    def rename_model(self, name: str, new_name: str) -> RegisteredModelInfo:
        """Rename a model, with all its versions and aliases."""

    def update_model(self, name: str, *, description: str) -> RegisteredModelInfo:
        """Change a model's description."""

    def delete_model(self, name: str) -> None:
        """Delete a model with all its versions; their files stay."""

    def search_models(self, search: Query) -> Page[RegisteredModelInfo]:
        """Return the models that match, by name."""

    def set_model_tag(self, name: str, key: str, value: str) -> None:
        """Set a tag, or overwrite it."""

    def delete_model_tag(self, name: str, key: str) -> None:
        """Delete a tag; an unknown one is ignored."""

    def set_alias(self, name: str, alias: str, version: int) -> None:
        """Set an alias to a version, or move it there."""

    def delete_alias(self, name: str, alias: str) -> None:
        """Delete an alias; an unknown one is ignored."""

    # Versions, numbered from 1; a number is never reused. Methods raise ModelNotFound for an unknown version.

    def create_version(
        self,
        name: str,
        source: str,
        *,
        location: str = "",
        run_id: str = "",
        run_link: str = "",
        model_id: str = "",
        user: str = "",
        description: str = "",
        tags: Mapping[str, str] | None = None,
    ) -> ModelVersionInfo:
        """Add a version to a model; an empty ``location`` means the source."""

    def get_version(self, name: str, version: int) -> ModelVersionInfo:
        """Return one version."""

    def version_by_alias(self, name: str, alias: str) -> ModelVersionInfo:
        """Return the version of an alias; ``latest`` is the one with the greatest number."""

    def latest_versions(self, names: Sequence[str]) -> dict[str, list[ModelVersionInfo]]:
        """Return by name the newest version in each stage, sorted by number; none for an unknown name."""

    def update_version(self, name: str, version: int, *, description: str) -> ModelVersionInfo:
        """Change a version's description."""

    def transition(self, name: str, version: int, stage: ModelStage, *, archive_existing: bool = False) -> ModelVersionInfo:
        """Move a version to a stage, and with ``archive_existing`` all others in it to Archived."""

    def delete_version(self, name: str, version: int) -> None:
        """Delete a version and its aliases; its files stay."""

    def search_versions(self, search: Query) -> Page[ModelVersionInfo]:
        """Return the versions that match: the last changed first; ties by name, then the greatest number first."""

    def set_version_tag(self, name: str, version: int, key: str, value: str) -> None:
        """Set a tag, or overwrite it."""

    def delete_version_tag(self, name: str, version: int, key: str) -> None:
        """Delete a tag; an unknown one is ignored."""


# Validation, by MLflow's rules, for every store.


def check_model_name(name: str) -> str:
    """Return a valid name of a registered model unchanged; InvalidInput."""
    if not text(name, "the name of a model").strip():
        raise InvalidInput("a registered model needs a name, not an empty string")
    if "/" in name or ":" in name:
        raise InvalidInput(f"Invalid model name {name!r}. Names cannot contain '/' or ':'.")
    if name != posixpath.normpath(name) or name in (".", ".."):
        raise InvalidInput(f"Invalid model name {name!r}: a name of dots alone is a folder's")
    if len(name) > _LONGEST_NAME:
        raise InvalidInput(f"Invalid model name {name[:40]!r}…: it has {len(name)} characters, and at most {_LONGEST_NAME} do")
    return name


def check_alias(alias: str) -> str:
    """Return a valid alias unchanged; InvalidInput."""
    if not _ALIAS.fullmatch(text(alias, "an alias")):
        raise InvalidInput(
            f"Invalid alias name: {alias[:260]!r}. An alias has 1 to 255 letters, digits, underscores (_) and dashes (-)"
        )
    if alias.lower() == "latest":
        raise InvalidInput("'latest' alias name (case insensitive) is reserved: it is the version of the greatest number")
    if re.fullmatch(r"[vV]\d+", alias):
        raise InvalidInput(f"Version alias name {alias!r} is reserved: it reads as the number of a version")
    return alias


def check_tag(key: str, value: str) -> tuple[str, str]:
    """Return a valid tag of the registry unchanged; InvalidInput."""
    if not text(key, "the key of a tag") or len(key) > _LONGEST_KEY:
        raise InvalidInput(f"a tag's key has 1 to {_LONGEST_KEY} characters, and {key[:40]!r} has {len(key)}")
    if len(value) > _LONGEST_VALUE:
        raise InvalidInput(f"a tag's value has at most {_LONGEST_VALUE} characters, and that of {key!r} has {len(value)}")
    return key, value


def canonical_stage(name: str) -> ModelStage:
    """Return the stage with a name in upper or lower case; InvalidInput."""
    for stage in ModelStage:
        if stage.value.lower() == name.lower():
            return stage
    raise InvalidInput(f"Invalid Model Version stage: {name}. Value must be one of {', '.join(ModelStage)}.")


def latest_of(versions: Iterable[ModelVersionInfo]) -> list[ModelVersionInfo]:
    """Return the newest of one model's versions in each stage, sorted by number."""
    latest = {version.stage: version for version in sorted(versions, key=lambda each: each.version)}
    return sorted(latest.values(), key=lambda each: each.version)


def without_prompts(filter: Node | None) -> Node | None:  # noqa: A002
    """Return a filter that excludes prompts, which MLflow keeps as registered models, unless it asks for them."""
    kept, asked = _without_prompt_tag(filter)
    if asked:
        return filter
    is_none = Not(Comparison(_IS_PROMPT, "=", "true"))
    return is_none if kept is None else And((kept, is_none))


def _without_prompt_tag(node: Node | None) -> tuple[Node | None, bool]:
    """Return the conditions of a conjunction that are not about prompts, and whether one asks for prompts."""
    parts = node.operands if isinstance(node, And) else () if node is None else (node,)
    about = [part for part in parts if isinstance(part, Comparison) and part.left == _IS_PROMPT]
    kept = [part for part in parts if part not in about]
    asked = any((str(part.value).lower() == "true") is not part.negated for part in about)
    return (None if not kept else kept[0] if len(kept) == 1 else And(tuple(kept))), asked
