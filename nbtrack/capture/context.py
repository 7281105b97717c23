"""What is captured for every run, in a cell or not: source, git and environment."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from .base import Captured, CaptureGuard, merge
from .environment import capture_environment
from .git.repository import find_repository
from .git.tags import capture_git
from .notebook import capture_source

__all__ = ["PARTS", "capture_surroundings"]

PARTS = ("source", "cells", "params", "datasets", "git", "environment", "streams", "displays", "traceback")


def capture_surroundings(
    guard: CaptureGuard,
    environ: Mapping[str, str],
    *,
    notebook: str | None,
    script: str | None = None,
    parts: Collection[str] = PARTS,
) -> Captured:
    """Capture source, git and environment.

    Args:
        guard: Isolates captures and collects their failures.
        environ: The environment in which git runs; none of it is recorded.
        notebook: The path of the notebook if it is known.
        script: ``sys.argv[0]`` if there is no notebook.
        parts: The enabled ones of ``PARTS``.
    """
    repository = guard.run("git", lambda: find_repository(_folder(notebook or script)), None)
    root = repository.root if repository else None
    found = [guard.run("source", lambda: capture_source(notebook, script, root), Captured())]
    if "environment" in parts:
        found.append(guard.run("environment", lambda: capture_environment(sys.path), Captured()))
    if "git" in parts and repository is not None:
        found.append(guard.run("git", lambda: capture_git(repository, environ, seconds=guard.seconds), Captured()))
    return merge(*found)


def _folder(file: str | None) -> Path:
    folder = Path(file).parent if file and "://" not in file else Path.cwd()
    return folder.absolute() if folder.is_dir() else Path.cwd()
