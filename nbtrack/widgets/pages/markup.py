"""The parts of static HTML: escaped names, tables, pictures and one small style sheet.

The HTML stays readable if a viewer strips style sheets, style attributes and pictures: tables are tables, states are words,
and nothing is told by colour alone.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from ..data.format import clip, one_line
from .charts import Chart, in_words
from .plot import Plot
from .svg import svg, svg_uri

__all__ = [
    "STYLE",
    "chart_box",
    "code",
    "counted",
    "dim",
    "display_html",
    "escaped",
    "name",
    "not_drawn",
    "table",
]

_TITLE = 200
_LONGEST_KEY = 256

STYLE = (
    "<style>"
    ".nbt{font:13px/1.5 var(--jp-ui-font-family,system-ui,sans-serif);font-variant-numeric:tabular-nums;max-width:1120px}"
    ".nbt p{margin:0 0 6px;overflow-wrap:anywhere}"
    ".nbt.nbt-static code{font:12px/1.5 var(--jp-code-font-family,ui-monospace,monospace)"
    ";background:none;padding:0;color:inherit}"
    ".nbt .d{opacity:.68;font-weight:400}.nbt .e{border-left:3px solid #e5534b;padding-left:8px}"
    ".nbt table.t{border-collapse:collapse;border:0;font-size:12px;margin:2px 0 8px;display:inline-table;vertical-align:top}"
    ".nbt .w{overflow-x:auto;margin-top:4px}.nbt .w>table.t:not(:last-child){margin-right:32px}"
    ".nbt table.t tr.r{background:none;border:0}.nbt table.t tr.r:hover{background:#8882}"
    ".nbt table.t .c{text-align:right;padding:2px 0 2px 18px;border:0;white-space:nowrap;vertical-align:baseline;max-width:none}"
    ".nbt table.t .c:first-child{text-align:left;padding-left:0;font-weight:400}.nbt table.t .l{text-align:left}"
    ".nbt table.t .h{font-weight:400;border-bottom:1px solid #8886}"
    ".nbt table.t tbody+tbody tr:first-child .c{border-top:1px solid #8884}"
    ".nbt .g{display:inline-block;vertical-align:top;margin:2px 16px 8px 0;max-width:100%;font-size:12px}"
    ".nbt .g img{display:block;max-width:100%;height:auto;margin:0;background:none}"
    # Paper does not scroll.
    "@media print{.nbt .w{overflow:visible}.nbt table.t{font-size:9px}.nbt table.t .c{white-space:normal;padding-left:7px}"
    ".nbt.nbt-static table.t code{font-size:inherit}}"
    "</style>"
)


def escaped(text: str) -> str:
    """Return a string escaped for HTML, within quotes too."""
    return html.escape(text, quote=True)


def name(text: str, length: int = 44) -> str:
    """Return a user-supplied string: escaped, with its own direction of writing, cut, and more of it as the title."""
    shown = clip(text, length)
    more = min(4 * length, _TITLE)
    title = f' title="{escaped(clip(text, more))}"' if shown.endswith("…") and more > length else ""
    return f"<bdi{title}>{escaped(shown)}</bdi>"


def code(text: str, length: int = 8) -> str:
    """Return the beginning of an id."""
    return f"<code>{escaped(one_line(text)[:length])}</code>"


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: ``1 run``, ``1,200 runs``."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def dim(markup: str) -> str:
    """Return markup in a muted colour."""
    return f'<span class="d">{markup}</span>'


def table(head: Sequence[str], *groups: Iterable[Sequence[str]], left: int = 1) -> str:
    """Return a table of markup with a line between its groups of rows.

    The first ``left`` columns are aligned to the left, the others to the right.
    """
    heads = "".join(f'<th class="c h{" l" * (i < left)}" scope="col">{cell}</th>' for i, cell in enumerate(head))
    bodies = ("".join(f'<tr class="r">{_cells(row, left)}</tr>' for row in rows) for rows in groups)
    body = "".join(f"<tbody>{rows}</tbody>" for rows in bodies if rows)
    return f'<table class="t"><thead><tr class="r">{heads}</tr></thead>{body}</table>'


def _cells(row: Sequence[str], left: int) -> str:
    rest = "".join(f'<td class="c{" l" * (i < left)}">{cell}</td>' for i, cell in enumerate(row[1:], 1))
    return f'<th class="c" scope="row" align="left">{row[0]}</th>{rest}'


def chart_box(chart: Chart, plot: Plot, caption: str) -> str:
    """Return one chart: its caption, and its picture with a description."""
    words = escaped(clip(in_words(chart), 200))
    picture = f'<img width="{plot.width}" height="{plot.height}" alt="{words}" src="{svg_uri(svg(plot))}">'
    return f'<div class="g" style="display:inline-block">{caption}<br>{picture}</div>'


def not_drawn(count: int) -> str:
    """Return the line that says how many charts are not drawn; empty for none."""
    said = counted(count, "more chart")
    return f"<p>{dim(f'and {said} not drawn')}</p>" if count else ""


def display_html(key: str, *parts: str) -> str:
    """Return a display's markup in a slot that a live view finds by its key, for a run the run's id."""
    slot = f' data-run="{escaped(one_line(key)[:_LONGEST_KEY])}"' if key else ""
    return f'<div class="nbt-slot"{slot}><div class="nbt nbt-static">{STYLE}{"".join(parts)}</div></div>'
