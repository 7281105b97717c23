"""The speed of live views in a real JupyterLab and Chromium: ``python benchmarks/browser.py [NAME …]``.

The kernel has the second core for itself; server, browser and this program share the first. ``NBTRACK_BENCH_STORES`` names a
folder where the stores of the large figures are kept, which take a minute each to make.
"""

# ruff: noqa: E501  programs of cells and of the page are kept as they are written there
from __future__ import annotations

import base64
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from figures import shown  # noqa: E402

from tests.browser.lab import Notebook, Server, chromium  # noqa: E402

FIRST = """%load_ext nbtrack
import os, subprocess, time, json, math, resource
import nbtrack
_ = subprocess.run(["taskset", "-a", "-c", "-p", "1", str(os.getpid())], capture_output=True)
nbtrack.connect({store!r})
time.sleep(1)
"""
FIGURES: dict[str, Callable[[Bench], dict[str, Any]]] = {}


class Bench:
    """A server, and pages of a browser with notebooks in them."""

    def __init__(self, browser: Any, server: Server, stores: Path) -> None:
        self._browser, self._server, self.stores, self._opened = browser, server, stores, 0

    @contextmanager
    def notebook(self, *cells: str, store: Path | None = None) -> Iterator[Notebook]:
        """Open a notebook in a page of its own; its first cell has connected to a store."""
        context = self._browser.new_context(viewport={"width": 1400, "height": 1000})
        context.set_default_timeout(120_000)
        page = context.new_page()
        page.add_init_script(path=str(HERE / "probe.js"))
        self._opened += 1
        name = f"bench-{self._opened}.ipynb"
        place = store or self._server.root / f"store-{self._opened}"
        notebook = Notebook(page, self._server, name, [FIRST.format(store=str(place)), *cells])
        try:
            notebook.run(0)
            page.evaluate("bench.listen()")
            yield notebook
        finally:
            notebook.close()
            context.close()


def figure(measure: Callable[[Bench], dict[str, Any]]) -> Callable[[Bench], dict[str, Any]]:
    FIGURES[measure.__name__] = measure
    return measure


def spread(values: list[float]) -> str:
    """The median, and the range of what was measured."""
    return f"{statistics.median(values):,.3g} ({min(values):,.3g} to {max(values):,.3g})"


def last_json(notebook: Notebook, i: int) -> Any:
    """What a cell has printed as JSON; what it displays does not count."""
    return json.loads("".join("".join(each["text"]) for each in notebook.outputs(i) if each["output_type"] == "stream"))


WORK = """
def work():
    s = 0
    for j in range(TURNS): s += j * j
    return s
"""
CALIBRATE = """
TURNS = 1000
def one():
    start = time.perf_counter()
    for _ in range(2000): work()
    return (time.perf_counter() - start) / 2000
TURNS = int(TURNS * 98e-6 / min(one() for _ in range(5)))
"""
LOOP = """%%track loop {option}
said = {{}}
wall, own, main = time.perf_counter(), time.process_time(), time.thread_time()
for i in range(30_000):
    work()
    nbtrack.log(loss=1 / (i + 1), acc=i * 1e-6, lr=1e-3, grad=(i * 7919 % 1000) / 1000)
print(json.dumps([time.perf_counter() - wall, time.process_time() - own, time.thread_time() - main]))
"""


