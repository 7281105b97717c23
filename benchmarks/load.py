"""Servers under load: ``python benchmarks/load.py [--minutes 10] [--clients 64]``.

Two ``nbtrack server`` of two workers each over one PostgreSQL that is started for it, and clients that do what is in
tests/server/crowd.py: everything at once, some of it to the same run and model. In the end the database is compared with what
the clients were told.
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
from tests.server.crowd import Told, check, crowd, prepare
from tests.server.test_process import serving, workers_of

BETWEEN_LOOKS = 1.0


def before(deadline: float, _done: int) -> bool:
    return time.time() < deadline


def work(urls: list[str], numbers: list[int], shared: list[str], deadline: float) -> Told:
    return crowd(urls, numbers, shared, partial(before, deadline))


class Memory(threading.Thread):
    """Notes what the workers of servers have in memory."""

    def __init__(self, supervisors: list[int]) -> None:
        super().__init__(daemon=True)
        self.supervisors, self.ended, self.found = supervisors, threading.Event(), {}

    def run(self) -> None:
        while not self.ended.wait(BETWEEN_LOOKS):
            for pid in sorted(set().union(*map(workers_of, self.supervisors))):
                self.found.setdefault(pid, []).append(resident(pid))


def resident(pid: int) -> float:
    """Return the MiB that a process has in memory."""
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
        told, seconds = load(options, urls, shared)
        memory.ended.set()
        memory.join()
        with closing(open_store(store, artifact_root="mlflow-artifacts:")) as kept:
            check(kept, told)
    report(told, seconds, memory)


def load(options: argparse.Namespace, urls: list[str], shared: list[str]) -> tuple[Told, float]:
    deadline = time.time() + options.minutes * 60
    numbers = [list(range(options.clients))[i :: options.processes] for i in range(options.processes)]
    told, begun = Told(), time.perf_counter()
    with ProcessPoolExecutor(options.processes, multiprocessing.get_context("spawn")) as pool:
        jobs = [pool.submit(work, urls, mine, shared, deadline) for mine in numbers if mine]
        for job in jobs:
            told.add(job.result())
    return told, time.perf_counter() - begun


def report(told: Told, seconds: float, memory: Memory) -> None:
    count = sum(map(len, told.seconds.values()))
    points = sum(map(len, told.points.values()))
    print(f"{count:,} requests in {seconds:.0f} s, {count / seconds:.0f} a second; {points:,} points,")
    print(f"{len(told.versions):,} versions, {len(told.experiments):,} experiments that all clients made at once:")
    print("all there once, and no request failed.\n")
    print("| request | count | median, ms | 95 % | 99 % | slowest |\n|---|---|---|---|---|---|")
    for kind, times in sorted(told.seconds.items()):
        times.sort()
        at = [times[int(len(times) * part)] * 1000 for part in (0.5, 0.95, 0.99)]
        print(f"| {kind} | {len(times):,} |", " | ".join(f"{ms:.0f}" for ms in (*at, times[-1] * 1000)), "|")
    print("\nMiB in memory of each worker, in tenths of the time:")
    for sizes in memory.found.values():
        print(" ", " ".join(f"{sizes[len(sizes) * i // 10]:.0f}" for i in range(10)), f"{sizes[-1]:.0f}")


if __name__ == "__main__":
    main()
