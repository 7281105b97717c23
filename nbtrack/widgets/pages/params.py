"""Params as strings."""

from __future__ import annotations

from ..data.format import value_text
from .contents import RunContent

__all__ = ["param_text"]


def param_text(run: RunContent, name: str) -> str:
    """Return a run's value of a param as a string, empty if it has none."""
    return value_text(run.params[name]) if name in run.params else ""
