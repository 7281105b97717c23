"""Imports go one way: a folder imports only from rows above its own, wherever in the file the import stands."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "nbtrack"

# The order of the house, from the ground up. Inside the first and the last row a room imports from those to its left.
LAYERS = [
    ("errors", "entities", "system", "validation", "settings"),
    ("journal", "media", "capture", "kernel"),
    ("store",),
    ("delivery", "transfer", "server"),
    ("widgets",),
    ("tracking",),
    ("api", "notebook", "cli", "integrations"),
    ("magics", "__main__", "__init__"),
]
ROW = {room: row for row, rooms in enumerate(LAYERS) for room in rooms}
ORDERED = (0, len(LAYERS) - 1)


def module_name(path: Path) -> str:
    """Return a file's module as a name under the root; a package is its ``__init__``."""
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name if name == "__init__" else name.removesuffix(".__init__")


def imports(path: Path) -> list[tuple[int, str]]:
    """Return every module of the package that a file imports and the line; lazy and type-only imports count too."""
    package = path.relative_to(ROOT).parent.parts
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, each.name.split(".")[1:]) for each in node.names if each.name.split(".")[0] == "nbtrack"]
        elif isinstance(node, ast.ImportFrom):
            found += [(node.lineno, target) for target in targets(node, package)]
    return [(line, ".".join(target) or "__init__") for line, target in found]


def targets(node: ast.ImportFrom, package: tuple[str, ...]) -> list[list[str]]:
    module = node.module.split(".") if node.module else []
    if node.level:
        base = [*package[: len(package) - node.level + 1], *module]
    elif module[:1] == ["nbtrack"]:
        base = module[1:]
    else:
        return []
    return [[*base, each.name] if is_module(ROOT.joinpath(*base, each.name)) else base for each in node.names]


def is_module(path: Path) -> bool:
    return path.is_dir() or path.with_suffix(".py").is_file()


def may_import(room: str, other: str) -> bool:
    row, above = ROW[room], ROW[other]
    if row != above or room == other:
        return above <= row
    return row in ORDERED and LAYERS[row].index(other) < LAYERS[row].index(room)


FILES = sorted(path for path in ROOT.rglob("*.py") if "versions" not in path.parts)


def test_every_room_is_in_the_table():
    rooms = {path.stem for path in ROOT.glob("*.py")} | {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert rooms == set(ROW)


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_imports_go_one_way(path):
    room = module_name(path).split(".")[0]
    for line, target in imports(path):
        other = target.split(".")[0]
        assert may_import(room, other), f"{path}:{line}: {room} (row {ROW[room]}) imports {other} (row {ROW[other]})"


def test_there_is_no_circle_of_imports():
    modules = {module_name(path): {target for _, target in imports(path)} for path in FILES}
    graph = {name: {each for each in found if each in modules and each != name} for name, found in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail("a circle of imports: " + " → ".join(reversed(error.args[1])))
