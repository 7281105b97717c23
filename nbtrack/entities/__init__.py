"""The vocabulary as frozen data: experiments, runs, models, traces and events."""

from .run import Experiment, Status  # pickles made by releases up to 0.1 look for them here

__all__ = ["Experiment", "Status"]
