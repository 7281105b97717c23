"""Messages and endpoints of users and permissions: MLflow's basic-auth API, which a server with accounts serves.

Version 2 has endpoints for experiments and for registered models; in version 3 the request names the type of the resource.
"""

from __future__ import annotations

from typing import Final

from .endpoint import API_3, Endpoint
from .message import Empty, Message

__all__ = [
    "CREATE_EXPERIMENT_PERMISSION",
    "CREATE_REGISTERED_MODEL_PERMISSION",
    "CREATE_USER",
    "DELETE_EXPERIMENT_PERMISSION",
    "DELETE_REGISTERED_MODEL_PERMISSION",
    "DELETE_USER",
    "ENDPOINTS",
    "GET_CURRENT_USER",
    "GET_EXPERIMENT_PERMISSION",
    "GET_REGISTERED_MODEL_PERMISSION",
    "GET_USER",
    "GET_USER_PERMISSION",
    "GRANT_USER_PERMISSION",
    "LIST_USERS",
    "LIST_USER_PERMISSIONS",
    "REVOKE_USER_PERMISSION",
    "UPDATE_EXPERIMENT_PERMISSION",
    "UPDATE_REGISTERED_MODEL_PERMISSION",
    "UPDATE_USER_ADMIN",
    "UPDATE_USER_PASSWORD",
    "CreateUser",
    "CurrentUser",
    "ExperimentGrant",
    "ExperimentPermission",
    "ExperimentPermissionResponse",
    "Granted",
    "ListedPermission",
    "ListedPermissions",
    "ModelGrant",
    "ModelPermission",
    "ModelPermissionResponse",
    "PermissionRequest",
    "SetAdmin",
    "SetPassword",
    "User",
    "UserRequest",
    "UserResponse",
    "UsersResponse",
]


class ExperimentPermission(Message):
    """A user's permission on an experiment."""

    experiment_id: str
    user_id: int
    permission: str


class ModelPermission(Message):
    """A user's permission on a registered model."""

    name: str
    user_id: int
    permission: str


class User(Message, omit_defaults=False):
    """A user."""

    id: int
    username: str
    is_admin: bool
    experiment_permissions: list[ExperimentPermission] = []
    registered_model_permissions: list[ModelPermission] = []
    roles: list[str] = []


class UserResponse(Message):
    """One user."""

    user: User


class CurrentUser(Message, omit_defaults=False):
    """The user who sends the request."""

    user: User
    is_basic_auth: bool = True


class UsersResponse(Message, omit_defaults=False):
    """All users."""

    users: list[User] = []


class UserRequest(Message):
    """A request about a user."""

    username: str = ""


class CreateUser(UserRequest):
    """Create a user."""

    password: str = ""


class SetPassword(CreateUser):
    """Change a user's password."""

    current_password: str = ""


class SetAdmin(UserRequest):
    """Set whether a user is an administrator."""

    is_admin: bool | None = None


class ExperimentGrant(UserRequest):
    """A request about a permission on an experiment."""

    experiment_id: str = ""
    permission: str = ""


class ExperimentPermissionResponse(Message):
    """One permission."""

    experiment_permission: ExperimentPermission


class ModelGrant(UserRequest):
    """A request about a permission on a registered model."""

    name: str = ""
    permission: str = ""


class ModelPermissionResponse(Message):
    """One permission."""

    registered_model_permission: ModelPermission


class PermissionRequest(UserRequest):
    """A request about a permission on a resource of any type."""

    resource_type: str = ""
    resource_id: str = ""
    permission: str = ""


class Granted(Message, omit_defaults=False):
    """A user's permission on a resource; ``allowed`` tells whether the user may do more than read it."""

    allowed: bool
    permission: str


class ListedPermission(Message):
    """A permission of a user."""

    resource_type: str
    resource_pattern: str
    permission: str


class ListedPermissions(Message, omit_defaults=False):
    """The permissions that were granted to a user."""

    is_admin: bool
    permissions: list[ListedPermission] = []


_USERS: Final = "mlflow/users/"
_OF_EXPERIMENT: Final = "mlflow/experiments/permissions/"
_OF_MODEL: Final = "mlflow/registered-models/permissions/"
_NAME: Final = ("username",)
_EXPERIMENT: Final = ("experiment_id", "username")
_MODEL: Final = ("name", "username")
_THING: Final = ("username", "resource_type", "resource_id")

