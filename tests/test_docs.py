"""README, CONTRIBUTING, CHANGELOG and docs/ say what is so: their examples run, and what there is appears in them."""

import re
import shlex
import tomllib
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image

import nbtrack
from docs.generate import command_parser, generated, subcommands
from nbtrack.cli import COMMANDS
from nbtrack.magics import NBTrackMagics
from nbtrack.notebook.config import CAPTURES, NBTrack

from .test_layers import LAYERS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
README, CONTRIBUTING, CHANGELOG, SECURITY = (
    (ROOT / f"{name}.md").read_text(encoding="utf-8") for name in ("README", "CONTRIBUTING", "CHANGELOG", "SECURITY")
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
# Each page by its path below docs/, with what is generated from the code in its place.
PAGES = {str(path.relative_to(DOCS)): generated(path.read_text(encoding="utf-8")) for path in sorted(DOCS.rglob("*.md"))}
WRITTEN = {"README.md": README, "CONTRIBUTING.md": CONTRIBUTING, "CHANGELOG.md": CHANGELOG, "SECURITY.md": SECURITY} | {
    f"docs/{name}": text for name, text in PAGES.items()
}
DECISIONS = {name: text for name, text in PAGES.items() if name.startswith("decisions/") and name != "decisions/index.md"}
# The tutorial's pages are notebooks, which have tests of their own.
EXAMPLES = {name: text for name, text in WRITTEN.items() if "```python" in text and "tutorial/" not in name}


def code_cells(table: str) -> list[str]:
    """The first column of a table: what stands there as code, a span in single or double backticks."""
    rows = re.findall(r"^\| (?:``(.+?)``|`(.+?)`)", table, re.MULTILINE)
    return [double or single for double, single in rows]


def blocks(language: str, text: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


FILTERS = code_cells(PAGES["reference/filters.md"])
MAGICS = sorted({f"%%{n}" if n == "track" else f"%{n}" for kind in NBTrackMagics.magics.values() for n in kind})
PARSERS = [m.parser for m in vars(NBTrackMagics).values() if hasattr(m, "parser")]
OPTIONS = sorted({o for parser in PARSERS for action in parser._actions for o in action.option_strings} - {"-h", "--help"})
SETTINGS = sorted(NBTrack.class_own_traits(config=True))
SETTINGS_FILES = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "nbtrack" / "settings").glob("*.py"))
VARIABLES = sorted(set(re.findall(r'environ\.get\("((?:NBTRACK|MLFLOW)_\w+)"\)', SETTINGS_FILES)))
SHELL = [block for text in WRITTEN.values() for block in blocks("bash", text)]
COMMAND_LINES = [line for block in SHELL for line in block.splitlines() if line.startswith("nbtrack ")]


