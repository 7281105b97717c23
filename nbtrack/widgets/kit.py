"""What every living view is made of: data, requests from a browser, events to it.

A ``View`` is a plain object, of use without a kernel: a page written by ``to_html`` is its snapshot. ``open_view`` gives it
a model in the browser; carrier.py has how its messages travel.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

from ..errors import InvalidInput
from . import frontend

if TYPE_CHECKING:
    from .carrier import Carrier

__all__ = ["Export", "View", "close_views", "key_of", "open_view", "prepare", "widget_bundle"]

_MOST_OPEN = 40

V = TypeVar("V", bound="View")


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
        self.carrier: Carrier | None = None

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
        carrier = self.carrier
        if carrier is not None:
            carrier.push(event, value)

    def close(self) -> None:
        """Let go of the model in the browser; what is in the notebook stays. Twice is fine."""
        carrier, self.carrier = self.carrier, None
        if carrier is not None:
            carrier.close()


class _Opened:
    """The views that have a model now, by the cell in whose output they are."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._views: list[tuple[str, str, View]] = []

    def add(self, view: View) -> None:
        """Take down a view; those that the cell's earlier execution opened, and the oldest of too many, are closed."""
        cell, request = frontend.cell_id(), frontend.request_id()
        with self._lock:
            old = [each for each in self._views if cell and each[0] == cell and each[1] != request]
            kept = [each for each in self._views if each not in old]
            old += kept[: max(0, len(kept) + 1 - _MOST_OPEN)]
            self._views = [*(each for each in kept if each not in old), (cell, request, view)]
        for _, _, closing in old:
            closing.close()

    def close(self, cell: str | None) -> None:
        """Close the views of a cell, None for all."""
        with self._lock:
            old = [each for each in self._views if cell is None or each[0] == cell]
            self._views = [each for each in self._views if each not in old]
        for _, _, closing in old:
            closing.close()


_opened = _Opened()


def open_view(view: V) -> V:
    """Give a view a model in the browser, where somebody is looking; it is closed when its cell runs again.

    Returns:
        The view; it has a ``carrier`` unless nobody is looking.
    """
    if view.carrier is None and not frontend.is_headless():
        from .carrier import Carrier

        _opened.add(view)
        view.carrier = Carrier(view)
        view.carrier.begin()
    return view


def prepare() -> None:
    """Load what a run's view needs, here and in the page."""
    from . import carrier, live  # noqa: F401

    carrier.send_ahead()


def key_of(view: View) -> str:
    """Let a view live in the output of this cell; return what names its slot there, empty where nobody is looking."""
    return view.key if open_view(view).carrier is not None else ""


def close_views(cell: str | None = None) -> None:
    """Close the views in the output of a cell, which is about to run again; None: all views."""
    _opened.close(cell)


def widget_bundle(view: View) -> dict[str, Any]:
    """Return what displays a view as a widget, where HTML is kept apart from living models; empty where nobody looks."""
    if view.carrier is None:
        return {}
    shown = {"version_major": 2, "version_minor": 0, "model_id": view.carrier.model_id}
    return {"application/vnd.jupyter.widget-view+json": shown}
