"""The browser's code: its own tests, its style, its types, and that the bundles in the package are what the sources build."""

import subprocess
from pathlib import Path

import pytest

from ..needs import program

pytestmark = pytest.mark.slow

SOURCES = Path(__file__).parents[2] / "nbtrack" / "widgets" / "js"
BUNDLES = SOURCES.parent / "static"
LONGEST_LINE = 120


def run(*command):
    done = subprocess.run(command, cwd=SOURCES, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def npm():
    npm = program("npm")
    lock, installed = SOURCES / "package-lock.json", SOURCES / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        run(npm, "ci", "--no-audit", "--no-fund")
    return npm


def test_the_tests_of_the_browsers_code_pass(npm):
    run(npm, "test")


def test_the_browsers_code_type_checks(npm):
    run(npm, "run", "check")


def test_it_is_formatted_and_keeps_the_rules(npm):
    run(npm, "run", "lint")


def test_no_line_is_too_long():
    """The formatter leaves strings and comments as long as they are."""
    sources = [path for folder in ("src", "test") for path in (SOURCES / folder).rglob("*.*")]
    lines = [(path.name, i, line) for path in sources for i, line in enumerate(path.read_text().splitlines(), 1)]
    assert [(name, i) for name, i, line in lines if len(line) > LONGEST_LINE] == []


@pytest.mark.parametrize("name", ["stub.js", "nbtrack.js", "tables.js"])
def test_the_bundle_is_what_the_sources_build(npm, tmp_path, name):
    run(program("node"), "build.js", str(tmp_path))
    assert (tmp_path / name).read_bytes() == (BUNDLES / name).read_bytes(), "the bundle is not up to date: make js"


def test_the_bundles_are_small():
    """What a first live view loads, and everything together."""
    sizes = {path.name: path.stat().st_size for path in BUNDLES.glob("*.js")}
    assert sizes["nbtrack.js"] + sizes["stub.js"] <= 60_000
    assert sum(sizes.values()) <= 150_000
