"""The magics in a real shell: what they record and display, and how they report mistakes."""

import json
import re
import subprocess
import sys

import pytest

import nbtrack
from nbtrack.tracking.session import session_of

# Prints what the extension registers in the shell, for comparison before and after.
FOOTPRINT = """
ip, ours = get_ipython(), "track runs compare nbtrack".split()
print("footprint",
      len(ip.input_transformer_manager.line_transforms), len(ip.ast_transformers),
      [type(each).__name__ for each in ip.configurables if "Track" in type(each).__name__],
      sorted((event, len(calls)) for event, calls in ip.events.callbacks.items()),
      sorted(name for name in ip.magics_manager.registry if "Track" in name),
      sorted(name for kind in ip.magics_manager.magics.values() for name in kind if name in ours),
      sorted(key for key in ip.strdispatchers["complete_command"].strs if key.strip("%") in ours))
"""


def only(runs):
    (run,) = runs
    return run


def assert_one_line(cell, text):
    """Assert that a magic printed one line and nothing else."""
    assert not cell.success
    assert cell.error == "UsageError"
    assert cell.shown == [["stderr", f"UsageError: {cell.message}\n"]]
    assert text in cell.message


def assert_rejected(cell, text):
    """Assert that a tracked cell's body did not run, and that one line says why."""
    assert not cell.success
    assert cell.error == "CellRejected"
    assert cell.shown == [["error", "CellRejected", cell.message, f"UsageError: {cell.message}"]]
    assert "\n" not in cell.message
    assert text in cell.message


@pytest.fixture
def broken(tmp_path):
    """An environment whose store cannot be opened."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "runs.db").write_bytes(b"no database at all" * 100)
    return {"NBTRACK_URI": str(tmp_path / "broken")}


# What a tracked cell records


def test_a_cell_is_a_run(cells, stored):
    cell = cells("%%track baseline\nlr = 0.1\nfor step in range(3):\n    nbtrack.log(loss=lr / (step + 1))\n'done'")[0]
    assert cell.success
    assert cell.value == "'done'"
    run = only(stored())
    assert (run.name, run.status, run.experiment) == ("baseline", "FINISHED", "Default")
    assert run.params == {"lr": 0.1}
    assert run.metrics["loss"].steps.tolist() == [0, 1, 2]
    assert run.code.startswith("%%track baseline\nlr = 0.1\n")
    assert run.tags["mlflow.source.type"] == "NOTEBOOK"
    assert run.tags["nbtrack.cell.execution_count"] == "2"
    assert run.environment["python"]["implementation"] == "CPython"
    assert any(line.startswith("ipython==") for line in run.environment["packages"])
    assert run.traceback is None


ODD = """
import numpy as np, pandas as pd
class Detached:
    def __repr__(self): raise RuntimeError("not bound to a session")
class Lazy:
    @property
    def __class__(self): raise RuntimeError("settings are not configured")
class Word:
    def __str__(self): raise KeyError("word")
    __repr__ = __str__
