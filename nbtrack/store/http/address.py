"""The address of a server: an ``http:`` or ``https:`` URI, with its credentials kept apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from ...errors import InvalidInput

__all__ = ["Address"]


@dataclass(frozen=True, slots=True)
class Address:
    """A server's address without credentials, and the user name and password that the URI contained.

    Example:
        >>> Address.of("https://ada:secret@tracking.example:5000/base/")
        Address(url='https://tracking.example:5000/base')
    """

    url: str
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, uri: str) -> Address:
        """Parse a URI.

        Raises:
            InvalidInput: The URI is not the address of a server.
        """
        # No message repeats the URI: it may contain a password.
        try:
            parts = urlsplit(uri)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise InvalidInput(f"the address of the server cannot be read ({error}); write http://host:5000") from error
        if parts.scheme.lower() not in ("http", "https") or not host:
            raise InvalidInput("the address of a server is written http://host:5000 or https://host")
        if parts.query or parts.fragment:
            raise InvalidInput("the address of a server has neither a query nor a fragment: write http://host:5000")
        host = f"[{host}]" if ":" in host else host
        url = f"{parts.scheme.lower()}://{host}" + (f":{port}" if port else "") + parts.path.rstrip("/")
        return cls(url, unquote(parts.username or ""), unquote(parts.password or ""))
