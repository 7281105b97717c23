"""Admits a request as one of the users, with a service that is limited to what this user may do."""

from __future__ import annotations

from typing import Final

from ...errors import NotPermitted
from ..exchange import Exchange
from ..route import AccessRule, AnyRoute
from ..service import Service
from . import permission_handlers, user_handlers
from .access import Access, Rights
from .accounts import Accounts, User
from .authentication import Authentication
from .experiment_index import ExperimentIndex
from .guarded_artifacts import guarded_artifacts
from .guarded_store import GuardedStore
from .permissions import Permission
from .user_service import UserService

__all__ = ["Admission"]


class Admission:
    """Authenticates requests to a service and guards what they are given.

    Args:
        accounts: The users.
        service: The service as nobody may use it directly.
        default: The permission of users on whatever they have no grant for.

    Attributes:
        accounts: The users.
        routes: The endpoints about users, served beside all others.
    """

    routes: Final[tuple[AnyRoute, ...]] = (*user_handlers.ROUTES, *permission_handlers.ROUTES)

    def __init__(self, accounts: Accounts, service: Service, default: Permission = Permission.READ) -> None:
        self.accounts, self._service, self._default = accounts, service, default
        self._authentication = Authentication(accounts)
        self._index = ExperimentIndex(service.store, service.artifacts.uri)
        self._rights: tuple[int, dict[int, Rights]] = (-1, {})

    def admit(self, exchange: Exchange, rule: AccessRule | None) -> Service:
        """Return the service for a request to an endpoint with an access rule; it may block.

        Raises:
            AuthenticationFailed: The request comes from no known user.
            AccessDenied: The endpoint has no rule.
        """
        if rule == "ANYBODY":
            return self._service
        changes = self.accounts.changes()
        authorization = exchange.header(b"authorization")
        user = self._authentication.user_of(authorization, exchange.address, changes)
        if rule is None:
            raise NotPermitted(f"Permission denied: {exchange.path[:200]} has no access rule")
        return self._guarded(self._rights_of(user, changes), by_password=(authorization or "")[:5].lower() == "basic")

    def _rights_of(self, user: User, changes: int) -> Rights:
        if self._rights[0] != changes:
            self._rights = (changes, {})  # one assignment, so that a thread never fills an outdated cache under a new number
        known = self._rights[1]
        if user.id not in known:
            known[user.id] = Rights.of(user, self.accounts.grants.of(user.id), self._default)
        return known[user.id]

    def _guarded(self, rights: Rights, *, by_password: bool) -> UserService:
        service = self._service
        access = Access(rights, self._index, self.accounts)
        store = GuardedStore(service.store, access, service.artifacts.uri)
        artifacts = guarded_artifacts(service.artifacts, access)
        return UserService(store, artifacts, service.serves_artifacts, service.version, access, service.store, by_password)
