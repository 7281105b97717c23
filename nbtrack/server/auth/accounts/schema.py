"""The tables of users, in a store's database or in a database of their own.

A grant is a permission of a user on one experiment or registered model. Failed logins are kept as counts by the hash of a user's
name or address. ``auth_changes`` counts changes, so that every process notices when its cache is out of date.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, Table
from sqlalchemy.schema import SchemaItem

from ....store.sql.schema.tables import CLUSTERED, metadata, serial, text

__all__ = ["ACCOUNTS_HEAD", "changes", "failures", "grants", "metadata_of_accounts", "tokens", "users", "version_of_accounts"]

ACCOUNTS_HEAD = "0001"

metadata_of_accounts = MetaData(naming_convention=metadata.naming_convention)


def _user() -> SchemaItem:
    return Column("user_key", BigInteger, ForeignKey("auth_users.key", ondelete="CASCADE"), primary_key=True)


version_of_accounts = Table("auth_version", metadata_of_accounts, Column("version_num", text(32), primary_key=True))

changes = Table(
    "auth_changes",
    metadata_of_accounts,
    Column("key", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
)

users = Table(
    "auth_users",
    metadata_of_accounts,
    serial(),
    Column("name", text(255), nullable=False, unique=True),
    Column("password", text(255), nullable=False),
    Column("is_admin", Integer, nullable=False),
    Column("created", BigInteger, nullable=False),
)

tokens = Table(
    "auth_tokens",
    metadata_of_accounts,
    _user(),
    Column("name", text(255), primary_key=True),
    Column("sha256", text(64), nullable=False, unique=True),
    Column("created", BigInteger, nullable=False),
    **CLUSTERED,
)

grants = Table(
    "auth_grants",
    metadata_of_accounts,
    _user(),
    Column("kind", text(32), primary_key=True),
    Column("resource", text(256), primary_key=True),
    Column("permission", Integer, nullable=False),
    **CLUSTERED,
)

failures = Table(
    "auth_failures",
    metadata_of_accounts,
    Column("who", text(64), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("since", BigInteger, nullable=False),
    **CLUSTERED,
)
