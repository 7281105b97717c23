"""Which notebook this kernel runs, and MLflow's tags for the source of a run.

What is said to this kernel alone is asked first: a setting, VS Code's variable, papermill's variables, the command
line of the program that runs the notebook. ``JPY_SESSION_NAME`` comes last because every process
started from a notebook inherits it, kernels that papermill starts from there included.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..entities.tags import SOURCE_NAME, SOURCE_TYPE
from .base import Captured

__all__ = ["capture_source", "command_notebook", "find_notebook", "parent_command"]


# Programs that execute a notebook named on their command line, and their options that take a notebook which is not it.
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
    """Return the path or URL of the notebook that is being run, None where nothing tells.

    Args:
        namespace: The kernel's variables.
        environ: Its environment.
        explicit: What the user has set; it wins.
        command: The command line of the kernel's parent process, and
        command_folder: the folder in which that runs.

    A notebook renamed since its kernel was started still has the old path here.
    """
    # papermill --cwd goes to that folder itself, and the one in which it was started is known from there only.
    folders = [folder for folder in (command_folder, environ.get("PWD")) if folder]
    injected = [namespace.get(key) for key in ("PAPERMILL_INPUT_PATH", "PAPERMILL_OUTPUT_PATH")]
    papermill = [_in_one_of(folders, path) if isinstance(path, str) else None for path in injected]
    session = [s for s in (environ.get("JPY_SESSION_NAME"), namespace.get("__session__")) if _is_notebook(s)]
    found = [explicit, namespace.get("__vsc_ipynb_file__"), *papermill, command_notebook(command, *folders), *session]
    return next((str(path) for path in found if isinstance(path, str | os.PathLike) and str(path)), None)


def _is_notebook(session: object) -> bool:
    """Tell a notebook's session from that of a console, which has an invented name."""
    return isinstance(session, str) and (session.endswith(".ipynb") or Path(session).is_file())


def command_notebook(command: Sequence[str], *folders: str | Path) -> str | None:
    """Return the notebook that a command line executes, if it is one of papermill, nbconvert or ``jupyter execute``.

    Args:
        command: The words of the command line.
        folders: Where it may have been started, the likeliest first.
    """
    if not any(Path(word).name.removesuffix(".exe") in _EXECUTORS for word in command[:4]):
        return None
    before = ["", *command]
    notebooks = [w for w, option in zip(command, before, strict=False) if w.endswith(".ipynb") and option not in _OUTPUT_OPTIONS]
    if not notebooks or (len(notebooks) > 1 and not any(Path(word).name == "papermill" for word in command[:4])):
        return None
    return _in_one_of(folders, notebooks[0])


def _in_one_of(folders: Sequence[str | Path], notebook: str) -> str:
    """Return the path of a notebook in the first of the folders that has it, else in the first one."""
    if "://" in notebook or not folders:
        return notebook
    places = [Path(folder, notebook) for folder in folders]
    return str(next((place for place in places if place.is_file()), places[0]))


def parent_command() -> tuple[list[str], Path | None]:
    """Return the command line and the folder of this process's parent; nothing where the system has no ``/proc``."""
    parent = Path("/proc", str(os.getppid()))
    try:
        return (parent / "cmdline").read_text(errors="replace").split("\0")[:-1], (parent / "cwd").readlink()
    except OSError:
        return [], None


def capture_source(notebook: str | None, script: str | None, root: Path | None) -> Captured:
    """Tag what a run comes from: a script, else a notebook, which stays without a name where nobody knows it.

    Args:
        notebook: As found by ``find_notebook``.
        script: ``sys.argv[0]`` where there is no kernel, else None.
        root: The working tree's folder. A file in it is named by its path from there, which is the same on
            everybody's machine and together with the commit finds the file again; others by their path as given.
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
