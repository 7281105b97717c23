"""The magics: parse, call the public API, return what it gives."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class
from IPython.core.magic_arguments import argument, kwds, magic_arguments

from .errors import NbtrackError
from .kernel import frontend
from .notebook.completion import add_completers, remove_completers
from .notebook.config import NBTrack
from .notebook.hooks import CellHooks
from .notebook.options import parse_runs, parse_track, words_of
from .notebook.transform import comment_out
from .settings import configure
from .system.forks import OPENING, unsplit
from .system.threads import start_thread
from .widgets.open_views import prepare

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from .tracking.runs import Comparison, Runs

__all__ = ["NBTrackMagics", "load", "unload"]

F = TypeVar("F", bound=Callable[..., Any])

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
        self.hooks = CellHooks(shell, self.settings, functools.partial(parse_track, type(self).track.parser))

    @magic_arguments()
    @kwds(usage="%%track [NAME] [option …]\n  %%track on|off")
    @argument("name", metavar="NAME", nargs="?", help="The run's name; without one it is given one, such as calm-otter-417.")
    @argument("--name", dest="name_option", metavar="NAME", help="The same.")
    @argument("-e", "--experiment", help="The experiment it belongs to, made if there is none of this name.")
    @argument(
        "-p",
        "--param",
        nargs="+",
        action="extend",
        metavar="VARIABLE",
        help="Variables to log as params; a dict, a dataclass or an estimator is taken apart.",
    )
    @argument("-t", "--tag", nargs="+", action="extend", metavar="KEY=VALUE", help="Tags to set.")
    @argument("--note", metavar="TEXT", help="What you have to say about it.")
    @argument("--resume", metavar="ID", help="Go on with this run, its steps counting on.")
    @argument("--live", nargs="+", action="extend", metavar="METRIC", help="Metrics whose curves are shown first.")
    @argument("--no-live", action="store_true", help="Show no curves while the cell runs, only the summary at its end.")
    @argument(
        "--no-capture",
        nargs="*",
        metavar="WHAT",
        help="Leave out code, git, environment, params, datasets or outputs; all of them where none is named.",
    )
    @line_cell_magic
    def track(self, line: str, cell: str | None = None) -> None:
        """Make the cell a run: its code, params, metrics and outputs are recorded, and how it ended.

        ``%%track`` is the first line of the cell, which otherwise runs as it would without it. The line
        ``%track on`` makes every cell from the next one on a run, ``%track off`` ends that.

        Examples::

            %%track baseline
            lr, epochs = 0.1, 20                      # becomes params by itself
            for epoch in range(epochs):
                nbtrack.log(loss=train(lr))           # a point of a metric, at about a microsecond

            %%track "lr {lr}" -p config -t data=v2 --note "smaller batches"

        Without being asked it records: the cell and those executed before it, git commit and changes, packages
        and machine, simple values that the cell sets or reads, DataFrames and arrays by digest, what it
        prints and shows, and the traceback. ``%config NBTrack`` lists the settings, ``%runs`` the runs.
        """
        if cell is not None:
            raise UsageError("%%track must be the first line of the cell")
        if line.strip() not in ("on", "off"):
            raise UsageError("%track takes on or off; to track one cell put %%track on its first line")
        self.hooks.every_cell = line.strip() == "on"

    @line_magic
    @_usage_errors
    def runs(self, line: str) -> Runs:
        """Show the runs that match a filter, the newest first: ``%runs [FILTER] [-e EXPERIMENT] [-o ORDER] [-n LIMIT]``.

        The filter needs no quotes around it. Without ``-e`` the runs are those of the current experiment, with
        ``-e "*"`` of all. The value is that of ``nbtrack.runs(…)``: ``_.df()`` in the next cell is the DataFrame.

        Examples::

            %runs
            %runs metrics.accuracy > 0.9 and params.lr < 0.01
            %runs status = 'FAILED' or start_time > '2 days ago'
            %runs -o "metrics.loss ASC" -n 10
        """
        from .api import runs

        options = parse_runs(line)
        return runs(options.filter, experiment=options.experiment, order_by=options.order_by, limit=options.limit)

    @line_magic
    @_usage_errors
    def compare(self, line: str) -> Comparison:
        """Compare runs by name or id: ``%compare RUN RUN …``.

        It shows the params that differ, the metrics and their curves. Of a name that several runs have the newest is taken,
        and a line says which one that is and which others there are.

        Example::

            %compare baseline calm-otter-417
        """
        from .api import tracker
        from .tracking.lookup import newest_of_each
        from .tracking.tracker import find_runs

        names = words_of("%compare", line)
        if not names:
            raise UsageError("%compare takes names or ids of runs, as %compare baseline calm-otter-417")
        ids, notes = newest_of_each([(name, find_runs(tracker(), name)) for name in names])
        for note in notes:
            print(note, file=sys.stderr)  # noqa: T201
        return tracker().compare(*ids)

    @line_magic
    @_usage_errors
    def nbtrack(self, line: str) -> None:
        """Say where runs go: ``%nbtrack connect URI``, ``%nbtrack experiment NAME``, ``%nbtrack status``.

        A URI names a database or a folder; ``nbtrack.connect?`` has them all. Without one runs go where they
        went in the beginning.

        Examples::

            %nbtrack connect sqlite:///runs.db
            %nbtrack experiment digits
        """
        from .api import connect, set_experiment, tracker

        action, _, rest = line.strip().partition(" ")
        rest = rest.strip().strip("\"'")
        if action == "connect":
            connect(rest or None)
        elif action == "experiment":
            set_experiment(rest)
        elif action not in ("", "status"):
            raise UsageError(f"%nbtrack {action}: say connect URI, experiment NAME or status")
        print(tracker().status())  # noqa: T201


def load(shell: InteractiveShell) -> None:
    """Register the magics and what makes a tracked cell a run; twice is fine."""
    if hasattr(shell, _ATTRIBUTE):
        return
    magics = NBTrackMagics(shell)
    setattr(shell, _ATTRIBUTE, magics)
    configure(magics.settings.chosen)
    shell.register_magics(magics)
    shell.configurables.append(magics.settings)
    magics.settings.observe(_reconnect, ["uri", "experiment", "artifacts"])
    shell.input_transformer_manager.line_transforms.insert(0, comment_out)
    magics.hooks.register()
    add_completers(shell)
    shell.user_ns.setdefault("nbtrack", sys.modules[__package__])
    if not frontend.is_headless():
        # What a living view needs takes half a second to load, and more in the page, and the first one is to be seen at once.
        start_thread(_prepare, "nbtrack-prepare")


def _prepare() -> None:
    with unsplit(OPENING):
        prepare()


def _reconnect(change: object) -> None:
    """Go by what the user has just configured."""
    from .api import connect

    connect()


def unload(shell: InteractiveShell) -> None:
    """Take out everything that ``load`` put in; an open run of a cell ends with that cell."""
    magics = getattr(shell, _ATTRIBUTE, None)
    if magics is None:
        return
    delattr(shell, _ATTRIBUTE)
    magics.hooks.unregister()
    remove_completers(shell)
    configure(dict)
    transforms = shell.input_transformer_manager.line_transforms
    if comment_out in transforms:
        transforms.remove(comment_out)
    for configurable in (magics, magics.settings):
        if configurable in shell.configurables:
            shell.configurables.remove(configurable)
    manager = shell.magics_manager
    manager.registry.pop(type(magics).__name__, None)
    for kind, names in magics.magics.items():
        for name in names:
            manager.magics[kind].pop(name, None)
