"""The base of live views: a snapshot for the browser, answers to its requests, events pushed to it.

A ``View`` is a plain object that needs no kernel: an HTML file written by ``to_html`` holds its export. ``open_view``
(open_views.py) connects it to a browser; transport/browser_model.py has the messages.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, Protocol

from ..errors import InvalidInput

__all__ = ["Export", "Transport", "View"]


class Export(NamedTuple):
    """What an HTML file holds of a view.

    Attributes:
        snapshot: The view's snapshot.
        answers: The requests that the file can answer: name, arguments, answer.
        notes: Sentences that say what the file has less of than a notebook.
    """

    snapshot: Any
    answers: list[tuple[str, dict[str, Any], Any]]
    notes: list[str]


class Transport(Protocol):
    """The connection of a view to the browsers that show it."""

    @property
    def model_id(self) -> str | None:
        """The id of the widget model that the view has in the browser."""

    def push(self, event: str, value: Any) -> None:
        """Send an event to every browser that shows the view."""

    def close(self) -> None:
        """Close the connection."""


class View:
    """A live widget: of a run, a table of runs, a comparison, or the files of a run.

    A subclass implements ``snapshot`` and a method for each request. They may be called from a thread other than the main one
    while a cell runs; a ``NbtrackError`` that they raise is shown in the browser.

    Attributes:
        kind: Which module of the bundle draws the view.
        key: The name of the slot in the notebook's HTML in which the view is drawn.
        requests: The names of the requests that a browser may send, and the methods that answer them.
        transport: The connection to the browser; None while the view is not open.
    """

    kind: ClassVar[str]
    requests: ClassVar[Mapping[str, str]] = {}

    def __init__(self, key: str = "") -> None:
        self.key = key or secrets.token_hex(8)
        self.transport: Transport | None = None

    def snapshot(self) -> Any:
        """Return everything that a browser needs to draw the view, as ``pack`` takes it."""
        raise NotImplementedError

    def answer(self, what: str, args: Mapping[str, Any]) -> Any:
        """Return the answer to a browser's request.

        Raises:
            InvalidInput: This kind of view has no such request.
        """
        if what == "snapshot":
            return self.snapshot()
        if what not in self.requests:
            raise InvalidInput(f"a view of kind {self.kind!r} has no request {what!r}")
        return getattr(self, self.requests[what])(**args)

    def export(self, level: int) -> Export:
        """Return what an HTML file holds of the view.

        Args:
            level: From 0, everything that is of use in a file, to 3, which takes the fewest bytes.
        """
        return Export(self.snapshot(), [], [])

    def push(self, event: str, value: Any) -> None:
        """Send an event to every browser that shows this view; without one nothing happens."""
        transport = self.transport
        if transport is not None:
            transport.push(event, value)

    def close(self) -> None:
        """Close the transport; the notebook's output stays. May be called twice."""
        transport, self.transport = self.transport, None
        if transport is not None:
            transport.close()
