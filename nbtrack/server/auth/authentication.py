"""Finds the user of a request by the password or token in its Authorization header."""

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

_MOST_CACHED: Final = 1024
_LOCKS: Final = 64


class AuthenticationFailed(ApiError):
    """A request without valid credentials; ``headers`` of the answer tell the client how to continue."""

    def __init__(self, code: str, message: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(code, message)
        self.headers = headers


def not_authenticated() -> AuthenticationFailed:
    """Return the error of unknown credentials, the same whether there is such a user or not."""
    message = "You are not authenticated: give a user's name and password, or a token (MLFLOW_TRACKING_TOKEN)."
    return AuthenticationFailed("UNAUTHENTICATED", message, (b"www-authenticate", b'Basic realm="nbtrack"'))


class Authentication:
    """Authenticates requests and caches the results, by a keyed hash of the Authorization header.

    The user of a header is cached until accounts change. That a password was right is cached for as long as its stored hash is
    the same: scrypt, which is slow by design, then runs once per user and process, not again after every new experiment. Requests
    that arrive together with the same password wait for one run of scrypt.
    """

    def __init__(self, accounts: Accounts) -> None:
        self._accounts, self._throttle = accounts, Throttle(accounts)
        self._secret = secrets.token_bytes(32)
        self._users: tuple[int, dict[bytes, User]] = (-1, {})
        self._verified: dict[bytes, str] = {}  # the stored hash that a header's password has matched
        self._locks = [threading.Lock() for _ in range(_LOCKS)]  # chosen by hash: different users rarely wait for each other

    def user_of(self, authorization: str | None, address: str, changes: int) -> User:
        """Return the user of an Authorization header.

        Args:
            authorization: The header, None if the request has none.
            address: The client's address.
            changes: The present number of changes of accounts.

        Raises:
            AuthenticationFailed: The header names no user, or too many passwords were wrong.
        """
        if not authorization:
            raise not_authenticated()
        if changes != self._users[0]:
            self._users = (changes, {})
        users, key = self._users[1], hmac.digest(self._secret, authorization.encode(), "sha256")
        found = users.get(key)
        if found is None:
            found = self._look_up(authorization, address, key)
            _cache(users, key, found)
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
        # The database compares hashes, so the time that this takes reveals nothing about valid tokens.
        found = self._accounts.tokens.owner(hash_token(token))
        if found is None:
            raise not_authenticated()
        return found

    def _of_password(self, name: str, password: str, address: str, key: bytes) -> User:
        found = self._accounts.users.find(name)
        if found is not None and self._verified.get(key) == found.password:
            return found
        if wait := self._throttle.attempt(name, address):
            message = "Too many wrong passwords: wait before you try again."
            raise AuthenticationFailed("REQUEST_LIMIT_EXCEEDED", message, (b"retry-after", b"%d" % wait))
        if not is_password(password, None if found is None else found.password) or found is None:
            raise not_authenticated()
        self._throttle.reset(name, address)
        _cache(self._verified, key, found.password)
        return found


def _cache(cache: dict[bytes, T], key: bytes, value: T) -> None:
    while len(cache) >= _MOST_CACHED:
        cache.pop(next(iter(cache)), None)
    cache[key] = value


def _name_and_password(encoded: str) -> tuple[str, str]:
    try:
        name, colon, password = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError as error:
        raise not_authenticated() from error
    if not colon:
        raise not_authenticated()
    return name, password
