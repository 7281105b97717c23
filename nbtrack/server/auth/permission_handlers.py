"""Endpoints about permissions, which the managers of an experiment or registered model may see and change.

MLflow has them twice: in version 2 once for experiments and once for registered models, in version 3 for both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from ...errors import AlreadyExists, NotFound
from ...store.mlflow_api import users as wire
from ...store.mlflow_api.errors import ApiError, invalid
from ...store.mlflow_api.message import Empty
from ..route import Route
from .access import Rights
from .accounts import Grant, User
from .permissions import EXPERIMENT, KINDS, MODEL, Permission, permission_of
from .user_handlers import self_or_admin
from .user_service import UserService

__all__ = ["ROUTES"]

Q = TypeVar("Q", wire.ExperimentGrant, wire.ModelGrant)
A = TypeVar("A", wire.ExperimentPermissionResponse, wire.ModelPermissionResponse)


@dataclass(frozen=True)
class PermissionHandlers(Generic[Q, A]):
    """The handlers of version 2 for one kind of resource.

    Attributes:
        kind: ``EXPERIMENT`` or ``MODEL``.
        resource_of: Returns the resource that a request names.
        answer_of: Returns the answer for a resource, a user's id and a permission.
    """

    kind: str
    resource_of: Callable[[Q], str]
    answer_of: Callable[[str, int, str], A]

    def create(self, service: UserService, request: Q) -> A:
        """Grant a permission to a user who has none; AlreadyExists."""
        resource, username = self.resource_of(request), request.username
        user = _user_on_managed(service, self.kind, resource, username)
        if _grant_of(service, user, self.kind, resource) is not None:
            raise AlreadyExists(f"a permission of {username!r} on {_shown(self.kind, resource)} exists: update it")
        _grant(service, user, self.kind, resource, request.permission)
        return self.answer_of(resource, user.id, request.permission)

    def get(self, service: UserService, request: Q) -> A:
        """Return a user's granted permission; NotFound."""
        user, grant = self._existing(service, request)
        return self.answer_of(self.resource_of(request), user.id, Permission(grant.permission).name)

    def update(self, service: UserService, request: Q) -> Empty:
        """Replace a user's granted permission; NotFound."""
        user, _ = self._existing(service, request)
        _grant(service, user, self.kind, self.resource_of(request), request.permission)
        return Empty()

    def delete(self, service: UserService, request: Q) -> Empty:
        """Revoke a user's granted permission; NotFound."""
        return _revoke(service, self.kind, self.resource_of(request), request.username)

    def _existing(self, service: UserService, request: Q) -> tuple[User, Grant]:
        resource, username = self.resource_of(request), request.username
        user = _user_on_managed(service, self.kind, resource, username)
        found = _grant_of(service, user, self.kind, resource)
        if found is None:
            raise NotFound(f"no permission of {username!r} on {_shown(self.kind, resource)} was granted")
        return user, found


def _shown(kind: str, resource: str) -> str:
    return f"{kind.replace('_', ' ')} {resource!r}"


def _user_on_managed(service: UserService, kind: str, resource: str, username: str) -> User:
    """Return the user whose permission on a resource is asked about, by somebody who manages the resource."""
    if kind == EXPERIMENT:
        service.access.experiment(resource, Permission.MANAGE)
        service.unguarded_store.get_experiment(resource)
    elif kind == MODEL:
        service.access.model(resource, Permission.MANAGE)
        service.unguarded_store.registry.get_model(resource)
    else:
        raise _unknown_kind(kind)
    return service.access.accounts.users.get(username)


def _unknown_kind(kind: str) -> ApiError:
    return invalid(f"Invalid resource type '{kind}'. Valid resource types are: {', '.join(KINDS)}")


def _grant_of(service: UserService, user: User, kind: str, resource: str) -> Grant | None:
    found = service.access.accounts.grants.of(user.id)
    return next((each for each in found if (each.kind, each.resource) == (kind, resource)), None)


