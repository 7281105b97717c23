"""Record what MLflow's client asks and what MLflow's server answers: ``python -m tests.server.golden.record [SESSION …]``.

A proxy stands between the two, both unmodified and of the release whose dialect the server speaks. Each session is a program in
``sessions`` that runs on an empty server; what was said is a line for each request in ``SESSION.jsonl``.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import mlflow

from nbtrack.store.mlflow_api.service import MLFLOW_VERSION

from ...mlflow_client.programs import ENVIRONMENT
from ...store.mlflow_server.server import MlflowServer, mlflow_server
from .keeping import kept

HERE = Path(__file__).parent
SESSIONS = sorted(path.stem for path in (HERE / "sessions").glob("*.py"))


class Recorder(BaseHTTPRequestHandler):
    """Passes requests on to the server's ``upstream`` and keeps both sides in its ``exchanges``."""

    protocol_version = "HTTP/1.1"

    def handle_one(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        connection = http.client.HTTPConnection(self.server.upstream, timeout=60)
        passed = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "content-length")}
        connection.request(self.command, self.path, body or None, {**passed, "Content-Length": str(len(body))})
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        self.server.exchanges.append(self.told(body, response, answer))
        self.send_response(response.status)
        for name, value in response.headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one

    def told(self, body: bytes, response: http.client.HTTPResponse, answer: bytes) -> dict[str, Any]:
        """Return an exchange as it is kept."""
        path, _, query = self.path.partition("?")
        told = {"method": self.command, "path": path, "query": [list(pair) for pair in parse_qsl(query, keep_blank_values=True)]}
        told |= content("body", self.headers, body) | {"status": response.status} | content("answer", response.headers, answer)
        return {name: value for name, value in told.items() if value != []}

    def log_message(self, *_: object) -> None:
        pass


def content(name: str, headers: Message, data: bytes) -> dict[str, Any]:
    """Return a body as JSON where it says to be that, else as a text; nothing where there is none."""
    if not data:
        return {}
    is_json = headers.get_content_type() == "application/json"
    return {name: json.loads(data)} if is_json else {f"{name}_text": data.decode()}


@contextmanager
def proxy(port: int):
    """Run a proxy before a server and give (URL, exchanges)."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    server.upstream, server.exchanges = f"127.0.0.1:{port}", []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server.exchanges
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def record(session: str, server: MlflowServer) -> None:
    """Run a session on an emptied server and keep what was said."""
    server.reset()
    with tempfile.TemporaryDirectory() as folder, proxy(server.port) as (url, exchanges):
        environ = {**os.environ, **ENVIRONMENT, "MLFLOW_TRACKING_URI": url, "LOGNAME": "ada"}
        program = Path(folder) / "train.py"
        program.write_text((HERE / "sessions" / f"{session}.py").read_text())
        subprocess.run([sys.executable, "-W", "ignore", "train.py"], cwd=folder, env=environ, check=True)
        lines = kept(exchanges)
    text = "\n".join(lines).replace(url, "http://server").replace(folder, "/client").replace(str(server.folder), "/server")
    assert str(Path.home()) not in text
    (HERE / f"{session}.jsonl").write_text(f"{text}\n", encoding="utf-8")
    print(f"{session}: {len(lines)} requests, {len(text.encode())} bytes")


def main() -> None:
    assert mlflow.__version__ == MLFLOW_VERSION, f"this is MLflow {mlflow.__version__}, and the server speaks {MLFLOW_VERSION}"
    with tempfile.TemporaryDirectory() as folder:
        files = ("--serve-artifacts", "--artifacts-destination", f"{folder}/files")
        with mlflow_server(Path(folder), *files) as server:
            for session in sys.argv[1:] or SESSIONS:
                record(session, server)


if __name__ == "__main__":
    main()
