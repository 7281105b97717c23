"""README, CONTRIBUTING and CHANGELOG say what is so: their examples run, and what there is appears in them."""

import re
import tomllib
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import nbtrack
from nbtrack import api
from nbtrack.cli import COMMANDS
from nbtrack.magics import NBTrackMagics
from nbtrack.notebook.config import CAPTURES, NBTrack

from .test_layers import LAYERS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
DECISIONS = ROOT / "docs" / "decisions"
DECIDED = [path.read_text(encoding="utf-8") for path in sorted(DECISIONS.glob("*.md"))]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

# What the first example trains on.
DATA = """\
import numpy as np
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier
X_train, y_train = X_val, y_val = load_digits(return_X_y=True)
classes = np.unique(y_train)
"""


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def code_cells(table: str) -> list[str]:
    """The first column of a table: what stands there as code, a span in single or double backticks."""
    rows = re.findall(r"^\| (?:``(.+?)``|`(.+?)`)", table, re.MULTILINE)
    return [double or single for double, single in rows]


FILTERS = code_cells(section("Filters"))
MAGICS = sorted({f"%%{n}" if n == "track" else f"%{n}" for kind in NBTrackMagics.magics.values() for n in kind})
PARSERS = [m.parser for m in vars(NBTrackMagics).values() if hasattr(m, "parser")]
OPTIONS = sorted({o for parser in PARSERS for action in parser._actions for o in action.option_strings} - {"-h", "--help"})
SETTINGS = sorted(NBTrack.class_own_traits(config=True))
SETTINGS_FILE = (ROOT / "nbtrack" / "settings.py").read_text(encoding="utf-8")
VARIABLES = sorted(set(re.findall(r'environ\.get\("((?:NBTRACK|MLFLOW)_\w+)"\)', SETTINGS_FILE)))


@pytest.mark.slow
def test_readme_examples_run(tmp_path, monkeypatch):
    """All of them, one after the other, as cells of one notebook."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    (tmp_path / ".nbtrack").mkdir()
    sources = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert len(sources) >= 8
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in [DATA, *sources]])
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    nbtrack.connect(tmp_path / ".nbtrack")
    baseline = nbtrack.runs("run_name = 'baseline'")[0]
    assert baseline.status == "FINISHED"
    assert baseline.params == {"hidden": 32, "lr": 0.001, "epochs": 30}
    assert len(baseline.metrics["loss"]) == 30


@pytest.mark.parametrize("text", FILTERS)
def test_readme_filters_parse(text):
    nbtrack.connect("memory:")
    nbtrack.runs(text)


def test_readme_has_filters():
    assert len(FILTERS) >= 12


@pytest.mark.parametrize("magic", MAGICS)
def test_readme_names_every_magic(magic):
    assert re.search(rf"^\| `{re.escape(magic)}\b", README, re.MULTILINE)


@pytest.mark.parametrize("option", OPTIONS)
def test_readme_names_every_option(option):
    assert f"`{option}`" in README or f"`{option} " in README


@pytest.mark.parametrize("what", CAPTURES)
def test_readme_names_every_capture(what):
    assert f"| `{what}` |" in section("What is kept without being asked")


def test_readme_names_every_setting_and_no_other():
    assert sorted(set(re.findall(r"`c\.NBTrack\.(\w+)`", section("Settings")))) == SETTINGS


def test_readme_names_every_environment_variable_and_no_other():
    assert sorted(set(re.findall(r"`((?:NBTRACK|MLFLOW)_\w+)`", section("Settings")))) == VARIABLES


@pytest.mark.parametrize("name", [name for name, *_ in COMMANDS])
def test_readme_names_every_command(name):
    assert f"`nbtrack {name}" in section("On the command line")


@pytest.mark.parametrize("name", sorted(set(api.__all__) & set(nbtrack.__all__)))
def test_readme_names_every_function(name):
    assert re.search(rf"\b{name}\b", README)


@pytest.mark.parametrize("text", [README, CONTRIBUTING, CHANGELOG], ids=["README", "CONTRIBUTING", "CHANGELOG"])
def test_links_lead_somewhere(text):
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", text)
    assert [target for target in targets if "://" not in target and not (ROOT / target).exists()] == []


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_make_targets_exist(text):
    rules = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {word for words in re.findall(r"(?:^|`)make ((?:[a-z]+ ?)+)", text, re.MULTILINE) for word in words.split()}
    assert named
    assert named <= rules


def test_extras_exist():
    extras = set(re.findall(r"(?:nbtrack|\.)\[(\w+)\]", README))
    assert extras
    assert extras <= set(PROJECT["project"]["optional-dependencies"])


def test_newest_change_is_this_version():
    assert re.findall(r"^## \[(.+?)\] - \d{4}-\d\d-\d\d$", CHANGELOG, re.MULTILINE)[0] == nbtrack.__version__
    assert PROJECT["project"]["version"] == nbtrack.__version__


def test_contributing_is_short():
    assert len(CONTRIBUTING.encode()) <= 8 * 1024


@pytest.mark.skipif(len(LAYERS) > 8, reason="the modules are on their way into the eight rows")
def test_contributing_has_the_layers():
    rows = re.findall(r"^\| (\d+) \| (.+?) \|", CONTRIBUTING, re.MULTILINE)
    stated = [set(re.findall(r"`([\w.]+)`", names)) for _, names in rows]
    assert stated == [set(rooms) for rooms in LAYERS]


def test_the_index_has_each_decision_by_its_title():
    index = (DECISIONS / "index.md").read_text(encoding="utf-8")
    titles = {
        path.name: path.read_text(encoding="utf-8").partition("\n")[0] for path in DECISIONS.glob("*.md") if path.stem != "index"
    }
    assert {name: f"# {title}" for title, name in re.findall(r"^- \[(.+?)\]\((.+?)\)$", index, re.MULTILINE)} == titles


@pytest.mark.parametrize("text", [CONTRIBUTING, *DECIDED], ids=lambda text: text.partition("\n")[0].strip("# "))
def test_paths_in_texts_exist(text):
    named = re.findall(r"`((?:nbtrack|tests|benchmarks|docs)/[\w./]+)`", text)
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_contributing_opens_with_paths_that_exist():
    table = CONTRIBUTING.split("## Entry points to be aware of")[1].split("\n## ")[0]
    assert 9 <= len(re.findall(r"^\| \[", table, re.MULTILINE)) <= 12


def test_the_table_of_faults_names_tests_that_exist():
    text = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(tests/\S+?\.py)`", text))
    assert len(named) >= 8
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.png")), ids=lambda path: path.name)
def test_pictures_are_small_and_used(path):
    assert path.stat().st_size < 150_000
    assert f"(docs/{path.name})" in README
