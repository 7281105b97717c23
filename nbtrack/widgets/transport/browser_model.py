"""The widget model of a view, and the messages between kernel and browser.

To the browser: ``{k: "push", seq, event, value}``, numbered without gaps, and ``{k: "answer" | "error", id, …}``. From it:
``{k: "ask", id, what, args}``, repeated until an answer comes, so that each id is answered once. Data travels in messages
only: traits would be kept in memory and saved with the notebook.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import threading
from collections import deque
from typing import Any

import anywidget
from ipywidgets import Widget
from traitlets import Bool, List, Unicode

from ...errors import NbtrackError
from ...kernel import messages
from ..view import View
from .bundles import FIRST, STUB, bundle_source, bundles_of
from .pack import pack

__all__ = ["ViewWidget", "send_ahead"]

_ANSWERED = 200

_log = logging.getLogger("nbtrack")


class _Asset(anywidget.AnyWidget):
    """A bundle, sent once for all widgets of a kernel.

    Attributes:
        code: The JavaScript.
        ahead: The code's hash if the browser shall load it on arrival; empty for bundles that need another one first.
    """

    _esm = STUB.read_text(encoding="utf-8")
    code = Unicode().tag(sync=True)
    ahead = Unicode().tag(sync=True)


_assets: dict[str, _Asset] = {}
_making = threading.Lock()


def _shared_asset(name: str) -> list[str]:
    """Return the model id and the hash of a bundle's asset; it is created again after ``Widget.close_all``."""
    with _making:
        asset = _assets.get(name)
        if asset is None or asset.comm is None:
            asset = _assets[name] = _Asset(code=bundle_source(name), ahead=_hash(name) if name == FIRST else "")
        return [asset.model_id, _hash(name)]


@functools.cache
def _hash(name: str) -> str:
    return hashlib.sha256(bundle_source(name).encode()).hexdigest()[:16]


def send_ahead() -> None:
    """Send the bundle that all views need before the first view, so that the browser has loaded it by then."""
    _shared_asset(FIRST)


class ViewWidget(anywidget.AnyWidget):
    """The widget of a view: a stub that loads the bundles, and the view's kind and key.

    Attributes:
        coming: Whether the first snapshot will be pushed, so that a browser need not ask for it.
    """

    _esm = STUB.read_text(encoding="utf-8")
    _assets: Any = List().tag(sync=True)
    kind = Unicode().tag(sync=True)
    key = Unicode().tag(sync=True)
    coming = Bool(True).tag(sync=True)

    def __init__(self, view: View) -> None:
        self._view, self._seq = view, -1
        self._sending = threading.Lock()
        self._asked: deque[str] = deque(maxlen=_ANSWERED)
        super().__init__(kind=view.kind, key=view.key, _assets=[_shared_asset(name) for name in bundles_of(view.kind)])
        self.on_msg(self._heard)
        messages.listen(self)

    def begin(self) -> None:
        """Push the first snapshot; if that fails, a browser asks for it and gets the error."""
        try:
            self.push("snapshot", self._view.snapshot())
        finally:
            self.coming = False

    def push(self, event: str, value: Any) -> None:
        """Send a numbered event."""
        tree, block = pack(value)
        with self._sending:
            self._seq += 1
            self._tell({"k": "push", "seq": self._seq, "event": event, "value": tree}, block)

    def _tell(self, content: dict[str, Any], block: bytes = b"") -> None:
        self.send(content, [block] if block else None)

    def _heard(self, _: Widget, content: dict[str, Any], __: list[memoryview]) -> None:
        asked = str(content.get("id"))
        if content.get("k") != "ask" or asked in self._asked:
            return
        self._asked.append(asked)
        self._answer(asked, str(content.get("what")), dict(content.get("args") or {}))

    def _answer(self, asked: str, what: str, args: dict[str, Any]) -> None:
        try:
            # The browser ignores pushes up to this number, which the snapshot contains.
            with self._sending:
                seq = self._seq
            tree, block = pack(self._view.answer(what, args))
            self._tell({"k": "answer", "id": asked, "seq": seq, "value": tree}, block)
        except NbtrackError as error:
            self._tell({"k": "error", "id": asked, "message": str(error)})
        except Exception as error:  # a bad request is answered with the error, and the kernel goes on  # noqa: BLE001
            _log.warning("nbtrack: a view of kind %s failed to answer %r: %r", self._view.kind, what, error)
            self._tell({"k": "error", "id": asked, "message": repr(error)})

    def close(self) -> None:
        """Close the model and its layout, which ipywidgets would keep."""
        messages.forget(self)
        layout = self.layout
        super().close()
        if layout is not None:
            layout.close()
