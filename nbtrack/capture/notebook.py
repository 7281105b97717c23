"""Finds the notebook that this kernel runs, and MLflow's tags for the source of a run.

Sources that belong to this kernel alone come first: a setting, VS Code's variable, papermill's variables, the command line of the
program that executes the notebook. ``JPY_SESSION_NAME`` comes last, because every process started from a notebook inherits it,
also kernels that papermill starts there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..entities.tags import SOURCE_NAME, SOURCE_TYPE
from .base import Captured

__all__ = ["capture_source", "command_notebook", "find_notebook", "parent_command"]


# Programs that execute a notebook named on their command line, and their options that name another notebook.
_EXECUTORS = ("papermill", "nbconvert", "jupyter-nbconvert", "jupyter-execute", "jupyter-run")
_OUTPUT_OPTIONS = ("--output", "--output-dir", "-o")


def find_notebook(
    namespace: Mapping[str, object],
    environ: Mapping[str, str],
    *,
    explicit: str | None = None,
    command: Sequence[str] = (),
    command_folder: Path | None = None,
) -> str | None:
    """Return the path or URL of the notebook that this kernel runs, None if unknown.

    After a notebook is renamed, its running kernel still has the old path.

    Args:
        namespace: The kernel's variables.
        environ: The kernel's environment.
        explicit: The path that the user has set; it wins.
        command: The command line of the kernel's parent process.
        command_folder: The working directory of that process.
    """
    # papermill --cwd changes its own working directory; PWD still has the one in which it was started.
    folders = [folder for folder in (command_folder, environ.get("PWD")) if folder]
    injected = [namespace.get(key) for key in ("PAPERMILL_INPUT_PATH", "PAPERMILL_OUTPUT_PATH")]
    papermill = [_in_one_of(folders, path) if isinstance(path, str) else None for path in injected]
    session = [s for s in (environ.get("JPY_SESSION_NAME"), namespace.get("__session__")) if _is_notebook(s)]
    found = [explicit, namespace.get("__vsc_ipynb_file__"), *papermill, command_notebook(command, *folders), *session]
    return next((str(path) for path in found if isinstance(path, str | os.PathLike) and str(path)), None)


def _is_notebook(session: object) -> bool:
    """Return whether a session is a notebook's; a console's session has an invented name."""
    return isinstance(session, str) and (session.endswith(".ipynb") or Path(session).is_file())


def command_notebook(command: Sequence[str], *folders: str | Path) -> str | None:
    """Return the notebook that a command line of papermill, nbconvert or ``jupyter execute`` executes.

    Args:
        command: The words of the command line.
        folders: Where it may have been started, the most likely first.
    """
    if not any(Path(word).name.removesuffix(".exe") in _EXECUTORS for word in command[:4]):
        return None
    before = ["", *command]
    notebooks = [w for w, option in zip(command, before, strict=False) if w.endswith(".ipynb") and option not in _OUTPUT_OPTIONS]
    if not notebooks or (len(notebooks) > 1 and not any(Path(word).name == "papermill" for word in command[:4])):
        return None
    return _in_one_of(folders, notebooks[0])


def _in_one_of(folders: Sequence[str | Path], notebook: str) -> str:
    """Return the path of a notebook in the first folder that contains it, or in the first folder."""
    if "://" in notebook or not folders:
        return notebook
    places = [Path(folder, notebook) for folder in folders]
    return str(next((place for place in places if place.is_file()), places[0]))


def parent_command() -> tuple[list[str], Path | None]:
    """Return the command line and working directory of the parent process; empty on systems without ``/proc``."""
    parent = Path("/proc", str(os.getppid()))
    try:
        return (parent / "cmdline").read_text(errors="replace").split("\0")[:-1], (parent / "cwd").readlink()
    except OSError:
        return [], None


def capture_source(notebook: str | None, script: str | None, root: Path | None) -> Captured:
    """Capture tags for the source of a run: a script, or a notebook, which may have no known name.

    Args:
        notebook: The result of ``find_notebook``.
        script: ``sys.argv[0]`` if there is no kernel, else None.
        root: The root of the git working tree. A file in it is named by its path from there, which is the same on every machine
            and identifies the file together with the commit; other files keep the path as given.
    """
    name = notebook if script is None else script
    kind = "NOTEBOOK" if script is None else "LOCAL"
    return Captured(tags={SOURCE_TYPE: kind} | ({SOURCE_NAME: _relative(name, root)} if name else {}))


def _relative(name: str, root: Path | None) -> str:
    if root is None or "://" in name:
        return name
    path = Path(name).absolute()
    path = path.parent.resolve() / path.name
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else name
