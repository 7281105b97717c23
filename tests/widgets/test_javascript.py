"""The widgets' JavaScript: its own tests, its types, and that the bundles in the package are what the sources build."""

import subprocess
from pathlib import Path

import pytest

from ..needs import program

pytestmark = pytest.mark.slow

SOURCES = Path(__file__).parents[2] / "nbtrack" / "widgets" / "js"
BUNDLES = SOURCES.parent / "static"


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


def test_its_own_tests_pass(npm):
    run(npm, "test")


def test_its_types_are_right(npm):
    run(npm, "run", "check")


@pytest.mark.parametrize("name", ["nbtrack.js", "tables.js"])
def test_the_bundle_is_what_the_sources_build(npm, tmp_path, name):
    run(program("node"), "build.js", str(tmp_path))
    assert (tmp_path / name).read_bytes() == (BUNDLES / name).read_bytes(), "the bundle is not up to date: make js"
