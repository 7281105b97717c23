"""Completion of what a magic's line may name: runs, experiments, metrics, params, variables."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from ..errors import NbtrackError
from .config import CAPTURES

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ..collection import Runs

__all__ = ["add_completers", "remove_completers"]

_RECENT = 50
_TRACK = ("--name", "--experiment", "--param", "--tag", "--note", "--resume", "--no-capture")
_RUNS = ("status", "run_name", "start_time", "duration", "--experiment", "--order-by", "--limit")


def add_completers(shell: InteractiveShell) -> None:
    """Complete the magics' lines from now on."""
    for command, completer in _COMPLETERS.items():
        shell.set_hook("complete_command", completer, str_key=command)


def remove_completers(shell: InteractiveShell) -> None:
    """Complete them no more."""
    for command in _COMPLETERS:
        shell.strdispatchers["complete_command"].strs.pop(command, None)


def _compare(shell: InteractiveShell, event: Any) -> list[str]:
    return sorted({f'"{run.name}"' if " " in run.name else run.name for run in _recent()})


def _runs(shell: InteractiveShell, event: Any) -> list[str]:
    if _option(event) in ("-e", "--experiment"):
        return _experiments()
    runs = _recent()
    metrics = {f"metrics.{key}" for run in runs for key in run.metrics}
    return [*sorted(metrics), *sorted({f"params.{key}" for run in runs for key in run.params}), *_RUNS]


def _track(shell: InteractiveShell, event: Any) -> list[str]:
    match _option(event):
        case "-e" | "--experiment":
            return _experiments()
        case "-p" | "--param":
            return _variables(shell)
        case "--resume":
            return [run.id for run in _recent()]
        case "--no-capture":
            return list(CAPTURES)
    return list(_TRACK)


def _words(*words: str) -> Callable[[InteractiveShell, Any], list[str]]:
    return lambda shell, event: list(words)


_COMPLETERS: dict[str, Callable[[Any, Any], list[str]]] = {
    "%%track": _track,
    "%track": _words("on", "off"),
    "%runs": _runs,
    "%compare": _compare,
    "%nbtrack": _words("connect", "experiment", "status"),
}


def _option(event: Any) -> str:
    """Return the option whose value is being typed, empty where none is."""
    typed = event.text_until_cursor.split()
    before = typed[:-1] if event.symbol and typed else typed
    return next((word for word in reversed(before) if word.startswith("-")), "")


def _variables(shell: InteractiveShell) -> list[str]:
    own = ((name, value) for name, value in shell.user_ns.items() if name not in shell.user_ns_hidden)
    return sorted(name for name, value in own if name[0] != "_" and not isinstance(value, (type, FunctionType, ModuleType)))


def _recent() -> Runs | list[Any]:
    from ..api import runs

    try:
        return runs(limit=_RECENT)
    except NbtrackError:
        return []


def _experiments() -> list[str]:
    from ..api import experiments

    try:
        return [experiment.name for experiment in experiments()]
    except NbtrackError:
        return []
