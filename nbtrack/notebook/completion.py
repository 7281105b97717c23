"""Tab completion in the lines of magics: runs, experiments, metrics, params, variables."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from ..errors import NbtrackError
from .config import CAPTURES

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ..tracking.runs import Runs

__all__ = ["add_completers", "remove_completers"]

_RECENT = 50
_TRACK = ["--name", "--experiment", "--param", "--tag", "--note", "--resume", "--live", "--no-live", "--no-capture"]
_RUNS = ["status", "run_name", "start_time", "duration", "--experiment", "--order-by", "--limit"]


def add_completers(shell: InteractiveShell) -> None:
    """Register the completers of the magics' lines."""
    for command, completer in _COMPLETERS.items():
        shell.set_hook("complete_command", partial(_complete, completer), str_key=command)


def remove_completers(shell: InteractiveShell) -> None:
    """Remove them."""
    for command in _COMPLETERS:
        shell.strdispatchers["complete_command"].strs.pop(command, None)


def _complete(completer: Callable[[Any, Any], list[str]], shell: InteractiveShell, event: Any) -> list[str]:
    try:
        return completer(shell, event)
    except NbtrackError:
        return []  # the store is unavailable: executing the line says so


def _compare(shell: InteractiveShell, event: Any) -> list[str]:
    return sorted({f'"{run.name}"' if " " in run.name else run.name for run in _recent()})


def _runs(shell: InteractiveShell, event: Any) -> list[str]:
    if _option(event) in ("-e", "--experiment"):
        return _experiments()
    runs = _recent()
    metrics = {f"metrics.{key}" for run in runs for key in run.metrics}
    params = {f"params.{key}" for run in runs for key in run.params}
    return sorted(metrics) + sorted(params) + _RUNS


def _track(shell: InteractiveShell, event: Any) -> list[str]:
    match _option(event):
        case "-e" | "--experiment":
            return _experiments()
        case "-p" | "--param":
            return _variables(shell)
        case "--resume":
            return [run.id for run in _recent()]
        case "--live":
            return sorted({key for run in _recent() for key in run.metrics})
        case "--no-capture":
            return list(CAPTURES)
    return _TRACK


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
    return sorted(name for name, value in own if name[0] != "_" and not issubclass(type(value), (type, FunctionType, ModuleType)))


def _recent() -> Runs:
    from ..tracking.current_tracker import tracker

    return tracker().runs(limit=_RECENT)


def _experiments() -> list[str]:
    from ..tracking.current_tracker import tracker

    return [experiment.name for experiment in tracker().experiments()]
