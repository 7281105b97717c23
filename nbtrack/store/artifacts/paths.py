"""The two kinds of names of a file: its logical path in a run, and the URI of a local folder."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote

from ...errors import InvalidInput
from ...system.file_uri import path_of_file_uri, unquoted
from ...validation import text as checked_text

__all__ = ["PROXIED", "TEMPORARY", "absolute_location", "artifact_folder", "artifact_path", "file_uri", "local_path", "scheme_of"]

PROXIED = "mlflow-artifacts:"  # the scheme of what is reached through a tracking server

# Files under this name are on their way; they are no artifacts.
TEMPORARY = ".nbtrack-tmp-"

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]+):/")  # two letters at least, so a Windows drive is none
_ANY_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")  # or a drive
_DECODINGS = 10
_DROPPED = re.compile("[\t\r\n]")
_STRIPPED = "".join(map(chr, range(33)))
_LONGEST_NAME = 255  # bytes of one part, on nearly every file system and object store
_WINDOWS_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d) *(\..*)?|.*[. ]|.*[<>:\"|?*].*", re.IGNORECASE | re.DOTALL)


def artifact_path(text: str) -> str:
    """Return a logical path as it is, once it is known to name one file below the run's root.

    A name means what it says: who puts it into a URL percent-encodes it, and a server decodes that once. Not every client and
    server of MLflow's keeps to this, so a name that leads elsewhere once it is decoded, however often, is refused too. Any other
    percent sign is a character like others: ``dog%step%3%timestamp%17.png``.

    Args:
        text: Parts joined by ``/``, such as ``plots/loss.png``.

    Raises:
        WrongType: It is not a string.
        InvalidInput: The path leads out of the run's folder, or not to one name; the message says why.
    """
    forms = _decodings(checked_text(text, "the path of an artifact"))
    reason = _objection(text) or next((reason for form in forms if (reason := _leads_elsewhere(form))), None)
    if reason:
        raise InvalidInput(f"artifact path {text[:200]!r} {reason}; give a relative path such as 'plots/loss.png'")
    return text


def artifact_folder(text: str) -> str:
    """Return the logical path of a folder without a trailing slash; the empty string for the run's root."""
    path = checked_text(text, "the path of a folder of artifacts")
    return "" if path in ("", ".", "/") else artifact_path(path.removesuffix("/"))


def file_uri(path: Path) -> str:
    """Return the ``file:`` URI of a local path, made absolute, with what a URI cannot hold percent-encoded."""
    return Path(os.path.abspath(path)).as_uri()  # noqa: PTH100 - also takes ".." out, without following links


def absolute_location(uri: str) -> str:
    """Return a place for artifacts as it is, or a relative path of this machine from the working directory.

    As MLflow has it: what a server keeps is then the same to all who read it, wherever they are.
    """
    if uri.lower().startswith("file:"):
        path = uri[len("file:") :]
        return uri if path.startswith("/") else file_uri(Path(unquoted(path)))
    if uri.startswith("/") or _ANY_SCHEME.match(uri):
        return uri
    return os.path.abspath(uri)  # noqa: PTH100 - also takes ".." out, without following links


def scheme_of(uri: str) -> str:
    """Return a URI's scheme in lower case, empty for a path of this machine."""
    found = _SCHEME.match(uri)
    return found[1].lower() if found else ""


def local_path(uri: str) -> Path:
    """Return the local path that a ``file:`` URI, or a plain path, stands for.

    Raises:
        InvalidInput: It has another scheme, another host, a query or a fragment.
    """
    if uri.lower().startswith("file:"):
        return path_of_file_uri(uri)
    if scheme_of(uri):
        raise InvalidInput(f"{uri!r} is no folder of this machine; give its path, or a file: URI")
    try:
        if "\0" in uri or not uri:
            raise InvalidInput(f"{uri!r} is no path; give a folder or a file: URI")
        return Path(uri).expanduser()
    except RuntimeError as error:
        raise InvalidInput(f"{uri!r} names the home of a user who is not known here; give the folder's own path") from error


def _decodings(text: str) -> list[str]:
    """Return the text and everything that percent-decoding, once or repeatedly, makes of it."""
    forms = [text]
    while len(forms) <= _DECODINGS:
        decoded = unquote(forms[-1])
        if decoded == forms[-1]:
            return forms
        forms.append(decoded)
    raise InvalidInput(f"artifact path {text[:200]!r} is percent-encoded many times over; give the plain name")


def _objection(path: str) -> str | None:
    """Say why a path cannot be a name as it stands, None where it can."""
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
    """Say how a path leads elsewhere wherever it is read as one: by Windows, by a parser of URLs, by a C library."""
    # What stands after ?, # or ; is not of the path, and parsers of URLs drop these characters.
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
