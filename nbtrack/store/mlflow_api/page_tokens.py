"""Page tokens: where the next page begins, in MLflow's form."""

from __future__ import annotations

import base64
import json

from .errors import ApiError, invalid

__all__ = ["read_token", "token_at"]


def token_at(offset: int) -> str:
    """Return the token of the page that begins at ``offset``."""
    return base64.b64encode(json.dumps({"offset": offset}).encode()).decode()


def read_token(token: str) -> int:
    """Return where a token's page begins; 0 without a token.

    Raises:
        ApiError: The token is not one of ours.
    """
    if not token:
        return 0
    try:
        offset = json.loads(base64.b64decode(token, validate=True))["offset"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _bad_token() from error
    if not isinstance(offset, int) or isinstance(offset, bool) or not 0 <= offset < 1 << 63:
        raise _bad_token()
    return offset


def _bad_token() -> ApiError:
    return invalid("Invalid page token, could not base64-decode: use the next_page_token of the page before")
