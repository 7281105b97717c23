"""MLflow's endpoints, asked: one call for a row of ``wire``'s table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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

__all__ = ["Api"]

Q = TypeVar("Q", bound=Message)
A = TypeVar("A", bound=Message)

_JSON = {"Content-Type": "application/json"}
# Of all answers that a server failed, those that it would give again.
_FINAL = ("INVALID_STATE", "NOT_IMPLEMENTED")


class Api:
    """An MLflow server's REST API; errors are this package's own.

    Args:
        client: The server.
    """

    def __init__(self, client: HttpClient) -> None:
        self._client = client
        self._ahead: int | None = None  # of this machine's clock the server's is, in milliseconds

    def now(self) -> int:
        """Return the time in milliseconds by the server's clock, which every answer tells; by ours before the first."""
        return now_ms() + (self._ahead or 0)

    @property
    def has_clock(self) -> bool:
        """Whether the server has told its time."""
        return self._ahead is not None

    @property
    def url(self) -> str:
        """The server's address."""
        return self._client.url

    def ask(self, endpoint: Endpoint[Q, A], request: Q, *, repeats: bool = True) -> A:
        """Return the answer of an endpoint.

        Raises:
            NotFound: There is no such thing, whatever it is.
            InvalidInput: The server does not take the request.
            StoreUnavailable: It may answer later.
        """
        query = to_query(request) if endpoint.method == "GET" else ()
        body = None if endpoint.method == "GET" else encode(request)
        answer = self._request(endpoint, endpoint.url(request), body, query, repeats)
        try:
            return decode(answer.body, endpoint.response)
        except ApiError as error:
            raise StoreError(f"{self.url}: the answer of {endpoint.name} cannot be read: {str(error)[:300]}") from error

    def find(self, endpoint: Endpoint[Q, A], request: Q) -> A | None:
        """Return the answer of an endpoint, None where there is no such thing."""
        try:
            return self.ask(endpoint, request)
        except NotFound:
            return None

    def send(self, endpoint: Endpoint[Any, Any], body: dict[str, Any]) -> None:
        """Ask with a body that is not made of messages, for there would be too many."""
        self._request(endpoint, endpoint.paths[0], encode(body), (), repeats=True)

    def pages(self, endpoint: Endpoint[Any, A], request: Any) -> Iterator[A]:
        """Yield page after page."""
        while True:
            page: Any = self.ask(endpoint, request)
            yield page
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def close(self) -> None:
        """Close connections that are not in use."""
        self._client.close()

    def _request(self, endpoint: Endpoint[Any, Any], path: str, body: bytes | None, query: Any, repeats: bool) -> Response:
        headers = _JSON if body is not None else {}
        answer = self._client.request(
            endpoint.method, path, query=query, body=body, headers=headers, repeats=repeats, judge=self._judge()
        )
        self._note_time(answer.headers.get("date", ""))
        return answer

    def _note_time(self, date: str) -> None:
        with suppress(ValueError):
            self._ahead = round(parsedate_to_datetime(date).timestamp() * 1000) - now_ms()

    def _judge(self) -> Callable[[Response], None]:
        def judge(answer: Response) -> None:
            if answer.status >= 400 and is_json(answer.headers):
                error = decode(answer.body, ErrorMessage)
                self._client.check(answer.status, answer.headers, error.message)
                if answer.status >= 500 and error.error_code not in _FINAL:
                    raise TransientError(f"{self.url} failed ({answer.status}): {error.message[:300]}")
                raise error_of(error.error_code, error.message, answer.status)

        return judge