@figure
def loop(bench: Bench) -> dict[str, Any]:
    """A loop of 10,000 calls a second of 4 metrics, with the live view open and without, one after the other."""
    found: dict[str, list[list[float]]] = {"live": [], "none": []}
    with bench.notebook(WORK + CALIBRATE, LOOP.format(option=""), LOOP.format(option="--no-live")) as notebook:
        notebook.run(1)
        for turn in range(9):
            for i in (2, 3) if turn % 2 else (3, 2):
                notebook.run(i)
                if turn:
                    found["live" if i == 2 else "none"].append(last_json(notebook, i))
    live, none = (list(zip(*found[name], strict=True)) for name in ("live", "none"))

    def slower(a: tuple[float, ...], b: tuple[float, ...]) -> list[float]:
        return [100 * (x / y - 1) for x, y in zip(a, b, strict=True)]

    return {
        "calls a second": 30_000 / statistics.median(none[0]),
        "slower, wall %": spread(slower(live[0], none[0])),
        "slower, best of each %": 100 * (min(live[0]) / min(none[0]) - 1),
        "more processor time %": spread(slower(live[1], none[1])),
        "best of each, processor %": 100 * (min(live[1]) / min(none[1]) - 1),
        "goal": "2 %",
    }


PUSH = """
from nbtrack.widgets.views.run import RunView
from nbtrack.widgets.transport.browser_model import ViewWidget
spent = {"frame": [], "send": [], "shown": []}
def timed(owner, name, into):
    plain = getattr(owner, name)
    def call(*args, **more):
        start = time.thread_time(), time.perf_counter()
        out = plain(*args, **more)
        spent[into].append([1e3 * (time.thread_time() - start[0]), 1e3 * (time.perf_counter() - start[1])])
        return out
    setattr(owner, name, call)
timed(RunView, "_push_frame", "frame"); timed(ViewWidget, "push", "send"); timed(RunView, "_shown", "shown")
"""
TOLD = "import numpy as np\nprint(json.dumps({k: np.median(np.array(v[5:]), axis=0).tolist() + [len(v)] for k, v in spent.items()}))\nfor v in spent.values(): v.clear()"
PUSHED = (
    "%%track pushed\n"
    "for i in range(1200):\n    nbtrack.log(loss=1 / (i + 1), acc=i * 1e-6, lr=1e-3, grad=i % 7)\n    time.sleep(0.004)\n"
)


@figure
def push(bench: Bench) -> dict[str, Any]:
    """What a frame costs the kernel, its thread's processor time: in a quiet loop, and in the loop of ``loop``."""
    with bench.notebook(PUSH, PUSHED, TOLD, WORK + CALIBRATE, LOOP.format(option="")) as notebook:
        for i in (1, 2):
            notebook.run(i)
        quiet = json.loads(notebook.run(3))
        for i in (4, 5):
            notebook.run(i)
        busy = json.loads(notebook.run(3))
    return {
        name: {f"{part} ms": value[0] for part, value in found.items()}
        | {"wall ms": found["frame"][1], "frames": found["frame"][2]}
        for name, found in (("quiet", quiet), ("busy", busy))
    } | {"goal": "0.5 ms a push"}


LONG = """%%track long {option}
def rss(): return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 1e6
def peak():
    return next(int(line.split()[1]) / 1e3 for line in open("/proc/self/status") if line.startswith("VmHWM"))
open("/proc/self/clear_refs", "w").write("5")
before = rss()
for i in range(2_500_000):
    nbtrack.log(loss=1 / (i + 1), acc=i * 1e-6, lr=1e-3, grad=(i * 7919 % 1000) / 1000)
"""
AFTER = "nbtrack.flush(); time.sleep(1); print(json.dumps([rss() - before, peak() - before]))"


def heap(notebook: Notebook) -> dict[str, float]:
    """The tab's memory after a collection, in MB: the heap, what Blink keeps, and array buffers."""
    session = notebook.page.context.new_cdp_session(notebook.page)
    session.send("HeapProfiler.enable")
    session.send("HeapProfiler.collectGarbage")
    found = session.send("Runtime.getHeapUsage")
    session.detach()
    return {name: found[name] / 1e6 for name in ("usedSize", "embedderHeapUsedSize", "backingStorageSize")}


