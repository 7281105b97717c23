"""Which params tell runs apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...entities import ParamValue
from .format import value_text
from .views import RunView

__all__ = ["param_text", "split_params"]


def split_params(runs: Sequence[RunView]) -> tuple[list[str], dict[str, ParamValue]]:
    """Return the names of the params that differ among runs, one that some lack included, and those that are all the same."""
    names = dict.fromkeys(name for run in runs for name in run.params)
    same = {name: runs[0].params[name] for name in names if len({_identity(run.params, name) for run in runs}) == 1}
    return [name for name in names if name not in same], same


def param_text(run: RunView, name: str) -> str:
    """Return a run's value of a param as text, empty where it has none."""
    return value_text(run.params[name]) if name in run.params else ""


def _identity(params: Mapping[str, ParamValue], name: str) -> tuple[str, str]:
    """Return what two params share only if they are equal: 1, 1.0, True and "1" are four values."""
    return (type(params[name]).__name__, repr(params[name])) if name in params else ("", "")
