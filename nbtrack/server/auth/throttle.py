"""How often a password may be wrong: by user and by address, counted in the database, so for all processes together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Final

from ...entities.run import now_ms
from .accounts import Accounts

__all__ = ["Throttle"]

_WINDOW: Final = 5 * 60_000
_MOST_OF_USER: Final = 10
_MOST_OF_ADDRESS: Final = 50  # a whole team may be behind one address


class Throttle:
    """Counts passwords that are not known to be right, and says for how long no more are looked at.

    A name's failures count for the address that they came from as well, so that nobody locks another's user out from elsewhere:
    the limit of a user is one of a user at an address.
    """

    def __init__(self, accounts: Accounts, clock: Callable[[], int] = now_ms) -> None:
        self._accounts, self._clock = accounts, clock

    def attempt(self, name: str, address: str) -> int:
        """Count an attempt, and return for how many seconds none is looked at; 0 where this one is.

        It is counted before the password is looked at: otherwise a crowd of guesses at once would all be looked at.
        """
        limits = {_user(name, address): _MOST_OF_USER, _address(address): _MOST_OF_ADDRESS}
        # Who is refused already writes nothing, or guesses would fill the database.
        before = {who: self._accounts.failures(who) for who in limits}
        if wait := self._wait({who: (count + 1, since) for who, (count, since) in before.items()}, limits):
            return wait
        return self._wait(self._accounts.note_attempts(limits, now=self._clock(), window=_WINDOW), limits)

    def _wait(self, counts: Mapping[str, tuple[int, int]], limits: Mapping[str, int]) -> int:
        left = [since + _WINDOW - self._clock() for who, (count, since) in counts.items() if count > limits[who]]
        return max((-(-each // 1000) for each in left if each > 0), default=0)

    def forgive(self, name: str, address: str) -> None:
        """Forget a user's mistakes, and this attempt of the address, once the password was right."""
        self._accounts.forgive(_user(name, address))
        self._accounts.take_back(_address(address))


def _user(name: str, address: str) -> str:
    return hashlib.sha256(f"user:{name}@{address}".encode()).hexdigest()


def _address(address: str) -> str:
    return hashlib.sha256(f"address:{address}".encode()).hexdigest()