@figure
def memory(bench: Bench) -> dict[str, Any]:
    """A run of 10,000,000 points: memory of the tab, and of the kernel beside the same without a live view."""
    kernel: dict[str, list[float]] = {}
    for option in ("", "--no-live"):
        with bench.notebook(
            "%%track warm\nfor i in range(9): nbtrack.log(loss=i)", LONG.format(option=option), AFTER
        ) as notebook:
            notebook.run(1)
            if not option:
                before = heap(notebook)
            notebook.run(2)
            if not option:
                tab = heap(notebook)
            notebook.run(3)
            kernel[option] = last_json(notebook, 3)
    return {
        "tab MB": sum(tab.values()),
        "of it": tab,
        "before the run MB": sum(before.values()),
        "kernel grows MB": {"live": kernel[""][0], "without": kernel["--no-live"][0]},
        "kernel's peak MB": {"live": kernel[""][1], "without": kernel["--no-live"][1]},
        "goal": "tab 150 MB, kernel 20 MB more",
    }


BRIEF = "%%track brief\nfor i in range(20):\n    nbtrack.log(loss=1 / (i + 1))\n    time.sleep(0.05)\n"


@figure
def first_paint(bench: Bench) -> dict[str, Any]:
    """From a cell's start to its view, and its first curve: the first of a kernel, and later ones."""
    first: list[dict[str, float]] = []
    later: list[dict[str, float]] = []
    for _ in range(3):
        with bench.notebook(*[BRIEF] * 5) as notebook:
            for i in range(1, 6):
                found = notebook.page.evaluate_handle("(i) => ({ promise: bench.firstPaint(i) })", i)
                notebook.start(i)
                (first if i == 1 else later).append(found.evaluate("(found) => found.promise"))
                notebook.wait(i)
    return {
        f"{name}, {part} ms": spread([each[part] for each in found])
        for name, found in (("first", first), ("later", later))
        for part in ("view", "curve")
    } | {"goal": "500 ms"}


MARKS = """%%track marks
at = {{}}
started = time.time()
i = 0
while time.time() < started + 14:
    mark = int((time.time() - started) / 0.37)
    {work}
    if mark not in at: at[mark] = time.time() * 1e3
    nbtrack.log(mark=mark)
    i += 1
print(json.dumps(at))
"""


@figure
def latency(bench: Bench) -> dict[str, Any]:
    """From ``log()`` to the pixel: a metric that changes each 0.37 s, in a quiet loop and in a busy one."""
    out: dict[str, Any] = {}
    quiet, busy = MARKS.format(work="time.sleep(0.013)"), MARKS.format(work="work()")
    with bench.notebook(WORK + CALIBRATE, quiet, busy) as notebook:
        notebook.run(1)
        for i, name in ((2, "quiet"), (3, "busy")):
            # What is out of sight is not drawn.
            notebook.page.evaluate("(i) => window.panel.content.scrollToItem(i, 'start')", i)
            seen = notebook.page.evaluate_handle("() => ({ promise: bench.marks('.nbt-legend', 'mark', 16) })")
            notebook.run(i)
            logged, painted = last_json(notebook, i), seen.evaluate("(found) => found.promise")
            taken = [painted[mark] - at for mark, at in logged.items() if mark in painted and int(mark) > 1]
            out[f"{name} ms"] = spread(taken) + f" of {len(taken)}"
    return out | {"goal": "250 ms"}


FILL = """
import numpy as np, uuid
from nbtrack.api import tracker
from nbtrack.entities.run import Status, now_ms
from nbtrack.entities.events import Batch, LaneRows, ParamsLogged, RunEnded, RunStarted, Series
store, experiment, now = tracker()._connection.read(), tracker().experiment, now_ms()
def run_of(i, params, metrics, steps):
    times = now - 1_000_000 + steps
    rows = LaneRows(0, 0, len(steps), (Series(tuple(metrics), steps, times, tuple(metrics.values())),))
    events = (RunStarted(experiment, f"run-{i}", now - 1_000_000 + i), ParamsLogged(params), RunEnded(Status.FINISHED, now + i))
    return Batch(uuid.uuid4().hex, "fill", 0, events, (rows,))
"""
MANY = (
    FILL
    + """
one = np.zeros(1, np.int64)
for first in range(0, 10_000, 250):
    store.apply([run_of(i, {f"p{j}": (i + j) % 7 if j % 3 else f"word-{(i * j) % 11}" for j in range(96)},
        {f"m{j}": np.array([((i * 31 + j * 7) % 1000) / 1000]) for j in range(96)}, one) for i in range(first, first + 250)])
"""
)


