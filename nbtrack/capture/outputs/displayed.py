"""The figures, tables and other rich outputs that a cell displays, and its value."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..base import CaptureGuard, OutputFile, clip_middle
from ..secrets.redact import redact_patterns, redact_text

__all__ = ["OWN_METADATA", "DisplayCapture"]

OWN_METADATA = "nbtrack"  # marks nbtrack's own displays in their metadata; they are not captured

_MOST_OUTPUTS = 50
_MOST_BYTES = 20_000_000
_LONGEST_TEXT = 200_000
_WIDGET = "application/vnd.jupyter.widget-view+json"

# The formats of outputs in order of preference: the first that an output has is saved.
_FORMS = {
    "image/png": ("figure", "png"),
    "image/jpeg": ("figure", "jpg"),
    "image/gif": ("figure", "gif"),
    "image/webp": ("figure", "webp"),
    "image/svg+xml": ("figure", "svg"),
    "application/pdf": ("figure", "pdf"),
    "text/html": ("display", "html"),
    "text/markdown": ("display", "md"),
    "text/latex": ("display", "tex"),
}


@dataclass(frozen=True, slots=True)
class _Output:
    data: Mapping[str, Any]
    display_id: str | None = None
    result: bool = False


class DisplayCapture:
    """Records what a cell displays between ``start`` and ``stop``, in its final state.

    ``clear_output`` and updates by display id have the effect that they have in the notebook. Displays of other threads are
    missed, because ipykernel keeps its hooks by thread.

    Args:
        shell: IPython's ``InteractiveShell``.
        guard: Receives errors.
    """

    def __init__(self, shell: Any, guard: CaptureGuard) -> None:
        self._shell, self._guard = shell, guard
        self._outputs: list[_Output] = []
        self._bytes = self._left_out = 0
        self._clear_next = False
        self._undo: list[Callable[[], None]] = []

    def start(self) -> None:
        """Install the hooks."""
        publisher = self._shell.display_pub
        if hasattr(publisher, "register_hook"):
            publisher.register_hook(self._on_message)
            self._undo.append(lambda: publisher.unregister_hook(self._on_message))
        else:
            self._undo.append(_before(publisher, "publish", self._on_publish))
        self._undo.append(_before(self._shell.displayhook, "write_format_data", self._on_result))

    def stop(self) -> None:
        """Remove the hooks."""
        while self._undo:
            self._undo.pop()()

    def files(self) -> list[OutputFile]:
        """Return the outputs as files numbered by kind, such as ``outputs/figure-1.png`` and ``outputs/table-1.html``.

        A value that is only text is ``outputs/result.txt``.
        """
        if self._left_out:
            limit = f"a run takes {_MOST_OUTPUTS}, of together {_MOST_BYTES // 1_000_000} MB"
            self._guard.leave_out("displays", [f"{self._left_out} of {self._left_out + len(self._outputs)} outputs ({limit})"])
        counts: dict[str, int] = {}
        files: list[OutputFile] = []
        for output in self._outputs:
            files += self._guard.shield("displays", partial(_files, output, counts), [])
        return list({file.path: file for file in files}.values())  # of several results only the last

    def _on_message(self, message: dict[str, Any]) -> dict[str, Any]:
        self._guard.shield("displays", lambda: self._read(message), None)
        return message

    def _read(self, message: dict[str, Any]) -> None:
        kind, content = message["header"]["msg_type"], message["content"]
        if kind == "clear_output":
            self._clear(wait=bool(content.get("wait")))
        elif kind in ("display_data", "update_display_data"):
            shown_as = content.get("transient", {}).get("display_id")
            self._take(_Output(content["data"], shown_as), content.get("metadata"), update=kind == "update_display_data")

    def _on_publish(
        self, data: Any, metadata: Any = None, *_: Any, transient: Any = None, update: bool = False, **__: Any
    ) -> None:
        output = _Output(dict(data), (transient or {}).get("display_id"))
        self._guard.shield("displays", lambda: self._take(output, metadata, update=update), None)

    def _on_result(self, data: Any, metadata: Any = None) -> None:
        self._guard.shield("displays", lambda: self._take(_Output(dict(data), result=True), metadata), None)

    def _clear(self, *, wait: bool) -> None:
        self._clear_next = wait
        if not wait:
            self._outputs, self._bytes, self._left_out = [], 0, 0

    def _take(self, output: _Output, metadata: Mapping[str, Any] | None, *, update: bool = False) -> None:
        if self._clear_next and not update:
            self._clear(wait=False)
        if _WIDGET in output.data or OWN_METADATA in (metadata or {}):
            return
        size = sum(len(part) for part in output.data.values() if isinstance(part, str | bytes))
        if update:
            shown = output.display_id
            self._outputs = [output if shown and o.display_id == shown else o for o in self._outputs]
        elif len(self._outputs) < _MOST_OUTPUTS and self._bytes + size <= _MOST_BYTES:
            self._outputs.append(output)
            self._bytes += size
        else:
            self._left_out += 1


def _before(target: Any, name: str, hook: Callable[..., None]) -> Callable[[], None]:
    """Call ``hook`` before each call of an object's method, and return a function that undoes this."""
    method = getattr(target, name)
    active = True

    def called(*args: Any, **kwargs: Any) -> Any:
        if active:
            hook(*args, **kwargs)
        return method(*args, **kwargs)

    def undo() -> None:
        nonlocal active
        active = False  # another wrapper may hold ``called``, which then only passes calls on
        if vars(target).get(name) is called:
            delattr(target, name)

    setattr(target, name, called)
    return undo


def _files(output: _Output, counts: dict[str, int]) -> list[OutputFile]:
    form = _form(output.data)
    if form is None:
        return []
    mime, kind, suffix = form
    data = _bytes_of(mime, output.data[mime])
    if output.result and mime == "text/plain":
        return [OutputFile("outputs/result.txt", data)]
    counts[kind] = counts.get(kind, 0) + 1
    return [OutputFile(f"outputs/{kind}-{counts[kind]}.{suffix}", data)] if len(data) <= _MOST_BYTES else []


def _form(data: Mapping[str, Any]) -> tuple[str, str, str] | None:
    for mime, (kind, suffix) in _FORMS.items():
        if mime in data:
            is_table = mime == "text/html" and "<table" in data[mime]
            return mime, "table" if is_table else kind, suffix
    return next(_other_forms(data), None)


def _other_forms(data: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for mime in data:
        if mime == "application/json" or mime.endswith("+json"):
            yield mime, "display", "json"
    if "text/plain" in data:
        yield "text/plain", "display", "txt"


def _bytes_of(mime: str, part: Any) -> bytes:
    if isinstance(part, bytes):
        return part
    if mime == "application/pdf" or (mime.startswith("image/") and mime != "image/svg+xml"):
        return base64.b64decode(part)
    if not isinstance(part, str):
        return redact_patterns(json.dumps(part)).encode()
    text = redact_text(clip_middle(part, _LONGEST_TEXT)) if mime == "text/plain" else redact_patterns(part)
    return text.encode("utf-8", errors="replace")
