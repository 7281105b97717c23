"""The magics: each parses its line and calls the public API."""

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
from .system.forks import OPENING, delay_forks
from .system.threads import start_thread
from .widgets.open_views import prepare

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from .tracking.runs import Comparison, Runs

__all__ = ["NBTrackMagics", "load", "unload"]

F = TypeVar("F", bound=Callable[..., Any])

_ATTRIBUTE = "_nbtrack_magics"


def _usage_errors(magic: F) -> F:
    """Show a user's mistake as one line, without a traceback."""

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
    @argument("name", metavar="NAME", nargs="?", help="The run's name; without one it gets a random one, such as calm-otter-417.")
    @argument("--name", dest="name_option", metavar="NAME", help="The same.")
    @argument("-e", "--experiment", help="The experiment it belongs to, created if there is none of this name.")
    @argument(
        "-p",
        "--param",
        nargs="+",
        action="extend",
        metavar="VARIABLE",
        help="Variables to log as params; a dict, a dataclass or an estimator gives one param a field.",
    )
    @argument("-t", "--tag", nargs="+", action="extend", metavar="KEY=VALUE", help="Tags to set.")
    @argument("--note", metavar="TEXT", help="A remark on the run.")
    @argument("--resume", metavar="ID", help="Resume this run; its steps count on.")
    @argument("--live", nargs="+", action="extend", metavar="METRIC", help="Metrics whose curves are shown first.")
    @argument("--no-live", action="store_true", help="Show no curves while the cell runs, only the summary at its end.")
    @argument(
        "--no-capture",
        nargs="*",
        metavar="WHAT",
        help="What not to capture: code, git, environment, params, datasets, outputs; all of them where none is named.",
    )
    @line_cell_magic
    def track(self, line: str, cell: str | None = None) -> None:
        """Make the cell a run: record its code, params, metrics and outputs, and how it ended.

        ``%%track`` is the first line of the cell; the rest of the cell runs as it would without it. The line
        ``%track on`` makes every cell from the next one on a run, ``%track off`` ends that.

        Examples::

            %%track baseline
            lr, epochs = 0.1, 20                      # becomes params by itself
            for epoch in range(epochs):
                nbtrack.log(loss=train(lr))           # a point of a metric, at about a microsecond

            %%track "lr {lr}" -p config -t data=v2 --note "smaller batches"

        Captured without being asked: the cell and those executed before it, git commit and changes, packages
        and machine, simple values that the cell sets or reads, digests of DataFrames and arrays, what it
        prints and displays, and the traceback. ``%config NBTrack`` lists the settings, ``%runs`` the runs.
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
        ``-e "*"`` of all. The value is what ``nbtrack.runs(…)`` returns: ``_.df()`` in the next cell is the DataFrame.

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

        It shows the params that differ, the metrics and their curves. Where several runs have a name, the newest one is
        compared, and a line says which one that is and which others there are.

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
        """Choose the store and the experiment: ``%nbtrack connect URI``, ``%nbtrack experiment NAME``, ``%nbtrack status``.

        A URI names a database, a server or a folder; ``nbtrack.connect?`` lists them. Without one the store is again
        the one of the settings.

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
    """Register the magics, their completion and the hooks of tracked cells; a second call changes nothing."""
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
        # What a live view needs takes half a second to import, and longer in the page; the first view should appear at once.
        start_thread(_prepare, "nbtrack-prepare")


def _prepare() -> None:
    with delay_forks(OPENING):
        prepare()


def _reconnect(change: object) -> None:
    """Connect by the settings that the user has just changed."""
    from .api import connect

    connect()


def unload(shell: InteractiveShell) -> None:
    """Remove everything that ``load`` registered; the open run of a cell still ends with the cell."""
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
