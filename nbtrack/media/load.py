"""Loads an object from a file's bytes, by the suffix of its name; nothing is ever unpickled."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

from ..errors import InvalidInput
from .image import load_image
from .suffix import IMAGES, suffix_of
from .table import is_table, load_table
from .text import load_yaml

__all__ = ["load"]

_PROSE = {".txt", ".log", ".md", ".rst", ".html", ".htm", ".svg", ".xml", ".jsonl", ".ipynb", ".diff", ".patch"}
_CODE = {".py", ".r", ".sh", ".sql", ".js", ".css", ".toml", ".ini", ".cfg"}


def load(path: str, data: bytes) -> Any:
    """Return the object in a file.

    Images are PIL images, ``.json`` and ``.yaml`` their value (a DataFrame for a logged table), ``.csv``, ``.tsv`` and
    ``.parquet`` a DataFrame, ``.npy`` an array and ``.npz`` a dict of arrays (never of objects), text files a string, anything
    else bytes.

    Raises:
        InvalidInput: The content does not match the file's name.
    """
    suffix = suffix_of(path)
    if suffix in IMAGES:
        return load_image(data, path)
    if suffix in (".csv", ".tsv", ".parquet"):
        return load_table(data, path)
    if suffix in (".npy", ".npz"):
        return _arrays(data, path)
    if suffix in (".yaml", ".yml"):
        return load_yaml(data, path)
    if suffix == ".json":
        return _json(data, path)
    return _text(data, path) if suffix in _PROSE | _CODE else data


def _json(data: bytes, path: str) -> Any:
    try:
        value = json.loads(data)
    except ValueError as error:
        raise InvalidInput(f"{path!r} is not JSON: {error}; open() gives its bytes") from error
    return load_table(data, path) if is_table(value) else value


def _arrays(data: bytes, path: str) -> Any:
    import numpy as np

    try:
        loaded = np.load(BytesIO(data), allow_pickle=False)
        return loaded if isinstance(loaded, np.ndarray) else {name: loaded[name] for name in loaded.files}
    except (ValueError, OSError, EOFError) as error:
        raise InvalidInput(f"{path!r} cannot be read as arrays without unpickling: {error}; open() gives its bytes") from error


def _text(data: bytes, path: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path!r} is not UTF-8 text: {error}; open() gives its bytes") from error
