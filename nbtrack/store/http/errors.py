"""Failures of HTTP requests as errors of this package. No message contains a secret."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ...errors import AccessDenied, NbtrackError, NotPermitted, StoreUnavailable, TooLarge

__all__ = ["TransientError", "error_of_status", "is_json", "retry_after", "unreachable"]

_LONGEST_WAIT = 3600.0
_REMEDY = (
    "set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD; what was logged waits in the journal"
)
_LIMITS = "raise its limit (client_max_body_size of nginx)"
_CERTIFICATE = "set MLFLOW_TRACKING_SERVER_CERT_PATH to the file of the authority that the server's certificate is from"


class TransientError(StoreUnavailable):
    """A failure that may be gone when the request is sent again, ``wait`` seconds later."""

    wait = 0.0

    @classmethod
    def after(cls, wait: float, message: str) -> TransientError:
        """Return the error of a server that asks not to be contacted for ``wait`` seconds; 0 where it does not ask."""
        error = cls(f"{message}; it asks to wait {wait:g} s" if wait else message)
        error.wait = wait
        return error


def unreachable(url: str, reason: str, *, is_certificate: bool = False) -> StoreUnavailable:
    """Return the error for a server to which no connection can be made."""
    return StoreUnavailable(f"{url}: {reason}" + (f"; {_CERTIFICATE}" if is_certificate else ""))


def error_of_status(url: str, status: int, headers: Mapping[str, str], message: str = "") -> NbtrackError | None:
    """Return the error that a response's status and headers mean; None for a success, or where only the body can tell.

    Args:
        url: The server.
        status: The HTTP status.
        headers: The headers, by lower-case name.
        message: What the body says about the error, if that is known.
    """
    detail = f": {message}" if message else ""
    if status == 401:
        return AccessDenied(f"{url} does not know who asks (401){detail}; {_REMEDY}")
    if status == 403:
        return NotPermitted(f"{url} does not permit this (403){detail}; {_REMEDY}")
    if status == 413:
        return TooLarge(f"{url}, or a proxy before it, takes no request as large as this one (413){detail}; {_LIMITS}")
    if 300 <= status < 400:
        # Redirects are not followed: they would take the credentials to another server.
        target = headers.get("location", "").partition("?")[0] or "elsewhere"
        return StoreUnavailable(f"{url} redirects to {target}; connect to the server's own address")
    if status in (408, 425, 429):
        return TransientError.after(retry_after(headers), f"{url} gets too many requests, or too slow ones ({status}){detail}")
    # With a message a 500 is the server's own error, which the caller translates; without one a proxy may have failed.
    if status in (502, 503, 504) or (status >= 500 and not message):
        return TransientError.after(retry_after(headers), f"{url} failed ({status}){detail}")
    if headers.get("content-type", "").startswith("text/html"):
        return StoreUnavailable(f"{url} answers with a web page ({status}), not as a tracking server; is this its address?")
    return None


def is_json(headers: Mapping[str, str]) -> bool:
    """Tell whether the body of a response is JSON."""
    return headers.get("content-type", "").partition(";")[0].strip().endswith("json")


def retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds in ``Retry-After``, which may be a number or a date; 0 without the header."""
    text = headers.get("retry-after", "").strip()
    try:
        seconds = float(text) if text else 0.0
    except ValueError:
        return _seconds_until(text)
    return min(_LONGEST_WAIT, max(0.0, seconds)) if math.isfinite(seconds) else 0.0


def _seconds_until(date: str) -> float:
    import time
    from email.utils import parsedate_to_datetime

    try:
        return min(_LONGEST_WAIT, max(0.0, parsedate_to_datetime(date).timestamp() - time.time()))
    except (ValueError, TypeError, OverflowError):
        return 0.0
