"""Tracked cells in real kernels."""

import json
import subprocess
import sys

import pytest

from .kernel import Kernel

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

OLDER = "6.29.5"


def only(runs, name):
    (run,) = [run for run in runs if run.name == name]
    return run


@pytest.fixture(scope="module", params=["newest", OLDER])
def kernel(request, tmp_path_factory):
    """A kernel for all tests of this module, once with each of two versions of ipykernel."""
    path = None
    if request.param == OLDER:
        path = tmp_path_factory.mktemp("ipykernel")
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(path), f"ipykernel=={OLDER}"]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip(f"ipykernel {OLDER} cannot be installed here")
    kernel = Kernel(tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("home"), python_path=path)
    version = kernel.run("import ipykernel; ipykernel.__version__").value.strip("'")
    assert (version == OLDER) == (request.param == OLDER)
    yield kernel
    kernel.close()


@pytest.fixture
def runs(kernel, stored):
    """Find the one run of a name."""
    return lambda name: only(stored(kernel.folder), name)


def test_a_value_then_the_summary(kernel, runs):
    answer = kernel.run("%%track value\nprint('a')\nnbtrack.log(loss=0.5)\n3 * 2")
    assert answer.status == "ok"
    assert [output["output_type"] for output in answer.outputs] == ["stream", "execute_result", "display_data"]
    assert answer.value == "6"
    assert runs("value").status == "FINISHED"


def test_the_summary_has_no_scripts(kernel):
    lines = "for i in range(2000):\n    nbtrack.log({f'metric {k}': i * k % 7 for k in range(40)})"
    answer = kernel.run(f"%%track summary\n{lines}")
    bundle = answer.summary
    assert set(bundle) == {"text/html", "image/png", "text/plain"}
    assert len(json.dumps(bundle).encode()) <= 40_000
    assert "<script" not in bundle["text/html"]
    assert "<img" in bundle["text/html"]
    assert bundle["image/png"].startswith("iVBOR")


def test_an_exception_is_shown_once_with_its_line(kernel, runs):
    answer = kernel.run("%%track fails\nx = 1\n1 / 0\nx = 2")
    assert answer.status == "error"
    assert answer.reply["ename"] == "ZeroDivisionError"
    assert answer.traceback.count("ZeroDivisionError") == 2  # above and below
    assert "----> 3 1 / 0" in answer.traceback
    assert [output["output_type"] for output in answer.outputs] == ["error", "display_data"]
    run = runs("fails")
    assert run.status == "FAILED"
    assert run.traceback.endswith("ZeroDivisionError: division by zero\n")
    assert kernel.run("x").value == "1"


@pytest.mark.parametrize(
    "name, wait",
    [
        ("sleeps", "time.sleep(60)"),
        ("awaits", "while True: await asyncio.sleep(0.1)"),
        ("computes", "while True: nbtrack.log(x=1)"),
    ],
)
def test_an_interrupt_kills_the_run(kernel, runs, name, wait):
    answer = kernel.run(f"%%track {name}\nimport asyncio, time\nprint('begun')\n{wait}", when="begun", then=kernel.interrupt)
    assert answer.status == "error"
    run = runs(name)
    assert run.status == "KILLED"
    assert run.end_time is not None
    assert "nbtrack.ended" not in run.tags
    following = kernel.run("%%track following\n1")
    assert following.value == "1"


def test_await(kernel):
    assert kernel.run("%%track\nimport asyncio\nawait asyncio.sleep(0)\n'awaited'").value == "'awaited'"


def test_a_mistake_is_one_line(kernel):
    answer = kernel.run("%%track -p missing\nprint('ran')")
    assert answer.status == "error"
    assert answer.text() == ""
    assert answer.traceback.startswith("UsageError: there is no variable 'missing'")
    assert "\n" not in answer.traceback


def test_outputs_are_artifacts(kernel, runs):
    answer = kernel.run(
        """%%track outputs
import logging, os, sys
import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import HTML, display
print("printed")
print("to stderr", file=sys.stderr)
!echo from a shell
for i in range(100):
    print(f"\\r{i}%", end="")
print()
display(HTML("<b>shown</b>"))
plt.plot([1, 2, 3])
plt.show()
plt.plot([3, 2, 1])
pd.DataFrame({"a": [1, 2]})"""
    )
    assert answer.status == "ok"
    artifacts = runs("outputs").artifacts
    assert {str(entry) for entry in artifacts.list("outputs")} == {
        f"outputs/{name}"
        for name in ("stdout.txt", "stderr.txt", "figure-1.png", "figure-2.png", "display-1.html", "table-1.html")
    }
    stdout = artifacts.read_text("outputs/stdout.txt")
    assert stdout.startswith("printed\n")
    assert "from a shell\n" in stdout
    assert stdout.endswith("99%\n")
    assert "98%" not in stdout
    assert artifacts.read_text("outputs/stderr.txt") == "to stderr\n"
    assert artifacts.read_text("outputs/display-1.html") == "<b>shown</b>"
    assert artifacts.load("outputs/figure-1.png").size > (100, 100)
    # The notebook has all of it too.
    assert (
        len([each for each in answer.of("display_data") if "image/png" in each["data"] and each["data"] != answer.summary]) == 2
    )
    assert "from a shell" in answer.text()


