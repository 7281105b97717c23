"""Calls of MLflow's REST API, each defined by a row of the endpoint table in ``mlflow_api``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from ...entities.run import now_ms
from ...errors import NotFound, StoreError
from ..http import HttpClient, Response
from ..http.errors import TransientError, is_json
from ..mlflow_api.codec import decode, encode, to_query
from ..mlflow_api.endpoint import Endpoint
from ..mlflow_api.errors import ApiError, ErrorMessage, error_of
from ..mlflow_api.message import Message

__all__ = ["MlflowApi"]

Q = TypeVar("Q", bound=Message)
A = TypeVar("A", bound=Message)

_JSON = {"Content-Type": "application/json"}
# Errors with a status of 500 and above that sending the request again does not help.
_PERMANENT = ("INVALID_STATE", "NOT_IMPLEMENTED")


class MlflowApi:
    """The REST API of an MLflow server; its errors are raised as this package's own.

    Args:
        client: The server.
    """

    def __init__(self, client: HttpClient) -> None:
        self._client = client
        self._clock_lead: int | None = None  # milliseconds by which the server's clock is ahead of this machine's

    def now(self) -> int:
        """Return the time in milliseconds by the server's clock; by this machine's before the first response."""
        return now_ms() + (self._clock_lead or 0)

    @property
    def has_clock(self) -> bool:
        """Whether a response has told the server's time."""
        return self._clock_lead is not None

    @property
    def url(self) -> str:
        """The server's address."""
        return self._client.url

    def call(self, endpoint: Endpoint[Q, A], request: Q) -> A:
        """Call an endpoint and return its response.

        Raises:
            NotFound: What the request names does not exist.
            InvalidInput: The server refuses the request.
            StoreUnavailable: A later call may succeed.
        """
        query = to_query(request) if endpoint.method == "GET" else ()
        body = None if endpoint.method == "GET" else encode(request)
        response = self._send(endpoint, endpoint.url(request), body, query)
        try:
            return decode(response.body, endpoint.response)
        except ApiError as error:
            raise StoreError(f"{self.url}: the response of {endpoint.name} cannot be read: {str(error)[:300]}") from error

    def find(self, endpoint: Endpoint[Q, A], request: Q) -> A | None:
        """Call an endpoint and return its response, None if what the request names does not exist."""
        try:
            return self.call(endpoint, request)
        except NotFound:
            return None

    def send(self, endpoint: Endpoint[Any, Any], body: dict[str, Any]) -> None:
        """Call an endpoint with a plain JSON body: a batch has too many points for a message object each."""
        self._send(endpoint, endpoint.paths[0], encode(body))

    def pages(self, endpoint: Endpoint[Any, A], request: Any) -> Iterator[A]:
        """Yield the response of each page, requested when it is needed."""
        while True:
            page: Any = self.call(endpoint, request)
            yield page
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def close(self) -> None:
        """Close idle connections."""
        self._client.close()

    def _send(self, endpoint: Endpoint[Any, Any], path: str, body: bytes | None, query: Any = ()) -> Response:
        response = self._client.request(
            endpoint.method,
            path,
            query=query,
            body=body,
            headers=_JSON if body is not None else {},
            is_repeatable=endpoint.is_repeatable,
            check=self._check,
        )
        with suppress(ValueError):
            server_time = parsedate_to_datetime(response.headers.get("date", "")).timestamp()
            self._clock_lead = round(server_time * 1000) - now_ms()
        return response

    def _check(self, response: Response) -> None:
        """Raise the error that the body of a response reports; one without JSON comes from a proxy before the server."""
        if response.status < 400 or not is_json(response.headers):
            return
        error = decode(response.body, ErrorMessage)
        self._client.raise_for_status(response.status, response.headers, error.message)
        if response.status >= 500 and error.error_code not in _PERMANENT:
            raise TransientError(f"{self.url} failed ({response.status}): {error.message[:300]}")
        raise error_of(error.error_code, error.message, response.status)
