"""A server process with a store for each path that tests ask for: ``python -m tests.served FOLDER``.

It prints its port, and ends when its standard input is closed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def serving(folder: str) -> Iterator[str]:
    """Run the server process and yield its address."""
    command = [sys.executable, "-m", "tests.served", folder]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.stdin.close()
            server.wait(20)


def main(folder: str) -> None:
    import uvicorn

    from nbtrack.server.app import create_app
    from nbtrack.store.artifacts.local import LocalArtifacts
    from nbtrack.store.open import open_store

    apps, lock = {}, threading.Lock()

    def app_of(name: str):
        with lock:
            if name not in apps:
                store = open_store(f"sqlite:///{folder}/{name}.db", artifact_root=f"{folder}/{name}")
                apps[name] = create_app(store, LocalArtifacts(f"{folder}/{name}"), version="test", prefix=f"/{name}")
            return apps[name]

    async def by_name(scope, receive, send):
        if scope["type"] == "http":
            await app_of(scope["path"].split("/")[1])(scope, receive, send)

    server = uvicorn.Server(uvicorn.Config(by_name, port=0, lifespan="off", log_level="warning", access_log=False))

    def end() -> None:
        sys.stdin.read()
        server.should_exit = True

    threading.Thread(target=end, daemon=True).start()
    config = server.config
    listener = config.bind_socket()
    listener.listen()  # a client that connects before the server runs waits, and is not refused
    print(listener.getsockname()[1], flush=True)
    server.run(sockets=[listener])
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
