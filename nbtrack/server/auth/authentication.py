"""Who asks: the user of a password or a token in the Authorization header."""

from __future__ import annotations

import hmac
import secrets
from base64 import b64decode
from typing import Final

from ...store.sql.accounts import Accounts, User
from ...store.wire.errors import WireError
from .passwords import hash_token, is_password
from .throttle import Throttle

__all__ = ["Authentication", "Refusal", "stranger"]

_MOST_REMEMBERED: Final = 1024


class Refusal(WireError):
    """A request that is not let in, with headers that say what would help."""

    def __init__(self, code: str, message: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(code, message)
        self.headers = headers


def stranger() -> Refusal:
    """Return the refusal of somebody unknown: the same whether there is such a user or not."""
    message = "You are not authenticated: give a user's name and password, or a token (MLFLOW_TRACKING_TOKEN)."
    return Refusal("UNAUTHENTICATED", message, (b"www-authenticate", b'Basic realm="nbtrack"'))


class Authentication:
    """Finds out who asks; what was right is remembered until anything about users changes, under a hash with a key of its own.

    So scrypt, which is slow so that guessing is, runs once for each user and process and not for each request.
    """

    def __init__(self, accounts: Accounts) -> None:
        self._accounts, self._throttle = accounts, Throttle(accounts)
        self._secret = secrets.token_bytes(32)
        self._known: tuple[int, dict[bytes, User]] = (-1, {})

    def user_of(self, authorization: str | None, address: str, changes: int) -> User:
        """Return who sent an Authorization header.

        Args:
            authorization: The header.
            address: Where the request came from.
            changes: How often users have changed by now.

        Raises:
            Refusal: Nobody known.
        """
        if not authorization:
            raise stranger()
        if changes != self._known[0]:
            self._known = (changes, {})
        known, key = self._known[1], hmac.digest(self._secret, authorization.encode(), "sha256")
        found = known.get(key)
        if found is None:
            found = self._look_up(authorization, address)
            while len(known) >= _MOST_REMEMBERED:
                known.pop(next(iter(known)), None)
            known[key] = found
        return found

    def _look_up(self, authorization: str, address: str) -> User:
        scheme, _, rest = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return self._of_token(rest.strip())
        if scheme.lower() == "basic":
            return self._of_password(*_name_and_password(rest.strip()), address)
        raise stranger()

    def _of_token(self, token: str) -> User:
        # The hash is what is looked for: how long that takes tells nothing of a token that is right.
        found = self._accounts.user_of_token(hash_token(token))
        if found is None:
            raise stranger()
        return found

    def _of_password(self, name: str, password: str, address: str) -> User:
        if wait := self._throttle.seconds_to_wait(name, address):
            message = "Too many wrong passwords: wait before you try again."
            raise Refusal("REQUEST_LIMIT_EXCEEDED", message, (b"retry-after", b"%d" % wait))
        found = self._accounts.find(name)
        if not is_password(password, None if found is None else found.password) or found is None:
            self._throttle.note(name, address)
            raise stranger()
        self._throttle.forgive(name, address)
        return found


def _name_and_password(encoded: str) -> tuple[str, str]:
    try:
        name, colon, password = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError as error:
        raise stranger() from error
    if not colon:
        raise stranger()
    return name, password
