"""The views that are open in this kernel, each until its cell runs again."""

from __future__ import annotations

import threading
from typing import Any, TypeVar

from ..kernel import frontend
from .view import View

__all__ = ["close_views", "key_of", "open_view", "prepare", "widget_bundle"]

_MOST_OPEN = 40

V = TypeVar("V", bound=View)


class _OpenViews:
    """The open views, each with the id of the cell whose output it is in and of the execution that opened it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._views: list[tuple[str, str, View]] = []

    def add(self, view: View) -> None:
        """Add a view; close those of the cell's earlier execution, and the oldest where too many are open."""
        cell, request = frontend.cell_id(), frontend.request_id()
        with self._lock:
            old = [each for each in self._views if cell and each[0] == cell and each[1] != request]
            kept = [each for each in self._views if each not in old]
            old += kept[: max(0, len(kept) + 1 - _MOST_OPEN)]
            self._views = [*(each for each in kept if each not in old), (cell, request, view)]
        for _, _, closing in old:
            closing.close()

    def close(self, cell: str | None) -> None:
        """Close the views of a cell, or all views for None."""
        with self._lock:
            old = [each for each in self._views if cell is None or each[0] == cell]
            self._views = [each for each in self._views if each not in old]
        for _, _, closing in old:
            closing.close()


_open_views = _OpenViews()


def open_view(view: V) -> V:
    """Connect a view to the browser, until its cell runs again; a headless execution has no browser.

    Returns:
        The view; its ``transport`` is None in a headless execution.
    """
    if view.transport is None and not frontend.is_headless():
        from .transport.browser_model import ViewWidget

        _open_views.add(view)
        view.transport = transport = ViewWidget(view)
        transport.begin()
    return view


def prepare() -> None:
    """Load the code of a run's view into the kernel and the browser, so that the first tracked cell does not wait for it."""
    from .transport import browser_model
    from .views import run  # noqa: F401

    browser_model.send_ahead()


def key_of(view: View) -> str:
    """Open a view in the output of this cell and return the name of its slot there; empty in a headless execution."""
    return view.key if open_view(view).transport is not None else ""


def close_views(cell: str | None = None) -> None:
    """Close the views in the output of a cell that is about to run again, or all views for None."""
    _open_views.close(cell)


def widget_bundle(view: View) -> dict[str, Any]:
    """Return the MIME bundle that displays a view as a widget, for front ends whose HTML output cannot find it."""
    if view.transport is None:
        return {}
    shown = {"version_major": 2, "version_minor": 0, "model_id": view.transport.model_id}
    return {"application/vnd.jupyter.widget-view+json": shown}
