"""What a handler works with on a server with users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from ..service import Service
from .access import Access
from .accounts import User
from .permissions import Permission

__all__ = ["UserService"]


@dataclass(frozen=True, slots=True)
class UserService(Service):
    """The service for one user: ``store`` and ``artifacts`` are guarded by the user's rights.

    Attributes:
        access: What the user may do.
        unguarded_store: The store itself.
        by_password: Whether the request was authenticated by password rather than by token.
    """

    access: Access = None  # type: ignore[assignment]  # required, but the fields before it have defaults
    unguarded_store: Any = None
    by_password: bool = False

    @property
    def user(self) -> User:
        """The user who sent the request."""
        return self.access.rights.user

    @override
    def may_edit(self, path: str) -> None:
        self.access.path(path, Permission.EDIT)

    @override
    def may_read(self, path: str) -> None:
        self.access.path(path, Permission.READ)
