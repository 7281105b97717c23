"""HTTP as every part that speaks to a server uses it: one client an address, its credentials and its errors."""

from __future__ import annotations

from .address import Address
from .client import HttpClient, Response, client_of

__all__ = ["Address", "HttpClient", "Response", "client_of"]
