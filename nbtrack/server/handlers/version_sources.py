"""Checks the source of a new model version: it must not name another run's files or any folder of the server's machine."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from ...errors import RunNotFound
from ...store.mlflow_api.errors import ApiError, invalid
from ...store.protocol.store import Store
from ...store.registration import Origin, origin_of

__all__ = ["checked_origin", "origin_anyway"]

_PROXY = re.compile(r"https?://.*?/mlflow-artifacts/artifacts/")


def origin_anyway(store: Store, source: str, run_id: str, model_id: str) -> Origin:
    """Return the origin of a version's source, also of a run that this store does not know, as MLflow does.

    Raises:
        InvalidInput: The source is not valid.
        NotFound: The model or version that it names does not exist.
    """
    try:
        return origin_of(store, source, run_id, model_id)
    except RunNotFound:
        if urlsplit(source).scheme != "runs" or model_id:
            raise
        return Origin(source, source.partition(":")[2].strip("/").partition("/")[0])


def checked_origin(store: Store, source: str, run_id: str, model_id: str) -> Origin:
    """Return the origin of a version's source.

    Raises:
        ApiError: The source is a folder on this machine or in the artifact store that is not the given run's or model's.
    """
    origin = origin_anyway(store, source, run_id, model_id)
    is_local = _is_local(source)
    if urlsplit(source).scheme in ("runs", "models") or not (is_local or _is_proxied(source)):
        return origin
    if not any(_is_within(origin.location, root) for root in _roots(store, origin)):
        raise _refused(source, "model_id" if model_id else "run_id", is_local=is_local)
    return origin


def _roots(store: Store, origin: Origin) -> list[str]:
    roots = [store.get_run(origin.run_id).artifact_uri] if origin.run_id else []
    if origin.model_id:
        roots.append(store.models.get(origin.model_id).artifact_uri)
    return roots


def _is_local(source: str) -> bool:
    scheme = urlsplit(source).scheme
    return scheme in ("", "file") or len(scheme) == 1  # a drive letter of Windows


def _is_proxied(source: str) -> bool:
    return source.startswith("mlflow-artifacts:") or _PROXY.match(source) is not None


def _is_within(source: str, root: str) -> bool:
    parts, base = _parts(source), _parts(root)
    return len(base) > 0 and parts[: len(base)] == base


def _parts(uri: str) -> list[str]:
    """Return the folders of a URI, from the root of the artifact store or of the machine."""
    text = _PROXY.sub("mlflow-artifacts:/", unquote(uri))
    return [part for part in (text.removeprefix("file:") if _is_local(text) else text).split("/") if part]


def _refused(source: str, named: str, *, is_local: bool) -> ApiError:
    """Return MLflow's error for a source that does not belong to the given run or model."""
    if is_local:
        return invalid(
            f"Invalid model version source: '{source}'. To use a local path as a model version source, the {named} request "
            "parameter has to be specified and the local path has to be contained within the artifact directory of the run "
            f"specified by the {named}."
        )
    return invalid(
        f"Invalid model version source: '{source}'. The {named} request parameter must identify the resource that contains "
        "the source."
    )
