"""Path traversal: MLflow's clients and servers decode names of files differently, and no name leaves the run's folder."""

from __future__ import annotations

import ntpath
import posixpath
from urllib.parse import unquote, urlsplit

import pytest
import requests
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nbtrack.errors import InvalidInput
from nbtrack.store.artifacts.paths import artifact_path

pytestmark = pytest.mark.slow

_SEPARATORS = [".", "..", "/", "\\", "?", ";", " ", "%", "%25", "%2e", "%2E%2e", "%2f", "%5c", "%5C", "%3a", "%3f", "%23", "%00"]
_WORDS = ["%09", "%0a", "%20", "a", "b.txt", "c:", "C%3A", "file:", "http:", "%252e%252e", "%25252f", "%step%3", "%zz", "é"]
NAMES = st.lists(st.sampled_from(_SEPARATORS + _WORDS) | st.text(max_size=3), max_size=8).map("".join)
_PERCENTS = ["a", ".txt", "%", "%10", "%1f", "%5c", "%41", "%2b", "%ff", "%e9", "%7f", "%0", "%step", " ", "é"]
WITH_PERCENTS = st.lists(st.sampled_from(_PERCENTS)).map(lambda parts: "a" + "".join(parts))
BASE = "/api/2.0/mlflow-artifacts/artifacts/0/run/artifacts"


def is_name(path):
    try:
        return artifact_path(path) == path
    except InvalidInput:
        return False


def as_a_client_asks(path):
    """Return the path that reaches a server from MLflow's client, which joins URLs without encoding the parts."""
    return unquote(urlsplit(requests.Request("GET", f"http://host{BASE}/{path}").prepare().url).path)


@settings(max_examples=3000, deadline=None)
@example("..?")
@example("?")
@example("%3fx")
@example("%2e%2e?x/y")
@example(".%09./.%09./x")
@example("%09/etc/passwd")
@example("..%5c..%5cx")
@given(NAMES)
def test_no_encoding_of_a_name_escapes_the_artifact_root(path):
    from mlflow.exceptions import MlflowException
    from mlflow.utils.uri import validate_path_is_safe

    if not is_name(path):
        return
    arrived = as_a_client_asks(path)
    assert f"{posixpath.normpath(arrived)}/".startswith(f"{BASE}/")
    try:
        taken = validate_path_is_safe(path)
    except (MlflowException, ValueError):
        taken = "a"
    for read in (path, taken, arrived.removeprefix(f"{BASE}/") or "a"):
        assert posixpath.normpath(posixpath.join("/run", read)).startswith("/run/")
        if read[1:2] != ":":  # a letter and a colon are a drive on Windows, and refused
            assert ntpath.normpath(ntpath.join("C:\\run", read)).startswith("C:\\run\\")


@settings(max_examples=3000, deadline=None)
@example("images/dog%step%23%timestamp%1724213639123%ace60e60-f4da.png")
@example("50%10.csv")
@example("a%5cb.txt")
@given(WITH_PERCENTS)
def test_names_that_mlflows_server_accepts_are_accepted(path):
    from mlflow.exceptions import MlflowException
    from mlflow.utils.uri import validate_path_is_safe

    try:
        validate_path_is_safe(path)
    except (MlflowException, ValueError):
        return
    assert is_name(path) or len(path.encode()) > 255
