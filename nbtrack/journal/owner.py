"""The process that owns a journal, and whether it is alive."""

from __future__ import annotations

import functools
import json
import os
import socket
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Owner", "this_process"]

_HIDDEN = ""  # the start of a process that exists and must not be examined


@dataclass(frozen=True, slots=True)
class Owner:
    """A process, distinguished from every other that ever had its pid.

    ``started`` is when it began, in the units of its system; ``boot`` changes with each start of the
    machine, ``space`` with each pid namespace (a container has one of its own).
    """

    host: str
    boot: str
    space: str
    pid: int
    started: str

    @functools.cache  # noqa: B019  there are as many owners as processes that were looked at
    def to_json(self) -> str:
        """Return the owner as one line of JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Owner | None:
        """Read what ``to_json`` wrote; None for anything else."""
        try:
            owner = cls(**json.loads(text))
            return owner if owner._is_plausible() else None
        except (ValueError, TypeError, RecursionError):
            return None

    def is_here(self) -> bool:
        """Tell whether the process ran on this machine since its last start, whatever the machine is called now."""
        here = this_process()
        return self.boot == here.boot if self.boot and here.boot else self.host == here.host

    def _is_plausible(self) -> bool:
        """Tell whether every field has its type: a pid that is a path would be looked up as one."""
        texts = (self.host, self.boot, self.space, self.started)
        return type(self.pid) is int and self.pid > 0 and all(isinstance(each, str) for each in texts)

    def is_alive(self) -> bool | None:
        """Tell whether the process is alive; None if that is unknown here."""
        here = this_process()
        if not self.is_here():
            return False if self.host == here.host else None  # this machine was restarted since
        if self.space != here.space:
            return None
        started = _started(self.pid)
        return None if started == _HIDDEN else started == self.started


def this_process() -> Owner:
    """Return this process as an owner."""
    return _owner_of(os.getpid())


@functools.lru_cache(maxsize=1)
def _owner_of(pid: int) -> Owner:
    return Owner(socket.gethostname(), _boot(), _space(), pid, _started(pid) or "")


def _boot() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else ""


def _space() -> str:
    path = Path("/proc/self/ns/pid")
    return str(path.readlink()) if path.is_symlink() else ""


def _started(pid: int) -> str | None:
    """Return when a process started; None if it does not exist, ``_HIDDEN`` if it must not be examined."""
    return _started_linux(pid) if sys.platform == "linux" else _started_elsewhere(pid)


def _started_linux(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return _HIDDEN if _exists(pid) else None  # with hidepid, /proc shows only this user's processes
    # Field 2, the name, may contain spaces and brackets; what follows the last bracket does not.
    fields = stat.rpartition(b")")[2].split()
    is_zombie = fields[0] in (b"Z", b"X")
    return None if is_zombie else fields[19].decode()


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _started_elsewhere(pid: int) -> str | None:
    import psutil

    try:
        return f"{psutil.Process(pid).create_time():.2f}"
    except psutil.NoSuchProcess:
        return None
    except psutil.Error:
        return _HIDDEN
