"""``with run:``, and what leaving such a block means for the run."""

from __future__ import annotations

from traceback import format_exception_only
from typing import Any

from ..capture.outputs.traceback import capture_traceback
from ..entities.run import Status
from ..entities.tags import WORKER_FAILED
from . import current_run
from .outcome import outcome_of
from .session import Session

__all__ = ["enter_again", "enter_block", "leave_block"]

_LONGEST_FAILURE = 500


def enter_again(session: Session[Any]) -> None:
    """Make a run that is open already the current one here, until the next block of it is left."""
    if not current_run.is_current(session):
        current_run.enter(session, is_again=True)
        session.is_entered_again = True


def enter_block(session: Session[Any]) -> None:
    """Begin a ``with`` block of a run."""
    session.blocks.append(session.is_entered_again)
    session.is_entered_again, session.is_entered = False, True


def leave_block(session: Session[Any], error: BaseException | None) -> None:
    """End a ``with`` block: the outermost one ends an owner's run, or a worker's part."""
    was_again = session.blocks.pop()
    if session.role == "reader" or (session.role == "worker" and session.has_ended):
        if session.recorder.has_written:
            session.end_part()
    elif session.role == "worker":
        _leave_worker(session, error)
    elif session.blocks:
        if was_again:
            current_run.leave_again(session)
    elif session.is_open:
        outcome = session.outcome_of(error)
        if error is not None and outcome.has_traceback and not isinstance(error, SystemExit):
            session.record(capture_traceback(error))
        session.end_as(outcome)


def _leave_worker(session: Session[Any], error: BaseException | None) -> None:
    """End a worker's part; the run did not fail with it, so its exception becomes a tag and not the run's traceback."""
    if error is not None and outcome_of(error, session.not_failures).status is Status.FAILED:
        session.set_tags({WORKER_FAILED: "".join(format_exception_only(error)).strip()[:_LONGEST_FAILURE]})
    session.end_part()
