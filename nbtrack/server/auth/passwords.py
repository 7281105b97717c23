"""Creates, hashes and compares passwords and tokens.

A password is hashed by scrypt with its own salt. The parameters are stored in the hash, so they can be raised later and old
hashes stay valid. A token has 256 random bits, which cannot be guessed: SHA-256 is enough.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from typing import Final

from ...errors import InvalidInput

__all__ = ["check_name", "hash_password", "hash_token", "is_password", "new_password", "new_token"]

# One of the equivalent settings that OWASP recommends: 16 MB and some tenths of a second.
_COST, _BLOCK, _PARALLEL = 1 << 14, 8, 5
_MEMORY: Final = 64 << 20
_SHORTEST, _LONGEST = 8, 1024
_LONGEST_NAME: Final = 255
_MARK: Final = "nbt_"


def check_name(name: str) -> str:
    """Return a user's name unchanged; InvalidInput if it is not a valid one."""
    if not name or name != name.strip() or ":" in name or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise InvalidInput(f"Invalid username {name[:40]!r}: 1 to {_LONGEST_NAME} characters, none of them a colon")
    return name


def hash_password(password: str) -> str:
    """Return the hash of a password; InvalidInput, without the password in its message, if it is too short or too long."""
    if not _SHORTEST <= len(password) <= _LONGEST:
        raise InvalidInput(f"Invalid password: it must have {_SHORTEST} to {_LONGEST} characters")
    salt = secrets.token_bytes(16)
    digest = _scrypt(password, salt, _COST, _BLOCK, _PARALLEL)
    return f"scrypt${_COST}${_BLOCK}${_PARALLEL}${b64encode(salt).decode()}${b64encode(digest).decode()}"


def is_password(password: str, stored: str | None) -> bool:
    """Return whether a password matches a stored hash; with None, for an unknown user, it is False but takes as long."""
    _, cost, block, parallel, salt, digest = (stored or _NOBODY).split("$")
    found = _scrypt(password[:_LONGEST], b64decode(salt), int(cost), int(block), int(parallel))
    return hmac.compare_digest(found, b64decode(digest)) and stored is not None


def _scrypt(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=cost, r=block, p=parallel, maxmem=_MEMORY, dklen=32)


_NOBODY: Final = f"scrypt${_COST}${_BLOCK}${_PARALLEL}${b64encode(bytes(16)).decode()}${b64encode(bytes(32)).decode()}"


def new_password() -> str:
    """Return a random password."""
    return secrets.token_urlsafe(18)


def new_token() -> str:
    """Return a new token: 256 random bits after a prefix by which scanners for secrets recognise it."""
    return _MARK + secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Return the hash of a token that is stored."""
    return hashlib.sha256(token.encode()).hexdigest()
