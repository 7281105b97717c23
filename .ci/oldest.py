"""Print the oldest versions that pyproject.toml admits of what nbtrack and its extras need, as constraints for pip.

``oldest.py raised`` prints what is installed here in a newer version all the same, because a tool of the tests needs it. The
tools themselves are not held back: nobody who uses nbtrack has them.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TOOLS = {"test", "dev", "demo", "docs"}
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*>=\s*([0-9][0-9.]*)\s*(;.*)?")


def requirements() -> list[str]:
    """Return what nbtrack and its extras need, the tools left out."""
    extras = [needed for name, needed in PROJECT["optional-dependencies"].items() if name not in TOOLS]
    return [*PROJECT["dependencies"], *(each for needed in extras for each in needed)]


def bounds() -> Iterator[tuple[str, str, str]]:
    """Return the name of each requirement, its lower bound, and its marker; one without a bound is an error."""
    for requirement in sorted(set(requirements())):
        found = _REQUIREMENT.fullmatch(requirement)
        if found is None:
            sys.exit(f"{requirement!r} in pyproject.toml has no lower bound, as in 'name>=1.2'")
        yield found[1], found[2], found[3] or ""


def raised() -> Iterator[str]:
    """Return what is installed in a newer version than the oldest, as ``name 2.1 instead of 2.0``."""
    for name, oldest, marker in bounds():
        installed = None if marker else version(name)
        if installed and not f"{installed}.0.0".startswith(f"{oldest}."):
            yield f"{name} {installed} instead of {oldest}"


if __name__ == "__main__":
    constraints = (f"{name}=={oldest}{marker}" for name, oldest, marker in bounds())
    print("\n".join(raised() if sys.argv[1:] == ["raised"] else constraints))
