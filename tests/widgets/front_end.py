"""The content of runs, made without a store."""

import numpy as np

from nbtrack.entities.run import MetricSummary, Status
from nbtrack.widgets.pages.contents import Curve, MetricContent, RunContent


def metric(values, steps=None):
    """A metric of these values, summarised as a store does it."""
    values = np.asarray(values, float)
    steps = np.arange(len(values)) if steps is None else np.asarray(steps)
    numbers = np.where(np.isnan(values), np.inf, values), np.where(np.isnan(values), -np.inf, values)
    low, high = int(numbers[0].argmin()), int(numbers[1].argmax())
    summary = MetricSummary(
        first=float(values[0]),
        first_step=int(steps[0]),
        first_timestamp=0,
        last=float(values[-1]),
        last_step=int(steps[-1]),
        last_timestamp=0,
        min=float(values[low]),
        min_step=int(steps[low]),
        max=float(values[high]),
        max_step=int(steps[high]),
        total=0.0,
        count=len(values),
        nan_count=int(np.isnan(values).sum()),
    )
    return MetricContent(summary, Curve.of(steps, values))


def run(**changes):
    """A finished run, with some of its facts changed."""
    facts = {
        "id": "a1b2c3d4e5f60718293a4b5c6d7e8f90",
        "name": "baseline",
        "status": Status.FINISHED,
        "experiment": "digits",
        "started": 1_763_822_222_000,
        "duration": 72.4,
        "params": {"lr": 0.001, "layers": [64, 32], "name": "adam", "flag": True, "none": None},
        "metrics": {"loss": metric(np.exp(-np.arange(50) / 9)), "accuracy": metric(1 - np.exp(-np.arange(50) / 9))},
        "commit": "9f3c2e1aabb",
        "branch": "main",
        "artifacts": 3,
    }
    return RunContent(**{**facts, **changes})
