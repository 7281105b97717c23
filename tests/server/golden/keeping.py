"""The form in which recorded exchanges are stored: one line each, as short as possible, equal between recordings.

Generated values are replaced by names: ``«3»`` is the third id of 32 digits, ``«name 1»`` the first name of a run, ``«time»``
any time of the server's clock. What the client sends is unchanged. A thousand times one letter is ``«x×1000»``, and a
repetition of the fifth of all larger objects ``«again 5»``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["changed", "kept", "recorded"]

_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
_MANY = re.compile(r"(\w)\1{49,}")
_PACKED = re.compile(r"«(\w)×(\d+)»")
_AGAIN = re.compile(r"«again (\d+)»")
_LARGE = 200
_TIMES = range(1_750_000_000_000, 2_000_000_000_000)


def recorded(session: str) -> list[dict[str, Any]]:
    """Return all exchanges of a session."""
    lines = Path(__file__).with_name(f"{session}.jsonl").read_text(encoding="utf-8").splitlines()
    folding = _Folding()
    return [changed(folding.unfolded(json.loads(line)), _unpacked) for line in lines]


def _unpacked(text: str) -> str:
    return _PACKED.sub(lambda found: found[1] * int(found[2]), text)


def kept(exchanges: list[dict[str, Any]]) -> list[str]:
    """Return exchanges as lines, without requests that were answered with the same words before."""
    keeping, folding, told = _Keeping(), _Folding(), []
    for each in map(keeping.of, exchanges):
        if each["method"] != "GET" or each not in told:
            told.append(each)
    return [_line(folding.folded(each)) for each in told]


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class _Keeping:
    """Replaces generated values by names."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._sent: set[int] = set()

    def of(self, exchange: dict[str, Any]) -> dict[str, Any]:
        """Return an exchange as it is stored."""
        changed(exchange.get("body"), lambda text: text, self._note)
        self._name(exchange)
        told = changed(exchange, self._text)
        if isinstance(answer := told.get("answer"), dict):
            if "error_code" in answer:  # of its error classes MLflow has one for each code
                message = answer["message"].partition("\n[SQL: ")[0]
                told["answer"] = {"error_code": answer["error_code"], "message": message}
            else:
                told["answer"] = changed(answer, lambda text: text, self._time)
        return told

    def _note(self, number: int) -> int:
        self._sent.add(number)
        return number

    def _time(self, number: int) -> int | str:
        return number if number in self._sent or number not in _TIMES else "«time»"

    def _name(self, exchange: dict[str, Any]) -> None:
        if exchange["path"].endswith("runs/create") and exchange["status"] == 200:
            name = exchange["answer"]["run"]["info"]["run_name"]
            if name not in json.dumps(exchange["body"], ensure_ascii=False):
                self._names[name] = f"«name {len(self._names) + 1}»"

    def _text(self, text: str) -> str:
        text = self._names.get(text, text)
        text = _ID.sub(lambda found: self._ids.setdefault(found[0], f"«{len(self._ids) + 1}»"), text)
        return _MANY.sub(lambda found: f"«{found[1]}×{len(found[0])}»", text)


class _Folding:
    """Replaces repeated objects by references; both directions number objects in the order in which they end."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}
        self._objects: list[Any] = []

    def folded(self, value: Any) -> Any:
        """Return a JSON value with repeated objects replaced by references."""
        if isinstance(value, list):
            return [self.folded(each) for each in value]
        if not isinstance(value, dict):
            return value
        text = _line(value)
        if text in self._seen:
            return f"«again {self._seen[text]}»"
        folded = {key: self.folded(each) for key, each in value.items()}
        if len(text) >= _LARGE:
            self._seen[text] = len(self._seen)
        return folded

    def unfolded(self, value: Any) -> Any:
        """Return a JSON value with references resolved."""
        if isinstance(value, str) and (found := _AGAIN.fullmatch(value)):
            return self._objects[int(found[1])]
        if isinstance(value, list):
            return [self.unfolded(each) for each in value]
        if not isinstance(value, dict):
            return value
        whole = {key: self.unfolded(each) for key, each in value.items()}
        if len(_line(whole)) >= _LARGE:
            self._objects.append(whole)
        return whole


def changed(value: Any, text: Callable[[str], Any], number: Callable[[int], Any] = lambda each: each) -> Any:
    """Return a JSON value with functions applied to each string and each integer in it."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list):
        return [changed(each, text, number) for each in value]
    if isinstance(value, dict):
        return {key: changed(each, text, number) for key, each in value.items()}
    return number(value) if isinstance(value, int) and not isinstance(value, bool) else value
