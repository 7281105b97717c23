"""A machine reached by SSH, and the user to log in as."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from ...errors import InvalidInput

__all__ = ["Host"]


@dataclass(frozen=True, slots=True)
class Host:
    """A machine and the login there; what is empty comes from ``~/.ssh/config``."""

    name: str
    port: int | None = None
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, authority: str, uri: str) -> Host:
        """Parse ``user:password@host:port``; InvalidInput."""
        try:
            parts = urlsplit(f"//{authority}")
            name, port = parts.hostname, parts.port
        except ValueError as error:
            raise InvalidInput(f"the address in {uri!r} cannot be read ({error}); write sftp://user@host/folder") from error
        if not name:
            raise InvalidInput("artifacts at sftp: need a machine; write sftp://user@host/folder")
        return cls(name, port, unquote(parts.username or ""), unquote(parts.password or ""))

    @property
    def remedy(self) -> str:
        """What to do if the machine denies access."""
        return (
            f"see that `ssh {self.name}` works without a prompt: "
            "a key in the agent or named in ~/.ssh/config, and the machine in known_hosts"
        )

    def hidden(self, uri: str) -> str:
        """Return a URI without its password."""
        return uri.replace(f":{urlsplit(uri).password}@", "@", 1) if self.password else uri
