"""A relay between a client and a server that counts bytes, can cut connections, and speaks TLS."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from contextlib import suppress

__all__ = ["Relay"]

_RESET = struct.pack("ii", 1, 0)


class Relay:
    """Passes bytes on, one connection to the server for each from a client.

    Args:
        port: The server's.
        context: To speak TLS with clients.

    Attributes:
        cuts: After how many bytes from the client each of the next connections is reset; a connection that sends so many
            uses one up.
        cut: How many connections were.
    """

    def __init__(self, port: int, context: ssl.SSLContext | None = None) -> None:
        self.target, self._context = port, context
        self.cuts: list[int] = []
        self.cut = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            if self._context is not None:
                client = self._context.wrap_socket(client, server_side=True)
            with client, socket.create_connection(("127.0.0.1", self.target)) as server:
                threading.Thread(target=self._pass_on, args=(server, client), daemon=True).start()
                self._pass_on(client, server, limited=True)

    def _pass_on(self, source: socket.socket, target: socket.socket, *, limited: bool = False) -> None:
        passed = 0
        with suppress(OSError):
            while data := source.recv(1 << 16):
                passed += len(data)
                if limited and self.cuts and passed > self.cuts[0]:
                    del self.cuts[0]
                    self.cut += 1
                    for end in (source, target):
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                        end.close()
                    return
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
