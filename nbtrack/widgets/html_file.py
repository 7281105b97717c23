"""A view as one HTML file that works without a network or a kernel: the bundles, the data, and answers to requests.

The Content-Security-Policy allows exactly these scripts, by their hashes, and loads nothing. The data is in a block that
is not executed: packed by ``pack``, gzipped, as base64.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import os
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import InvalidInput
from .transport.bundles import bundle_source, bundles_of
from .transport.pack import pack
from .view import Export, View

__all__ = ["LIMIT", "write_html"]

LIMIT = 8_000_000  # bytes of data in a file, as base64

_LEVELS = range(4)
_EXPORT = re.compile(r"export\s*\{\s*(\w+) as default\s*\};?\s*$")
_START = "globalThis.__nbtrackPage[0].page(globalThis.__nbtrackPage.slice(1));"
_STYLE = (
    "body{margin:24px auto;max-width:1120px;padding:0 16px;font:14px/1.5 system-ui,sans-serif}"
    ":root{color-scheme:light dark}@media(prefers-color-scheme:dark){:root{--jp-ui-font-color1:#e6e6e6"
    ";--jp-ui-font-color2:#a0a6ad;--jp-layout-color0:#16181b;--jp-border-color2:#3b4047;--jp-brand-color1:#64a8ff}"
    "body{background:#16181b;color:#e6e6e6}.nbt-live{--nbt-bad:#ff7b72!important;--nbt-good:#4cc38a!important;"
    "--nbt-warn:#e0a83a!important}}"
)


def write_html(path: str | os.PathLike[str], view: View, title: str, static_html: Callable[[], str]) -> Path:
    """Write a view as a file, with as much of its data as fits in ``LIMIT`` bytes, and return its path.

    Args:
        path: Where to write it.
        view: The view.
        title: The document's title.
        static_html: Returns the same without script, shown where scripts do not run; the view finds its slot in it.
            Called after the view was exported, whose curves it can use.

    Raises:
        InvalidInput: Even the smallest export is larger than ``LIMIT``.
    """
    exported, data = _fitting(view)
    scripts = [*(_registering(bundle_source(name)) for name in bundles_of(view.kind)), _START]
    target = Path(path)
    target.write_text(_document(title, static_html(), exported, data, scripts), encoding="utf-8")
    return target


def _fitting(view: View) -> tuple[Export, str]:
    """Return the largest export of a view that fits, and its data as base64."""
    for level in _LEVELS:
        exported = view.export(level)
        answers = {_asked(what, args): value for what, args, value in exported.answers}
        data = _encoded({"kind": view.kind, "key": view.key, "snapshot": exported.snapshot, "answers": answers})
        if len(data) <= LIMIT:
            return exported, data
    raise InvalidInput(f"this takes {len(data):,} bytes as an HTML file, and {LIMIT:,} is the limit; choose fewer runs")


def _asked(what: str, args: dict[str, Any]) -> str:
    """Return the key of an answer; js/src/page/saved.ts makes the same of a request."""
    return what + " " + json.dumps(args, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _encoded(value: Any) -> str:
    """Return a value as the length of its JSON, the JSON, and the arrays' bytes, gzipped, as base64."""
    tree, block = pack(value)
    head = json.dumps(tree, separators=(",", ":")).encode()
    whole = b"".join([struct.pack("<I", len(head)), head, block])
    return base64.b64encode(gzip.compress(whole, 6, mtime=0)).decode("ascii")


def _registering(source: str) -> str:
    """Return a bundle that puts its export on a global list, for scripts inside a document cannot import each other."""
    name = _EXPORT.search(source)
    assert name is not None, "a bundle ends with its export"
    return f"{source[: name.start()]}(globalThis.__nbtrackPage??=[]).push({name[1]});"


def _document(title: str, static_html: str, exported: Export, data: str, scripts: list[str]) -> str:
    # "</script" in a string of the code would end the script.
    scripts = [script.replace("</script", "<\\/script") for script in scripts]
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(each.encode()).digest()).decode()}'" for each in scripts)
    policy = f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; media-src blob:"
    notes = "".join(f"<p>{html.escape(note)}</p>" for note in exported.notes)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}; base-uri 'none'; form-action 'none'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>\n<body>{static_html}\n<footer>{notes}</footer>\n"
        f'<script type="text/plain" id="nbtrack-data">{data}</script>\n'
        + "\n".join(f'<script type="module">{each}</script>' for each in scripts)
        + "\n</body></html>\n"
    )
