"""Users and permissions: what each endpoint does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, TypeVar

from ...errors import AlreadyExists, NotFound, NotPermitted
from ...store.mlflow_api import users as wire
from ...store.mlflow_api.errors import invalid
from ...store.mlflow_api.message import Empty, Message
from ...store.protocol.model_registry import registry_of
from ..service import Handler, Service
from .access import Access
from .accounts import Grant, User
from .passwords import check_name, hash_password, is_password
from .permissions import EXPERIMENT, KINDS, MODEL, Permission, permission_of

__all__ = ["HANDLERS", "UserService"]

A = TypeVar("A", bound=Message)


@dataclass(frozen=True, slots=True)
class UserService(Service):
    """What one user is served: ``store`` and ``artifacts`` are as that user may use them.

    Attributes:
        access: What the user may do.
        everything: The store itself.
        by_password: Whether the request came with the user's password, and not with a token.
    """

    access: Access = None  # type: ignore[assignment]
    everything: Any = None
    by_password: bool = False

    @property
    def user(self) -> User:
        """Who asks."""
        return self.access.rights.user

    def may_edit(self, path: str) -> None:
        """Raise AccessDenied where the user may not write a file."""
        self.access.path(path, Permission.EDIT)

    def may_read(self, path: str) -> None:
        """Raise AccessDenied where the user may not read a file."""
        self.access.path(path, Permission.READ)


def _for_admins(handler: Callable[[UserService, Any], A]) -> Callable[[UserService, Any], A]:
    @wraps(handler)
    def checked(service: UserService, request: Any) -> A:
        if not service.user.is_admin:
            raise NotPermitted("Permission denied: only an administrator may do this")
        return handler(service, request)

    return checked


def _for_oneself(handler: Callable[[UserService, Any], A]) -> Callable[[UserService, Any], A]:
    @wraps(handler)
    def checked(service: UserService, request: Any) -> A:
        if not service.user.is_admin and request.username != service.user.name:
            raise NotPermitted("Permission denied: only the user and administrators may do this")
        return handler(service, request)

    return checked


# Users.


@_for_admins
def create_user(service: UserService, request: wire.CreateUser) -> wire.UserResponse:
    """Add a user."""
    name = check_name(request.username)
    return wire.UserResponse(_user(service.access.accounts.add_user(name, hash_password(request.password)), ()))


@_for_oneself
def get_user(service: UserService, request: wire.UserRequest) -> wire.UserResponse:
    """Describe a user."""
    user = service.access.accounts.get(request.username)
    return wire.UserResponse(_user(user, service.access.accounts.grants(user.id)))


def list_users(service: UserService, _request: Empty) -> wire.UsersResponse:
    """Name all users, without what they may do."""
    return wire.UsersResponse([_user(each, ()) for each in service.access.accounts.users()])


def get_current_user(service: UserService, _request: Empty) -> wire.CurrentUser:
    """Say who asks."""
    return wire.CurrentUser(_user(service.user, ()), service.by_password)


@_for_oneself
def update_user_password(service: UserService, request: wire.SetPassword) -> Empty:
    """Give a user another password; one's own takes the one before, so that a token that was lost changes none."""
    if request.username == service.user.name:
        _check_current(service, request.current_password)
    service.access.accounts.set_password(request.username, hash_password(request.password))
    return Empty()


def _check_current(service: UserService, current: str) -> None:
    if not current and not service.by_password:
        raise invalid("Current password is required when changing your own password.")
    if current and not is_password(current, service.access.accounts.get(service.user.name).password):
        raise invalid("Current password does not match.")


@_for_admins
def update_user_admin(service: UserService, request: wire.SetAdmin) -> Empty:
    """Make a user an administrator, or no longer."""
    service.access.accounts.set_admin(request.username, bool(request.is_admin))
    return Empty()


@_for_admins
def delete_user(service: UserService, request: wire.UserRequest) -> Empty:
    """Remove a user."""
    if request.username == service.user.name:
        raise invalid("Users cannot delete their own account. Ask another admin to delete this user instead.")
    service.access.accounts.remove_user(request.username)
    return Empty()


def _user(user: User, grants: Iterable[Grant]) -> wire.User:
    grants = list(grants)
    return wire.User(
        user.id,
        user.name,
        user.is_admin,
        [wire.ExperimentPermission(each.resource, user.id, _name(each)) for each in grants if each.kind == EXPERIMENT],
        [wire.ModelPermission(each.resource, user.id, _name(each)) for each in grants if each.kind == MODEL],
    )


def _name(grant: Grant) -> str:
    return Permission(grant.permission).name


# Permissions: of who manages a thing.


def _create(service: UserService, kind: str, resource: str, username: str, permission: str) -> User:
    user = _managed(service, kind, resource, username)
    if _granted(service, user, kind, resource) is not None:
        raise AlreadyExists(f"a permission of {username!r} on {kind.replace('_', ' ')} {resource!r} exists: update it")
    _set(service, user, kind, resource, permission)
    return user


def _get(service: UserService, kind: str, resource: str, username: str) -> tuple[User, Grant]:
    user = _managed(service, kind, resource, username)
    found = _granted(service, user, kind, resource)
    if found is None:
        raise NotFound(f"no permission of {username!r} on {kind.replace('_', ' ')} {resource!r} was granted")
    return user, found


def _update(service: UserService, kind: str, resource: str, username: str, permission: str) -> Empty:
    user, _ = _get(service, kind, resource, username)
    _set(service, user, kind, resource, permission)
    return Empty()


