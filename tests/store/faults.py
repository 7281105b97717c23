"""A proxy between a client and a real server that injects faults."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_RESET = struct.pack("ii", 1, 0)


def canned(status: str, body: bytes = b"", *headers: str) -> bytes:
    """Return a whole answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


HTML = canned("200 OK", b"<html><h1>Sign in</h1></html>", "Content-Type: text/html")
BAD_GATEWAY = canned("502 Bad Gateway", b"<html>", "Content-Type: text/html")
SERVER_ERROR = canned("500 Internal Server Error", b"oops", "Content-Type: text/plain")


def too_many(seconds: str = "0") -> bytes:
    return canned("429 Too Many Requests", b"", f"Retry-After: {seconds}")


class FaultProxy:
    """Forwards requests to a server, each over its own connection, unless ``faults`` has a fault for it.

    A fault is an answer's bytes, or one of the words: ``cut`` the request in the middle, ``lose`` the answer (the server has
    had the request), ``half`` of the answer, ``never`` answer, ``slow`` down. The faults are used up one a request.
    """

    def __init__(self, port: int) -> None:
        self.target = port
        self.faults: list[str | bytes] = []
        self.requests: list[bytes] = []
        self.port = 0
        self._listener: socket.socket | None = None
        self._over = threading.Event()
        self.start()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen, at the same port again after a ``stop``."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections."""
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None

    @contextmanager
    def away(self) -> Iterator[None]:
        """Refuse connections within the block."""
        self.stop()
        yield
        self.start()

    def close(self) -> None:
        self._over.set()
        self.stop()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            request = _read_request(client)
            if request:
                self.requests.append(request.partition(b"\r\n")[0])
                self._answer(client, request, self.faults.pop(0) if self.faults else "pass")

    def _answer(self, client: socket.socket, request: bytes, fault: str | bytes) -> None:
        if isinstance(fault, bytes):
            client.sendall(fault)
        elif fault == "never":
            self._over.wait(30)
        elif fault == "cut":
            self._ask(request[: len(request) * 2 // 3], is_whole=False)
            _reset(client)
        else:
            answer = self._ask(request)
            if fault == "slow":
                time.sleep(0.3)
            client.sendall(answer[: {"lose": 0, "half": len(answer) // 2}.get(fault, len(answer))])
            if fault in ("lose", "half"):
                _reset(client)

    def _ask(self, request: bytes, *, is_whole: bool = True) -> bytes:
        with socket.create_connection(("127.0.0.1", self.target)) as server:
            server.sendall(request)
            if not is_whole:
                _reset(server)
                return b""
            return b"".join(iter(lambda: server.recv(1 << 16), b""))


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    connection.close()


def _read_request(client: socket.socket) -> bytes:
    """Read one request with its content, and ask for a connection that ends with the answer."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = client.recv(1 << 16)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    length = next((int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += client.recv(1 << 16) or b"\0" * length
    return b"\r\n".join([*lines, b"Connection: close", b"", b""]) + body