def made(bench: Bench, name: str, code: str) -> Path:
    """Return a store that is made once by code."""
    place = bench.stores / name
    if not (place / "done").exists():
        shutil.rmtree(place, ignore_errors=True)
        with bench.notebook(code, store=place) as notebook:
            notebook.start(1)
            notebook.page.set_default_timeout(1_200_000)
            notebook.page.wait_for_function("window.done[1] !== null", timeout=1_200_000)
            assert notebook.error(1) is None, notebook.error(1)
        (place / "done").touch()
    return place


SHOWN = "table = nbtrack.runs(); table"
TIMED = "start = time.time(); view = table._live_view(table._many()); t = time.time(); value = view.snapshot(); s = time.time(); from nbtrack.widgets.transport.pack import pack; p = pack(value); print(json.dumps([1e3 * (s - t), 1e3 * (time.time() - s), len(p[1]) / 1e6, len(value['columns'])]))"


def arrival(heard: list[dict[str, Any]]) -> tuple[float, float]:
    """When the data and the slot for it were there."""
    data = next(each["at"] for each in heard if each["event"] == "snapshot" or (each["k"] == "answer"))
    return data, next(each["at"] for each in heard if each["html"])


@figure
def table(bench: Bench) -> dict[str, Any]:
    """A table of 10,000 runs by 200 columns: paint, scrolling, sorting."""
    store = made(bench, "many", MANY)
    paints, whole, vertical, sideways, sorts = [], [], [], [], []
    with bench.notebook(SHOWN, TIMED, store=store) as notebook:
        page = notebook.page
        for _ in range(4):
            page.evaluate("bench.forget()")
            seen = page.evaluate_handle("""() => { const old = new Set(document.querySelectorAll(".nbt-live"));
                return { began: bench.now(), promise: bench.seen(".nbt-live .nbt-body .nbt-row", (el) => !old.has(el.closest(".nbt-live"))) }; }""")
            notebook.start(1)
            began, painted = seen.evaluate("async (found) => [found.began, await found.promise]")
            notebook.wait(1)
            data, slot = arrival(page.evaluate("bench.heard()"))
            paints.append(painted - max(data, slot))
            whole.append(painted - began)
            page.wait_for_timeout(700)
            vertical.append(page.evaluate("bench.scroll('.nbt-grid', 0, 117, 240)"))
            sideways.append(page.evaluate("bench.scroll('.nbt-grid', 83, 0, 200)"))
            sorts.append(
                page.evaluate("""async () => { document.querySelector(".nbt-grid").scrollTo(0, 0);
                await bench.until(() => {}, () => [...document.querySelectorAll(".nbt-grid [role=columnheader]")].some((el) => /duration/.test(el.textContent)));
                const head = [...document.querySelectorAll(".nbt-grid [role=columnheader]")].find((el) => /duration/.test(el.textContent));
                return bench.until(() => { head.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true })); document.dispatchEvent(new PointerEvent("pointerup", { bubbles: true })); }, () => document.querySelector(".nbt-grid [aria-sort=ascending], .nbt-grid [aria-sort=descending]")); }""")
            )
        kernel = [json.loads(notebook.run(2)) for _ in range(3)]
    return {
        "columns": kernel[0][3],
        "paint after the data ms": spread(paints),
        "from the cell's start ms": spread(whole),
        "frame down, median ms": spread([statistics.median(each) for each in vertical]),
        "frame down, p95 ms": spread([sorted(each)[int(len(each) * 0.95)] for each in vertical]),
        "frame sideways, median ms": spread([statistics.median(each) for each in sideways]),
        "frame sideways, p95 ms": spread([sorted(each)[int(len(each) * 0.95)] for each in sideways]),
        "sorted ms": spread(sorts),
        "kernel: snapshot ms": spread([each[0] for each in kernel]),
        "kernel: packed ms": spread([each[1] for each in kernel]),
        "MB": kernel[0][2],
        "goal": "150 ms, 20 ms a frame",
    }


