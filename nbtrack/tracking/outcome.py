"""The status of a run by what ended its code: nothing, an exception, an interrupt, an exit."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import NamedTuple

from ..entities.run import Status
from ..errors import InvalidInput
from ..settings import not_failures
from ..validation import several, shown

__all__ = ["Outcome", "exceptions_named", "outcome_of"]

# A class, or its name: with its module, or alone, as for a class that is defined in the notebook.
ExceptionName = type[BaseException] | str


class Outcome(NamedTuple):
    """The status of a run, what its tag ``nbtrack.ended`` says, and whether a traceback belongs to it."""

    status: Status
    ended: str = ""
    has_traceback: bool = False


# By name, so that no library is imported to ask.
_KNOWN = {
    "optuna.TrialPruned": Outcome(Status.KILLED, "pruned"),
    "asyncio.CancelledError": Outcome(Status.KILLED, has_traceback=True),
    "trio.Cancelled": Outcome(Status.KILLED, has_traceback=True),
}


def outcome_of(error: BaseException | None, named: Iterable[ExceptionName] = ()) -> Outcome:
    """Return how a run ends whose code ended with ``error``.

    Args:
        error: The exception; None where the code came to its end.
        named: Exceptions that do not make the run FAILED, beside those in the user's settings.
    """
    # A GeneratorExit ends a generator whose loop was left, or that was dropped.
    if error is None or isinstance(error, GeneratorExit):
        return Outcome(Status.FINISHED)
    if isinstance(error, SystemExit) and error.code in (None, 0):
        return Outcome(Status.FINISHED, has_traceback=True)
    if isinstance(error, KeyboardInterrupt):
        return Outcome(Status.KILLED, has_traceback=True)
    if any(_is_a(error, name) for name in (*named, *not_failures())):
        return Outcome(Status.FINISHED, type(error).__name__)
    known = next((outcome for name, outcome in _KNOWN.items() if _is_a(error, name)), None)
    return known or Outcome(Status.FAILED, has_traceback=True)


def exceptions_named(given: object) -> tuple[ExceptionName, ...]:
    """Return exceptions that are given as classes or by their names: one, or several.

    Raises:
        InvalidInput: One is neither.
    """
    found = (given,) if isinstance(given, str | type) else several(given, "exceptions that are no failure are given")
    for each in found:
        if not isinstance(each, str) and not (isinstance(each, type) and issubclass(each, BaseException)):
            raise InvalidInput(f"{shown(each)} is no exception: give a class, or its name as 'package.Error'")
    return tuple(found)


def _is_a(error: BaseException, name: ExceptionName) -> bool:
    if not isinstance(name, str):
        return isinstance(error, name)
    return any(_is_called(kind, name) for kind in type(error).__mro__)


def _is_called(kind: type, name: str) -> bool:
    """Tell whether a name is that of a class: alone, with the module that defines it, or with one that imports it."""
    module, dot, own = name.rpartition(".")
    if not dot:
        return kind.__name__ == name
    return f"{kind.__module__}.{kind.__qualname__}" == name or getattr(sys.modules.get(module), own, None) is kind