CREATE_USER: Final = Endpoint(
    "create_user", "POST", f"{_USERS}create", CreateUser, UserResponse, (*_NAME, "password"), is_repeatable=False
)
GET_USER: Final = Endpoint("get_user", "GET", f"{_USERS}get", UserRequest, UserResponse, _NAME)
LIST_USERS: Final = Endpoint("list_users", "GET", f"{_USERS}list", Empty, UsersResponse)
GET_CURRENT_USER: Final = Endpoint("get_current_user", "GET", f"{_USERS}current", Empty, CurrentUser)
UPDATE_USER_PASSWORD: Final = Endpoint(
    "update_user_password", "PATCH", f"{_USERS}update-password", SetPassword, Empty, (*_NAME, "password")
)
UPDATE_USER_ADMIN: Final = Endpoint("update_user_admin", "PATCH", f"{_USERS}update-admin", SetAdmin, Empty, (*_NAME, "is_admin"))
DELETE_USER: Final = Endpoint("delete_user", "DELETE", f"{_USERS}delete", UserRequest, Empty, _NAME, is_repeatable=False)
CREATE_EXPERIMENT_PERMISSION: Final = Endpoint(
    "create_experiment_permission",
    "POST",
    f"{_OF_EXPERIMENT}create",
    ExperimentGrant,
    ExperimentPermissionResponse,
    (*_EXPERIMENT, "permission"),
    is_repeatable=False,
)
GET_EXPERIMENT_PERMISSION: Final = Endpoint(
    "get_experiment_permission", "GET", f"{_OF_EXPERIMENT}get", ExperimentGrant, ExperimentPermissionResponse, _EXPERIMENT
)
UPDATE_EXPERIMENT_PERMISSION: Final = Endpoint(
    "update_experiment_permission",
    "PATCH",
    f"{_OF_EXPERIMENT}update",
    ExperimentGrant,
    Empty,
    (*_EXPERIMENT, "permission"),
)
DELETE_EXPERIMENT_PERMISSION: Final = Endpoint(
    "delete_experiment_permission", "DELETE", f"{_OF_EXPERIMENT}delete", ExperimentGrant, Empty, _EXPERIMENT, is_repeatable=False
)
CREATE_REGISTERED_MODEL_PERMISSION: Final = Endpoint(
    "create_registered_model_permission",
    "POST",
    f"{_OF_MODEL}create",
    ModelGrant,
    ModelPermissionResponse,
    (*_MODEL, "permission"),
    is_repeatable=False,
)
GET_REGISTERED_MODEL_PERMISSION: Final = Endpoint(
    "get_registered_model_permission", "GET", f"{_OF_MODEL}get", ModelGrant, ModelPermissionResponse, _MODEL
)
UPDATE_REGISTERED_MODEL_PERMISSION: Final = Endpoint(
    "update_registered_model_permission", "PATCH", f"{_OF_MODEL}update", ModelGrant, Empty, (*_MODEL, "permission")
)
DELETE_REGISTERED_MODEL_PERMISSION: Final = Endpoint(
    "delete_registered_model_permission", "DELETE", f"{_OF_MODEL}delete", ModelGrant, Empty, _MODEL, is_repeatable=False
)
GRANT_USER_PERMISSION: Final = Endpoint(
    "grant_user_permission",
    "POST",
    f"{_USERS}permissions/grant",
    PermissionRequest,
    Empty,
    (*_THING, "permission"),
    API_3,
)
REVOKE_USER_PERMISSION: Final = Endpoint(
    "revoke_user_permission", "POST", f"{_USERS}permissions/revoke", PermissionRequest, Empty, _THING, API_3
)
GET_USER_PERMISSION: Final = Endpoint(
    "get_user_permission", "GET", f"{_USERS}permissions/get", PermissionRequest, Granted, _THING, API_3
)
LIST_USER_PERMISSIONS: Final = Endpoint(
    "list_user_permissions", "GET", f"{_USERS}permissions/list", UserRequest, ListedPermissions, _NAME, API_3
)

ENDPOINTS: Final = (
    CREATE_USER,
    GET_USER,
    LIST_USERS,
    GET_CURRENT_USER,
    UPDATE_USER_PASSWORD,
    UPDATE_USER_ADMIN,
    DELETE_USER,
    CREATE_EXPERIMENT_PERMISSION,
    GET_EXPERIMENT_PERMISSION,
    UPDATE_EXPERIMENT_PERMISSION,
    DELETE_EXPERIMENT_PERMISSION,
    CREATE_REGISTERED_MODEL_PERMISSION,
    GET_REGISTERED_MODEL_PERMISSION,
    UPDATE_REGISTERED_MODEL_PERMISSION,
    DELETE_REGISTERED_MODEL_PERMISSION,
    GRANT_USER_PERMISSION,
    REVOKE_USER_PERMISSION,
    GET_USER_PERMISSION,
    LIST_USER_PERMISSIONS,
)
