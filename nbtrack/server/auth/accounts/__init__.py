"""Who may use a server: users, tokens, grants and failed logins, in tables of their own.

The guarantees of ``store.protocol.store`` about threads, processes and errors hold here too. Passwords and tokens arrive hashed,
and no error or ``repr`` shows a hash.
"""

from __future__ import annotations

from .accounts import Accounts
from .grants import Grant
from .open import keep_private, open_accounts
from .tokens import TokenInfo
from .users import User

__all__ = ["Accounts", "Grant", "TokenInfo", "User", "keep_private", "open_accounts"]
