"""HTTP for everything that talks to a server: one client per address, its credentials and its errors."""

from __future__ import annotations

from .address import Address
from .client import HttpClient, Response, client_of

__all__ = ["Address", "HttpClient", "Response", "client_of"]
