"""Page tokens in MLflow's format, which tell where a page begins."""

from __future__ import annotations

import base64
import json

from .errors import ApiError, invalid

__all__ = ["read_token", "token_at"]


def token_at(offset: int) -> str:
    """Return the token of the page that begins at ``offset``."""
    return base64.b64encode(json.dumps({"offset": offset}).encode()).decode()


def read_token(token: str) -> int:
    """Return the offset in a token; 0 without a token.

    Raises:
        ApiError: The token is invalid.
    """
    if not token:
        return 0
    try:
        offset = json.loads(base64.b64decode(token, validate=True))["offset"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _invalid_token() from error
    if not isinstance(offset, int) or isinstance(offset, bool) or not 0 <= offset < 1 << 63:
        raise _invalid_token()
    return offset


def _invalid_token() -> ApiError:
    return invalid("Invalid page token, could not base64-decode: use the next_page_token of the previous page")
