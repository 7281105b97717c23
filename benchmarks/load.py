"""Servers under load: ``python benchmarks/load.py [--minutes 10] [--clients 64]``.

Two ``nbtrack server`` of two workers each over one PostgreSQL that is started for it, and the clients of tests/server/crowd.py,
which send every kind of request at once, some of them to the same run and model. At the end the database is compared with what
the servers have confirmed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from nbtrack.store.open import open_store
from tests.databases import postgres_server
from tests.server.crowd import Confirmed, check, crowd, prepare
from tests.server.test_process import serving, workers_of

SECONDS_BETWEEN_SAMPLES = 1.0


def before(deadline: float, _done: int) -> bool:
    return time.time() < deadline


def work(urls: list[str], numbers: list[int], shared: list[str], deadline: float) -> Confirmed:
    return crowd(urls, numbers, shared, partial(before, deadline))


class Memory(threading.Thread):
    """Records the memory of the servers' workers."""

    def __init__(self, supervisors: list[int]) -> None:
        super().__init__(daemon=True)
        self.supervisors, self.ended, self.found = supervisors, threading.Event(), {}

    def run(self) -> None:
        while not self.ended.wait(SECONDS_BETWEEN_SAMPLES):
            for pid in sorted(set().union(*map(workers_of, self.supervisors))):
                self.found.setdefault(pid, []).append(resident(pid))


def resident(pid: int) -> float:
    """Return the resident memory of a process in MiB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--servers", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--processes", type=int, default=4, help="of clients")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store = stack.enter_context(postgres_server("")).new_url()
        more = ("--store", store, "--workers", str(options.workers))
        servers = [stack.enter_context(serving(folder, *more)) for _ in range(options.servers)]
        urls = [url for _, url in servers]
        shared = prepare(urls, max(1, options.clients // 8))
        memory = Memory([process.pid for process, _ in servers])
        memory.start()
        confirmed, seconds = load(options, urls, shared)
        memory.ended.set()
        memory.join()
        with closing(open_store(store, artifact_root="mlflow-artifacts:")) as kept:
            check(kept, confirmed)
    report(confirmed, seconds, memory)


def load(options: argparse.Namespace, urls: list[str], shared: list[str]) -> tuple[Confirmed, float]:
    deadline = time.time() + options.minutes * 60
    numbers = [list(range(options.clients))[i :: options.processes] for i in range(options.processes)]
    confirmed, begun = Confirmed(), time.perf_counter()
    with ProcessPoolExecutor(options.processes, multiprocessing.get_context("spawn")) as pool:
        jobs = [pool.submit(work, urls, mine, shared, deadline) for mine in numbers if mine]
        for job in jobs:
            confirmed.add(job.result())
    return confirmed, time.perf_counter() - begun


def report(confirmed: Confirmed, seconds: float, memory: Memory) -> None:
    count = sum(map(len, confirmed.seconds.values()))
    points = sum(map(len, confirmed.points.values()))
    print(f"{count:,} requests in {seconds:.0f} s, {count / seconds:.0f} a second; {points:,} points,")
    print(f"{len(confirmed.versions):,} versions, {len(confirmed.experiments):,} experiments that all clients made at once:")
    print("all there once, and no request failed.\n")
    print("| request | count | median, ms | 95 % | 99 % | slowest |\n|---|---|---|---|---|---|")
    for kind, times in sorted(confirmed.seconds.items()):
        times.sort()
        at = [times[int(len(times) * part)] * 1000 for part in (0.5, 0.95, 0.99)]
        print(f"| {kind} | {len(times):,} |", " | ".join(f"{ms:.0f}" for ms in (*at, times[-1] * 1000)), "|")
    print("\nMiB in memory of each worker, in tenths of the time:")
    for sizes in memory.found.values():
        print(" ", " ".join(f"{sizes[len(sizes) * i // 10]:.0f}" for i in range(10)), f"{sizes[-1]:.0f}")


if __name__ == "__main__":
    main()
