"""The first administrator, without whom nobody could let anybody in."""

from __future__ import annotations

from .accounts import Accounts
from .passwords import hash_password, new_password

__all__ = ["ADMIN", "make_admin"]

ADMIN = "admin"


def make_admin(accounts: Accounts, password: str = "") -> str:
    """Make an administrator where there is none, and return what there is to say of it.

    Args:
        accounts: The users.
        password: The password; by default one is made, and told this once.
    """
    if any(user.is_admin for user in accounts.users()):
        return ""
    chosen = password or new_password()
    if not accounts.add_first_admin(ADMIN, hash_password(chosen)):
        return ""  # another process was faster
    where = "that of NBTRACK_ADMIN_PASSWORD" if password else f"{chosen} (it is not told again)"
    return f"the first administrator is {ADMIN!r}, the password {where}"
