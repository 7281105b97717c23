"""The server's answers compared with those of MLflow's server, recorded by golden/record.py."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from nbtrack.entities.run import now_ms
from nbtrack.server.app import create_app
from nbtrack.store.artifacts.local import LocalArtifacts
from nbtrack.store.open import open_store

from .app_client import Answer, AppClient
from .golden.differences import DIFFERENCES
from .golden.keeping import changed, recorded

SESSIONS = ("fluent", "client", "edges")
_WITHOUT_ORDER = re.compile(r"\.(tags|params|data\.metrics|latest_versions|dataset_summaries|model_(out|in)puts)$")
_MADE = re.compile(r"«(\d+|name \d+)»")


class Names:
    """The generated values of the recording, and the values that stand for them in this run."""

    def __init__(self) -> None:
        self.here: dict[str, str] = {}

    def sent(self, value: Any) -> Any:
        """Return what the client sends, with this run's values in place of names."""
        return changed(value, lambda text: _MADE.sub(lambda found: self.here.get(found[1], found[0]), text))

    def are_same(self, told: str, found: Any) -> bool:
        """Return whether a value equals the recorded one, and learn the values that stand for its names."""
        if told == "«time»":
            return isinstance(found, int) and abs(found - now_ms()) < 3_600_000
        parts = _MADE.split(told)
        pattern = "".join(re.escape(part) if index % 2 == 0 else self._group(part) for index, part in enumerate(parts))
        match = re.fullmatch(pattern, found, re.DOTALL) if isinstance(found, str) else None
        if match is None:
            return False
        new = dict(zip(dict.fromkeys(part for part in parts[1::2] if part not in self.here), match.groups(), strict=True))
        self.here |= new
        return len(set(self.here.values())) == len(self.here)

    def _group(self, name: str) -> str:
        if name in self.here:
            return re.escape(self.here[name])
        return "(.+)" if name.startswith("name") else "([0-9a-f]{32})"


def differences(told: Any, found: Any, names: Names, where: str = "") -> Iterator[str]:
    """Yield the differences between a recorded value and the present one, with their places."""
    if isinstance(told, dict) and isinstance(found, dict):
        for key in {**told, **found}:
            yield from differences(told.get(key, "nothing"), found.get(key, "nothing"), names, f"{where}.{key}")
    elif isinstance(told, list) and isinstance(found, list) and len(told) == len(found):
        for index, pair in enumerate(zip(in_order(told, where, names), in_order(found, where, names), strict=True)):
            yield from differences(*pair, names, f"{where}[{index}]")
    elif where == ".answer.message" and isinstance(found, str):
        if not found.startswith(names.sent(told.partition(". ")[0].rstrip("."))):  # our messages may continue
            yield f"{where} is {json.dumps(found)[:300]}, not {json.dumps(told)[:300]}"
    elif not (names.are_same(told, found) if isinstance(told, str) else told == found):
        yield f"{where} is {json.dumps(found)[:300]}, not {json.dumps(told)[:300]}"


def in_order(values: list[Any], where: str, names: Names) -> list[Any]:
    """Sort lists that MLflow returns in no order, such as tags."""
    if not _WITHOUT_ORDER.search(where):
        return values
    keys = ("key", "digest", "context", "version", "model_id")
    return sorted(values, key=lambda each: names.sent([each.get(key, "") for key in keys]))


def replayed(server: AppClient, session: str) -> Iterator[str]:
    """Send the recorded requests, and yield a line for each difference between an answer and the recorded one."""
    names = Names()
    for exchange in recorded(session):
        method, path = exchange["method"], names.sent(exchange["path"])
        query, body = names.sent(exchange.get("query", [])), names.sent(exchange.get("body"))
        text = names.sent(exchange.get("body_text", "")) if body is None else json.dumps(body)
        kind = {} if body is None else {"Content-Type": "application/json"}
        asked = now_ms()
        answer = server.request(method, path, text.encode(), query=list(map(tuple, query)), headers=kind)
        while now_ms() == asked:  # objects created one after the other must have different times, as in the recording
            pass
        told = {key: exchange[key] for key in ("status", "answer", "answer_text") if key in exchange}
        for each in differences(told, heard(answer, as_text="answer_text" in told and answer.status == told["status"]), names):
            yield f"{method} {path} {json.dumps(body or dict(query))} {each}"


def heard(answer: Answer, *, as_text: bool) -> dict[str, Any]:
    """Return an answer in the form of a recorded one."""
    if not answer.body:
        return {"status": answer.status}
    is_text = as_text and answer.headers["content-type"] != "application/json"
    return {"status": answer.status} | ({"answer_text": answer.body.decode()} if is_text else {"answer": answer.json})


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The differences of each session, on an empty server."""
    lines = {}
    for session in SESSIONS:
        folder = tmp_path_factory.mktemp(session)
        store = open_store(f"sqlite:///{folder}/runs.db", artifact_root="mlflow-artifacts:")
        app = create_app(store, LocalArtifacts(folder / "artifacts"))
        lines[session] = list(replayed(AppClient(app), session))
        app.close()
    return lines


@pytest.mark.parametrize("session", SESSIONS)
def test_the_server_answers_as_mlflows_except_for_listed_differences(found, session):
    unexplained = [line for line in found[session] if not any(re.search(pattern, line) for pattern in DIFFERENCES)]
    assert not unexplained, "\n".join(unexplained)


def test_every_listed_difference_exists(found):
    lines = [line for each in found.values() for line in each]
    assert [pattern for pattern in DIFFERENCES if not any(re.search(pattern, line) for line in lines)] == []
