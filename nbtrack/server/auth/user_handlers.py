"""Endpoints about users: create, describe, change and delete them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Final, TypeVar

from ...errors import NotPermitted
from ...store.mlflow_api import users as wire
from ...store.mlflow_api.errors import invalid
from ...store.mlflow_api.message import Empty, Message
from ..route import Route
from .accounts import Grant, User
from .passwords import check_name, hash_password, is_password
from .permissions import EXPERIMENT, MODEL, Permission
from .user_service import UserService

__all__ = ["ROUTES", "self_or_admin"]

A = TypeVar("A", bound=Message)
Handler = Callable[[UserService, Any], A]


def _admin_only(handler: Handler[A]) -> Handler[A]:
    @wraps(handler)
    def checked(service: UserService, request: Any) -> A:
        if not service.user.is_admin:
            raise NotPermitted("Permission denied: only an administrator may do this")
        return handler(service, request)

    return checked


def self_or_admin(handler: Handler[A]) -> Handler[A]:
    """Return a handler that refuses users, other than administrators, who ask about somebody else."""

    @wraps(handler)
    def checked(service: UserService, request: Any) -> A:
        if not service.user.is_admin and request.username != service.user.name:
            raise NotPermitted("Permission denied: only the user and administrators may do this")
        return handler(service, request)

    return checked


@_admin_only
def create_user(service: UserService, request: wire.CreateUser) -> wire.UserResponse:
    """Create a user."""
    name = check_name(request.username)
    return wire.UserResponse(_message(service.access.accounts.users.add(name, hash_password(request.password)), ()))


@self_or_admin
def get_user(service: UserService, request: wire.UserRequest) -> wire.UserResponse:
    """Describe a user with the user's grants."""
    user = service.access.accounts.users.get(request.username)
    return wire.UserResponse(_message(user, service.access.accounts.grants.of(user.id)))


def list_users(service: UserService, _request: Empty) -> wire.UsersResponse:
    """List all users, without their grants."""
    return wire.UsersResponse([_message(each, ()) for each in service.access.accounts.users.all()])


def get_current_user(service: UserService, _request: Empty) -> wire.CurrentUser:
    """Describe the user who sent the request."""
    return wire.CurrentUser(_message(service.user, ()), service.by_password)


@self_or_admin
def update_user_password(service: UserService, request: wire.SetPassword) -> Empty:
    """Set a user's password; one's own requires the current one, so that a stolen token cannot change it."""
    if request.username == service.user.name:
        _check_current_password(service, request.current_password)
    service.access.accounts.users.set_password(request.username, hash_password(request.password))
    return Empty()


def _check_current_password(service: UserService, current: str) -> None:
    if not current and not service.by_password:
        raise invalid("Current password is required when changing your own password.")
    if current and not is_password(current, service.access.accounts.users.get(service.user.name).password):
        raise invalid("Current password does not match.")


@_admin_only
def update_user_admin(service: UserService, request: wire.SetAdmin) -> Empty:
    """Make a user an administrator or an ordinary user."""
    service.access.accounts.users.set_admin(request.username, bool(request.is_admin))
    return Empty()


@_admin_only
def delete_user(service: UserService, request: wire.UserRequest) -> Empty:
    """Delete a user."""
    if request.username == service.user.name:
        raise invalid("Users cannot delete their own account. Ask another admin to delete this user instead.")
    service.access.accounts.users.remove(request.username)
    return Empty()


def _message(user: User, grants: Iterable[Grant]) -> wire.User:
    named = [(each, Permission(each.permission).name) for each in grants]
    return wire.User(
        user.id,
        user.name,
        user.is_admin,
        [wire.ExperimentPermission(each.resource, user.id, name) for each, name in named if each.kind == EXPERIMENT],
        [wire.ModelPermission(each.resource, user.id, name) for each, name in named if each.kind == MODEL],
    )


ROUTES: Final = (
    Route(wire.CREATE_USER, create_user, "ADMIN"),
    Route(wire.GET_USER, get_user, "SELF"),
    Route(wire.LIST_USERS, list_users, "SIGNED_IN"),
    Route(wire.GET_CURRENT_USER, get_current_user, "SIGNED_IN"),
    Route(wire.UPDATE_USER_PASSWORD, update_user_password, "SELF"),
    Route(wire.UPDATE_USER_ADMIN, update_user_admin, "ADMIN"),
    Route(wire.DELETE_USER, delete_user, "ADMIN"),
)
