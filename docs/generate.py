"""Text of the documentation that is made from the code and the notebooks, so that it cannot be out of date.

A page names what it wants in a comment of its own line, ``<!-- generated: commands -->``; ``generated`` puts it there.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import nbformat

import nbtrack.errors
from nbtrack.cli import COMMANDS
from nbtrack.magics import NBTrackMagics
from nbtrack.notebook.config import NBTrack

ROOT = Path(__file__).parents[1]
_MARKER = re.compile(r"^<!-- generated: (\w+)(?: (\S+))? -->$", re.MULTILINE)
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def generated(text: str) -> str:
    """Return a page's text with each marker replaced by what it names."""
    return _MARKER.sub(lambda found: GENERATORS[found[1]](*filter(None, [found[2]])), text)


def settings() -> str:
    """Return a table of ``c.NBTrack``."""
    traits = NBTrack.class_own_traits(config=True)
    rows = [(f"`c.NBTrack.{name}`", f"`{trait.default()!r}`", trait.help) for name, trait in traits.items()]
    return _table(("Setting", "Default", "Meaning"), rows)


def magic(name: str) -> str:
    """Return a table of what a magic takes."""
    parser = getattr(NBTrackMagics, name).parser
    return _options(parser)


def command_parser(name: str) -> argparse.ArgumentParser:
    """Return the parser of a command of the command line."""
    module, purpose = next((module, purpose) for known, module, purpose in COMMANDS if known == name)
    parser = argparse.ArgumentParser(f"nbtrack {name}", description=purpose[0].upper() + purpose[1:] + ".")
    import_module(f"nbtrack.cli.{module}").add(parser)
    return parser


def commands() -> str:
    """Return a section for each command, with its options and those of its actions."""
    return "\n\n".join(_command(f"## nbtrack {name}", command_parser(name)) for name, *_ in COMMANDS)


def _command(heading: str, parser: argparse.ArgumentParser) -> str:
    actions = "\n\n".join(_command(f"#{heading} {name}", action) for name, action in subcommands(parser).items())
    parser.formatter_class = partial(argparse.HelpFormatter, width=100)
    usage = parser.format_usage().removeprefix("usage: ").strip()
    return f"{heading}\n\n{parser.description or ''}\n\n```text\n{usage}\n```\n\n{_options(parser)}\n\n{actions}".strip()


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the actions of a command by their names; none of most."""
    found = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    helps = {choice.dest: choice.help for action in found for choice in action._choices_actions}
    parsers = {name: sub for action in found for name, sub in action.choices.items()}
    for name, sub in parsers.items():
        sub.description = sub.description or _sentence(helps.get(name) or "")
    return parsers


def _options(parser: argparse.ArgumentParser) -> str:
    rows = [(_spelling(action), _sentence(_help(parser, action))) for action in parser._actions if _is_told(action)]
    return _table(("Argument", "Meaning"), rows) if rows else ""


def _is_told(action: argparse.Action) -> bool:
    return not isinstance(action, argparse._HelpAction | argparse._SubParsersAction) and action.help != argparse.SUPPRESS


def _spelling(action: argparse.Action) -> str:
    value = action.metavar or (action.dest.upper() if action.option_strings else action.dest)
    shown = f"{{{','.join(map(str, action.choices))}}}" if action.choices else str(value)
    takes = f"{shown} …" if action.nargs in ("+", "*") else shown
    if not action.option_strings:
        return f"`{takes}`"
    takes = "" if action.nargs == 0 else f" {takes}"
    return ", ".join(f"`{option}{takes}`" for option in action.option_strings)


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    return parser._get_formatter()._expand_help(action) if action.help else ""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] if text.partition(" ")[0].rstrip(",;:").isalpha() else text


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines)


def contents(folder: str) -> str:
    """Return the table of contents of a folder whose index lists its pages."""
    index = (ROOT / "docs" / folder / "index.md").read_text(encoding="utf-8")
    pages = re.findall(r"^- \[.+?\]\((.+?)\.md\)$", index, re.MULTILINE)
    return "\n".join(["```{toctree}", ":hidden:", "", *pages, "```"])


def errors() -> str:
    """Return the tree of errors as their module draws it."""
    tree = (nbtrack.errors.__doc__ or "").partition("\n\n")[2].strip()
    return f"```text\n{tree}\n```"


def notebook(name: str) -> str:
    """Return a notebook as Markdown, with the outputs that are in it."""
    read = nbformat.reads((ROOT / "notebooks" / name).read_text(encoding="utf-8"), as_version=4)
    return "\n\n".join(part for cell in read.cells for part in _cell(cell))


def _cell(cell: Any) -> Iterator[str]:
    if cell.cell_type == "markdown":
        yield cell.source
        return
    yield f"```python\n{cell.source}\n```"
    for output in cell.outputs:
        yield f"````{{raw}} html\n<div class='nbt-output'>{_html(output)}</div>\n````"


def _html(output: Any) -> str:
    data = output.get("data", {})
    if "text/html" in data:
        return str(data["text/html"])
    if "image/png" in data:
        return (
            f"<img alt='{_escaped(data.get('text/plain', 'a figure'))}' src='data:image/png;base64,{data['image/png'].strip()}'>"
        )
    text = output.get("text") or data.get("text/plain") or "\n".join(output.get("traceback", []))
    return f"<pre>{_escaped(_ANSI.sub('', text))}</pre>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;")


GENERATORS: dict[str, Callable[..., str]] = {
    "commands": commands,
    "contents": contents,
    "errors": errors,
    "magic": magic,
    "notebook": notebook,
    "settings": settings,
}
