"""Opens the artifact store at a URI."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from ...errors import InvalidInput
from .local import LocalArtifacts
from .paths import scheme_of
from .protocol import ArtifactStore

__all__ = ["open_artifacts"]

# The module and function that open a scheme's URIs; modules are imported when needed, as each needs a library of its own.
_OPENERS = {
    "s3": ("s3", "open_s3"),
    "s3a": ("s3", "open_s3"),
    "gs": ("google", "open_google"),
    "az": ("azure", "open_azure"),
    "wasb": ("azure", "open_azure"),
    "wasbs": ("azure", "open_azure"),
    "abfs": ("azure", "open_azure"),
    "abfss": ("azure", "open_azure"),
    "sftp": ("sftp", "open_sftp"),
}
_THROUGH_SERVER = ("mlflow-artifacts", "http", "https")
_ELSEWHERE = {
    "dbfs": "a Databricks workspace serves them itself: give the experiment an artifact location in s3:, wasbs: or gs:",
    "hdfs": "mount it as a folder and give that, or use a bucket (s3:, wasbs:, gs:)",
    "ftp": "use sftp:",
    "r2": "use s3: with MLFLOW_S3_ENDPOINT_URL",
    "b2": "use s3: with MLFLOW_S3_ENDPOINT_URL",
    "runs": "open the run's own artifact_uri",
    "models": "open the model version's own source",
}


def open_artifacts(uri: str, *, server: str = "") -> ArtifactStore:
    """Open the artifact store at a URI, without a request to it.

    Args:
        uri: A folder's path, or a URI of ``file:``, ``s3:``, ``gs:``, ``az:``, ``wasbs:``, ``abfss:``, ``sftp:``,
            ``mlflow-artifacts:`` or ``http(s):``.
        server: The run's tracking server, for a URI that leads through it.

    Raises:
        InvalidInput: The URI is invalid, its scheme is not supported, or the scheme's extra is not installed.
        AccessDenied: There are no credentials.
    """
    scheme = scheme_of(uri)
    if scheme in ("", "file"):
        return LocalArtifacts(uri)
    if scheme in _THROUGH_SERVER:
        from .proxy import open_proxy

        return open_proxy(uri, server)
    if scheme not in _OPENERS:
        instead = _ELSEWHERE.get(scheme, "give a folder, or a URI of file:, s3:, gs:, wasbs:, sftp: or mlflow-artifacts:")
        raise InvalidInput(f"artifacts at {scheme}: are not supported; {instead}")
    module, name = _OPENERS[scheme]
    return cast("Callable[[str], ArtifactStore]", getattr(import_module(f".{module}", __package__), name))(uri)
