"""The figures that nbtrack is held to, measured on this machine: ``python benchmarks/figures.py [NAME …]``.

Each runs in a process of its own, in a folder of its own, and prints what it found beside the goal.
``peers.py`` beside this file does the same work for other trackers.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

now = time.perf_counter

FIGURES: dict[str, Callable[[], dict[str, object]]] = {}


def figure(measure: Callable[[], dict[str, object]]) -> Callable[[], dict[str, object]]:
    FIGURES[measure.__name__] = measure
    return measure


def row(i: int) -> dict[str, float]:
    return {"loss": 1.0 / (i + 1), "acc": i * 1e-6, "lr": 1e-3, "grad_norm": (i * 7919 % 1000) / 1000}


def connected():
    import nbtrack

    nbtrack.connect(f"sqlite:///{Path.cwd()}/runs.db")
    return nbtrack


def memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def on_disk() -> int:
    return sum(path.stat().st_size for path in Path.cwd().rglob("*") if path.is_file())


def percentiles(calls: list[float]) -> dict[str, float]:
    calls.sort()
    return {"median_us": statistics.median(calls) * 1e6, "p99_us": calls[int(len(calls) * 0.99)] * 1e6}


@figure
def log_call() -> dict[str, object]:
    """One call of 4 metrics, beside appending the same dict, step and time to a list."""
    run = connected().start_run()
    count, kept, appended, logged = 500_000, [], [], []
    for i in range(count):
        metrics = row(i)
        start = now()
        kept.append((metrics, i, time.time_ns()))
        appended.append(now() - start)
    for i in range(count):
        metrics = row(i)
        start = now()
        run.log(metrics, step=i)
        logged.append(now() - start)
    run.end()
    ours, plain = percentiles(logged), percentiles(appended)
    return {
        "log": ours,
        "list append": plain,
        "ratio of medians": ours["median_us"] / plain["median_us"],
        "goal": "median 2.0 us and 2.5 times the list, p99 10 us",
    }


def loop(steps: int) -> dict[str, object]:
    run = connected().start_run()
    run.log(row(0), step=0)
    run.flush()
    before, start = memory_mb(), now()
    for i in range(1, steps):
        run.log(row(i), step=i)
    run.end()
    seconds = now() - start
    return {
        "points a second": 4 * steps / seconds,
        "memory growth MB": memory_mb() - before,
        "bytes a point": on_disk() / (4 * steps),
        "goal": "1,500,000 points a second, under 100 MB, at most 2 bytes",
    }


@figure
def loop_1m() -> dict[str, object]:
    """1,000,000 steps of 4 metrics until all is in SQLite."""
    return loop(1_000_000)


@figure
def loop_10m() -> dict[str, object]:
    """The same at ten times the length."""
    return loop(10_000_000)


@figure
def noisy() -> dict[str, object]:
    """Bytes a point of noisy float64 metrics."""
    import numpy as np

    noise = np.random.default_rng(0).normal(size=(1_000_000, 4)).tolist()
    run = connected().start_run()
    for step, (a, b, c, d) in enumerate(noise):
        run.log({"a": a, "b": b, "c": c, "d": d}, step=step)
    run.end()
    read = np.column_stack([run.metrics[key].values for key in "abcd"])
    assert (read == np.array(noise)).all()
    return {"bytes a point": on_disk() / 4_000_000, "goal": "at most 8.5"}


@figure
def read_1m() -> dict[str, object]:
    """One metric of 1,000,000 points read back, warm."""
    nbtrack = connected()
    run = nbtrack.start_run()
    for i in range(1_000_000):
        run.log(row(i), step=i)
    run.end()
    seconds = []
    for _ in range(7):
        start = now()
        values = nbtrack.get_run(run.id).metrics["loss"].values
        seconds.append(now() - start)
        assert len(values) == 1_000_000
    return {"first ms": seconds[0] * 1e3, "warm ms": statistics.median(seconds[1:]) * 1e3, "goal": "20 ms warm"}


@figure
def runs_10k() -> dict[str, object]:
    """10,000 runs of 10 params and 10 metrics: created, as a DataFrame, filtered."""
    nbtrack = connected()
    start = now()
    for i in range(10_000):
        run = nbtrack.start_run(params={f"p{j}": str((i + j) % 7) for j in range(10)})
        run.log({f"m{j}": ((i * 31 + j) % 1000) / 1000 for j in range(10)}, step=0)
        run.end()
    created = now() - start
    frames, queries = [], []
    for _ in range(5):
        start = now()
        assert nbtrack.runs().df().shape[0] == 10_000
        frames.append(now() - start)
        start = now()
        found = len(nbtrack.runs("metrics.m0 < 0.1 and params.p0 = '1'"))
        queries.append(now() - start)
    return {
        "created a second": 10_000 / created,
        "as a DataFrame s": {"first": frames[0], "then": statistics.median(frames[1:])},
        "filtered ms": {"first": queries[0] * 1e3, "then": statistics.median(queries[1:]) * 1e3},
        "found": found,
        "goal": "500 a second, 0.5 s, 20 ms",
    }


def in_process(code: str) -> float:
    """Seconds of the fastest of several fresh processes, of which the median is told beside."""
    return statistics.median(
        float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()[-1])
        for _ in range(7)
    )


@figure
def start() -> dict[str, object]:
    """Import and extension; the first run of a fresh process, with the store made. Medians of 7 processes."""
    clock = "import time; t = time.perf_counter()"
    said = "; print(time.perf_counter() - t)"
    shell = "from IPython.core.interactiveshell import InteractiveShell as S; ip = S.instance(); "
    first = "; nbtrack.connect(tempfile.mkdtemp()); run = nbtrack.start_run(); run.log(loss=1.0); run.end()"
    return {
        "import and load_ext ms": in_process(f"{shell}{clock}; import nbtrack; nbtrack.load_ipython_extension(ip){said}") * 1e3,
        "first run s": in_process(f"import tempfile; {clock}; import nbtrack{first}{said}"),
        "goal": "150 ms, 0.5 s",
    }


def main(names: list[str]) -> None:
    if names and names[0] == "--one":
        print(json.dumps(FIGURES[names[1]]()))
        sys.stdout.flush()
        os._exit(0)
    for name in names or FIGURES:
        folder = tempfile.mkdtemp(prefix="nbtrack-figures-")
        try:
            command = [sys.executable, str(Path(__file__).resolve()), "--one", name]
            found = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder).stdout
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(f"{name}: {(FIGURES[name].__doc__ or '').strip()}")
        for key, value in json.loads(found).items():
            print(f"  {key:24} {shown(value)}")


def shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {shown(each)}" for key, each in value.items())
    return (
        f"{value:,.4g}"
        if isinstance(value, float) and value < 1e4
        else f"{value:,.0f}"
        if isinstance(value, float)
        else str(value)
    )


if __name__ == "__main__":
    main(sys.argv[1:])
