"""The magics: parse, call the public API, return what it gives."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments

from .cell.completion import complete_filter, complete_run
from .cell.config import NBTrack
from .cell.hooks import CellHooks
from .cell.options import parse_track
from .cell.transform import make_transformer
from .errors import NbtrackError
from .settings import configure

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from .collection import Runs
    from .comparison import Comparison

__all__ = ["NBTrackMagics", "load", "unload"]

F = TypeVar("F", bound=Callable[..., Any])

_RUNS_OPTION = re.compile(r"\s*(-e|--experiment|-o|--order-by|-n|--limit)[ =]+(\"[^\"]*\"|'[^']*'|\S+)")
_ATTRIBUTE = "_nbtrack_magics"


def _usage_errors(magic: F) -> F:
    """Show a user's mistake as what it is: a line, not a traceback."""

    @functools.wraps(magic)
    def shown(*args: Any, **kwargs: Any) -> Any:
        try:
            return magic(*args, **kwargs)
        except NbtrackError as error:
            raise UsageError(str(error)) from None

    return shown  # type: ignore[return-value]


@magics_class
class NBTrackMagics(Magics):
    """``%%track``, ``%track``, ``%runs``, ``%compare`` and ``%nbtrack``."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self.settings = NBTrack(parent=shell)
        parser = type(self).track.parser
        self.hooks = CellHooks(shell, self.settings, functools.partial(parse_track, parser))
        self.transformer = make_transformer(functools.partial(parse_track, parser))

    @magic_arguments("%%track")
    @argument("name", nargs="?", help="Name of the run; one is made up if there is none.")
    @argument("--name", dest="name_option", metavar="NAME", help="The same.")
    @argument("-e", "--experiment", help="Experiment of the run.")
    @argument(
        "-p",
        "--param",
        nargs="+",
        action="extend",
        metavar="NAME",
        help="Variables to log as params.",
    )
    @argument("-t", "--tag", nargs="+", action="extend", metavar="K=V", help="Tags.")
    @argument("--note", help="What you have to say about the run.")
    @argument("--resume", metavar="ID", help="Go on with this run.")
    @argument("--no-capture", nargs="*", metavar="WHAT", help="Of code, git, environment, params, datasets, outputs; or all.")
    @line_cell_magic
    def track(self, line: str, cell: str | None = None) -> None:
        """Make the cell a run: its code, params, metrics, outputs and how it ended.

        ``%%track`` must be the cell's first line; the cell behaves as it would without it. As a line,
        ``%track on`` makes every cell from the next one on a run, ``%track off`` ends that.

        Example::

            %%track baseline -p lr epochs --note "smaller batches"
            for epoch in range(epochs):
                nbtrack.log(loss=train(lr))
        """
        if cell is not None:
            parse_track(type(self).track.parser, line)
            raise UsageError("%%track must be the first line of the cell")
        if line.strip() not in ("on", "off"):
            raise UsageError("%track takes on or off; to track one cell put %%track on its first line")
        self.hooks.every_cell = line.strip() == "on"

    @line_magic
    @_usage_errors
    def runs(self, line: str) -> Runs:
        """Show the runs that match a filter: ``%runs [-e EXPERIMENT] [-o ORDER] [-n LIMIT] [FILTER]``.

        The filter needs no quotes around it; ``-e "*"`` looks in all experiments.

        Example::

            %runs metrics.accuracy > 0.9 and params.lr < 0.01
            %runs -o "metrics.loss ASC" -n 10
        """
        from .api import runs

        options: dict[str, str] = {}
        while option := _RUNS_OPTION.match(line):
            options[option[1].lstrip("-")[0]] = option[2].strip("\"'")
            line = line[option.end() :]
        return runs(line.strip() or None, experiment=options.get("e"), order_by=options.get("o"), limit=_limit(options.get("n")))

    @line_magic
    @_usage_errors
    def compare(self, line: str) -> Comparison:
        """Compare runs by name or id: ``%compare RUN RUN …``; of a name the newest run is taken.

        Example::

            %compare baseline calm-otter-417
        """
        import shlex

        from .api import tracker

        return tracker().compare(*(tracker().find_run(word) for word in shlex.split(line)))

    @line_magic
    @_usage_errors
    def nbtrack(self, line: str) -> None:
        """Say where runs go: ``%nbtrack connect URI``, ``%nbtrack experiment NAME``, ``%nbtrack status``."""
        from .api import connect, set_experiment, tracker

        word, _, rest = line.strip().partition(" ")
        if word == "connect":
            connect(rest.strip() or None)
        elif word == "experiment":
            set_experiment(rest.strip())
        elif word not in ("", "status"):
            raise UsageError(f"%nbtrack {word}: say connect URI, experiment NAME or status")
        print(tracker().status())  # noqa: T201


def _limit(text: str | None) -> int | None:
    if text is not None and not text.isdigit():
        raise UsageError(f"-n {text}: say how many runs at most, as -n 10")
    return None if text is None else int(text)


def load(shell: InteractiveShell) -> None:
    """Register the magics and what makes a tracked cell a run; twice is fine."""
    if hasattr(shell, _ATTRIBUTE):
        return
    magics = NBTrackMagics(shell)
    setattr(shell, _ATTRIBUTE, magics)
    configure(magics.settings.chosen)
    shell.register_magics(magics)
    shell.configurables.append(magics.settings)
    shell.input_transformer_manager.line_transforms.insert(0, magics.transformer)
    magics.hooks.register()
    shell.set_hook("complete_command", complete_filter, str_key="%runs")
    shell.set_hook("complete_command", complete_run, str_key="%compare")
    shell.user_ns.setdefault("nbtrack", sys.modules[__package__])


def unload(shell: InteractiveShell) -> None:
    """Take out everything that ``load`` put in; an open run of a cell ends with that cell."""
    magics = getattr(shell, _ATTRIBUTE, None)
    if magics is None:
        return
    delattr(shell, _ATTRIBUTE)
    magics.hooks.unregister()
    configure(dict)
    transforms = shell.input_transformer_manager.line_transforms
    if magics.transformer in transforms:
        transforms.remove(magics.transformer)
    if magics.settings in shell.configurables:
        shell.configurables.remove(magics.settings)
    for kind, names in magics.magics.items():
        for name in names:
            shell.magics_manager.magics[kind].pop(name, None)
