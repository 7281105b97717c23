"""The views that are open in this kernel: each has a model in the browser, until its cell runs again."""

from __future__ import annotations

import threading
from typing import Any, TypeVar

from ..kernel import frontend
from .view import View

__all__ = ["close_views", "key_of", "open_view", "prepare", "widget_bundle"]

_MOST_OPEN = 40

V = TypeVar("V", bound=View)


class _OpenViews:
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


_open_views = _OpenViews()


def open_view(view: V) -> V:
    """Give a view a model in the browser, where somebody is looking; it is closed when its cell runs again.

    Returns:
        The view; it has a ``transport`` unless nobody is looking.
    """
    if view.transport is None and not frontend.is_headless():
        from .transport.browser_model import ViewWidget

        _open_views.add(view)
        view.transport = transport = ViewWidget(view)
        transport.begin()
    return view


def prepare() -> None:
    """Load what a run's view needs, here and in the page."""
    from .transport import browser_model
    from .views import run  # noqa: F401

    browser_model.send_ahead()


def key_of(view: View) -> str:
    """Let a view live in the output of this cell; return what names its slot there, empty where nobody is looking."""
    return view.key if open_view(view).transport is not None else ""


def close_views(cell: str | None = None) -> None:
    """Close the views in the output of a cell, which is about to run again; None: all views."""
    _open_views.close(cell)


def widget_bundle(view: View) -> dict[str, Any]:
    """Return what displays a view as a widget, where HTML is kept apart from living models; empty where nobody looks."""
    if view.transport is None:
        return {}
    shown = {"version_major": 2, "version_minor": 0, "model_id": view.transport.model_id}
    return {"application/vnd.jupyter.widget-view+json": shown}
