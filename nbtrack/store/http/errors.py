"""What can go wrong between us and a server, as this package's errors. No secret is in any of them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ...errors import AccessDenied, NbtrackError, NotPermitted, StoreUnavailable, TooLarge

__all__ = ["TransientError", "is_json", "refusal", "unreachable", "wait_of"]

_LONGEST_WAIT = 3600.0
_REMEDY = (
    "set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD; what was logged waits in the journal"
)
_LIMITS = "raise its limit (client_max_body_size of nginx)"
_CERTIFICATE = "set MLFLOW_TRACKING_SERVER_CERT_PATH to the file of the authority that the server's certificate is from"


class TransientError(StoreUnavailable):
    """No answer for now, where asking again may bring one after ``wait`` seconds, at once if that is 0."""

    wait = 0.0

    @classmethod
    def after(cls, wait: float, message: str) -> TransientError:
        """Return the error for a server that asks to be left alone for so long."""
        error = cls(f"{message}; it asks to wait {wait:g} s" if wait else message)
        error.wait = wait
        return error


def unreachable(url: str, reason: str, *, is_certificate: bool = False) -> StoreUnavailable:
    """Return the error for a server that cannot be reached at all."""
    return StoreUnavailable(f"{url}: {reason}" + (f"; {_CERTIFICATE}" if is_certificate else ""))


def refusal(url: str, status: int, headers: Mapping[str, str], said: str = "") -> NbtrackError | None:
    """Return the error that stands in an answer's status and headers alone; None where its content has more to say.

    Args:
        url: The server.
        status: The answer's HTTP status.
        headers: Its headers.
        said: What its content says of the error, if that is known.
    """
    detail = f": {said}" if said else ""
    if status == 401:
        return AccessDenied(f"{url} does not know who asks (401){detail}; {_REMEDY}")
    if status == 403:
        return NotPermitted(f"{url} does not permit this (403){detail}; {_REMEDY}")
    if status == 413:
        return TooLarge(f"{url}, or a proxy before it, takes no request as large as this one (413){detail}; {_LIMITS}")
    if 300 <= status < 400:
        place = headers.get("location", "").partition("?")[0] or "elsewhere"
        return StoreUnavailable(f"{url} redirects to {place}; connect to the server's own address")
    if status in (408, 425, 429):
        return TransientError.after(wait_of(headers), f"{url} is asked too much or too slowly ({status}){detail}")
    if status in (502, 503, 504) or (status >= 500 and not said):
        return TransientError.after(wait_of(headers), f"{url} failed ({status}){detail}")
    if headers.get("content-type", "").startswith("text/html"):
        return StoreUnavailable(f"{url} answers with a web page ({status}), not as a tracking server; is this its address?")
    return None


def is_json(headers: Mapping[str, str]) -> bool:
    """Tell whether an answer's content is JSON."""
    return headers.get("content-type", "").partition(";")[0].strip().endswith("json")


def wait_of(headers: Mapping[str, str]) -> float:
    """Return for how many seconds an answer asks to be left alone; 0 where it does not say."""
    text = headers.get("retry-after", "").strip()
    try:
        seconds = float(text) if text else 0.0
    except ValueError:
        return _until(text)
    return min(_LONGEST_WAIT, max(0.0, seconds)) if math.isfinite(seconds) else 0.0


def _until(date: str) -> float:
    import time
    from email.utils import parsedate_to_datetime

    try:
        return min(_LONGEST_WAIT, max(0.0, parsedate_to_datetime(date).timestamp() - time.time()))
    except (ValueError, TypeError, OverflowError):
        return 0.0
