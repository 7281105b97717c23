"""SFTP over the ``ssh`` program: whatever works with ``ssh host`` without a prompt works here.

OpenSSH reads its own configuration: Include, Match, ProxyJump, HostKeyAlias, certificates, agents, hardware keys, an open
master connection. A library supports only a part of that. So paramiko speaks SFTP over the program's input and output.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ...errors import AccessDenied, InvalidInput, StoreUnavailable

if TYPE_CHECKING:
    import paramiko

    from .ssh_host import Host

__all__ = ["Pipe", "find_program", "open_channel"]

_CONNECT_SECONDS = 10
_READ_SECONDS = 60.0
_END_SECONDS = 1.0
# As sftp(1) runs it, but without prompts; everything else comes from the user's configuration.
_OPTIONS = {
    "BatchMode": "yes",
    "ConnectTimeout": str(_CONNECT_SECONDS),
    "ServerAliveInterval": "30",
    "ClearAllForwardings": "yes",
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "PermitLocalCommand": "no",
    "RemoteCommand": "none",
    "RequestTTY": "no",
    "LogLevel": "ERROR",
}
# Names are arguments of a program, and a ProxyCommand may pass them to a shell.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:%-]*")
_DENIED = re.compile(r"permission denied|host key verification failed|host identification has changed", re.IGNORECASE)


def find_program() -> str | None:
    """Return the path of the ``ssh`` program; None without one, and on Windows, where it cannot use a socket as its input."""
    return shutil.which("ssh") if os.name == "posix" else None


def open_channel(program: str, host: Host) -> paramiko.SFTPClient:
    """Return a new connection to a machine.

    Raises:
        InvalidInput: The name of the machine or the user is invalid.
        AccessDenied: The machine denies access, or its key is not the one in ``known_hosts``.
        StoreUnavailable: It cannot be reached; the message contains the output of ``ssh``.
    """
    import paramiko

    command = _command(program, host)
    output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed below, once the connection is made
    ours, theirs = socket.socketpair()
    with theirs:
        # In a session of its own, so that Ctrl-C in the notebook does not end it in the middle of a file.
        process = subprocess.Popen(command, stdin=theirs.fileno(), stdout=theirs.fileno(), stderr=output, start_new_session=True)  # noqa: S603 - _command checks the names
    pipe = Pipe(ours, process)
    try:
        return paramiko.SFTPClient(pipe)
    except (paramiko.SSHException, EOFError, OSError) as error:
        pipe.close()
        raise _refusal(host, output, error) from error
    finally:
        output.close()


def _command(program: str, host: Host) -> list[str]:
    for each in filter(None, (host.name, host.user)):
        if not _NAME.fullmatch(each):
            raise InvalidInput(f"{each!r} cannot be the name of a machine or a user; write sftp://user@host/folder")
    options = [part for name, value in _OPTIONS.items() for part in ("-o", f"{name}={value}")]
    user = ["-l", host.user] if host.user else []
    port = ["-p", str(host.port)] if host.port else []
    return [program, *_own_configuration(), *options, *user, *port, "-s", "--", host.name, "sftp"]


def _own_configuration() -> list[str]:
    """Return the option for the configuration below HOME, unless ssh finds it itself in the home of the password database."""
    import pwd

    home = Path.home()
    with suppress(KeyError):
        if Path(pwd.getpwuid(os.getuid()).pw_dir) == home:
            return []
    config = home / ".ssh" / "config"
    return ["-F", str(config)] if config.is_file() else []


def _refusal(host: Host, output: IO[bytes], error: Exception) -> StoreUnavailable:
    output.seek(0)
    text = "; ".join(output.read(4000).decode(errors="replace").split("\n")).strip("; \r")
    if _DENIED.search(text):
        return AccessDenied(f"{host.name} denies access ({text}); {host.remedy}")
    return StoreUnavailable(f"{host.name} cannot be reached by SSH: {text or error}")


class Pipe:
    """The program's input and output as a channel of paramiko; a read that takes too long raises TimeoutError."""

    def __init__(self, end: socket.socket, process: subprocess.Popen[bytes]) -> None:
        end.settimeout(_READ_SECONDS)
        self._end, self._process = end, process
        self.send, self.recv = end.send, end.recv
        self.closed, self._owner = False, os.getpid()

    def get_name(self) -> str:
        """Return the name for paramiko's log."""
        return f"ssh {self._process.pid}"

    def is_open(self) -> bool:
        """Tell whether the program is running."""
        return not self.closed and self._process.poll() is None

    def close(self) -> None:
        """End the program; a forked child, which shares it with its parent, closes only its own end."""
        if self.closed:
            return
        self.closed = True
        self._end.close()
        if os.getpid() == self._owner:
            _end(self._process)

    def __del__(self) -> None:
        self.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
