"""Imports go one way: a module imports only from rows above its own, wherever in the file the import stands."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "nbtrack"

# The order of the house, from the ground up. A name stands for the module and all below it, the longest match wins.
LAYERS = [
    {"errors", "entities", "entities_models", "entities_traces", "forks", "handover", "naming", "threads"},
    {"addresses", "anchor", "arguments", "events", "project", "store.text"},
    {"settings", "whereabouts", "store.artifacts.paths", "store.filter", "store.chunks", "store.wire"},
    {
        "copying.source",
        "store.base",
        "store.match",
        "store.artifacts.base",
        "store.http",
        "journal",
        "store.paging",
        "store.registry",
        "store.models",
        "store.traces",
    },
    {"lookup", "store.experiments", "store.matchmodels", "store.registration", "store.stages"},
    {"store.memory", "store.sql", "store.remote", "store.artifacts"},
    {"store.rest"},
    {"closing", "fitting", "latecomers", "setaside", "store.open", "media", "importers"},
    {"recovery", "reservation", "capture", "copying", "frames", "widgets.pages"},
    {"flusher", "delivery", "followers", "leftovers", "refusals", "signs", "uploads"},
    {"connection"},
    {"recorder", "relocation", "history", "plots", "interjections", "outcome"},
    {"widgets"},
    {"details", "artifacts"},
    {"origin", "runfiles"},
    {"run", "active", "collection", "comparison", "displays", "lifetime", "living"},
    {"exits", "models", "registering", "surroundings"},
    {"tracker"},
    {"api"},
    {"cell"},
    {"server"},
    {"cli", "integrations", "magics"},
    {"__main__"},
    {""},
]
ROW = {name: i for i, names in enumerate(LAYERS) for name in names}
# Modules within one part may import each other; the parts are these packages, and these modules that are one thing.
TOGETHER = [
    {"entities", "entities_models", "entities_traces"},
    {"store.paging", "store.registry", "store.models", "store.traces"},
    {"models", "registering"},
    {"fitting", "latecomers"},
    {"history", "plots"},
    {"run", "active", "collection", "comparison", "displays", "lifetime", "living"},
    {"flusher", "delivery", "followers", "leftovers", "refusals", "signs", "uploads"},
]
PARTS = {
    "journal",
    "capture",
    "cell",
    "cli",
    "copying",
    "importers",
    "media",
    "server",
    "store.filter",
    "store.sql",
    "store.http",
    "store.remote",
    "store.rest",
    "store.artifacts",
    "store.memory",
    "store.wire",
    "widgets",
    "widgets.pages",
}


def part_of(module: str) -> str:
    parts = module.split(".") if module else []
    for n in range(len(parts), -1, -1):
        name = ".".join(parts[:n])
        if name in ROW and (name or not parts):
            return name
    raise AssertionError(f"nbtrack.{module} stands in no layer: add it to LAYERS")


def module_name(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix("__init__").removesuffix(".")


def imports(path: Path) -> list[tuple[int, str]]:
    """Every module of the package that a file imports, as names under the root."""
    package = list(path.relative_to(ROOT).parent.parts)
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [
                (node.lineno, a.name.removeprefix("nbtrack").lstrip(".")) for a in node.names if a.name.split(".")[0] == "nbtrack"
            ]
        elif isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            target = base + (node.module.split(".") if node.module else [])
            for a in node.names:
                deeper = ROOT.joinpath(*target, a.name)
                is_module = deeper.is_dir() or deeper.with_suffix(".py").is_file()
                found.append((node.lineno, ".".join([*target, a.name] if is_module else target)))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "nbtrack":
            found.append((node.lineno, (node.module or "").removeprefix("nbtrack").lstrip(".")))
    return found


FILES = sorted(p for p in ROOT.rglob("*.py") if "versions" not in p.parts)


@pytest.mark.parametrize("path", FILES, ids=[str(p.relative_to(ROOT)) for p in FILES])
def test_imports_go_one_way(path):
    module = module_name(path)
    if module == "":
        return  # the façade stands on everything
    own = part_of(module) if module not in ("store", "widgets", "journal", "capture") else module
    for line, target in imports(path):
        assert target != "", f"{path}:{line} imports the package root"
        if target in ("store", "widgets"):
            continue  # empty packages
        other = part_of(target)
        same = (other == own and own in PARTS) or any({own, other} <= group for group in TOGETHER)
        assert same or ROW[other] < ROW[own], f"{path}:{line}: {own} (row {ROW[own]}) imports {other} (row {ROW[other]})"
