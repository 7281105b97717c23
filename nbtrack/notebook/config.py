"""What a user configures: ``c.NBTrack.…`` in ipython_config.py, or ``%config NBTrack.… =`` in a notebook."""

from __future__ import annotations

from collections.abc import Container

from traitlets import Bool, Float, List, Unicode
from traitlets.config import Configurable

__all__ = ["CAPTURES", "NBTrack"]

# By the names of ``--no-capture`` and ``NBTrack.capture_…``, the captures that each turns off.
CAPTURES = {
    "code": ("source", "cells"),
    "git": ("git",),
    "environment": ("environment",),
    "params": ("params",),
    "datasets": ("datasets",),
    "outputs": ("streams", "displays"),
}


class NBTrack(Configurable):
    """Settings of nbtrack in notebooks; environment variables override them, and arguments override both."""

    uri = Unicode("", help="The store, as nbtrack.connect takes it; empty: the project's .nbtrack folder.").tag(config=True)
    experiment = Unicode("", help="The experiment of runs that name none; empty: Default.").tag(config=True)
    artifacts = Unicode("", help="The root of artifacts; empty: beside the store.").tag(config=True)
    artifact_places = Unicode("", help="Other places where stores may keep artifacts, separated by commas.").tag(config=True)
    not_failures = List(Unicode(), help="Exceptions with which a run ends as FINISHED, as 'package.Error'.").tag(config=True)
    live = Bool(True, help="Whether a tracked cell shows its curves while it runs.").tag(config=True)
    show = Bool(True, help="Whether a tracked cell ends with a summary of its run.").tag(config=True)
    capture_code = Bool(True, help="Record the cell and those executed before it.").tag(config=True)
    capture_git = Bool(True, help="Record commit, branch, remote and diff of the notebook's repository.").tag(config=True)
    capture_environment = Bool(True, help="Record Python, packages, platform and hardware.").tag(config=True)
    capture_params = Bool(True, help="Record simple values that the cell sets or reads as params.").tag(config=True)
    capture_datasets = Bool(True, help="Record the DataFrames and arrays that the cell reads, by digest.").tag(config=True)
    capture_outputs = Bool(True, help="Record stdout, stderr and displayed figures as artifacts.").tag(config=True)
    capture_seconds = Float(1.0, help="The most seconds that a capture may wait, for git for example; 0 for none.").tag(
        config=True
    )
    notebook = Unicode("", help="The notebook's path, where it is not detected.").tag(config=True)

    def parts(self, without: Container[str] = ()) -> tuple[str, ...]:
        """Return the captures that are wanted."""
        wanted = [what for what in CAPTURES if getattr(self, f"capture_{what}") and what not in without]
        return ("traceback", *(part for what in wanted for part in CAPTURES[what]))

    def chosen(self) -> dict[str, str]:
        """Return the settings of the store and its runs, as ``settings.resolve`` takes them."""
        places = {name: getattr(self, name) for name in ("uri", "experiment", "artifacts", "artifact_places")}
        return {**places, "not_failures": ",".join(self.not_failures)}
