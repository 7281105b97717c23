"""Limits wrong passwords by user and by address; the counts are in the database, so they hold for all processes together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Final

from ...entities.run import now_ms
from .accounts import Accounts

__all__ = ["Throttle"]

_WINDOW: Final = 5 * 60_000  # ms
_MOST_OF_USER: Final = 10
_MOST_OF_ADDRESS: Final = 50  # a whole team may share one address


class Throttle:
    """Counts login attempts and refuses more once too many have failed.

    The limit of a user is one for each address that the attempts come from, so that nobody can lock a user out from elsewhere.
    """

    def __init__(self, accounts: Accounts, clock: Callable[[], int] = now_ms) -> None:
        self._accounts, self._clock = accounts, clock

    def attempt(self, name: str, address: str) -> int:
        """Count an attempt, and return the seconds to wait before the next one; 0 if this one may proceed.

        It is counted before the password is checked: otherwise many simultaneous guesses would all be checked.
        """
        limits = {_user(name, address): _MOST_OF_USER, _address(address): _MOST_OF_ADDRESS}
        # A refused attempt writes nothing, or guesses would keep the database busy.
        before = {who: self._accounts.failed_logins.count(who) for who in limits}
        if wait := self._wait({who: (count + 1, since) for who, (count, since) in before.items()}, limits):
            return wait
        return self._wait(self._accounts.failed_logins.add(limits, now=self._clock(), window=_WINDOW), limits)

    def _wait(self, counts: Mapping[str, tuple[int, int]], limits: Mapping[str, int]) -> int:
        left = [since + _WINDOW - self._clock() for who, (count, since) in counts.items() if count > limits[who]]
        return max((-(-each // 1000) for each in left if each > 0), default=0)

    def reset(self, name: str, address: str) -> None:
        """Clear a user's failures and this attempt of the address after a right password."""
        self._accounts.failed_logins.clear(_user(name, address))
        self._accounts.failed_logins.take_back(_address(address))


def _user(name: str, address: str) -> str:
    return hashlib.sha256(f"user:{name}@{address}".encode()).hexdigest()


def _address(address: str) -> str:
    return hashlib.sha256(f"address:{address}".encode()).hexdigest()
