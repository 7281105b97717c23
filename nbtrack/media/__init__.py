"""Saves objects to the bytes of files and loads them: figures, images, tables, text.

Names, formats and rules for arguments are MLflow's, so that its tools can read the files. Nothing is ever unpickled.
"""

from __future__ import annotations

from .figure import figure_bytes
from .image import image_bytes, image_path, thumbnail_bytes
from .load import load
from .table import table_bytes, tables_tag
from .text import dict_bytes, text_bytes

__all__ = [
    "dict_bytes",
    "figure_bytes",
    "image_bytes",
    "image_path",
    "load",
    "table_bytes",
    "tables_tag",
    "text_bytes",
    "thumbnail_bytes",
]
