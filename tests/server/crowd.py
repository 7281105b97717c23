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
class Confirmed:
    """What servers have confirmed to clients, and how long that took.

    Attributes:
        points: The values by step of each metric of each run.
        pairs: Params and tags by (kind, run, key).
        versions: The numbers of model versions.
        experiments: By name, how many clients were told that they created the experiment.
        ended: Runs that have ended.
        seconds: The duration of each request, by kind.
        failures: Answers other than success.
    """

    points: dict[tuple[str, str], dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    pairs: dict[tuple[str, str, str], str] = field(default_factory=dict)
    versions: list[int] = field(default_factory=list)
    experiments: Counter[str] = field(default_factory=Counter)
    ended: set[str] = field(default_factory=set)
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failures: list[str] = field(default_factory=list)

    def add(self, other: Confirmed) -> None:
        """Add what was confirmed to another client."""
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
    """One of the clients.

    Args:
        number: Its number.
        urls: The servers; each request goes to a random one.
        shared: A run that it shares with another client.
    """

    def __init__(self, number: int, urls: Sequence[str], shared: str) -> None:
        self.number, self.shared, self.confirmed = number, shared, Confirmed()
        self._random = random.Random(number)
        self._connections = [http.client.HTTPConnection(urlsplit(url).netloc, timeout=60) for url in urls]
        self._stores = [open_store(url, artifact_root="") for url in urls]
        self._count = 0

    def close(self) -> None:
        for each in (*self._connections, *self._stores):
            each.close()

    def post(self, path: str, body: dict[str, Any], *, may_exist: bool = False) -> dict[str, Any] | None:
        """Send a request to one of the servers; None if it fails, or if ``may_exist`` and the object exists."""
        connection = self._random.choice(self._connections)
        with self._timed(path):
            connection.request("POST", f"/api/2.0/mlflow/{path}", json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
        if answer.status != 200:
            if not (may_exist and answer.status == 400 and b"RESOURCE_ALREADY_EXISTS" in content):
                self.confirmed.failures.append(f"{path}: {answer.status} {content[:300]!r}")
            return None
        return json.loads(content)

    @contextmanager
    def _timed(self, kind: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.confirmed.seconds[kind].append(time.perf_counter() - begun)

    def round(self, number: int) -> None:
        """Send every kind of request once."""
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
            self.confirmed.ended.add(run)
        self.post("runs/search", {"experiment_ids": ["0"], "filter": f"tags.of = '{self.number}'", "max_results": 5})

    def make_experiment(self, name: str) -> None:
        made = self.post("experiments/create", {"name": name}, may_exist=True)
        self.confirmed.experiments[name] += made is not None

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
            self.confirmed.points[run, key] |= values
            self.confirmed.pairs["param", run, f"p{self._count} of {self.number}"] = "v"
            self.confirmed.pairs["tag", run, mark] = str(self._count)

    def log_metric(self, run: str) -> None:
        (step,) = self.steps(1)
        body = {"run_id": run, "key": "single", "value": step / 3, "timestamp": START + step, "step": step}
        if self.post("runs/log-metric", body) is not None:
            self.confirmed.points[run, "single"][step] = step / 3

    def append(self, number: int) -> None:
        """Apply a batch over nbtrack's protocol, and send it again as after a lost answer."""
        run = f"{new_id()}-{self.number}-{number}"
        values = [i / 11 for i in range(ROWS)]
        sent = batch(run, started("binary"), lanes=[rows({"a": values, "b": values})])
        for store in self._random.sample(self._stores, len(self._stores)):
            with self._timed("append"):
                store.apply([sent])
        for key in ("a", "b"):
            self.confirmed.points[run, key] |= dict(enumerate(values))

    def register(self, number: int) -> None:
        made = self.post("model-versions/create", {"name": MODEL, "source": f"s3://models/{self.number}/{number}"})
        if made is not None:
            self.confirmed.versions.append(int(made["model_version"]["version"]))


def crowd(urls: Sequence[str], clients: Iterable[int], shared: Sequence[str], keep_going: Callable[[int], bool]) -> Confirmed:
    """Run clients of these numbers at once, round after round while ``keep_going(number of the round)``."""

    def work(number: int) -> Confirmed:
        client = Client(number, urls, shared[number // 2 % len(shared)])
        done = 0
        while keep_going(done):
            client.round(done)
            done += 1
        client.close()
        return client.confirmed

    numbers, confirmed = list(clients), Confirmed()
    with ThreadPoolExecutor(len(numbers)) as threads:
        for each in threads.map(work, numbers):
            confirmed.add(each)
    return confirmed


def prepare(urls: Sequence[str], count: int) -> list[str]:
    """Create the model and the runs that clients share, and return the runs."""
    for url in urls:
        urlopen(f"{url}/health", timeout=120).close()  # it listens before its workers have started
    client = Client(0, urls, "")
    client.post("registered-models/create", {"name": MODEL})
    made = [client.make_run() for _ in range(count)]
    assert not client.confirmed.failures, client.confirmed.failures
    client.close()
    return [run for run in made if run]


def check(store: Store, confirmed: Confirmed) -> None:
    """Compare a store with what was confirmed to clients; AssertionError if anything is missing, stored twice or unexpected."""
    assert not confirmed.failures, confirmed.failures[:5]
    runs = sorted({run for run, _ in confirmed.points})
    found = {(run, key): points for run, key, points in store.histories(runs, None)}
    assert found.keys() == confirmed.points.keys()
    for metric, values in confirmed.points.items():
        points = found[metric]
        assert len(points) == len(values), metric
        assert dict(zip(points.steps.tolist(), points.values.tolist(), strict=True)) == values, metric
    pairs = {("param", run, key): value for run, key, value in store.params(runs)}
    pairs |= {("tag", run, key): value for run, key, value in store.tags(runs)}
    assert {key: value for key, value in pairs.items() if key[2] not in ("of", "mlflow.runName")} == confirmed.pairs
    assert all(store.get_run(run).status.value == "FINISHED" for run in confirmed.ended)
    assert sorted(confirmed.versions) == list(range(1, len(confirmed.versions) + 1))
    (latest,) = store.registry.latest_versions([MODEL])[MODEL]
    assert latest.version == len(confirmed.versions)
    assert set(confirmed.experiments.values()) == {1}
    assert {each.name for each in store.experiments()} == {"Default", *confirmed.experiments}
