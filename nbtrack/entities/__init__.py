"""The words: experiments, runs, models, traces and events as frozen data."""

from .run import Experiment, Status  # pickles that were made up to 0.1 look for them here

__all__ = ["Experiment", "Status"]