def test_threads_log_into_the_run_of_the_cell_that_started_them(kernel, runs):
    kernel.run(
        """%%track starts
import threading
go, done = threading.Event(), threading.Event()
def work():
    nbtrack.log(early=1)
    go.wait(30)
    nbtrack.log(late=1)
    done.set()
threading.Thread(target=work).start()"""
    )
    kernel.run("%%track follows\nnbtrack.log(own=1)\ngo.set()\nassert done.wait(30)")
    kernel.run("nbtrack.flush()")
    assert set(runs("starts").metrics) == {"early", "late"}
    assert set(runs("follows").metrics) == {"own"}


def test_tasks_log_into_the_run_of_the_cell_that_started_them(kernel, runs):
    work = """
import asyncio
async def work(go):
    nbtrack.log(early=1)
    await go.wait()
    nbtrack.log(late=1)"""
    kernel.run(work)
    kernel.run("%%track awaiting\nfirst = asyncio.Event()\none = asyncio.create_task(work(first))\nawait asyncio.sleep(0)")
    kernel.run("%%track 'not awaiting'\nsecond = asyncio.Event()\ntwo = asyncio.ensure_future(work(second))")
    answer = kernel.run(
        "%%track waiting\nnbtrack.log(own=1)\nfirst.set(); second.set()\nawait asyncio.gather(one, two)\nnbtrack.flush()"
    )
    assert answer.status == "ok"
    assert set(runs("awaiting").metrics) == {"early", "late"}
    assert set(runs("not awaiting").metrics) == {"early", "late"}
    assert set(runs("waiting").metrics) == {"own"}


def test_a_cell_in_an_open_run_is_nested(kernel, runs):
    kernel.run("outer = nbtrack.start_run('outer')\nnbtrack.log(before=1)")
    kernel.run("%%track inner\nnbtrack.log(own=1)")
    kernel.run("%%track 'awaiting inner'\nimport asyncio\nawait asyncio.sleep(0)\nnbtrack.log(own=1)")
    kernel.run("nbtrack.log(between=1)")
    assert kernel.run("await asyncio.sleep(0)\nouter.end()").status == "ok"
    answer = kernel.run("nbtrack.log(after=1)")
    assert answer.reply["ename"] == "NoActiveRun"
    assert runs("inner").parent == runs("awaiting inner").parent == runs("outer").id
    assert set(runs("inner").metrics) == set(runs("awaiting inner").metrics) == {"own"}
    assert set(runs("outer").metrics) == {"before", "between"}


def test_runs_of_independent_tasks_of_a_cell_are_not_nested(kernel, runs):
    kernel.run(
        """import asyncio
async def train(name):
    with nbtrack.start_run(name) as run:
        await asyncio.sleep(0)
        nbtrack.log({name: 1})
        await asyncio.sleep(0)"""
    )
    assert kernel.run("await asyncio.gather(train('a'), train('b'))").status == "ok"
    kernel.run("%%track around\nawait asyncio.gather(train('c'), train('d'))\nnbtrack.log(own=1)")
    kernel.run("bare = nbtrack.start_run('bare')\nawait asyncio.sleep(0)")
    kernel.run("await asyncio.gather(train('e'), train('f'))\nnbtrack.log(own=1)\nbare.end()\nnbtrack.flush()")
    assert [runs(name).parent for name in "ab"] == [None, None]
    assert [runs(name).parent for name in "cd"] == [runs("around")] * 2
    assert [runs(name).parent for name in "ef"] == [runs("bare")] * 2
    assert [list(runs(name).metrics) for name in "abcdef"] == [[name] for name in "abcdef"]
    assert list(runs("around").metrics) == list(runs("bare").metrics) == ["own"]