def executed(text: str, folder: Path) -> None:
    """Run a text's examples in a folder, one after the other, as cells of one notebook."""
    (folder / ".nbtrack").mkdir()
    cells = [nbformat.v4.new_code_cell(source) for source in blocks("python", text)]
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(nbformat.v4.new_notebook(cells=cells), timeout=120, resources=resources).execute()


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """A folder in which nothing of what this machine's user has configured counts."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "README.md"])
def test_examples_of_a_page_run(name, alone):
    executed(EXAMPLES[name], alone)


@pytest.mark.slow
def test_the_examples_of_readme_run_and_make_the_runs_they_show(alone):
    executed(README, alone)
    nbtrack.connect(alone / ".nbtrack")
    baseline = nbtrack.runs("run_name = 'baseline'")[0]
    assert baseline.status == "FINISHED"
    assert baseline.params == {"hidden": 32, "lr": 0.001, "epochs": 30}
    assert len(baseline.metrics["loss"]) == 30
    assert len(nbtrack.runs("run_name = 'sweep'")[0].metrics["loss"]) == 100


def test_readme_is_short_and_has_five_examples():
    assert len(README.encode()) <= 7 * 1024
    assert len(blocks("python", README)) == 5


def test_contributing_is_short():
    assert len(CONTRIBUTING.encode()) <= 8 * 1024


@pytest.mark.parametrize("text", FILTERS)
def test_filters_parse(text):
    nbtrack.connect("memory:")
    nbtrack.runs(text)


def test_there_are_filters():
    assert len(FILTERS) >= 12


@pytest.mark.parametrize("magic", MAGICS)
def test_the_reference_has_every_magic(magic):
    assert re.search(rf"^\| `{re.escape(magic)}\b", PAGES["reference/magics.md"], re.MULTILINE)


@pytest.mark.parametrize("option", OPTIONS)
def test_the_reference_has_every_option_of_a_magic(option):
    assert re.search(rf"`{re.escape(option)}[` ]", PAGES["reference/magics.md"])


@pytest.mark.parametrize("what", CAPTURES)
def test_the_reference_has_every_capture(what):
    assert f"| `{what}` |" in PAGES["reference/captured.md"]


def test_the_reference_has_every_setting_and_no_other():
    assert sorted(set(re.findall(r"^\| `c\.NBTrack\.(\w+)`", PAGES["reference/settings.md"], re.MULTILINE))) == SETTINGS


def test_the_reference_has_every_environment_variable_and_no_other():
    assert sorted(set(re.findall(r"`((?:NBTRACK|MLFLOW)_\w+)`", PAGES["reference/settings.md"]))) == VARIABLES


@pytest.mark.parametrize("name", [name for name, *_ in COMMANDS])
def test_the_reference_has_every_command_with_its_options(name):
    section = PAGES["reference/command-line.md"].split(f"\n## nbtrack {name}\n")[1].split("\n## ")[0]
    parsers = [command_parser(name), *subcommands(command_parser(name)).values()]
    options = {option for parser in parsers for action in parser._actions for option in action.option_strings}
    assert [option for option in options - {"-h", "--help"} if not re.search(rf"`{option}[` ]", section)] == []


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_command_lines_are_accepted(line):
    _, name, *words = shlex.split(line, comments=True)
    command_parser(name).parse_args(words)


@pytest.mark.parametrize("name", sorted(set(nbtrack.__all__) - {"__version__"}))
def test_the_reference_has_every_public_name(name):
    kind = "class" if name[0].isupper() else "function"
    text = "\n".join(text for page, text in PAGES.items() if page.startswith("reference/"))
    assert re.search(rf"^\.\. auto{kind}:: {name}\b", text, re.MULTILINE) or re.search(
        rf"─ {name}\b|^{name}$", text, re.MULTILINE
    )


@pytest.mark.parametrize("name", WRITTEN)
def test_links_lead_somewhere(name):
    prose = re.sub(r"```.*?^```|`[^`]*`", "", WRITTEN[name], flags=re.DOTALL | re.MULTILINE)
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose)
    around = (ROOT / name).parent
    assert [target for target in targets if "://" not in target and not (around / target).exists()] == []


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_make_targets_exist(text):
    rules = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {word for words in re.findall(r"(?:^|`)make ((?:[a-z]+ ?)+)", text, re.MULTILINE) for word in words.split()}
    assert named
    assert named <= rules


def test_extras_exist():
    named = [names for text in WRITTEN.values() for names in re.findall(r"(?:nbtrack|\.)\[([\w,]+)\]", text)]
    extras = {name for names in named for name in names.split(",")}
    assert extras
    assert extras <= set(PROJECT["project"]["optional-dependencies"])


def test_newest_change_is_this_version():
    assert re.findall(r"^## \[(.+?)\] - \d{4}-\d\d-\d\d$", CHANGELOG, re.MULTILINE)[0] == nbtrack.__version__
    assert PROJECT["project"]["version"] == nbtrack.__version__


def test_contributing_has_the_layers():
    rows = re.findall(r"^\| (\d+) \| (.+?) \|", CONTRIBUTING, re.MULTILINE)
    stated = [set(re.findall(r"`([\w.]+)`", names)) for _, names in rows]
    assert stated == [set(rooms) for rooms in LAYERS]


def test_contributing_opens_with_paths_that_exist():
    table = CONTRIBUTING.split("## Entry points to be aware of")[1].split("\n## ")[0]
    assert 9 <= len(re.findall(r"^\| \[", table, re.MULTILINE)) <= 12


def test_the_index_has_each_decision_by_its_title():
    titles = {name.removeprefix("decisions/"): text.partition("\n")[0] for name, text in DECISIONS.items()}
    stated = re.findall(r"^- \[(.+?)\]\((.+?)\)$", PAGES["decisions/index.md"], re.MULTILINE)
    assert {name: f"# {title}" for title, name in stated} == titles


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", *(f"docs/{name}" for name in DECISIONS)])
def test_paths_in_texts_exist(name):
    named = re.findall(r"`((?:nbtrack|tests|benchmarks|docs)/[\w./]+)`", WRITTEN[name])
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_table_of_faults_names_tests_that_exist():
    named = set(re.findall(r"`(tests/\S+?\.py)`", PAGES["faults.md"]))
    assert len(named) >= 8
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.png")) + sorted(DOCS.glob("*.webp")), ids=lambda path: path.name)
def test_pictures_are_small_and_used(path):
    assert path.stat().st_size < (1_000_000 if path.suffix == ".webp" else 150_000)
    assert any(path.name in text for text in WRITTEN.values())


@pytest.mark.parametrize("name", re.findall(r"docs/\S+?\.webp", README))
def test_the_picture_of_readme_moves_and_comes_to_rest(name):
    with Image.open(ROOT / name) as picture:
        assert picture.n_frames >= 10
        assert picture.info["loop"] > 0