LONG_ONES = (
    FILL
    + """
rng, steps = np.random.default_rng(0), np.arange(100_000)
for i in range(50):
    metrics = {f"m{j}": (1 + j) / (1 + steps / 1000) + rng.normal(size=100_000) * 0.05 + i / 50 for j in range(10)}
    store.apply([run_of(i, {"lr": 10.0 ** -(i % 5), "seed": i}, metrics, steps)])
"""
)
COMPARED = "comparison = nbtrack.runs(order_by='start_time ASC').compare(); comparison"
CURVES = """
import numpy as np
start = time.perf_counter(); from nbtrack.widgets.views.comparison import ComparisonView; both = nbtrack.runs().compare(); view = both._live_view(both._many()); value = view.snapshot(); opened = time.perf_counter() - start
keys = [f"m{i}" for i in range(10)]
start = time.perf_counter(); [view.read_curves([key]) for key in keys]; curves = time.perf_counter() - start
start = time.perf_counter(); view.read_curves(keys[:1]); one = time.perf_counter() - start
start = time.perf_counter(); [view.read_curves([key], lo=41_000.3, hi=47_000.7) for key in keys]; zoom = time.perf_counter() - start
start = time.perf_counter(); view.read_curves(keys[:1], lo=61_000.3, hi=67_000.7); zoom_one = time.perf_counter() - start
print(json.dumps([1e3 * each for each in (opened, curves, one, zoom, zoom_one)]))
"""


@figure
def comparison(bench: Bench) -> dict[str, Any]:
    """50 runs of 10 metrics of 100,000 points each: opened, its curves, and a zoom."""
    store = made(bench, "long", LONG_ONES)
    opened, curves, firsts, zooms, charts = [], [], [], [], []
    with bench.notebook(COMPARED, CURVES, store=store) as notebook:
        page = notebook.page
        for _ in range(4):
            seen = page.evaluate_handle("""() => { const old = new Set(document.querySelectorAll(".nbt-live"));
                return { began: bench.now(), promise: bench.seen(".nbt-live .nbt-diffs tbody tr", (el) => !old.has(el.closest(".nbt-live"))) }; }""")
            notebook.start(1)
            opened.append(seen.evaluate("async (found) => (await found.promise) - found.began"))
            notebook.wait(1)
            page.wait_for_timeout(500)
            page.evaluate("bench.forget()")
            curves.append(
                page.evaluate("""() => bench.until(() => [...document.querySelectorAll(".nbt-live [role=tab]")].find((el) => el.textContent === "Curves").click(),
                () => bench.answered() && document.querySelectorAll(".nbt-charts .nbt-card[aria-busy=false]").length >= 1 && !document.querySelector(".nbt-charts .nbt-card[aria-busy=true]"))""")
            )
            charts.append(page.evaluate("""() => document.querySelectorAll(".nbt-charts .nbt-card[aria-busy=false]").length"""))
            page.locator(".nbt-charts .nbt-plot").first.scroll_into_view_if_needed()
            page.wait_for_timeout(500)
            page.evaluate("bench.forget()")
            box = page.locator(".nbt-charts .nbt-plot").first.bounding_box()
            page.mouse.move(box["x"] + 120, box["y"] + 60)
            page.mouse.down()
            page.mouse.move(box["x"] + 180, box["y"] + 60, steps=3)
            found = page.evaluate_handle(
                """() => ({ promise: (async () => {
                    await bench.until(() => {}, () => bench.heard().some((m) => m.k === "answer"));
                    const first = bench.now();
                    await bench.until(() => {}, () => bench.answered());
                    return [bench.heard()[0].at, first, bench.now()]; })() })"""
            )
            page.mouse.up()
            asked, first, done = found.evaluate("(found) => found.promise")
            firsts.append(first - asked)
            zooms.append(done - asked)
        kernel = [json.loads(notebook.run(2)) for _ in range(3)]
    names = ("opened", "curves of 10 metrics", "of one", "zoom of 10 metrics", "zoom of one")
    return {
        "opened ms": spread(opened),
        "curves ms": spread(curves) + f", {charts} charts",
        "zoom, the chart itself ms": spread(firsts),
        "zoom, all charts ms": spread(zooms),
        **{f"kernel: {name} ms": spread([each[i] for each in kernel]) for i, name in enumerate(names)},
        "goal": "1 s, 150 ms",
    }