lr, users, lazy, text = 0.1, {Detached()}, Lazy(), "x" * 100_000_000
X, y, words = pd.DataFrame({"a": [1, 2]}), np.zeros(3), pd.DataFrame({"o": [Word(), Word()]})
frames = f0, f1, f2, f3, f4, f5 = [pd.DataFrame({"a": np.arange(100_000.0), "b": ["some text"] * 100_000}) for _ in range(6)]
"""


def datasets_of(run):
    return sorted(each.name for each in session_of(run).connection.read().datasets(run.id))


@pytest.mark.parametrize("odd", ["users", "lazy", "words", "text"])
def test_an_odd_or_large_object_does_not_affect_the_rest(cells, stored, odd, tmp_path):
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    done = cells(ODD, f"%%track\nbatch = 32\nsizes = lr, X.shape, y.shape, {odd} is None")
    assert done[1].success, done[1]
    run = only(stored())
    assert run.params == {"batch": 32, "lr": 0.1, "sizes": [0.1, [2, 1], [3], False]}
    assert datasets_of(run) == ["X", *(["words"] if odd == "words" else []), "y"]
    assert run.environment["packages"]
    assert "mlflow.source.git.branch" in run.tags
    said = {"words": "datasets: left out the contents of words (", "text": "params: left out text (a string of 100,000,000 char"}
    assert run.tags.get("nbtrack.capture.failed", "").startswith(said.get(odd, ""))
    assert ("nbtrack.capture.failed" in run.tags) == (odd in said)


def test_all_frames_of_a_cell_are_recorded(cells, stored):
    cells(ODD, *["%%track\nn = len(f0) + len(f1) + len(f2) + len(f3) + len(f4) + len(f5)"] * 3)
    for run in stored():
        assert datasets_of(run) == [f"f{i}" for i in range(6)]
        assert "nbtrack.capture.failed" not in run.tags


def test_a_param_that_cannot_be_read_is_one_line(cells):
    done = cells(ODD + "class M:\n    def get_params(self, deep): raise RuntimeError('x')\nm = M()", "%%track -p m\n1 / 0")
    assert_rejected(done[1], "m is a M that raises when it is read")


def test_all_options(cells, stored):
    cells(
        "config = {'depth': 3, 'optimizer': {'lr': 0.1}}; seed = 7",
        "%%track 'a name' -e digits -p config seed -t team=vision data=v=2 --note \"it's smaller\"\npass",
        "%%track --name other\npass",
    )
    first, second = stored()
    assert (first.name, first.experiment, first.note) == ("a name", "digits", "it's smaller")
    assert first.params == {"config.depth": 3, "config.optimizer.lr": 0.1, "seed": 7}
    assert (first.tags["team"], first.tags["data"]) == ("vision", "v=2")
    assert (second.name, second.experiment) == ("other", "Default")


def test_variables_of_the_notebook_are_filled_in(cells, stored):
    # self, info and line are names in the functions on the way
    cells("lr = 0.1; self = 'me'; info = 'facts'; line = 'l'", '%%track "{lr} {self} {info} {line} $lr {{}}"\npass')
    assert only(stored()).name == "0.1 me facts l 0.1 {}"


def test_braces_without_a_variable_are_kept(cells, stored):
    cells('%%track --note "{none of it}"\npass')
    assert only(stored()).note == "{none of it}"


def test_the_cells_before_are_kept_once(cells, stored):
    cells("a = 1", "%%track\na", "b = 2", "%%track\nb")
    first, second = stored()
    assert first.code.cells == ("%load_ext nbtrack", "a = 1")
    assert second.code.cells == ("%load_ext nbtrack", "a = 1", "%%track\na", "b = 2")


def test_earlier_cells_are_kept_after_a_run_that_could_not_start(cells, stored):
    cells("a = 1", "%%track --resume 0123456789abcdef0123456789abcdef\na", "%%track\na")
    assert only(stored()).code.cells[1:] == ("a = 1", "%%track --resume 0123456789abcdef0123456789abcdef\na")


def test_the_same_cell_again_is_another_run(cells, stored):
    cells(*["%%track baseline\nnbtrack.log(x=1)"] * 3)
    assert [run.name for run in stored()] == ["baseline"] * 3
    assert len({run.id for run in stored()}) == 3


def test_outputs_are_artifacts(cells, stored):
    cells("%%track\nimport sys\nprint('out')\nprint('err', file=sys.stderr)\n42")
    run = only(stored())
    assert {entry.path for entry in run.artifacts.list("outputs")} == {
        "outputs/stdout.txt",
        "outputs/stderr.txt",
        "outputs/result.txt",
    }
    assert run.artifacts.read_text("outputs/stdout.txt") == "out\n"
    assert run.artifacts.read_text("outputs/stderr.txt") == "err\n"
    assert run.artifacts.read_text("outputs/result.txt") == "42"


def test_captures_can_be_left_out(cells, stored):
    cells(
        "x = 1",
        "%%track --no-capture outputs params\nprint(x)",
        "%%track --no-capture\nprint(x)",
        "%config NBTrack.capture_code = False",
        "%%track\nprint(x)",
    )
    some, none, configured = stored()
    assert some.params == {}
    assert some.artifacts.list() == []
    assert some.code is not None
    assert none.code is None
    assert none.environment is None
    assert none.params == {}
    assert none.artifacts.list() == []
    assert configured.code is None
    assert configured.params == {"x": 1}


@pytest.mark.parametrize(
    "body, status, ending",
    [
        ("1 / 0", "FAILED", "ZeroDivisionError: division by zero"),
        ("for:", "FAILED", "SyntaxError: invalid syntax"),
        ("%%no_such\nx", "FAILED", "UsageError: Cell magic `%%no_such` not found."),
        ("raise KeyboardInterrupt", "KILLED", "KeyboardInterrupt"),
        ("import asyncio\nasyncio.current_task().cancel()\nawait asyncio.sleep(60)", "KILLED", "CancelledError"),
        ("raise nbtrack.StopRun", "KILLED", "StopRun"),
        ("import sys; sys.exit(1)", "FAILED", "SystemExit: 1"),
        ("import sys; sys.exit()", "FINISHED", "SystemExit"),
    ],
)
def test_how_a_cell_ended_is_recorded(cells, stored, body, status, ending):
    cells("%%track\n" + body, "%%track\n'the next one'")
    run, following = stored()
    assert run.status == status
    assert ending in run.traceback.splitlines()[-1]
    assert following.status == "FINISHED"


def test_a_traceback_begins_in_the_cell(cells, stored):
    cells("def f():\n    return 1 / 0", "%%track\nf()")
    lines = only(stored()).traceback.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert re.search(r"In\[3\].*line 2", lines[1]) or re.search(r"ipython-input-3.*line 2", lines[1])
    assert not any("site-packages" in line or "nbtrack" in line for line in lines)


def test_an_empty_cell_is_a_run_too(cells, stored):
    cells("%%track", "%%track empty\n", "%%track\n\n# nothing\n")
    assert [run.status for run in stored()] == ["FINISHED"] * 3


def test_cells_within_a_cell_belong_to_it(cells, stored):
    inner = "get_ipython().run_cell('%%track inner\\nnbtrack.log(x=1)', store_history=False)"
    cells(f"%%track outer\n{inner}\nnbtrack.log(y=1)")
    run = only(stored())
    assert run.name == "outer"
    assert set(run.metrics) == {"x", "y"}


def test_runs_started_in_a_cell_are_nested(cells, stored):
    cells("%%track outer\nwith nbtrack.start_run('inner') as run:\n    nbtrack.log(x=1)\nnbtrack.log(y=1)")
    by_name = {run.name: run for run in stored()}
    assert by_name["inner"].parent == by_name["outer"].id
    assert set(by_name["inner"].metrics) == {"x"}
    assert set(by_name["outer"].metrics) == {"y"}


@pytest.mark.parametrize("cell", ["run = nbtrack.start_run()", "x = 1\nif x:\n    nbtrack.start_run('again')\nnbtrack.log(x=x)"])
def test_a_cell_that_starts_a_run_does_not_nest_deeper_when_executed_again(cells, stored, cell):
    for shown in cells(cell, cell, "1 + 1", cell.replace("1", "2"), "nbtrack.end_run()\nassert nbtrack.active_run() is None"):
        assert shown.success
    assert [(run.status, run.parent, run.tags.get("nbtrack.ended")) for run in stored()] == [
        ("KILLED", None, "superseded"),
        ("KILLED", None, "superseded"),
        ("FINISHED", None, None),
    ]


def test_a_run_left_open_in_a_tracked_cell_does_not_nest_it_deeper_when_executed_again(cells, stored):
    for shown in cells(*["%%track outer\ninner = nbtrack.start_run('inner')\nnbtrack.log(x=1)"] * 3, "inner.end()"):
        assert shown.success
    found = [(run.name, run.parent and run.parent.name, run.status) for run in stored()]
    assert found == [("outer", None, "FINISHED"), ("inner", "outer", "KILLED")] * 2 + [
        ("outer", None, "FINISHED"),
        ("inner", "outer", "FINISHED"),
    ]


def test_statements_of_other_cells_start_nested_runs(cells, stored):
    for shown in cells("nbtrack.start_run('outer');", "nbtrack.start_run('inner');", "nbtrack.end_run()\nnbtrack.end_run()"):
        assert shown.success
    assert [(run.status, run.parent and run.parent.name) for run in stored()] == [("FINISHED", None), ("FINISHED", "outer")]


def test_runs_of_a_loop_and_of_blocks_in_an_open_run_are_nested(cells, stored):
    block = "for i in range(2):\n    with nbtrack.start_run('fold'):\n        nbtrack.log(x=i)"
    for shown in cells("outer = nbtrack.start_run('outer')", block, block, "outer.end()"):
        assert shown.success
    assert [run.parent and run.parent.name for run in stored()] == [None, *["outer"] * 4]


def test_settings_name_exceptions_that_are_no_failure(cells, stored):
    config = {"NBTrack": {"not_failures": ["Enough"]}}
    define, tracked = cells("class Enough(Exception): pass", "%%track\nraise Enough", config=config)
    assert (define.success, tracked.error) == (True, "Enough")
    run = only(stored())
    assert (run.status, run.tags["nbtrack.ended"], run.traceback) == ("FINISHED", "Enough", None)


def test_a_cell_may_end_its_run_itself(cells, stored):
    cell = cells("%%track\nprint('a')\nnbtrack.end_run('KILLED')\nnbtrack.active_run()")[0]
    assert cell.success
    assert cell.value is None  # None: no run is open any more
    run = only(stored())
    assert run.status == "KILLED"
    assert run.artifacts.read_text("outputs/stdout.txt") == "a\n"


def test_a_run_is_resumed(cells, stored):
    cells(
        "%%track\nlr = 0.1\nnbtrack.log(x=1)\nnbtrack.log(x=2)\nkept = nbtrack.active_run().id",
        "%%track --resume {kept}\nlr = 0.2\nnbtrack.log(x=3)\n1 / 0",
    )
    run = only(stored())
    assert run.metrics["x"].steps.tolist() == [0, 1, 2]
    assert run.params["lr"] == 0.1  # a captured param gives way to a logged one
    assert run.status == "FAILED"


def test_a_run_that_is_open_is_resumed(cells, stored):
    for shown in cells(
        "run = nbtrack.start_run()\nrun.log(x=1)",
        "%%track --resume {run.id}\nwith nbtrack.start_run(resume=run):\n    nbtrack.log(x=2)\nnbtrack.log(x=3)",
        "assert nbtrack.active_run() is None",
    ):
        assert shown.success
    run = only(stored())
    assert (run.metrics["x"].steps.tolist(), run.status, run.parent) == ([0, 1, 2], "FINISHED", None)


def test_captured_params_give_way_to_logged_ones(cells, stored):
    cell, twice = cells(
        "%%track\nlr, epochs, depth = 0.1, 3, 4\nbest = 1 + 2\nnbtrack.log_params(dict(lr=0.2, epochs='3', best=7, new=1))",
        "%%track\nlr = 0.1\nnbtrack.log_param('lr', 0.1)\nnbtrack.log_param('lr', 0.2)",
    )
    assert cell.success
    first, second = stored()
    assert first.params == {"lr": 0.2, "epochs": "3", "depth": 4, "best": 7, "new": 1}
    assert twice.error == "ParamConflict"  # a logged param cannot change
    assert second.params == {"lr": 0.1}


@pytest.mark.parametrize("above", ["%%time", "%%capture out", "%%timeit -n1 -r1", "%%time\n\n%%capture out"])
def test_track_may_stand_below_magics_that_run_the_cell(cells, stored, above):
    cell = cells(f"{above}\n%%track below\nprint('a')\nnbtrack.log(x=1)")[0]
    assert cell.success
    run = only(stored())
    assert run.name == "below"
    assert set(run.metrics) == {"x"}


def test_a_cell_that_only_mentions_track_is_not_tracked(cells, stored):
    cells("'''\n%%track\n'''", "%%track?", "%%tracker\n1", "# %%track", "%%bash\n: %%track")
    assert stored() == []


# The summary


def test_a_cell_ends_with_the_summary_of_its_run(cells):
    cell, failed = cells("%%track baseline\nnbtrack.log(loss=0.5)\n'value'", "%%track\n1 / 0")
    assert [kind for kind, *_ in cell.shown] == ["value", "display"]
    bundle = cell.shown[1][1]
    assert set(bundle) == {"text/html", "text/plain", "image/png"}
    assert sum(map(len, bundle.values())) <= 40_000
    assert "<script" not in bundle["text/html"]
    assert bundle["text/plain"].startswith("baseline · Finished")
    assert [kind for kind, *_ in failed.shown] == ["error", "display"]


def test_the_summary_can_be_turned_off(cells):
    cell = cells("%config NBTrack.show = False", "%%track\n1")[-1]
    assert [kind for kind, *_ in cell.shown] == ["value"]


def test_a_cell_ends_with_one_line_where_the_store_is_unavailable(cells, broken):
    no_wait = "import nbtrack.tracking.at_exit; nbtrack.tracking.at_exit._EXIT_TIMEOUT = 0.1"
    _, cell = cells(no_wait, "%%track\n'value'", environ=broken)
    assert cell.success
    assert cell.value == "'value'"
    assert cell.of("display") == []
    assert cell.of("error") == []
    assert "cannot be shown now" in cell.stderr


# Mistakes


@pytest.mark.parametrize(
    "line, text",
    [
        ("--bogus", "unrecognized arguments: --bogus; %%track? lists the options"),
        ("-h", "unrecognized arguments: -h"),
        ("one two", "unrecognized arguments: two"),
        ("--note", "expected one argument"),
        ("one --name two", "two names, 'one' and 'two'"),
        ("-t key", "write a tag as key=value"),
        ("-t =value", "write a tag as key=value"),
        ("--no-capture all", "choose from code, git, environment, params, datasets, outputs"),
        ('--note "it', "no closing quotation"),
        ("{quote}", "no closing quotation"),
        ("-p missing", "there is no variable 'missing'"),
        ("-p os", "os is a module, which no param can hold"),
        ("--resume 0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"),
        ("--resume unknown", "unknown"),
        ("--resume 0123456789abcdef0123456789abcdef -e other", "an experiment already; leave them out"),
    ],
)
def test_a_mistake_is_one_line_and_the_body_does_not_run(cells, stored, line, text):
    rejected, after = cells("import os; quote = chr(34)", f"%%track {line}\nran = True", "'ran' in globals()")[1:]
    assert_rejected(rejected, text)
    assert after.value == "False"
    assert stored() == []


def test_a_cell_in_a_deleted_experiment_does_not_run(cells, stored):
    delete = (
        "from nbtrack.api import tracker; store = tracker()._connection.store()\n"
        "store.delete_experiment(store.create_experiment('gone').id)"
    )
    rejected, after = cells(delete, "%%track -e gone\nran = True", "'ran' in globals()")[1:]
    assert_rejected(rejected, "the experiment 'gone' is deleted; restore it (nbtrack experiments --restore gone)")
    assert after.value == "False"
    assert stored() == []


@pytest.mark.parametrize("body", ["%%bash\ntouch ran", "", "!touch ran", "await touch()"])
def test_no_body_runs_after_a_mistake(cells, tmp_path, body):
    cell = cells("async def touch():\n    open('ran', 'w').close()", f"%%track --bogus\n{body}")[-1]
    assert_rejected(cell, "--bogus")
    assert not (tmp_path / "ran").exists()


def test_a_mistake_does_not_affect_the_next_cell(cells, stored):
    syntax, following, again = cells("%%track --bogus\nfor:", "'the next one'", "%%track\n1")
    assert syntax.error == "SyntaxError"
    assert following.value == "'the next one'"
    assert again.success
    assert only(stored()).status == "FINISHED"


def test_track_used_wrongly(cells):
    alone, word, direct, below = cells(
        "%track", "%track yes", "get_ipython().run_cell_magic('track', '', 'x = 1')", "x = 1\n%%track\ny = 2"
    )
    assert_one_line(alone, "%track takes on or off")
    assert_one_line(word, "%track takes on or off")
    assert direct.error == "UsageError"
    assert "first line" in direct.message
    assert not below.success


def test_a_cell_interrupted_before_it_began_does_not_run(cells):
    interrupt = "def interrupt(*_, **__):\n    raise KeyboardInterrupt\n"
    interrupt += "from nbtrack.tracking.starting import RunStart\nRunStart.start = interrupt"
    cell, after = cells(interrupt, "%%track\nran = True", "'ran' in globals()")[1:]
    assert_rejected(cell, "interrupted before the cell began")
    assert after.value == "False"


# Captures that fail


@pytest.mark.parametrize(
    "broken, told",
    [
        ("nbtrack.capture.cell.capture_datasets", "datasets: OSError: no space left"),
        ("nbtrack.tracking.recorder.Recorder.file", "outputs: OSError: no space left"),
        ("nbtrack.capture.outputs.displayed.DisplayCapture.stop", "outputs: OSError: no space left"),
        ("nbtrack.capture.outputs.streams.StreamCapture.start", "streams: OSError: no space left"),
    ],
)
def test_a_failing_capture_sets_a_tag_and_shows_nothing(cells, stored, broken, told):
    module, _, name = broken.rpartition(".")
    fails = f"""
