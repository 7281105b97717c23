"""The permissions that users were granted on experiments and registered models."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import bindparam as value

from ....errors import NotFound
from ....store.sql.connection import SqlConnection
from ....store.sql.database import Database
from .change_counter import ChangeCounter
from .schema import grants

__all__ = ["Grant", "Grants"]


@dataclass(frozen=True, slots=True)
class Grant:
    """A permission on one experiment or registered model; a greater number includes the smaller ones."""

    kind: str
    resource: str
    permission: int


_ON_RESOURCE = (grants.c.kind == value("of_kind"), grants.c.resource == value("of_resource"))
_OF_USER = sa.select(grants.c.kind, grants.c.resource, grants.c.permission).where(grants.c.user_key == value("id"))
_REVOKE = sa.delete(grants).where(grants.c.user_key == value("id"), *_ON_RESOURCE)
_REVOKE_ALL = sa.delete(grants).where(*_ON_RESOURCE)
_RENAME = sa.update(grants).where(*_ON_RESOURCE).values(resource=value("new"))


class Grants:
    """The table of grants."""

    def __init__(self, database: Database, counter: ChangeCounter) -> None:
        self._database, self._counter = database, counter

    def of(self, user_id: int) -> list[Grant]:
        """Return all grants of a user."""
        with self._database.read() as connection:
            return [Grant(*row) for row in connection.rows(_OF_USER, id=user_id)]

    def set(self, user_id: int, grant: Grant) -> None:
        """Grant a permission to a user, in place of an earlier one on the same resource."""
        row = (user_id, grant.kind, grant.resource, grant.permission)
        self._counter.write(lambda connection: connection.upsert(grants, [row]))

    def revoke(self, user_id: int, kind: str, resource: str) -> None:
        """Revoke a user's grant on a resource; NotFound."""

        def delete(connection: SqlConnection) -> None:
            if not connection.run(_REVOKE, id=user_id, of_kind=kind, of_resource=resource):
                raise NotFound(f"no permission on {kind.replace('_', ' ')} {resource!r} was granted to this user")

        self._counter.write(delete)

    def revoke_all(self, kind: str, resource: str) -> None:
        """Revoke every user's grant on a resource, which was deleted."""
        self._counter.write(lambda connection: connection.run(_REVOKE_ALL, of_kind=kind, of_resource=resource))

    def rename(self, kind: str, resource: str, new: str) -> None:
        """Move all grants on a resource to its new name."""

        def update(connection: SqlConnection) -> None:
            connection.run(_REVOKE_ALL, of_kind=kind, of_resource=new)  # of an earlier resource of this name
            connection.run(_RENAME, of_kind=kind, of_resource=resource, new=new)

        self._counter.write(update)
