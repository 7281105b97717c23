"""Who asks: the user of a password or a token in the Authorization header."""

from __future__ import annotations

import hmac
import secrets
import threading
from base64 import b64decode
from typing import Final, TypeVar

from ...store.mlflow_api.errors import ApiError
from .accounts import Accounts, User
from .passwords import hash_token, is_password
from .throttle import Throttle

__all__ = ["Authentication", "AuthenticationFailed", "not_authenticated"]

T = TypeVar("T")

_MOST_REMEMBERED: Final = 1024
_LOCKS: Final = 64


class AuthenticationFailed(ApiError):
    """A request that is not let in, with headers that say what would help."""

    def __init__(self, code: str, message: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(code, message)
        self.headers = headers


def not_authenticated() -> AuthenticationFailed:
    """Return the refusal of somebody unknown: the same whether there is such a user or not."""
    message = "You are not authenticated: give a user's name and password, or a token (MLFLOW_TRACKING_TOKEN)."
    return AuthenticationFailed("UNAUTHENTICATED", message, (b"www-authenticate", b'Basic realm="nbtrack"'))


class Authentication:
    """Finds out who asks; what was right is remembered, under a hash with a key of its own.

    Who it was holds until anything about users changes. That a password was right holds as long as the hash that is kept of it
    is the same: so scrypt, which is slow so that guessing is, runs once for each user and process, and not again whenever
    somebody makes an experiment. Of the same password that comes many times at once only one is looked at.
    """

    def __init__(self, accounts: Accounts) -> None:
        self._accounts, self._throttle = accounts, Throttle(accounts)
        self._secret = secrets.token_bytes(32)
        self._known: tuple[int, dict[bytes, User]] = (-1, {})
        self._right: dict[bytes, str] = {}  # what is kept of a password, by the header that had it
        self._locks = [threading.Lock() for _ in range(_LOCKS)]

    def user_of(self, authorization: str | None, address: str, changes: int) -> User:
        """Return who sent an Authorization header.

        Args:
            authorization: The header.
            address: Where the request came from.
            changes: How often users have changed by now.

        Raises:
            AuthenticationFailed: Nobody known.
        """
        if not authorization:
            raise not_authenticated()
        if changes != self._known[0]:
            self._known = (changes, {})
        known, key = self._known[1], hmac.digest(self._secret, authorization.encode(), "sha256")
        found = known.get(key)
        if found is None:
            found = self._look_up(authorization, address, key)
            _remember(known, key, found)
        return found

    def _look_up(self, authorization: str, address: str, key: bytes) -> User:
        scheme, _, rest = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return self._of_token(rest.strip())
        if scheme.lower() == "basic":
            name, password = _name_and_password(rest.strip())
            with self._locks[key[0] % _LOCKS]:
                return self._of_password(name, password, address, key)
        raise not_authenticated()

    def _of_token(self, token: str) -> User:
        # The hash is what is looked for: how long that takes tells nothing of a token that is right.
        found = self._accounts.user_of_token(hash_token(token))
        if found is None:
            raise not_authenticated()
        return found

    def _of_password(self, name: str, password: str, address: str, key: bytes) -> User:
        found = self._accounts.find(name)
        if found is not None and self._right.get(key) == found.password:
            return found
        if wait := self._throttle.attempt(name, address):
            message = "Too many wrong passwords: wait before you try again."
            raise AuthenticationFailed("REQUEST_LIMIT_EXCEEDED", message, (b"retry-after", b"%d" % wait))
        if not is_password(password, None if found is None else found.password) or found is None:
            raise not_authenticated()
        self._throttle.forgive(name, address)
        _remember(self._right, key, found.password)
        return found


def _remember(known: dict[bytes, T], key: bytes, value: T) -> None:
    while len(known) >= _MOST_REMEMBERED:
        known.pop(next(iter(known)), None)
    known[key] = value


def _name_and_password(encoded: str) -> tuple[str, str]:
    try:
        name, colon, password = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError as error:
        raise not_authenticated() from error
    if not colon:
        raise not_authenticated()
    return name, password
