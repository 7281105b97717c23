"""nbtrack: the experiment tracker that lives in the notebook.

    %load_ext nbtrack
    %%track --name baseline      on a cell makes that cell a run
    nbtrack.log(loss=0.5)        logs metrics to it
    %runs                        shows the table of runs, nbtrack.runs().df() is the DataFrame

Everything is imported when it is first used, so that ``import nbtrack`` is cheap.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from .api import (
        active_run,
        compare,
        connect,
        end_run,
        experiments,
        flush,
        get_model,
        get_registered_model,
        get_run,
        log,
        log_artifact,
        log_artifacts,
        log_dict,
        log_figure,
        log_image,
        log_metric,
        log_metrics,
        log_param,
        log_params,
        log_table,
        log_text,
        model_versions,
        register_model,
        registered_models,
        runs,
        search_runs,
        set_experiment,
        set_tag,
        set_tags,
        start_run,
    )
    from .entities.run import Experiment, Status
    from .errors import NbtrackError, StopRun
    from .tracking.metrics import MetricHistory
    from .tracking.model_versions import ModelVersion
    from .tracking.registered_models import RegisteredModel
    from .tracking.run import Run
    from .tracking.runs import Comparison, Runs
    from .tracking.tracker import Tracker

__version__ = "0.1.0"

__all__ = [
    "Comparison",
    "Experiment",
    "MetricHistory",
    "ModelVersion",
    "NbtrackError",
    "RegisteredModel",
    "Run",
    "Runs",
    "Status",
    "StopRun",
    "Tracker",
    "active_run",
    "compare",
    "connect",
    "end_run",
    "experiments",
    "flush",
    "get_model",
    "get_registered_model",
    "get_run",
    "log",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_figure",
    "log_image",
    "log_metric",
    "log_metrics",
    "log_param",
    "log_params",
    "log_table",
    "log_text",
    "model_versions",
    "register_model",
    "registered_models",
    "runs",
    "search_runs",
    "set_experiment",
    "set_tag",
    "set_tags",
    "start_run",
]

_HOMES = {
    "Comparison": "tracking.runs",
    "Experiment": "entities.run",
    "MetricHistory": "tracking.metrics",
    "ModelVersion": "tracking.model_versions",
    "NbtrackError": "errors",
    "RegisteredModel": "tracking.registered_models",
    "Run": "tracking.run",
    "Runs": "tracking.runs",
    "Status": "entities.run",
    "StopRun": "errors",
    "Tracker": "tracking.tracker",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOMES.get(name, 'api')}", __name__), name)
    globals()[name] = value
    return value


class _RunModule(ModuleType):
    """``nbtrack.run``, where runs were defined until 0.1: their pickles name it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(".tracking.run", __package__), name)


sys.modules.setdefault(f"{__name__}.run", _RunModule(f"{__name__}.run"))


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Load the magics: ``%load_ext nbtrack``."""
    from .magics import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Remove the magics: ``%unload_ext nbtrack``."""
    from .magics import unload

    unload(shell)
