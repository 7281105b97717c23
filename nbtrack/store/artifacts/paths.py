"""Logical paths of files in a run, and paths and URIs of local folders."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote

from ...errors import InvalidInput
from ...system.file_uri import path_of_file_uri, unquoted
from ...validation import text as checked_text

__all__ = ["PROXIED", "TEMPORARY", "absolute_location", "artifact_folder", "artifact_path", "file_uri", "local_path", "scheme_of"]

PROXIED = "mlflow-artifacts:"  # the scheme of artifacts that are reached through a tracking server

# Prefix of unfinished files, which are not artifacts.
TEMPORARY = ".nbtrack-tmp-"

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]+):/")  # two letters at least, unlike the drives of Windows
_ANY_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")  # or a drive of Windows
_DECODINGS = 10
_DROPPED = re.compile("[\t\r\n]")
_STRIPPED = "".join(map(chr, range(33)))
_LONGEST_NAME = 255  # bytes of one part, on nearly every file system and object store
_WINDOWS_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d) *(\..*)?|.*[. ]|.*[<>:\"|?*].*", re.IGNORECASE | re.DOTALL)


def artifact_path(text: str) -> str:
    """Return a logical path unchanged if it names one file below the run's root.

    A path is not percent-encoded: a client encodes it once in a URL, and a server decodes that once. Not every client and server
    of MLflow does exactly this, so a path is also refused if it leads elsewhere once it is decoded, however often. Other percent
    signs are ordinary characters: ``dog%step%3%timestamp%17.png``.

    Args:
        text: Parts joined by ``/``, such as ``plots/loss.png``.

    Raises:
        WrongType: It is not a string.
        InvalidInput: The path leads out of the run's folder, or is not a valid name; the message says why.
    """
    forms = _decodings(checked_text(text, "the path of an artifact"))
    reason = _objection(text) or next((reason for form in forms if (reason := _leads_elsewhere(form))), None)
    if reason:
        raise InvalidInput(f"artifact path {text[:200]!r} {reason}; give a relative path such as 'plots/loss.png'")
    return text


def artifact_folder(text: str) -> str:
    """Return the logical path of a folder without a trailing slash; an empty string for the run's root."""
    path = checked_text(text, "the path of a folder of artifacts")
    return "" if path in ("", ".", "/") else artifact_path(path.removesuffix("/"))


def file_uri(path: Path) -> str:
    """Return the ``file:`` URI of a local path, absolute and percent-encoded."""
    return Path(os.path.abspath(path)).as_uri()  # noqa: PTH100 - also removes "..", without following links


def absolute_location(uri: str) -> str:
    """Return an artifact location with a relative path of this machine made absolute; any other location unchanged.

    As in MLflow: what a server stores then means the same to every process.
    """
    if uri.lower().startswith("file:"):
        path = uri[len("file:") :]
        return uri if path.startswith("/") else file_uri(Path(unquoted(path)))
    if uri.startswith("/") or _ANY_SCHEME.match(uri):
        return uri
    return os.path.abspath(uri)  # noqa: PTH100 - also removes "..", without following links


def scheme_of(uri: str) -> str:
    """Return a URI's scheme in lower case; empty for a local path."""
    found = _SCHEME.match(uri)
    return found[1].lower() if found else ""


def local_path(uri: str) -> Path:
    """Return the local path of a ``file:`` URI or a plain path.

    Raises:
        InvalidInput: It has another scheme, another host, a query or a fragment.
    """
    if uri.lower().startswith("file:"):
        return path_of_file_uri(uri)
    if scheme_of(uri):
        raise InvalidInput(f"{uri!r} is not a folder of this machine; give a path or a file: URI")
    try:
        if "\0" in uri or not uri:
            raise InvalidInput(f"{uri!r} is not a path; give a folder or a file: URI")
        return Path(uri).expanduser()
    except RuntimeError as error:
        raise InvalidInput(f"{uri!r} names the home of a user who is not known here; give the folder's own path") from error


def _decodings(text: str) -> list[str]:
    """Return a string and every result of percent-decoding it repeatedly."""
    forms = [text]
    while len(forms) <= _DECODINGS:
        decoded = unquote(forms[-1])
        if decoded == forms[-1]:
            return forms
        forms.append(decoded)
    raise InvalidInput(f"artifact path {text[:200]!r} is percent-encoded many times over; give the plain name")


def _objection(path: str) -> str | None:
    """Return why a path is invalid as it stands, None if it is valid."""
    if not path:
        return "is empty"
    if reason := _leads_elsewhere(path):
        return reason
    if "\\" in path:
        return "has a backslash"
    if "#" in path:
        return "has a '#', which a URI cannot hold"
    if any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000 for c in path):
        return "has a control character, or one that is not Unicode"
    return next((reason for part in path.split("/") if (reason := _part_objection(part))), None)


def _leads_elsewhere(form: str) -> str | None:
    """Return how Windows, a parser of URLs or a C library could read a path as another one; None if they cannot."""
    # Parsers of URLs end the path at ?, # or ;, and drop control characters.
    path = _DROPPED.sub("", form).lstrip(_STRIPPED).replace("\\", "/")
    if "\0" in form:
        return "has a control character, or one that is not Unicode"
    if path.lower().startswith("file:"):
        return "is a URI"
    if path.startswith("/") or re.match("[A-Za-z]:", path):
        return "is absolute"
    if path.startswith(("?", "#")) or not path.strip("?#;"):
        return "is empty up to what ends the path of a URL"
    return next((f"has the part {part!r}" for part in re.split("[/?#;]", path) if part in (".", "..")), None)


def _part_objection(part: str) -> str | None:
    if part == "":
        return "has an empty part"
    if part.startswith(TEMPORARY):
        return f"has a part that begins with {TEMPORARY!r}, the name of unfinished files"
    if len(part.encode()) > _LONGEST_NAME:
        return f"has a part of more than {_LONGEST_NAME} bytes"
    if os.name == "nt" and _WINDOWS_RESERVED.fullmatch(part):
        return f"has the part {part!r}, which Windows cannot hold"
    return None
