"""Which sources of a model's version a server believes: not every folder of its machine, nor files of other runs."""

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
    """Return where a model comes from, also from a run that this store does not know, which is all that MLflow knows of any.

    Raises:
        InvalidInput: See ``origin_of``.
        NotFound: There is no such model or version.
    """
    try:
        return origin_of(store, source, run_id, model_id)
    except RunNotFound:
        if urlsplit(source).scheme != "runs" or model_id:
            raise
        return Origin(source, source.partition(":")[2].strip("/").partition("/")[0])


def checked_origin(store: Store, source: str, run_id: str, model_id: str) -> Origin:
    """Return where a model comes from; refuse a folder that is not the given run's or model's.

    Raises:
        ApiError: It is on this machine, or in the server's artifact store, and another's.
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
    return scheme in ("", "file") or len(scheme) == 1  # a drive of Windows


def _is_proxied(source: str) -> bool:
    return source.startswith("mlflow-artifacts:") or _PROXY.match(source) is not None


def _is_within(source: str, root: str) -> bool:
    parts, base = _parts(source), _parts(root)
    return len(base) > 0 and parts[: len(base)] == base


def _parts(uri: str) -> list[str]:
    """Return the folders of a URI from the root of the artifact store, or of the machine."""
    text = _PROXY.sub("mlflow-artifacts:/", unquote(uri))
    return [part for part in (text.removeprefix("file:") if _is_local(text) else text).split("/") if part]


def _refused(source: str, named: str, *, is_local: bool) -> ApiError:
    """Return MLflow's error for a source that is not that of the run or model given."""
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
