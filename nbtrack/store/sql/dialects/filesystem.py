"""What the file system of a SQLite file supports: SQLite does not check, and fails with misleading errors."""

from __future__ import annotations

import errno
import mmap
import tempfile
from pathlib import Path

try:
    import fcntl
except ImportError:  # on Windows, where every file system has locks
    fcntl = None  # type: ignore[assignment]

__all__ = ["has_locks", "has_shared_memory"]

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


def has_locks(folder: Path) -> bool:
    """Return whether files in a folder can be locked; True if that cannot be tested."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            if fcntl is not None:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _NO_LOCKS
    return True


def has_shared_memory(folder: Path) -> bool:
    """Return whether files in a folder can be mapped as shared memory, which a write-ahead log needs."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.truncate(mmap.PAGESIZE)
            mmap.mmap(file.fileno(), mmap.PAGESIZE).close()
    except OSError:
        return False
    return True
