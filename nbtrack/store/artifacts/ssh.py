"""Connections by SSH according to ``~/.ssh/config`` and ``known_hosts``."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import LifoQueue
from typing import TYPE_CHECKING, Any

from ...settings import user_name
from .ssh_host import Host
from .ssh_program import Pipe, find_program, open_channel

if TYPE_CHECKING:
    import paramiko

__all__ = ["Connections", "connections_to"]

_CONNECT_SECONDS = 10.0
_READ_SECONDS = 60.0
_KEEPALIVE_SECONDS = 30
_CHANNELS = 6  # OpenSSH allows ten per connection

_known: dict[tuple[int, Host], Connections] = {}
_lock = threading.Lock()


def connections_to(host: Host) -> Connections:
    """Return this process's connections to a machine, always the same ones; a forked child gets its own.

    Raises:
        ModuleNotFoundError: paramiko is not installed.
    """
    import paramiko  # noqa: F401 - raises now, not at the first file

    with _lock:
        key = os.getpid(), host
        if key not in _known:
            _known[key] = Connections(host)
        return _known[key]


def _after_fork() -> None:
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class Connections:
    """A pool of SFTP channels to a machine, each used by one thread at a time.

    Each channel is a process of the ``ssh`` program. Without that program, or with a password in the URI, the channels share one
    connection of paramiko.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._connecting = threading.Lock()
        self._connection: paramiko.SSHClient | None = None
        self._idle: LifoQueue[paramiko.SFTPClient | None] = LifoQueue()
        for _ in range(_CHANNELS):
            self._idle.put(None)

    @contextmanager
    def client(self) -> Iterator[paramiko.SFTPClient]:
        """Yield a channel; one whose connection failed is closed and replaced."""
        channel = self._idle.get()
        try:
            channel = channel if channel is not None and _is_open(channel) else self._new()
            yield channel
        except BaseException as error:
            if not _is_response(error) and channel is not None:
                channel.close()
                channel = None
            raise
        finally:
            self._idle.put(channel)

    def _new(self) -> paramiko.SFTPClient:
        program = None if self._host.password else find_program()
        return self._shared() if program is None else open_channel(program, self._host)

    def _shared(self) -> paramiko.SFTPClient:
        """Return a new channel of the connection of paramiko."""
        with self._connecting:
            transport = self._connection.get_transport() if self._connection else None
            if transport is None or not transport.is_active():
                self._connection = _connected(self._host)
            assert self._connection is not None
            channel = self._connection.open_sftp()
        channel.get_channel().settimeout(_READ_SECONDS)
        return channel


def _is_response(error: BaseException) -> bool:
    """Tell whether an error is the server's response about a file, after which the channel is still usable."""
    return isinstance(error, OSError) and not isinstance(error, TimeoutError | ConnectionError)


def _is_open(channel: paramiko.SFTPClient) -> bool:
    found: Any = channel.get_channel()
    if found is None or found.closed:
        return False
    return bool(found.is_open() if isinstance(found, Pipe) else found.get_transport().is_active())


def _connected(host: Host) -> paramiko.SSHClient:
    import paramiko

    config = _configured(host.name)
    client = paramiko.SSHClient()
    client.load_system_host_keys()
    for name in config.get("userknownhostsfile", "").split():
        if Path(name).expanduser().is_file():
            client.load_system_host_keys(str(Path(name).expanduser()))
    proxy = config.get("proxycommand")
    client.connect(
        config["hostname"],
        port=host.port or int(config.get("port", 22)),
        username=host.user or config.get("user") or user_name(),
        password=host.password or None,
        key_filename=[each for each in config.get("identityfile", ()) if Path(each).expanduser().is_file()] or None,
        sock=paramiko.ProxyCommand(proxy) if proxy else None,
        timeout=_CONNECT_SECONDS,
        banner_timeout=_CONNECT_SECONDS,
        auth_timeout=_CONNECT_SECONDS,
        channel_timeout=_CONNECT_SECONDS,
    )
    client.get_transport().set_keepalive(_KEEPALIVE_SECONDS)
    return client


def _configured(name: str) -> Any:
    """Return the settings for a machine in ``~/.ssh/config``."""
    import paramiko

    path = Path("~/.ssh/config").expanduser()
    return (paramiko.SSHConfig.from_path(str(path)) if path.is_file() else paramiko.SSHConfig()).lookup(name)
