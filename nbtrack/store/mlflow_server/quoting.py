"""Strings in filters of MLflow, which knows no escapes."""

from __future__ import annotations

__all__ = ["is_quotable", "quoted"]


def is_quotable(text: str) -> bool:
    """Tell whether a string can be written in a filter of MLflow."""
    return text.isprintable() and not any(c in text for c in "'\"`\\")


def quoted(text: str) -> str:
    """Return a string as a literal of MLflow's filters."""
    return f"'{text}'"