import nbtrack.capture.cell, nbtrack.tracking.recorder
def fails(*_, **__):
    raise OSError("no space left")
{module}.{name} = fails"""
    first, second = cells(fails, "%%track\nprint('a')\n3", "%%track\n4")[1:]
    assert [kind for kind, *_ in first.shown] == ["stdout", "value", "display"]
    assert (first.value, second.value) == ("3", "4")
    run, following = stored()
    assert run.status == following.status == "FINISHED"
    assert told in run.tags["nbtrack.capture.failed"]


def test_a_run_ends_although_its_last_capture_is_interrupted(cells, stored):
    interrupt = """
import nbtrack.notebook.tracked_cell
def interrupt(*_, **__):
    raise KeyboardInterrupt
nbtrack.notebook.tracked_cell.CellCapture.finish = interrupt"""
    cells(interrupt, "%%track\n3", "nbtrack.active_run()")
    assert only(stored()).status == "FINISHED"


# Every cell


def test_track_on_and_off(cells, stored):
    cells("before = 1", "%track on", "nbtrack.log(x=1)", "%%track named\nnbtrack.log(x=2)", "%runs", "%track off", "after = 1")
    first, second = stored()
    assert first.code == "nbtrack.log(x=1)"
    assert second.name == "named"


# %runs, %compare, %nbtrack

THREE = "for n in (1, 2, 3):\n    with nbtrack.start_run(f'r{n}', params={'n': n}) as run:\n        run.log(loss=1 / n)"


@pytest.mark.parametrize(
    "line, names",
    [
        ("", "r3 r2 r1"),
        ("params.n > 1", "r3 r2"),
        ("params.n > {one}", "r3 r2"),
        ("run_name = 'r2'", "r2"),
        ("run_name = 'r2 -n 1'", ""),
        ('run_name = "r2" or params.n = 1', "r2 r1"),
        ("-n 2", "r3 r2"),
        ("params.n < 3 -n 1", "r2"),
        ("--limit=1 params.n < 3", "r2"),
        ('-o "metrics.loss DESC"', "r1 r2 r3"),
        ("--order-by 'params.n ASC' --limit 2", "r1 r2"),
        ("-e other", "r4"),
        ('-e "*" params.n = 1', "r1"),
        ("metrics.loss > -1 and params.n < inf", "r3 r2 r1"),
    ],
)
def test_runs(cells, line, names):
    other = "with nbtrack.start_run('r4', experiment='other'): pass"
    cell, seen = cells(f"one = 1\n{other}\n{THREE}", f"%runs {line}", "print(*[run.name for run in _])")[1:]
    assert seen.stdout.split() == names.split()
    assert all(name in cell.value for name in names.split())
    assert ("<table" in cell.of("value")[0][1]["text/html"]) == bool(names)


def test_a_bad_filter_shows_where(cells):
    cell = cells("%runs metrics.loss < and 3")[0]
    assert not cell.success
    assert cell.of("error") == []
    first, filter_, caret = cell.stderr.splitlines()
    assert first.startswith("UsageError: ")
    assert filter_.strip() == "metrics.loss < and 3"
    assert filter_[caret.index("^") :].startswith("and")


@pytest.mark.parametrize(
    "line, text",
    [
        ("%runs -n many", "say how many runs at most"),
        ("%runs -n 3 --experiment", "the options are"),
        ("%runs -n", "the options are -e EXPERIMENT, -o ORDER and -n LIMIT"),
        ("%runs --bogus 1", "the options are"),
        ("%runs -e nowhere", "there is no experiment 'nowhere'"),
        ("%compare", "%compare takes names or ids"),
        ("%compare nobody", "nobody"),
        ('%compare "one', "no closing quotation"),
        ("%nbtrack conect x", "say connect URI, experiment NAME or status"),
        ("%nbtrack experiment", "needs a name"),
        ("%nbtrack connect sqlite://", "names no file"),
    ],
)
def test_mistakes_in_lines(cells, line, text):
    assert_one_line(cells(line)[0], text)


def test_compare(cells):
    _, by_name, _, by_id = cells(THREE, "%compare r1 r3", "x = run.id", "%compare r2 {x}")
    assert set(re.findall(r"\br\d\b", by_name.value)) == {"r1", "r3"}
    assert set(re.findall(r"\br\d\b", by_id.value)) == {"r2", "r3"}
    assert "<table" in by_id.of("value")[0][1]["text/html"]


SAME = ("%%track same\nn = 1", "%%track same\nn = 2", "%%track other\nn = 3")


def test_compare_takes_the_newest_run_of_a_name_and_says_so(cells):
    *_, ids, compared, which = cells(
        *SAME, "[r.id[:8] for r in nbtrack.runs(\"run_name = 'same'\")]", "%compare same other", "[r.params['n'] for r in _.runs]"
    )
    assert which.value == "[2, 3]"
    newest, before = json.loads(ids.value.replace("'", '"'))
    assert re.fullmatch(
        rf"same: the newest of 2 runs that it can be: {newest} of [-\d]+ [:\d]+, {before} of .*\n", compared.stderr
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%compare other other", "other, named twice, is one run"),
        ("%compare same same", "same, named twice, is one run"),
        ("%compare other {x[:8]}", " are one run"),
        ("%compare other {x}", " are one run"),
    ],
)
def test_compare_refuses_one_run_named_twice(cells, line, said):
    *_, cell = cells(*SAME, "x = nbtrack.runs(\"run_name = 'other'\")[0].id", line)
    assert_one_line(cell, said)
    assert cell.message.count(" of 20") == (2 if "same" in line else 0), "runs of that name are told by id and time"


def test_compare_takes_the_beginning_of_an_id(cells):
    *_, cell = cells(
        *SAME, "x = nbtrack.runs(\"run_name = 'same'\")[1].id[:8]", "%compare other {x}", "[r.params['n'] for r in _.runs]"
    )
    assert cell.value == "[3, 1]"


def test_runs_are_resumed_by_id_only(cells, stored):
    *_, cell = cells(*SAME, "%%track --resume same\nraise ValueError")
    assert_rejected(cell, "a run goes on by its whole id, and this can be ")
    assert cell.message.count(" of 20") == 2
    assert len(stored()) == 3
    assert {run.status for run in stored()} == {"FINISHED"}


def test_nbtrack_says_where_runs_go(cells, tmp_path):
    status, connected, experiment, elsewhere = cells(
        "%nbtrack",
        "%nbtrack connect sqlite:///other.db",
        "%nbtrack experiment digits",
        "%%track\nnbtrack.active_run().experiment",
    )
    assert f"store sqlite:///{tmp_path}/.nbtrack/runs.db" in status.stdout
    assert "nothing waits" in status.stdout
    assert f"store sqlite:///{tmp_path}/other.db" in connected.stdout
    assert "experiment digits" in experiment.stdout
    assert elsewhere.value == "'digits'"


def test_a_password_is_not_shown(cells):
    cell = cells("%nbtrack connect postgresql+psycopg://me:hunter2@nowhere.invalid/db")[0]
    assert "hunter2" not in str(cell.shown)
    assert "postgresql+psycopg://me:" in cell.stdout


# Help and completion


@pytest.mark.parametrize(
    "question, answers",
    [
        (
            "%%track?",
            ["%%track [NAME] [option …]", "%track on|off", "--resume ID", "--no-capture", "nbtrack.log(loss=train(lr))"],
        ),
        ("%track?", ["%%track [NAME] [option …]"]),
        ("%runs?", ["%runs metrics.accuracy > 0.9 and params.lr < 0.01", "-e", "-o", "-n"]),
        ("%compare?", ["%compare baseline calm-otter-417"]),
        ("%nbtrack?", ["%nbtrack connect sqlite:///runs.db"]),
    ],
)
def test_help(cells, question, answers):
    cell = cells(question)[0]
    assert cell.success
    shown = str(cell.shown)
    assert [answer for answer in answers if answer not in shown] == []


COMPLETE = "print(*get_ipython().complete(None, {line!r}, {end})[1])"


@pytest.mark.parametrize(
    "line, found",
    [
        ("%compare r", "r1 r2 r3"),
        ("%compare r1 r", "r1 r2 r3"),
        ("%runs metrics.", "metrics.loss"),
        ("%runs metrics.loss < 1 and par", "params.n"),
        ("%runs -e D", "Default"),
        ("%%track --res", "--resume"),
        ("%%track -p r", "run"),
        ("%%track --no-capture dat", "datasets"),
        ("%track o", "off on"),
        ("%nbtrack s", "status"),
    ],
)
def test_completion(cells, line, found):
    cell = cells(THREE, COMPLETE.format(line=line, end=len(line)))[-1]
    assert sorted(cell.stdout.split()) == found.split()


def test_completion_beside_an_odd_variable(cells):
    assert {"lr", "lazy"} <= set(cells(ODD, COMPLETE.format(line="%%track -p l", end=12))[-1].stdout.split())


def test_completion_is_empty_where_the_store_cannot_be_read(cells, broken):
    for line in ("%compare r", "%runs -e D", "%runs met"):
        cell = cells(COMPLETE.format(line=line, end=len(line)), environ=broken)[0]
        assert cell.success
        assert not {"Default", "metrics.loss"} & set(cell.stdout.split())


def test_completion_of_ids(cells):
    made, cell = cells(THREE + "\nprint(run.id)", COMPLETE.format(line="%%track --resume ", end=17))
    assert made.stdout.strip() in cell.stdout.split()


# Loading, unloading, configuring


def test_unloading_leaves_nothing(shell_server, tmp_path):
    load, reload, unload = ([f"%{what}_ext nbtrack", FOOTPRINT] for what in ("load", "reload", "unload"))
    answers = shell_server.run(tmp_path, FOOTPRINT, *load, "%%track\n1", *unload, *load, *load, *reload, *unload)
    assert all(answer.success for answer in answers)
    before, loaded, unloaded, again, twice, reloaded, at_last = (a.stdout for a in answers if a.stdout.startswith("footprint"))
    assert before == unloaded == at_last
    assert loaded == again == twice == reloaded != before


def test_loading_and_unloading_twice_is_fine(cells):
    again = "nbtrack.load_ipython_extension(get_ipython())"
    for_ever = "nbtrack.unload_ipython_extension(get_ipython())"
    before, _, after, _, _, gone = cells(FOOTPRINT, again, FOOTPRINT, for_ever, for_ever, "%runs")
    assert before.stdout == after.stdout
    assert gone.error == "UsageError"


def test_after_unloading_no_cell_is_tracked(cells, stored):
    _, line, cell, _, tracked = cells("%unload_ext nbtrack", "%runs", "%%track\n1", "%load_ext nbtrack", "%%track\n1")
    assert line.error == cell.error == "UsageError"
    assert tracked.success
    assert len(stored()) == 1


def test_a_cell_that_unloads_still_ends_its_run(shell_server, tmp_path, stored):
    before, *_, after = shell_server.run(tmp_path, FOOTPRINT, "%load_ext nbtrack", "%%track\n%unload_ext nbtrack", FOOTPRINT)
    assert only(stored()).status == "FINISHED"
    assert before.stdout == after.stdout


def test_the_module_is_there_unless_the_name_is_taken(shell_server, tmp_path):
    assert shell_server.run(tmp_path, "%load_ext nbtrack", "nbtrack.__name__")[-1].value == "'nbtrack'"
    assert shell_server.run(tmp_path, "nbtrack = 1", "%load_ext nbtrack", "nbtrack")[-1].value == "1"


def test_configuration(cells, tmp_path):
    config = {"NBTrack": {"uri": "sqlite:///chosen.db", "experiment": "chosen"}}
    status, _, changed = cells("%nbtrack", "%config NBTrack.uri = 'sqlite:///changed.db'", "%nbtrack", config=config)
    assert "chosen.db" in status.stdout
    assert "experiment chosen" in status.stdout
    assert "changed.db" in changed.stdout
    status = cells("%nbtrack", config=config, environ={"NBTRACK_URI": "sqlite:///environment.db"})[0]
    assert "environment.db" in status.stdout


def test_config_lists_the_settings(cells):
    cell = cells("%config NBTrack")[0]
    assert [
        name for name in ("uri", "experiment", "show", "capture_outputs", "notebook") if f"NBTrack.{name}" not in cell.stdout
    ] == []


def test_loading_imports_nothing_heavy():
    """In a fresh process, because loading the extension must not import these."""
    code = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
before = set(sys.modules)
import nbtrack
shell.run_cell("%load_ext nbtrack")
shell.run_cell("x = 1")
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}
    assert loaded.isdisjoint({"pandas", "sqlalchemy", "alembic", "matplotlib", "httpx", "numpy", "pcodec", "PIL"})
    assert "nbtrack" in loaded


def test_importing_imports_neither_ipython_nor_anything_heavy():
    code = "import sys, nbtrack; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"pandas", "sqlalchemy", "matplotlib", "httpx", "numpy", "IPython", "traitlets", "asyncio"}
    assert heavy.isdisjoint(done.stdout.split())
    assert nbtrack.__version__
