"""A notebook of many tracked cells that is run many times: neither the kernel nor the notebook grows."""

import json

import nbformat
import pytest

from ..notebook.kernel import Kernel
from .rounds import IS_LONG, done

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.filterwarnings("ignore")]

CELL = """%%track cell-{number}
rate = {number} / 100
for step in range(50):
    nbtrack.log(loss=1 / (step + 1), accuracy=step * rate)
print("trained")"""

# What a kernel has that could be left over: megabytes, threads, widgets, comms and files that are open.
LEFT = """
import gc, json, os, threading
from ipywidgets.widgets.widget import _instances
nbtrack.flush()
gc.collect()
rss = next(int(line.split()[1]) // 1024 for line in open("/proc/self/status") if line.startswith("VmRSS"))
comms = len(get_ipython().kernel.comm_manager.comms)
print(json.dumps([rss, threading.active_count(), len(_instances), comms, len(os.listdir("/proc/self/fd"))]))
"""


@pytest.fixture
def kernel(tmp_path):
    (tmp_path / "home").mkdir()
    kernel = Kernel(tmp_path, tmp_path / "home")
    yield kernel
    kernel.close()


def run_all(kernel, notebook):
    """Run all cells, and keep their output in the notebook."""
    for cell in notebook.cells:
        answer = kernel.run(cell.source)
        assert answer.status == "ok", answer.outputs
        cell.outputs = [
            nbformat.v4.output_from_msg({"header": {"msg_type": output["output_type"]}, "content": output})
            for output in answer.outputs
        ]


def size_of(notebook, path):
    nbformat.write(notebook, path)
    return path.stat().st_size


def test_a_notebook_that_is_run_many_times_does_not_grow(kernel, tmp_path):
    cells, times = (300, 20) if IS_LONG else (20, 3)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL.format(number=i)) for i in range(cells)])
    run_all(kernel, notebook)
    first, size = json.loads(kernel.run(LEFT).text()), size_of(notebook, tmp_path / "first.ipynb")
    for _ in range(times - 1):
        run_all(kernel, notebook)
    last = json.loads(kernel.run(LEFT).text())
    assert last[1:4] == first[1:4], "threads, widgets or comms are left over"
    assert last[4] < first[4] + 10, "files are left open"
    assert last[0] - first[0] < 40 + 0.005 * cells * times, f"the kernel has grown from {first[0]} to {last[0]} MB"
    assert size_of(notebook, tmp_path / "last.ipynb") < 1.1 * size
    assert size < 60_000 * cells
    counted = kernel.run("print(len(nbtrack.runs()), len(nbtrack.runs(\"status = 'FINISHED'\")))")
    assert counted.text() == f"{cells * times} {cells * times}\n"
    grown = f"the kernel grew from {first[0]} to {last[0]} MB, the notebook has {size / 1e6:.1f} MB"
    done[f"tracked cells run in one kernel, {cells} of them {times} times: {grown}"] += cells * times
