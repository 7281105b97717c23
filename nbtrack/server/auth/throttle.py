"""How often a password may be wrong: by user and by address, counted in the database, so for all processes together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from ...entities import now_ms
from ...store.sql.accounts import Accounts

__all__ = ["Throttle"]

_WINDOW: Final = 5 * 60_000
_MOST_OF_USER: Final = 10
_MOST_OF_ADDRESS: Final = 50  # a whole team may be behind one address


class Throttle:
    """Counts wrong passwords, and says for how long no more are looked at.

    A name's failures count for the address that they came from as well, so that nobody locks another's user out from elsewhere:
    the limit of a user is one of a user at an address.
    """

    def __init__(self, accounts: Accounts, clock: Callable[[], int] = now_ms) -> None:
        self._accounts, self._clock = accounts, clock

    def seconds_to_wait(self, name: str, address: str) -> int:
        """Return for how many seconds there is no answer for this user from there, 0 where there is one."""
        limits = ((_user(name, address), _MOST_OF_USER), (_address(address), _MOST_OF_ADDRESS))
        return max(self._wait(who, most) for who, most in limits)

    def _wait(self, who: str, most: int) -> int:
        count, since = self._accounts.failures(who)
        left = since + _WINDOW - self._clock()
        return -(-left // 1000) if count >= most and left > 0 else 0

    def note(self, name: str, address: str) -> None:
        """Note that a password was wrong, or that there is no such user."""
        self._accounts.note_failures((_user(name, address), _address(address)), now=self._clock(), window=_WINDOW)

    def forgive(self, name: str, address: str) -> None:
        """Forget a user's mistakes once the password was right."""
        if self._accounts.failures(_user(name, address))[0]:
            self._accounts.forgive(_user(name, address))


def _user(name: str, address: str) -> str:
    return hashlib.sha256(f"user:{name}@{address}".encode()).hexdigest()


def _address(address: str) -> str:
    return hashlib.sha256(f"address:{address}".encode()).hexdigest()
