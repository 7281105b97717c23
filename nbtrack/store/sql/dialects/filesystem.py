"""What the file system below a SQLite file can do: SQLite does not ask, and fails with errors that say something else."""

from __future__ import annotations

import errno
import mmap
import tempfile
from pathlib import Path

try:
    import fcntl
except ImportError:  # on Windows, where locks are part of every file system
    fcntl = None  # type: ignore[assignment]

__all__ = ["has_locks", "has_shared_memory"]

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


def has_locks(folder: Path) -> bool:
    """Tell whether files in a folder can be locked; True where that cannot be seen."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            if fcntl is not None:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _NO_LOCKS
    return True


def has_shared_memory(folder: Path) -> bool:
    """Tell whether files in a folder can be memory that processes share, which a write-ahead log needs."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.truncate(mmap.PAGESIZE)
            mmap.mmap(file.fileno(), mmap.PAGESIZE).close()
    except OSError:
        return False
    return True
