"""Copies every run of a source into a store: complete ones are skipped, interrupted ones are continued."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..entities.run import Experiment, LifecycleStage
from ..errors import Deleted
from .destinations import Destinations, active_first, is_deleted
from .progress import CopyResult, Tell
from .run_copy import RunCopy, Target, UnreadableRun

if TYPE_CHECKING:
    from .source import Source

__all__ = ["copy_all"]


def copy_all(source: Source, target: Target, tell: Tell = lambda what, number: None) -> CopyResult:
    """Copy every run of a source, each into the experiment of the same name.

    A run that cannot be copied is named in the result, and the others are copied all the same. The runs of a deleted
    experiment arrive as deleted runs, and no experiment that the target had is deleted, restored or changed.

    Raises:
        StoreUnavailable: The target is unavailable; called again, the copy continues where it was.
    """
    result, destinations = CopyResult(problems=source.problems), Destinations(target.store)
    copies = [
        _copy_experiment(source, target, experiment, destinations, result, tell)
        for experiment in active_first(source.experiments())
    ]
    destinations.delete_for_deleted()
    if left := sum(copies):
        result.problems.append(f"{left} logged models that these runs made are not copied, and stay where they are")
    return result


def _copy_experiment(
    source: Source, target: Target, experiment: Experiment, destinations: Destinations, result: CopyResult, tell: Tell
) -> int:
    """Copy the runs of an experiment; return how many logged models of theirs cannot be copied."""
    there = destinations.of(experiment)
    left, before, refused = 0, len(result.copied), 0
    for run in source.runs(experiment):
        try:
            stage = LifecycleStage.DELETED if is_deleted(experiment) else run.stage
            copy = RunCopy(source, target, replace(run, stage=stage), there, tell)
            left += copy.contents.left
            if copy.make(result.problems):
                result.copied.append(run.id)
            else:
                result.unchanged += 1
        except UnreadableRun as error:
            result.problems.append(str(error))
        except Deleted as error:
            refused, refusal = refused + 1, error
        tell("runs", 1)
    if refused:
        result.problems.append(f"{refused} runs of {source.label} are left out: {refusal}")
    if is_deleted(experiment) and not destinations.made_for_deleted(there) and len(result.copied) > before:
        result.notes.append(
            f"the experiment {there.name!r} is deleted in {source.label}; its runs are deleted runs of the one of that name here"
        )
    return left
