"""Files as shared memory without an open descriptor for each, of which a process has a limited number."""

from __future__ import annotations

import functools
import mmap
import os
import platform
import sys
from typing import Any

__all__ = ["map_file"]

_READ_WRITE, _FIXED = 3, 0x10
_FAILED = (1 << 64) - 1


def map_file(fd: int, size: int) -> mmap.mmap:
    """Map a file of ``size`` bytes; the caller may close ``fd``.

    Raises:
        OSError: It cannot be mapped, for instance because the file system has no shared memory.
    """
    if sys.version_info >= (3, 13):
        return mmap.mmap(fd, size, trackfd=False)
    system = _system()
    return mmap.mmap(fd, size) if system is None else _laid_over(system, fd, size)


def _laid_over(system: Any, fd: int, size: int) -> mmap.mmap:
    """Map anonymous memory, then the file over it, because before 3.13 Python keeps a copy of a mapped descriptor."""
    import ctypes

    # Tried elsewhere first, because a failing mapping may unmap what it was to replace.
    tried = _map_at(system, None, 0, fd, size)
    try:
        memory = mmap.mmap(-1, size)
        first = ctypes.c_char.from_buffer(memory)
        address = ctypes.addressof(first)
        del first  # or the memory could not be closed
        _map_at(system, address, _FIXED, fd, size)
    finally:
        system.munmap(tried, size)
    return memory


def _map_at(system: Any, address: int | None, flags: int, fd: int, size: int) -> int:
    import ctypes

    found: int = system.mmap(address, size, _READ_WRITE, mmap.MAP_SHARED | flags, fd, 0)
    if found == _FAILED:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return found


@functools.cache
def _system() -> Any:
    """Return the C library on systems whose ``mmap`` is known, else None."""
    if sys.platform not in ("linux", "darwin") or platform.machine() not in ("x86_64", "aarch64", "arm64"):
        return None
    import ctypes

    system = ctypes.CDLL(None, use_errno=True)
    system.mmap.restype = ctypes.c_void_p
    system.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int64]
    system.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    return system
