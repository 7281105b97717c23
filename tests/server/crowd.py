"""Many clients of several servers over one database, each with a record of what was confirmed to it."""

from __future__ import annotations

import http.client
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

from nbtrack.store.open import open_store
from nbtrack.store.protocol.store import Store

from ..store.building import START, batch, new_id, rows, started

MODEL = "shared"
ROWS = 50


@dataclass
class Told:
    """What clients were told: that it was kept, and how long it took.

    Attributes:
        points: The values by step of each metric of each run.
        pairs: Params and tags by (kind, run, key).
        versions: Numbers of versions.
        experiments: How many were told to have made the experiment of a name.
        ended: Runs that have ended.
        seconds: How long each kind of request took.
        failures: Answers that were no success.
    """

    points: dict[tuple[str, str], dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    pairs: dict[tuple[str, str, str], str] = field(default_factory=dict)
    versions: list[int] = field(default_factory=list)
    experiments: Counter[str] = field(default_factory=Counter)
    ended: set[str] = field(default_factory=set)
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failures: list[str] = field(default_factory=list)

    def add(self, other: Told) -> None:
        """Take in what another client was told."""
        for metric, values in other.points.items():
            self.points[metric] |= values
        self.pairs |= other.pairs
        self.versions += other.versions
        self.experiments += other.experiments
        self.ended |= other.ended
        for kind, found in other.seconds.items():
            self.seconds[kind] += found
        self.failures += other.failures


class Client:
    """One program of the crowd.

    Args:
        number: Its own.
        urls: The servers; each request goes to any of them.
        shared: The run that it writes to with another client.
    """

    def __init__(self, number: int, urls: Sequence[str], shared: str) -> None:
        self.number, self.shared, self.told = number, shared, Told()
        self._random = random.Random(number)
        self._connections = [http.client.HTTPConnection(urlsplit(url).netloc, timeout=60) for url in urls]
        self._stores = [open_store(url, artifact_root="") for url in urls]
        self._count = 0

    def close(self) -> None:
        for each in (*self._connections, *self._stores):
            each.close()

    def post(self, path: str, body: dict[str, Any], *, may_be_there: bool = False) -> dict[str, Any] | None:
        """Ask one of the servers; None where the thing may be there and is."""
        connection = self._random.choice(self._connections)
        with self._timed(path):
            connection.request("POST", f"/api/2.0/mlflow/{path}", json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
        if answer.status != 200:
            if not (may_be_there and answer.status == 400 and b"RESOURCE_ALREADY_EXISTS" in content):
                self.told.failures.append(f"{path}: {answer.status} {content[:300]!r}")
            return None
        return json.loads(content)

    @contextmanager
    def _timed(self, kind: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.told.seconds[kind].append(time.perf_counter() - begun)

    def round(self, number: int) -> None:
        """Do everything once."""
        self.make_experiment(f"together {number}")
        run = self.make_run()
        if run is None:
            return
        self.log_batch(run, f"own {number % 7}")
        for _ in range(3):
            self.log_metric(run)
        self.log_batch(self.shared, "both")
        self.log_batch(self.shared, f"of {self.number}")
        self.append(number)
        self.register(number)
        if self.post("runs/update", {"run_id": run, "status": "FINISHED", "end_time": START + 1}) is not None:
            self.told.ended.add(run)
        self.post("runs/search", {"experiment_ids": ["0"], "filter": f"tags.of = '{self.number}'", "max_results": 5})

    def make_experiment(self, name: str) -> None:
        made = self.post("experiments/create", {"name": name}, may_be_there=True)
        self.told.experiments[name] += made is not None

    def make_run(self) -> str | None:
        tags = [{"key": "of", "value": str(self.number)}]
        made = self.post("runs/create", {"experiment_id": "0", "start_time": START, "tags": tags})
        return made and made["run"]["info"]["run_id"]

    def steps(self, count: int) -> list[int]:
        """Return steps that no other client uses."""
        self._count += count
        return [(self._count - i) * 1000 + self.number for i in range(count)]

    def log_batch(self, run: str, key: str) -> None:
        values = {step: step / 7 for step in self.steps(20)}
        mark = f"mark {self.number}"
        body = {
            "run_id": run,
            "metrics": [{"key": key, "value": value, "timestamp": START + step, "step": step} for step, value in values.items()],
            "params": [{"key": f"p{self._count} of {self.number}", "value": "v"}],
            "tags": [{"key": mark, "value": str(self._count)}],
        }
        if self.post("runs/log-batch", body) is not None:
            self.told.points[run, key] |= values
            self.told.pairs["param", run, f"p{self._count} of {self.number}"] = "v"
            self.told.pairs["tag", run, mark] = str(self._count)

    def log_metric(self, run: str) -> None:
        (step,) = self.steps(1)
        body = {"run_id": run, "key": "single", "value": step / 3, "timestamp": START + step, "step": step}
        if self.post("runs/log-metric", body) is not None:
            self.told.points[run, "single"][step] = step / 3

    def append(self, number: int) -> None:
        """Append a batch in the binary protocol, and send it again as after an answer that was lost."""
        run = f"{new_id()}-{self.number}-{number}"
        values = [i / 11 for i in range(ROWS)]
        sent = batch(run, started("binary"), lanes=[rows({"a": values, "b": values})])
        for store in self._random.sample(self._stores, len(self._stores)):
            with self._timed("append"):
                store.apply([sent])
        for key in ("a", "b"):
            self.told.points[run, key] |= dict(enumerate(values))

    def register(self, number: int) -> None:
        made = self.post("model-versions/create", {"name": MODEL, "source": f"s3://models/{self.number}/{number}"})
        if made is not None:
            self.told.versions.append(int(made["model_version"]["version"]))


def crowd(urls: Sequence[str], clients: Iterable[int], shared: Sequence[str], going_on: Callable[[int], bool]) -> Told:
    """Let clients of these numbers work at once, round after round while ``going_on(number of the round)``."""

    def work(number: int) -> Told:
        client = Client(number, urls, shared[number // 2 % len(shared)])
        done = 0
        while going_on(done):
            client.round(done)
            done += 1
        client.close()
        return client.told

    numbers, told = list(clients), Told()
    with ThreadPoolExecutor(len(numbers)) as threads:
        for each in threads.map(work, numbers):
            told.add(each)
    return told


def prepare(urls: Sequence[str], count: int) -> list[str]:
    """Make the model and the runs that clients share, and return the runs."""
    for url in urls:
        urlopen(f"{url}/health", timeout=120).close()  # it listens before its workers are there
    client = Client(0, urls, "")
    client.post("registered-models/create", {"name": MODEL})
    made = [client.make_run() for _ in range(count)]
    assert not client.told.failures, client.told.failures
    client.close()
    return [run for run in made if run]


def check(store: Store, told: Told) -> None:
    """Compare a store with what its clients were told; AssertionError where anything is missing, twice there, or unasked for."""
    assert not told.failures, told.failures[:5]
    runs = sorted({run for run, _ in told.points})
    found = {(run, key): points for run, key, points in store.histories(runs, None)}
    assert found.keys() == told.points.keys()
    for metric, values in told.points.items():
        points = found[metric]
        assert len(points) == len(values), metric
        assert dict(zip(points.steps.tolist(), points.values.tolist(), strict=True)) == values, metric
    pairs = {("param", run, key): value for run, key, value in store.params(runs)}
    pairs |= {("tag", run, key): value for run, key, value in store.tags(runs)}
    assert {key: value for key, value in pairs.items() if key[2] not in ("of", "mlflow.runName")} == told.pairs
    assert all(store.get_run(run).status.value == "FINISHED" for run in told.ended)
    assert sorted(told.versions) == list(range(1, len(told.versions) + 1))
    (latest,) = store.registry.latest_versions([MODEL])[MODEL]
    assert latest.version == len(told.versions)
    assert set(told.experiments.values()) == {1}
    assert {each.name for each in store.experiments()} == {"Default", *told.experiments}