SMALL = "%%track small-{i}\nfor step in range(200):\n    nbtrack.log(loss=1 / (step + 1), accuracy=1 - 1 / (step + 1))"


@figure
def ten(bench: Bench) -> dict[str, Any]:
    """Ten runs with live views in a notebook: bytes on the websocket, and in the file. Sizes of the bundles."""
    with bench.notebook(*[SMALL.format(i=i) for i in range(10)]) as notebook:
        session = notebook.page.context.new_cdp_session(notebook.page)
        session.send("Network.enable")
        frames: list[tuple[str, int]] = []

        def received(event: dict[str, Any]) -> None:
            response = event["response"]
            data = base64.b64decode(response["payloadData"]) if response["opcode"] == 2 else response["payloadData"].encode()
            kinds = ("comm_open", "comm_msg", "update_display_data", "display_data")
            frames.append((next((kind for kind in kinds if kind.encode() in data[:2000]), "other"), len(data)))

        session.on("Network.webSocketFrameReceived", received)
        for i in range(1, 11):
            notebook.run(i)
        notebook.page.wait_for_timeout(1000)
        sizes = [len(json.dumps(cell["outputs"])) for cell in notebook.save()["cells"][1:]]
    by_kind: dict[str, float] = {}
    for kind, size in frames:
        by_kind[kind] = by_kind.get(kind, 0) + size / 1e3
    static = HERE.parent / "nbtrack" / "widgets" / "static"
    return {
        "bundles KB": {path.name: path.stat().st_size / 1e3 for path in sorted(static.iterdir())},
        "websocket KB": sum(by_kind.values()),
        "of it": by_kind,
        "saved KB each": spread([size / 1e3 for size in sizes]),
        "goal": "bundle 100 KB, websocket 200 KB, saved 40 KB each",
    }


def main(names: list[str]) -> None:
    os.sched_setaffinity(0, {0})
    folder = Path(tempfile.mkdtemp(prefix="nbtrack-browser-"))
    stores = Path(os.environ.get("NBTRACK_BENCH_STORES") or folder / "stores")
    stores.mkdir(parents=True, exist_ok=True)
    path = next(found for name in ("chromium", "google-chrome", "chromium-browser") if (found := shutil.which(name)))
    with chromium(path) as browser:
        server = Server("lab", folder, {})
        try:
            for name in names or FIGURES:
                began = time.monotonic()
                found = FIGURES[name](Bench(browser, server, stores))
                print(f"{name}: {(FIGURES[name].__doc__ or '').strip()}")
                print(f"  {'load average':28} {os.getloadavg()[0]:.1f}, {time.monotonic() - began:.0f} s")
                for key, value in found.items():
                    print(f"  {key:28} {shown(value)}", flush=True)
        finally:
            server.close()
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