def test_a_cell_that_starts_a_run_and_is_executed_again(kernel, stored):
    def execute(code, cell):
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = kernel.client.session.msg("execute_request", content, metadata={"cellId": cell})
        kernel.client.shell_channel.send(message)
        assert kernel.finish(message["header"]["msg_id"]).status == "ok"

    before = len(stored(kernel.folder))
    execute("outer = nbtrack.start_run('take 1')", "cell-a")
    execute("import math\nouter = nbtrack.start_run(f'take {1 + 1}')", "cell-a")
    execute("outer = nbtrack.start_run('within')", "cell-b")
    execute("x = 1\nouter = nbtrack.start_run('within again')\nnbtrack.log(x=1)", "cell-b")
    execute("with nbtrack.start_run('block'): nbtrack.log(x=1)", "cell-c")
    execute(
        "outer = nbtrack.start_run('take 3')\nnbtrack.end_run()\nassert nbtrack.active_run() is None\nnbtrack.flush()", "cell-a"
    )
    found = [(run.name, run.parent and run.parent.name, run.status.value) for run in stored(kernel.folder)[before:]]
    assert found == [
        ("take 1", None, "KILLED"),
        ("take 2", None, "KILLED"),
        ("within", "take 2", "KILLED"),
        ("within again", "take 2", "KILLED"),
        ("block", "within again", "FINISHED"),
        ("take 3", None, "FINISHED"),
    ]


def test_a_pool_that_outlives_cells(kernel, runs):
    kernel.run("from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(2)")
    for name in ("one", "two"):
        kernel.run(f"%%track {name}\nlist(pool.map(lambda i: nbtrack.log({name}=i), range(3)))")
    kernel.run("import asyncio\nloop = asyncio.get_running_loop()")
    for name in ("three", "four"):
        kernel.run(f"%%track {name}\nawait loop.run_in_executor(None, lambda: nbtrack.log({name}=1))")
    kernel.run("nbtrack.flush()")
    assert {name: list(runs(name).metrics) for name in ("one", "two", "three", "four")} == {
        name: [name] for name in ("one", "two", "three", "four")
    }


def test_a_cell_of_a_subshell_is_a_run_of_its_own(kernel, runs):
    client = kernel.client
    if "kernel subshells" not in client.kernel_info(reply=True, timeout=30)["content"].get("supported_features", ()):
        pytest.skip("this ipykernel has no subshells")
    client.control_channel.send(client.session.msg("create_subshell_request"))
    subshell = client.get_control_msg(timeout=30)["content"]["subshell_id"]

    def start_beside(code):
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = client.session.msg("execute_request", content)
        message["header"]["subshell_id"] = subshell
        client.shell_channel.send(message)
        return message["header"]["msg_id"]

    kernel.run("import threading\nentered, go = threading.Event(), threading.Event()")
    main = kernel.start("%%track main-run\nnbtrack.log(main=1)\nentered.set()\nassert go.wait(60)\nnbtrack.log(main=2)")
    first = kernel.finish(start_beside("%%track sub-run\nassert entered.wait(60)\nnbtrack.log(sub=1)"))
    assert first.status == "ok"
    untracked = kernel.finish(start_beside("nbtrack.log(lost=1)"))
    assert untracked.reply["ename"] == "NoActiveRun"
    mistaken = kernel.finish(start_beside("%%track --nonsense\nnbtrack.log(lost=1)"))
    assert mistaken.status == "error"
    assert kernel.finish(start_beside("bare = nbtrack.start_run('beside')\nnbtrack.log(beside=1)")).status == "ok"
    assert kernel.finish(start_beside("nbtrack.log(beside=2)\nbare.end()\ngo.set()")).status == "ok"
    assert kernel.finish(main).status == "ok"
    kernel.run("nbtrack.flush()")
    found = {name: (list(runs(name).metrics), runs(name).parent, runs(name).status) for name in ("main-run", "sub-run", "beside")}
    assert found == {
        "main-run": (["main"], None, "FINISHED"),
        "sub-run": (["sub"], None, "FINISHED"),
        "beside": (["beside"], None, "FINISHED"),
    }


def test_the_cell_id_of_the_front_end_is_recorded(kernel, runs):
    content = {
        "code": "%%track 'named cell'",
        "silent": False,
        "store_history": True,
        "allow_stdin": False,
        "stop_on_error": True,
    }
    message = kernel.client.session.msg("execute_request", content, metadata={"cellId": "3f2a"})
    kernel.client.shell_channel.send(message)
    assert kernel.finish(message["header"]["msg_id"]).status == "ok"
    assert runs("named cell").tags["nbtrack.cell.id"] == "3f2a"


def test_silent_requests_are_not_tracked(kernel, stored):
    before = len(stored(kernel.folder))
    kernel.finish(kernel.client.execute("%%track\n1", silent=True))
    assert len(stored(kernel.folder)) == before
