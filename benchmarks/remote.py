"""Logging to a server: ``python benchmarks/remote.py [STEPS]`` starts ``nbtrack server`` on this machine and fills it.

It prints the points per second of ``run.log`` with 4 metrics, from the first call until all points can be read back, to a server
and to a SQLite file; and the points per second of the binary append alone, for each encoding of columns.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

now = time.perf_counter


@contextlib.contextmanager
def serving() -> Iterator[str]:
    folder = tempfile.mkdtemp()
    command = [sys.executable, "-m", "nbtrack", "server", "--store", f"sqlite:///{folder}/runs.db", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"http://\S+:\d+", server.stdout.readline())
        assert found
        try:
            yield found[0]
        finally:
            server.terminate()


def logged(uri: str, steps: int) -> dict[str, float]:
    import nbtrack

    nbtrack.connect(uri)
    with nbtrack.start_run() as warm:
        warm.log(loss=1.0)
    run = nbtrack.start_run()
    began = now()
    for i in range(steps):
        run.log(loss=1.0 / (i + 1), acc=i * 1e-6, lr=1e-3, grad_norm=(i * 7919 % 1000) / 1000)
    looped = now()
    run.end()
    assert nbtrack.flush()
    found = sum(len(run.metrics[key].values) for key in ("loss", "acc", "lr", "grad_norm"))
    done = now()
    assert found == 4 * steps
    return {"points_per_s": round(found / (done - began)), "log_us": round((looped - began) / steps * 1e6, 2)}


def appended(uri: str, steps: int) -> dict[str, object]:
    """Apply batches one after the other, and read all points back."""
    import numpy as np

    from nbtrack.entities.events import Batch, LaneRows, RunStarted, Series
    from nbtrack.store import chunks
    from nbtrack.store.nbtrack_server import points
    from nbtrack.store.open import open_store

    found: dict[str, object] = {}
    rng = np.random.default_rng(1)
    for name, encode in {"pcodec": chunks.encode, "raw": lambda column: b"r" + column.tobytes()}.items():
        points.encode = encode  # type: ignore[attr-defined]
        store, run = open_store(uri, artifact_root=""), f"bench{name}{time.time_ns()}"
        store.apply([Batch(run, "w", 0, (RunStarted("Default", name, 1),))])
        began = now()
        for first in range(0, steps, 250_000):
            count = min(250_000, steps - first)
            index = np.arange(first, first + count)
            values = (1 / (index + 1), index * 1e-6, np.full(count, 1e-3), rng.random(count))
            series = Series(("loss", "acc", "lr", "noise"), index, 1_700_000_000_000 + index, values)
            store.apply([Batch(run, "w", 1, (), (LaneRows(0, first, count, (series,)),))])
        read = sum(len(points_) for _, _, points_ in store.histories([run], None) if points_.values.size)
        found[name] = round(read / (now() - began))
        assert read == 4 * steps
    return found


def main() -> None:
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    os.chdir(tempfile.mkdtemp())
    with serving() as uri:
        for name, measure in {"log, to a server": logged, "append, to a server": appended}.items():
            print(json.dumps({name: measure(uri, steps)}), flush=True)
    print(json.dumps({"log, to SQLite": logged(f"sqlite:///{Path.cwd()}/runs.db", steps)}))


if __name__ == "__main__":
    main()