def _grant(service: UserService, user: User, kind: str, resource: str, permission: str) -> None:
    service.access.accounts.grants.set(user.id, Grant(kind, resource, permission_of(permission)))


def _revoke(service: UserService, kind: str, resource: str, username: str) -> Empty:
    service.access.accounts.grants.revoke(_user_on_managed(service, kind, resource, username).id, kind, resource)
    return Empty()


def grant_user_permission(service: UserService, request: wire.PermissionRequest) -> Empty:
    """Grant a permission to a user, in place of an earlier one on the same resource."""
    user = _user_on_managed(service, request.resource_type, request.resource_id, request.username)
    _grant(service, user, request.resource_type, request.resource_id, request.permission)
    return Empty()


def revoke_user_permission(service: UserService, request: wire.PermissionRequest) -> Empty:
    """Revoke a user's granted permission."""
    return _revoke(service, request.resource_type, request.resource_id, request.username)


def get_user_permission(service: UserService, request: wire.PermissionRequest) -> wire.Granted:
    """Return what a user may do with a resource, by grant or by default."""
    accounts = service.access.accounts
    if request.username != service.user.name:
        _user_on_managed(service, request.resource_type, request.resource_id, request.username)
    elif request.resource_type not in KINDS:
        raise _unknown_kind(request.resource_type)
    user = accounts.users.get(request.username)
    rights = Rights.of(user, accounts.grants.of(user.id), service.access.rights.default)
    found = rights.on(request.resource_type, request.resource_id)
    return wire.Granted(found >= Permission.EDIT, found.name)


@self_or_admin
def list_user_permissions(service: UserService, request: wire.UserRequest) -> wire.ListedPermissions:
    """List all grants of a user."""
    user = service.access.accounts.users.get(request.username)
    grants = service.access.accounts.grants.of(user.id)
    listed = [wire.ListedPermission(each.kind, each.resource, Permission(each.permission).name) for each in grants]
    return wire.ListedPermissions(user.is_admin, listed)


_OF_EXPERIMENT: Final = PermissionHandlers[wire.ExperimentGrant, wire.ExperimentPermissionResponse](
    EXPERIMENT,
    lambda request: request.experiment_id,
    lambda *permission: wire.ExperimentPermissionResponse(wire.ExperimentPermission(*permission)),
)
_OF_MODEL: Final = PermissionHandlers[wire.ModelGrant, wire.ModelPermissionResponse](
    MODEL,
    lambda request: request.name,
    lambda *permission: wire.ModelPermissionResponse(wire.ModelPermission(*permission)),
)

ROUTES: Final = (
    Route(wire.CREATE_EXPERIMENT_PERMISSION, _OF_EXPERIMENT.create, "MANAGE"),
    Route(wire.GET_EXPERIMENT_PERMISSION, _OF_EXPERIMENT.get, "MANAGE"),
    Route(wire.UPDATE_EXPERIMENT_PERMISSION, _OF_EXPERIMENT.update, "MANAGE"),
    Route(wire.DELETE_EXPERIMENT_PERMISSION, _OF_EXPERIMENT.delete, "MANAGE"),
    Route(wire.CREATE_REGISTERED_MODEL_PERMISSION, _OF_MODEL.create, "MANAGE"),
    Route(wire.GET_REGISTERED_MODEL_PERMISSION, _OF_MODEL.get, "MANAGE"),
    Route(wire.UPDATE_REGISTERED_MODEL_PERMISSION, _OF_MODEL.update, "MANAGE"),
    Route(wire.DELETE_REGISTERED_MODEL_PERMISSION, _OF_MODEL.delete, "MANAGE"),
    Route(wire.GRANT_USER_PERMISSION, grant_user_permission, "MANAGE"),
    Route(wire.REVOKE_USER_PERMISSION, revoke_user_permission, "MANAGE"),
    # For the permission of somebody else: MANAGE.
    Route(wire.GET_USER_PERMISSION, get_user_permission, "SELF"),
    Route(wire.LIST_USER_PERMISSIONS, list_user_permissions, "SELF"),
)
