"""Permissions on experiments and registered models; each one includes those before it."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from ...errors import InvalidInput

__all__ = ["EXPERIMENT", "KINDS", "MODEL", "Permission", "permission_of"]

EXPERIMENT: Final = "experiment"
MODEL: Final = "registered_model"
KINDS: Final = (EXPERIMENT, MODEL)


class Permission(IntEnum):
    """What a user may do with a resource; the numbers are stored in the database."""

    NO_PERMISSIONS = 0
    READ = 1
    EDIT = 3
    MANAGE = 4


def permission_of(name: str) -> Permission:
    """Return the permission of a name; InvalidInput."""
    if name not in Permission.__members__:
        raise InvalidInput(f"Invalid permission '{name}'. Valid permissions are: {', '.join(Permission.__members__)}")
    return Permission[name]
