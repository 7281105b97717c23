"""Every error that nbtrack raises on purpose.

NbtrackError
├── InvalidInput (ValueError)         a name, value, option or URI that cannot be used
│   ├── FilterError                   a filter that does not parse, with a caret under the token
│   └── ParamConflict                 a param that already has another value
├── WrongType (TypeError)             a value of a type that cannot be logged
├── NotFound (LookupError)            no such run, experiment, artifact or document
│   ├── RunNotFound
│   ├── ExperimentNotFound
│   ├── ArtifactNotFound
│   ├── ModelNotFound
│   └── TraceNotFound
├── AlreadyExists                     an experiment's or a model's name is taken
├── NoActiveRun                       logging where no run is open, or into one that has ended
├── Deleted                           a change to a deleted run or experiment
├── StoreError                        the store returned an error that a retry does not fix
│   ├── SchemaError                   the store was written by a newer nbtrack, or is not a store
│   └── TooLarge                      a value or request is larger than the store, or a proxy in front of it, accepts
├── StoreUnavailable                  the store cannot be reached now: locked, full, read-only, unavailable
│   ├── AccessDenied                  the server refuses the user's credentials or permissions
│   │   └── NotPermitted              the server knows the user, who lacks a permission
│   └── PlaceNotAllowed               the store names a location for files that the user's settings do not allow
└── StopRun (KeyboardInterrupt)       the user pressed Stop; not an NbtrackError, so that
                                      ``except Exception`` does not catch it
"""

from __future__ import annotations

__all__ = [
    "AccessDenied",
    "AlreadyExists",
    "ArtifactNotFound",
    "Deleted",
    "ExperimentNotFound",
    "FilterError",
    "InvalidInput",
    "ModelNotFound",
    "NbtrackError",
    "NoActiveRun",
    "NotFound",
    "NotPermitted",
    "ParamConflict",
    "PlaceNotAllowed",
    "RunNotFound",
    "SchemaError",
    "StopRun",
    "StoreError",
    "StoreUnavailable",
    "TooLarge",
    "TraceNotFound",
    "WrongType",
]


class NbtrackError(Exception):
    """The root of all errors that nbtrack raises on purpose."""


class InvalidInput(NbtrackError, ValueError):
    """A name, value, option or URI cannot be used; the message says which, and what can be used instead."""


_SHOWN = 160  # characters of a filter around the offending token


class FilterError(InvalidInput):
    """A filter or an ordering does not parse.

    Args:
        message: What is wrong, in one line.
        text: The whole filter.
        position: Where the offending token starts in ``text``, from 0.
        length: The number of characters of the token.
    """

    def __init__(self, message: str, text: str, position: int, length: int = 1) -> None:
        self.message, self.text, self.position, self.length = message, text, position, max(1, length)
        super().__init__(message, text, position, length)

    def __str__(self) -> str:
        start = max(0, self.position - _SHOWN // 2)
        seen = self.text[start : start + _SHOWN]
        before, after = "…" if start else "", "…" if start + _SHOWN < len(self.text) else ""
        carets = "^" * min(self.length, _SHOWN // 2)
        return f"{self.message}\n  {before}{seen}{after}\n  {' ' * (len(before) + self.position - start)}{carets}"


class ParamConflict(InvalidInput):
    """The param already has another value; a param cannot be changed."""

    def __init__(self, key: str, kept: object, refused: object) -> None:
        self.key, self.kept, self.refused = key, kept, refused
        super().__init__(key, kept, refused)

    def __str__(self) -> str:
        return (
            f"param {self.key!r} is already {self.kept!r} and cannot become {self.refused!r}: "
            "a param is written once; log it under another name, or start another run"
        )


class WrongType(NbtrackError, TypeError):
    """A value has a type that cannot be logged; the message names its key."""


class NotFound(NbtrackError, LookupError):
    """The store has no such object."""


class RunNotFound(NotFound):
    """The store has no run with this id."""


class ExperimentNotFound(NotFound):
    """The store has no experiment with this name or id."""


class ArtifactNotFound(NotFound):
    """The run has no artifact at this path."""


class ModelNotFound(NotFound):
    """The store has no such registered model, version, alias or logged model."""


class TraceNotFound(NotFound):
    """The store has no trace with this id."""


class AlreadyExists(NbtrackError):
    """The name is already in use."""


class NoActiveRun(NbtrackError):
    """No run is open to log into; start one, resume one that has ended, or put ``%%track`` on the cell."""


class Deleted(NbtrackError):
    """The run or experiment is deleted; restore it before changing it."""


class StoreError(NbtrackError):
    """The store returned an error that a retry does not fix."""


class SchemaError(StoreError):
    """The store was written by a newer nbtrack, or is not an nbtrack store."""


class TooLarge(StoreError):
    """A value or a request is larger than the store, or a proxy in front of it, accepts; the message names the limit."""


class StoreUnavailable(NbtrackError):
    """The store cannot be reached now; what was logged stays in the journal."""


class AccessDenied(StoreUnavailable):
    """The server refuses the user's credentials or permissions; what was logged stays in the journal until it accepts them."""


class NotPermitted(AccessDenied):
    """The server knows the user, who lacks a permission; the journals of other runs are still sent."""


class PlaceNotAllowed(StoreUnavailable):
    """The store names a location for files that the user's settings do not allow; files stay in the journal until they do."""


class StopRun(KeyboardInterrupt):
    """The user pressed Stop; a KeyboardInterrupt, so that ``except Exception`` does not catch it."""

    def _render_traceback_(self) -> list[str]:
        """Return the single line that a notebook shows; IPython and ipykernel call this."""
        return [f"StopRun: {self}"]
