"""What every living view is made of: data, requests from a browser, events to it.

A ``View`` is a plain object, of use without a kernel: a page written by ``to_html`` is its snapshot. ``open_view`` gives it
a model in the browser (open_views.py); transport/browser_model.py has how its messages travel.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, Protocol

from ..errors import InvalidInput

__all__ = ["Export", "Transport", "View"]


class Export(NamedTuple):
    """A view for a page of its own.

    Attributes:
        snapshot: As a fresh page needs it.
        answers: What can be asked there: the request's name, its arguments, the answer.
        notes: What there is less of than in a notebook, to be said on the page.
    """

    snapshot: Any
    answers: list[tuple[str, dict[str, Any], Any]]
    notes: list[str]


class Transport(Protocol):
    """A view's model in the browser."""

    @property
    def model_id(self) -> str | None:
        """The model's id among the page's widgets."""

    def push(self, event: str, value: Any) -> None:
        """Send an event to every page that shows the view."""

    def close(self) -> None:
        """Close the model."""


class View:
    """One thing to look at: a run, a table of runs, a comparison, the files of a run.

    A subclass has ``snapshot``, and a method for each thing that a browser may ask. These may be called from another
    thread than the main one, while a cell runs; a ``NbtrackError`` that they raise is shown where it was asked.

    Attributes:
        kind: Which module of the bundle draws it.
        key: Names the slot in the notebook's HTML that it lives in.
        requests: What a browser may ask, and the method that answers.
    """

    kind: ClassVar[str]
    requests: ClassVar[Mapping[str, str]] = {}

    def __init__(self, key: str = "") -> None:
        self.key = key or secrets.token_hex(8)
        self.transport: Transport | None = None

    def snapshot(self) -> Any:
        """Return all that a fresh page needs, as ``pack`` takes it."""
        raise NotImplementedError

    def answer(self, what: str, args: Mapping[str, Any]) -> Any:
        """Return the answer to a browser's request.

        Raises:
            InvalidInput: This view has no such answer.
        """
        if what == "snapshot":
            return self.snapshot()
        if what not in self.requests:
            raise InvalidInput(f"a view of kind {self.kind!r} cannot be asked {what!r}")
        return getattr(self, self.requests[what])(**args)

    def export(self, level: int) -> Export:
        """Return the view for a page of its own.

        Args:
            level: 0 is all that makes sense in a page; each higher one takes less room, to 3, the least.
        """
        return Export(self.snapshot(), [], [])

    def push(self, event: str, value: Any) -> None:
        """Tell every page that shows this view; without one nothing happens."""
        transport = self.transport
        if transport is not None:
            transport.push(event, value)

    def close(self) -> None:
        """Let go of the model in the browser; what is in the notebook stays. Twice is fine."""
        transport, self.transport = self.transport, None
        if transport is not None:
            transport.close()
