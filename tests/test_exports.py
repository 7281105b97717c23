"""The public face: complete, documented, cheap to import, with examples that run."""

import doctest
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import nbtrack
from nbtrack import api
from nbtrack.tracking import current_tracker

ROOT = Path(nbtrack.__file__).parent
HEAVY = ["numpy", "pandas", "sqlalchemy", "alembic", "matplotlib", "httpx", "urllib3", "pcodec", "IPython", "sklearn", "asyncio"]
PUBLIC = [getattr(nbtrack, name) for name in nbtrack.__all__]
CLASSES = [thing for thing in PUBLIC if inspect.isclass(thing)]


def test_all_is_sorted_and_every_name_resolves():
    assert nbtrack.__all__ == sorted(nbtrack.__all__)
    assert all(getattr(nbtrack, name) is not None for name in nbtrack.__all__)


def test_every_module_function_is_exported_and_the_other_way():
    functions = {name for name in nbtrack.__all__ if inspect.isfunction(getattr(nbtrack, name))}
    defined = {
        name
        for name, thing in vars(api).items()
        if inspect.isfunction(thing) and thing.__module__ in (api.__name__, current_tracker.__name__) and name[0] != "_"
    }
    assert functions == defined - {"tracker"}
    assert set(api.__all__) == defined


def test_dir_shows_what_there_is():
    assert dir(nbtrack) == sorted([*nbtrack.__all__, "__version__"])


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="no attribute 'log_everything'"):
        nbtrack.log_everything  # noqa: B018


def loaded_by(code: str) -> list[str]:
    """Return which heavy modules a fresh process has loaded after ``code``."""
    show = f"import json, sys; print(json.dumps([name for name in {HEAVY} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{show}"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_importing_loads_nothing_heavy():
    assert loaded_by("import nbtrack") == []


def test_the_extension_loads_nothing_heavy_but_what_the_shell_has():
    shell = "from IPython.core.interactiveshell import InteractiveShell\nshell = InteractiveShell.instance()\n"
    assert set(loaded_by(f"{shell}shell.run_line_magic('load_ext', 'nbtrack')")) == set(loaded_by(shell))


def test_connecting_loads_no_database_and_no_pandas(tmp_path):
    code = f"import nbtrack\nnbtrack.connect({str(tmp_path)!r})"
    assert not {"sqlalchemy", "alembic", "pandas", "matplotlib"} & set(loaded_by(code))


@pytest.mark.parametrize("thing", PUBLIC, ids=nbtrack.__all__)
def test_everything_public_has_a_docstring_that_begins_with_a_sentence(thing):
    first = (thing.__doc__ or "").strip().splitlines()[0]
    assert first.endswith((".", ";", ":"))


@pytest.mark.parametrize("owner", CLASSES, ids=lambda owner: owner.__name__)
def test_every_public_method_has_a_docstring(owner):
    members = {name: thing for name, thing in vars(owner).items() if name[0] != "_" and _is_member(thing)}
    assert [name for name, thing in members.items() if not inspect.getdoc(thing)] == []


LOGGING = """log log_metric log_metrics log_param log_params set_tag set_tags delete_tag log_artifact log_artifacts
    log_figure log_image log_table log_text log_dict"""
FACTS = """id name experiment status start_time end_time duration params tags metrics artifacts artifact_uri parent note
    code diff environment traceback"""
TAB = {
    "Run": f"{FACTS} {LOGGING} flush end delete restore live plot to_html",
    "Runs": "ids selected df history compare plot to_csv to_parquet to_html count index",
    "Comparison": "runs labels params differing metrics selected df to_html",
    "Tracker": """uri experiment models set_experiment experiments start_run get_run runs search_runs compare flush status""",
}


@pytest.fixture
def objects(tracker):
    """One object of each class that people hold; of runs an open one, one that has ended, and one that was read."""
    with nbtrack.start_run("open") as run, nbtrack.start_run("ended") as ended:
        ended.end()
        read, runs = nbtrack.get_run(ended.id), nbtrack.runs()
        yield {"Run": [run, ended, read, runs[0]], "Runs": [runs], "Comparison": [runs.compare()], "Tracker": [tracker]}


@pytest.mark.parametrize("name", TAB)
def test_tab_shows_the_documented_names_and_no_others(objects, name):
    for thing in objects[name]:
        assert [each for each in dir(thing) if each[0] != "_"] == sorted(TAB[name].split())


@pytest.mark.parametrize("name", TAB)
def test_every_name_that_tab_shows_is_documented(name):
    owner = getattr(nbtrack, name)
    undocumented = [each for each in TAB[name].split() if not inspect.getdoc(getattr(owner, each, None))]
    assert [each for each in undocumented if f"{each}: " not in inspect.getdoc(owner)] == []


def _is_member(thing: object) -> bool:
    return inspect.isfunction(thing) or isinstance(thing, property | classmethod | staticmethod)


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.py")), ids=lambda path: path.stem)
def test_every_public_module_says_what_is_in_it(path):
    assert path.read_text(encoding="utf-8").startswith('"""')


def examples() -> list[doctest.DocTest]:
    homes = {sys.modules[thing.__module__] for thing in PUBLIC} | {nbtrack}
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for home in sorted(homes, key=lambda home: home.__name__) for test in finder.find(home)]
    return [test for test in found if test.examples]


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_examples_run(example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nbtrack.connect(tmp_path / ".nbtrack", experiment="Default")
    report: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=report.append)
    assert not report, "".join(report)


def test_there_are_examples_for_the_main_things():
    names = {example.name.rpartition(".")[2] for example in examples()}
    assert {"connect", "start_run", "log", "runs", "Run", "Runs", "MetricHistory", "Comparison"} <= names
