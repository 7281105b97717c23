"""Where runs are stored: arguments, environment and configuration as one frozen ``Settings``.

The only reader of environment variables in the package.
"""

from __future__ import annotations

from .resolve import resolve
from .settings import MEMORY, Settings, without_password
from .user import artifact_places, configure, environment, not_failures, user_name, working_directory
from .user_folders import memory_folder, spare_journal

__all__ = [
    "MEMORY",
    "Settings",
    "artifact_places",
    "configure",
    "environment",
    "memory_folder",
    "not_failures",
    "resolve",
    "spare_journal",
    "user_name",
    "without_password",
    "working_directory",
]
