"""Creates the first administrator of a server, who then adds the other users."""

from __future__ import annotations

from .accounts import Accounts
from .passwords import hash_password, new_password

__all__ = ["ADMIN", "make_admin"]

ADMIN = "admin"


def make_admin(accounts: Accounts, password: str = "") -> str:
    """Create an administrator if there is none, and return a message for the terminal; empty if there is one.

    Args:
        accounts: The users.
        password: The password; by default a random one, which only the message contains.
    """
    if any(user.is_admin for user in accounts.users.all()):
        return ""
    chosen = password or new_password()
    if not accounts.users.add_first_admin(ADMIN, hash_password(chosen)):
        return ""  # another process was faster
    where = "that of NBTRACK_ADMIN_PASSWORD" if password else f"{chosen} (it is shown only once)"
    return f"the first administrator is {ADMIN!r}, the password {where}"
