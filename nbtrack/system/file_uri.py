"""``sqlite:`` and ``file:`` URIs of local files, and their paths."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote

from ..errors import InvalidInput

__all__ = ["database_path", "misread_path", "path_of_file_uri", "sqlite_uri", "unquoted"]

_SQLITE = "sqlite:///"


def sqlite_uri(path: Path, query: str = "") -> str:
    """Return the URI of a SQLite file, with the characters percent-encoded that have a meaning in a URI.

    Args:
        path: The file; a relative path stays relative.
        query: Options, as ``timeout=10``.
    """
    # Only what would change the meaning, because the URI is shown to people.
    plain = str(path).replace("%", "%25").replace("?", "%3F").replace("#", "%23")
    return f"{_SQLITE}{plain}?{query}" if query else f"{_SQLITE}{plain}"


def database_path(uri: str) -> Path | None:
    """Return the decoded path of a SQLite database, relative or absolute; None for any other URI or a database in memory."""
    scheme, separator, rest = uri.partition(":///")
    path = unquote(rest.partition("?")[0])
    is_file = bool(separator) and scheme.lower().partition("+")[0] == "sqlite" and path not in ("", ":memory:")
    return Path(path) if is_file else None


def misread_path(path: Path) -> Path | None:
    """Return the file that earlier versions used for a database with ``?`` or %XX in its path; None if it does not exist."""
    read = Path(unquote(str(path).partition("?")[0]))
    return read if read != path and read.is_file() else None


def path_of_file_uri(uri: str) -> Path:
    """Return the path of a ``file:`` URI: ``file:///data/x``, ``file:/data/x``, or ``file:x`` of the working directory.

    Raises:
        InvalidInput: It has another host, a query, a fragment or no path.
    """
    rest = uri[len("file:") :]
    if "?" in rest or "#" in rest:
        raise InvalidInput(f"{uri!r} has a query or a fragment; write %3F for '?' and %23 for '#'")
    host = ""
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        rest = slash + path
    if host not in ("", "localhost"):
        if os.name != "nt":
            raise InvalidInput(f"{uri!r} names the host {host!r}; a file: URI is local and starts file:///")
        rest = f"//{host}{rest}"
    path = unquoted(rest)
    if "\0" in path or not path:
        raise InvalidInput(f"{uri!r} is not a path; give a folder or a file: URI")
    return Path(path)


def unquoted(path: str) -> str:
    """Return the path in a ``file:`` URI with each %XX decoded, as this system writes it."""
    if os.name != "nt":
        return unquote(path)
    from urllib.request import url2pathname  # which loads an HTTP client

    return url2pathname(path)