def _delete(service: UserService, kind: str, resource: str, username: str) -> Empty:
    service.access.accounts.revoke(_managed(service, kind, resource, username).id, kind, resource)
    return Empty()


def _managed(service: UserService, kind: str, resource: str, username: str) -> User:
    """Return a user whose permission on a thing is to be seen or changed, by somebody who manages it."""
    if kind == EXPERIMENT:
        service.access.experiment(resource, Permission.MANAGE)
        service.everything.get_experiment(resource)
    elif kind == MODEL:
        service.access.model(resource, Permission.MANAGE)
        registry_of(service.everything).get_model(resource)
    else:
        raise invalid(f"Invalid resource type '{kind}'. Valid resource types are: {', '.join(KINDS)}")
    return service.access.accounts.get(username)


def _granted(service: UserService, user: User, kind: str, resource: str) -> Grant | None:
    found = service.access.accounts.grants(user.id)
    return next((each for each in found if (each.kind, each.resource) == (kind, resource)), None)


def _set(service: UserService, user: User, kind: str, resource: str, permission: str) -> None:
    service.access.accounts.grant(user.id, Grant(kind, resource, permission_of(permission)))


def create_experiment_permission(service: UserService, request: wire.ExperimentGrant) -> wire.ExperimentPermissionResponse:
    """Let a user do so much with an experiment."""
    user = _create(service, EXPERIMENT, request.experiment_id, request.username, request.permission)
    return wire.ExperimentPermissionResponse(wire.ExperimentPermission(request.experiment_id, user.id, request.permission))


def get_experiment_permission(service: UserService, request: wire.ExperimentGrant) -> wire.ExperimentPermissionResponse:
    """Say what a user was granted on an experiment."""
    user, found = _get(service, EXPERIMENT, request.experiment_id, request.username)
    return wire.ExperimentPermissionResponse(wire.ExperimentPermission(request.experiment_id, user.id, _name(found)))


def update_experiment_permission(service: UserService, request: wire.ExperimentGrant) -> Empty:
    """Let a user do more, or less, with an experiment."""
    return _update(service, EXPERIMENT, request.experiment_id, request.username, request.permission)


def delete_experiment_permission(service: UserService, request: wire.ExperimentGrant) -> Empty:
    """Take back what a user was granted on an experiment."""
    return _delete(service, EXPERIMENT, request.experiment_id, request.username)


def create_registered_model_permission(service: UserService, request: wire.ModelGrant) -> wire.ModelPermissionResponse:
    """Let a user do so much with a registered model."""
    user = _create(service, MODEL, request.name, request.username, request.permission)
    return wire.ModelPermissionResponse(wire.ModelPermission(request.name, user.id, request.permission))


def get_registered_model_permission(service: UserService, request: wire.ModelGrant) -> wire.ModelPermissionResponse:
    """Say what a user was granted on a registered model."""
    user, found = _get(service, MODEL, request.name, request.username)
    return wire.ModelPermissionResponse(wire.ModelPermission(request.name, user.id, _name(found)))


def update_registered_model_permission(service: UserService, request: wire.ModelGrant) -> Empty:
    """Let a user do more, or less, with a registered model."""
    return _update(service, MODEL, request.name, request.username, request.permission)


def delete_registered_model_permission(service: UserService, request: wire.ModelGrant) -> Empty:
    """Take back what a user was granted on a registered model."""
    return _delete(service, MODEL, request.name, request.username)


# The same in version 3.


def grant_user_permission(service: UserService, request: wire.PermissionRequest) -> Empty:
    """Let a user do so much with a thing, whatever it was before."""
    user = _managed(service, request.resource_type, request.resource_id, request.username)
    _set(service, user, request.resource_type, request.resource_id, request.permission)
    return Empty()


def revoke_user_permission(service: UserService, request: wire.PermissionRequest) -> Empty:
    """Take back what a user was granted on a thing."""
    return _delete(service, request.resource_type, request.resource_id, request.username)


def get_user_permission(service: UserService, request: wire.PermissionRequest) -> wire.Granted:
    """Say what a user may do with a thing, by grant or by default."""
    accounts, rights = service.access.accounts, service.access.rights
    if request.username != service.user.name:
        _managed(service, request.resource_type, request.resource_id, request.username)
    elif request.resource_type not in KINDS:
        raise invalid(f"Invalid resource type '{request.resource_type}'. Valid resource types are: {', '.join(KINDS)}")
    user = accounts.get(request.username)
    theirs = type(rights).of(user, accounts.grants(user.id), rights.default)
    found = theirs.on(request.resource_type, request.resource_id)
    return wire.Granted(found >= Permission.EDIT, found.name)


@_for_oneself
def list_user_permissions(service: UserService, request: wire.UserRequest) -> wire.ListedPermissions:
    """Name all that a user was granted."""
    user = service.access.accounts.get(request.username)
    grants = service.access.accounts.grants(user.id)
    return wire.ListedPermissions(
        user.is_admin, [wire.ListedPermission(each.kind, each.resource, _name(each)) for each in grants]
    )


_ALL: Final[tuple[Any, ...]] = (
    create_user,
    get_user,
    list_users,
    get_current_user,
    update_user_password,
    update_user_admin,
    delete_user,
    create_experiment_permission,
    get_experiment_permission,
    update_experiment_permission,
    delete_experiment_permission,
    create_registered_model_permission,
    get_registered_model_permission,
    update_registered_model_permission,
    delete_registered_model_permission,
    grant_user_permission,
    revoke_user_permission,
    get_user_permission,
    list_user_permissions,
)
HANDLERS: Final[Mapping[str, Handler]] = {each.__name__: each for each in _ALL}
