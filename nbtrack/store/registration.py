"""Registering a version of a model, whose source may be a run, a logged model, another version or a URI."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from ..entities.model import LoggedModelInfo, ModelVersionInfo
from ..entities.tags import MODEL_VERSIONS
from ..errors import InvalidInput, ModelNotFound
from .protocol.model_registry import canonical_stage
from .protocol.store import Store

__all__ = ["Origin", "origin_of", "register", "version_at"]


_LOGGED = re.compile(r"m-[\w\-]+")


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a model: the folder of its files, its run, and its logged model."""

    location: str
    run_id: str = ""
    model_id: str = ""


def register(
    store: Store,
    name: str,
    source: str,
    *,
    origin: Origin,
    run_link: str = "",
    user: str = "",
    description: str = "",
    tags: Mapping[str, str] | None = None,
) -> ModelVersionInfo:
    """Create a version of a registered model, and record it in a tag of its logged model.

    Raises:
        ModelNotFound: There is no registered model of this name.
    """
    made = store.registry.create_version(
        name,
        source,
        location=origin.location,
        run_id=origin.run_id,
        model_id=origin.model_id,
        run_link=run_link,
        user=user,
        description=description,
        tags=tags,
    )
    if origin.model_id:
        _note(store, origin.model_id, made)
    return made


def origin_of(store: Store, source: str, run_id: str = "", model_id: str = "") -> Origin:
    """Return the origin of a model at ``runs:/ID/PATH``, ``models:/m-ID``, ``models:/NAME/VERSION``, or any other URI.

    Raises:
        InvalidInput: The source contains ``..``, or contradicts the run or model given.
        NotFound: There is no such run, model or version.
    """
    place = _plain(source)
    _refuse_way_up(place)
    scheme, rest = urlsplit(source).scheme, source.partition(":")[2].strip("/")
    if scheme == "runs":
        return _of_run(store, source, rest, run_id, model_id)
    if scheme == "models":
        return _of_model(store, source, rest, run_id, model_id)
    if model_id:
        return Origin(place, run_id or store.models.get(model_id).source_run_id, model_id)
    return Origin(place, run_id, model_id)


def version_at(store: Store, path: str) -> ModelVersionInfo:
    """Return the version at ``NAME/VERSION``, ``NAME/STAGE``, ``NAME@ALIAS``, or the newest of ``NAME``; ModelNotFound."""
    registry = store.registry
    name, at, alias = path.partition("@")
    if at:
        return registry.version_by_alias(name, alias)
    name, _, which = path.partition("/")
    if which.isdecimal():
        return registry.get_version(name, int(which))
    if not which or which.lower() == "latest":
        return registry.version_by_alias(name, "latest")
    return _newest_in(store, name, which)


def _newest_in(store: Store, name: str, stage: str) -> ModelVersionInfo:
    wanted = canonical_stage(stage)
    store.registry.get_model(name)
    for version in store.registry.latest_versions([name])[name]:
        if version.stage is wanted:
            return version
    raise ModelNotFound(f"model {name!r} has no version in stage {wanted.value}")


def _of_run(store: Store, source: str, rest: str, run_id: str, model_id: str) -> Origin:
    """Return the origin of a run's model: a logged model of that name, or a folder of its artifacts."""
    owner, _, path = rest.partition("/")
    if run_id and run_id != owner:
        raise InvalidInput(f"Invalid model version source: '{source}'. It is of another run than run_id, {run_id!r}")
    run = store.get_run(owner)
    named = [made for made in _made_by(store, owner) if made.name == path and model_id in ("", made.id)]
    if named:
        newest = max(named, key=lambda made: made.created)
        return Origin(newest.artifact_uri, owner, newest.id)
    return Origin(f"{run.artifact_uri}/{path}" if path else run.artifact_uri, owner, model_id)


def _made_by(store: Store, run_id: str) -> Iterator[LoggedModelInfo]:
    """Yield the logged models of a run that are not deleted."""
    for made in store.models.outputs([run_id]):
        with suppress(ModelNotFound):
            yield store.models.get(made.model_id)


def _of_model(store: Store, source: str, rest: str, run_id: str, model_id: str) -> Origin:
    """Return the origin of a logged model, or of a version of a registered one."""
    first, _, path = rest.partition("/")
    if _LOGGED.fullmatch(first):
        if model_id and model_id != first:
            raise InvalidInput(f"Invalid model version source: '{source}'. It is another model than model_id, {model_id!r}")
        logged = store.models.get(first)
        return Origin(f"{logged.artifact_uri}/{path}" if path else logged.artifact_uri, run_id or logged.source_run_id, first)
    version = version_at(store, rest)
    return Origin(version.location, run_id or version.run_id, model_id or version.model_id)


def _note(store: Store, model_id: str, made: ModelVersionInfo) -> None:
    logged = store.models.get(model_id)
    known = _versions_of(logged)
    # A server may have recorded it already; MLflow's server writes numbers, its clients strings.
    if not any(str(each.get("version")) == str(made.version) and each.get("name") == made.name for each in known):
        new = {"name": made.name, "version": made.version}
        store.models.set_tags(model_id, {MODEL_VERSIONS: json.dumps([*known, new])})


def _versions_of(logged: LoggedModelInfo) -> list[dict[str, object]]:
    """Return the versions recorded in a logged model's tag; anything else that a client wrote there is dropped."""
    try:
        found = json.loads(logged.tags.get(MODEL_VERSIONS, "[]"))
    except ValueError:
        return []
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _plain(source: str) -> str:
    """Return a local path with its ``..`` resolved; any other source unchanged."""
    scheme, _, path = source.rpartition("file:")
    if scheme or urlsplit(source).scheme not in ("", "file") or ".." not in path.split("/"):
        return source
    slashes = "//" if path.startswith("///") else ""
    return f"{source.removesuffix(path)}{slashes}{posixpath.normpath(path)}"


def _refuse_way_up(source: str) -> None:
    text = source
    while (decoded := unquote(text)) != text:
        text = decoded
    if "\0" in text or ".." in re.split(r"[/\\]", text):
        raise InvalidInput(
            f"Invalid model version source: '{source}'. If supplying a source as an http, https, local file path, ftp, "
            "objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references present. "
            "Please provide an absolute path."
        )
