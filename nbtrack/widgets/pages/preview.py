"""The preview of an artifact: an image, a player, the head of a table or text; for other files a line that names them.

A file's content is data, never markup: an SVG is shown as an image, in which no script runs; tables and text are escaped.
"""

from __future__ import annotations

import base64
import csv
import io
import itertools
import json
from collections.abc import Sequence
from typing import Any, BinaryIO

from ...errors import InvalidInput
from ...media.suffix import suffix_of
from ...media.table import is_table, load_table
from ..data.format import size as size_text
from ..data.format import value_text
from .markup import STYLE, counted, dim, escaped, name, table

__all__ = ["preview"]

_IMAGES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
    ".bmp": "image/bmp",
}
_VIDEOS = {".mp4": "video/mp4", ".webm": "video/webm", ".ogv": "video/ogg", ".mov": "video/mp4"}
_SOUNDS = {".mp3": "audio/mpeg", ".wav": "audio/wav", ".ogg": "audio/ogg", ".flac": "audio/flac", ".m4a": "audio/mp4"}
_NATIVE = {"image/png", "image/jpeg"}  # viewers that strip images from HTML show these by themselves

_MEDIA_LIMIT = 8_000_000  # bytes that a display takes into the notebook
_NATIVE_LIMIT = 256_000
_TEXT_LIMIT = 4_000
_TABLE_LIMIT = 20_000_000
_ROWS, _COLUMNS = 20, 12


def preview(path: str, file: BinaryIO, size: int) -> dict[str, str]:
    """Return the MIME bundle of a file, by its suffix.

    Args:
        path: The file's path.
        file: Its content, of which no more is read than is shown.
        size: Its size in bytes.
    """
    line = f"{path} ({size_text(size)})"
    suffix = suffix_of(path)
    media = _IMAGES.get(suffix) or _VIDEOS.get(suffix) or _SOUNDS.get(suffix)
    if media:
        return {"text/plain": line} | (_media(path, file.read(), media, size) if size <= _MEDIA_LIMIT else _too_large(path, size))
    if suffix in (".csv", ".tsv"):
        return _html(path, size, _delimited(file, suffix), line)
    if suffix in (".parquet", ".json") and size <= _TABLE_LIMIT:
        return _html(path, size, _structured(path, file.read(), suffix), line)
    return _html(path, size, _text(file), line)


def _html(path: str, size: int, body: str, line: str) -> dict[str, str]:
    if not body:
        return {"text/plain": line}
    return {"text/html": f'<div class="nbt nbt-static">{STYLE}<p>{_caption(path, size)}</p>{body}</div>', "text/plain": line}


def _caption(path: str, size: int) -> str:
    return f"<b>{name(path, 120)}</b> {dim(size_text(size))}"


def _too_large(path: str, size: int) -> dict[str, str]:
    return {"text/html": f"<p>{_caption(path, size)} · too large to show here; download() it</p>"}


def _media(path: str, data: bytes, kind: str, size: int) -> dict[str, str]:
    """Return an image or a player; a small image also by itself."""
    encoded = base64.b64encode(data).decode("ascii")
    uri = f"data:{kind};base64,{encoded}"
    shown = {
        "image": f'<img alt="{escaped(path[:200])}" src="{uri}" style="max-width:100%">',
        "video": f'<video controls src="{uri}" style="max-width:100%"></video>',
        "audio": f'<audio controls src="{uri}"></audio>',
    }[kind.partition("/")[0]]
    native = {kind: encoded} if kind in _NATIVE and len(data) <= _NATIVE_LIMIT else {}
    return {"text/html": f'<div class="nbt nbt-static">{STYLE}<p>{_caption(path, size)}</p>{shown}</div>'} | native


def _structured(path: str, data: bytes, suffix: str) -> str:
    """Return the head of a Parquet or JSON table, or of other JSON."""
    if suffix == ".parquet":
        try:
            frame = load_table(data, path)
        except InvalidInput:
            return ""
        return _head([str(c) for c in frame.columns], frame.head(_ROWS).itertuples(index=False), len(frame))
    try:
        value = json.loads(data)
    except ValueError:
        return _text(io.BytesIO(data))
    if is_table(value):
        return _head([str(c) for c in value["columns"]], value["data"][:_ROWS], len(value["data"]))
    return _pre(json.dumps(value, indent=2, ensure_ascii=False))


def _delimited(file: BinaryIO, suffix: str) -> str:
    lines = io.TextIOWrapper(file, "utf-8", "replace", newline="")
    rows = csv.reader((line[:_TEXT_LIMIT].replace("\0", "") for line in lines), delimiter="\t" if suffix == ".tsv" else ",")
    try:
        head = next(rows, [])
        body = list(itertools.islice(rows, _ROWS))
        more = next(rows, None) is not None
    except csv.Error:
        return ""
    finally:
        lines.detach()
    return _head(head, body, None if more else len(body)) if head else ""


def _head(columns: Sequence[str], rows: Any, total: int | None) -> str:
    """Return a table's first rows and columns; ``total`` is None if there are more rows that were not counted."""
    shown = [[name(_cell(value), 40) for value in itertools.islice(row, _COLUMNS)] for row in rows]
    head = [name(column, 32) for column in columns[:_COLUMNS]]
    lines = [row + [""] * (len(head) - len(row)) for row in shown]
    rows_said = f"first {len(shown)} rows of more" if total is None else counted(total, "row")
    columns_said = counted(len(columns), "column")
    return f'<div class="w">{table(head, lines)}</div><p>{dim(f"{rows_said}, {columns_said}")}</p>'


def _cell(value: object) -> str:
    return "" if value is None or value != value else value_text(value)


def _text(file: BinaryIO) -> str:
    """Return the beginning of a text file, or an empty string for a binary one."""
    data = file.read(_TEXT_LIMIT * 4)
    if b"\0" in data:
        return ""
    return _pre(data.decode("utf-8", "replace"))


def _pre(text: str) -> str:
    more = "\n…" if len(text) > _TEXT_LIMIT else ""
    return f'<pre style="white-space:pre-wrap"><bdi>{escaped(text[:_TEXT_LIMIT])}{more}</bdi></pre>'
