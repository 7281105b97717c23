"""The gate: lets a request in, as one of the users, to what that user may see and do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ...errors import NotPermitted
from ...store.mlflow_api.endpoint import Endpoint
from ...store.mlflow_api.users import ENDPOINTS
from ..exchange import Exchange
from ..service import Handler, Service
from .access import Access, Rights
from .accounts import Accounts, User
from .authentication import Authentication
from .experiment_index import ExperimentIndex
from .guarded_artifacts import guarded_artifacts
from .guarded_store import GuardedStore
from .permissions import Permission
from .rules import NATIVE, RULES
from .users import HANDLERS, UserService

__all__ = ["Admission"]


class Admission:
    """Stands before a service.

    Args:
        accounts: The users.
        service: What there is.
        default: What everybody may do with what nothing else was said of.

    Attributes:
        endpoints: Endpoints about users, served beside all others.
        handlers: What they do.
    """

    endpoints: Final[tuple[Endpoint[Any, Any], ...]] = ENDPOINTS
    handlers: Final[Mapping[str, Handler]] = HANDLERS

    def __init__(self, accounts: Accounts, service: Service, default: Permission = Permission.READ) -> None:
        self.accounts, self._service, self._default = accounts, service, default
        self._authentication = Authentication(accounts)
        self._index = ExperimentIndex(service.store, service.artifacts.uri)
        self._rights: tuple[int, dict[int, Rights]] = (-1, {})

    def admit(self, exchange: Exchange, name: str) -> Service:
        """Return what a request to an endpoint is served, ``NATIVE`` being nbtrack's protocol; it may block.

        Raises:
            AuthenticationFailed: Nobody known asks.
            AccessDenied: The endpoint has no rule.
        """
        rule = "USER" if name == NATIVE else RULES.get(name)
        if rule == "ANYBODY":
            return self._service
        changes = self.accounts.changes()
        authorization = exchange.header(b"authorization")
        user = self._authentication.user_of(authorization, exchange.address, changes)
        if rule is None:
            raise NotPermitted(f"Permission denied: nobody has said who may {name}")
        return self._served(self._rights_of(user, changes), by_password=(authorization or "")[:5].lower() == "basic")

    def _rights_of(self, user: User, changes: int) -> Rights:
        if self._rights[0] != changes:
            self._rights = (changes, {})
        known = self._rights[1]
        if user.id not in known:
            known[user.id] = Rights.of(user, self.accounts.grants(user.id), self._default)
        return known[user.id]

    def _served(self, rights: Rights, *, by_password: bool) -> UserService:
        service = self._service
        access = Access(rights, self._index, self.accounts)
        store = GuardedStore(service.store, access, service.artifacts.uri)
        files = guarded_artifacts(service.artifacts, access)
        facts = (service.serves_artifacts, service.version)
        return UserService(store, files, *facts, access, service.store, by_password)
