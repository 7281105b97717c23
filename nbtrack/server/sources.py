"""Which sources of a model's version a server believes: not every folder of its machine, nor files of other runs."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from ..store.base import Store
from ..store.models import models_of
from ..store.registration import Origin
from ..store.wire.errors import WireError, invalid

__all__ = ["check_source"]

_PROXY = re.compile(r"https?://.*?/mlflow-artifacts/artifacts/")


def check_source(store: Store, source: str, origin: Origin) -> None:
    """Refuse a source on this machine, or in the server's artifact store, that is not the given run's or model's.

    Raises:
        WireError: It is such a one.
    """
    if urlsplit(source).scheme in ("runs", "models"):
        return
    is_local = _is_local(source)
    if not is_local and not source.startswith("mlflow-artifacts:") and not _PROXY.match(source):
        return
    roots = [store.get_run(origin.run_id).artifact_uri] if origin.run_id else []
    if origin.model_id:
        roots.append(models_of(store).get(origin.model_id).artifact_uri)
    if not any(_is_within(source, root) for root in roots):
        raise _refused(source, is_local=is_local)


def _is_local(source: str) -> bool:
    scheme = urlsplit(source).scheme
    return scheme in ("", "file") or len(scheme) == 1  # a drive of Windows


def _is_within(source: str, root: str) -> bool:
    parts, base = _parts(source), _parts(root)
    return len(base) > 0 and parts[: len(base)] == base


def _parts(uri: str) -> list[str]:
    """Return the folders of a URI from the root of the artifact store, or of the machine."""
    text = _PROXY.sub("mlflow-artifacts:/", unquote(uri))
    return [part for part in (text.removeprefix("file:") if _is_local(text) else text).split("/") if part]


def _refused(source: str, *, is_local: bool) -> WireError:
    if is_local:
        return invalid(
            f"Invalid model version source: '{source}'. To use a local path as a model version source, the run_id request "
            "parameter has to be specified and the local path has to be contained within the artifact directory of the run "
            "specified by the run_id."
        )
    return invalid(f"Invalid model version source: '{source}'. It must be within the artifacts of the given run_id or model_id.")
