"""The project's own files: what continuous integration runs, what is checked before a commit, and which versions are admitted."""

import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
OLDEST = runpy.run_path(str(ROOT / ".ci" / "oldest.py"))


def read(name):
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def recipe(target):
    """What make does for a target, a line a command."""
    return re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)[1]


def test_the_workflow_tests_each_version_of_python_that_is_promised():
    promised = [each.rpartition(" ")[2] for each in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", each)]
    jobs = read(".github/workflows/test.yml")["jobs"]
    assert jobs["fast"]["strategy"]["matrix"]["python"] == promised
    assert f">={promised[0]}" == PROJECT["requires-python"]


def test_what_the_workflow_makes_can_be_made():
    steps = [step.get("run", "") for job in read(".github/workflows/test.yml")["jobs"].values() for step in job["steps"]]
    targets = re.findall(r"\bmake ([a-z]+)", "\n".join(step for step in steps if not step.startswith("apt-get")))
    assert targets
    assert all(re.search(rf"^{target}:", MAKEFILE, re.MULTILINE) for target in targets)


@pytest.mark.parametrize("path", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml")), ids=lambda path: path.name)
def test_issue_forms_ask_at_least_one_thing_that_must_be_answered(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert form["name"]
    assert form["description"]
    assert [field["id"] for field in form["body"] if field.get("validations", {}).get("required")]


def test_hooks_before_a_commit_check_what_make_lint_checks():
    entries = [hook["entry"] for repo in read(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    ruff = re.findall(r"\$\(BIN\)/(ruff .*)", recipe("lint"))
    assert [entry.removesuffix(" --force-exclude") for entry in entries] == [
        *(f".venv/bin/{each}" for each in ruff),
        "make lint-js",
    ]


def test_every_dependency_has_an_oldest_version():
    names = [re.match(r"[\w-]+", requirement)[0] for requirement in OLDEST["requirements"]()]
    assert {name for name, *_ in OLDEST["bounds"]()} == set(names) >= {"numpy", "sqlalchemy", "obstore", "uvicorn"}


def test_oldest_versions_are_printed_as_pip_reads_them():
    printed = subprocess.run([sys.executable, ROOT / ".ci" / "oldest.py"], capture_output=True, text=True, check=True).stdout
    assert "numpy==" in printed
    assert "psutil==5.9; sys_platform != 'linux'" in printed.splitlines()


def test_the_oldest_versions_of_all_extras_are_tried():
    extras = re.search(r"^EXTRAS := (\S+)$", MAKEFILE, re.MULTILINE)[1].split(",")
    assert sorted(PROJECT["optional-dependencies"].keys() - OLDEST["TOOLS"]) == extras


def test_the_image_of_the_server_is_built_from_what_there_is():
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    extras = re.search(r"\.whl\)\[([\w,]+)\]", dockerfile)[1].split(",")
    assert "server" in extras
    assert set(extras) <= PROJECT["optional-dependencies"].keys()
    copied = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    assert all((ROOT / name).exists() for name in copied)
    assert {PROJECT["readme"], *PROJECT["license-files"], "pyproject.toml", "nbtrack"} <= set(copied)
