"""A client that calls an application in this process, one ASGI exchange a request, without a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode

from nbtrack.store.http import Response


@dataclass(frozen=True)
class Answer:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> tuple[int, str, str]:
        """The status, MLflow's code and the message of an answer that is no success."""
        return self.status, self.json["error_code"], self.json["message"]


class AppClient:
    """Sends requests to an application."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        query: Mapping[str, Any] | Sequence[tuple[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask for any path; ``{"Host": "localhost"}`` unless the headers say otherwise."""
        sent = {
            "host": "localhost",
            "content-length": str(len(body)),
            **{name.lower(): value for name, value in (headers or {}).items()},
        }
        scope = {
            "type": "http",
            "method": method,
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": urlencode(query or {}, doseq=True).encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
            "client": ("127.0.0.1", 1),
        }
        return asyncio.run(self._exchange(scope, body))

    async def _exchange(self, scope: dict[str, Any], body: bytes) -> Answer:
        sent: list[dict[str, Any]] = []
        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return waiting.pop() if waiting else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        headers = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]))

    def post(self, path: str, body: Any = None, *, method: str = "POST", api: str = "/api/2.0/mlflow/") -> Answer:
        """Send JSON."""
        return self.request(method, api + path, json.dumps(body or {}).encode(), headers={"Content-Type": "application/json"})

    def get(self, path: str, /, *, api: str = "/api/2.0/mlflow/", **query: Any) -> Answer:
        """Ask with a query."""
        return self.request("GET", api + path, query=query)


class InProcess:
    """An ``HttpClient`` that calls an application without a socket."""

    url = "http://in-process"

    def __init__(self, app):
        self.asking = AppClient(app)
        self.asked = []

    def request(self, method, path, *, body, headers, is_repeatable, check):
        self.asked.append(path.rpartition("/")[2])
        found = self.asking.request(method, path, body, headers=headers)
        answer = Response(found.status, found.headers, found.body)
        check(answer)
        return answer

    def close(self):
        pass
