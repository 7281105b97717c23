"""Where a server is: an ``http:`` or ``https:`` URI, with the secrets in it kept apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from ...errors import InvalidInput

__all__ = ["Address"]


@dataclass(frozen=True, slots=True)
class Address:
    """A server's address without credentials, and the name and password that stood in it.

    Example:
        >>> Address.of("https://ada:secret@tracking.example:5000/base/")
        Address(url='https://tracking.example:5000/base')
    """

    url: str
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, uri: str) -> Address:
        """Return the address that a URI gives.

        Raises:
            InvalidInput: It is no address of a server.
        """
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
        place = f"{parts.scheme.lower()}://{host}" + (f":{port}" if port else "") + parts.path.rstrip("/")
        return cls(place, unquote(parts.username or ""), unquote(parts.password or ""))
