"""Runs that were found: a sequence, a DataFrame, a table on the screen, and their comparison."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from ..delivery.connection import Connection
from ..entities.random_name import distinct_names
from ..entities.run import RunInfo
from ..errors import InvalidInput
from ..validation import local_path, texts
from .run import Run
from .run_data import Details

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ..widgets.data.many_runs import ManyRuns
    from ..widgets.views.comparison import ComparisonView
    from ..widgets.views.runs import RunsView

__all__ = ["Comparison", "Runs"]


class Runs(Sequence[Run]):
    """Runs in the order in which they were found; a cell that ends with them shows a table.

    Example:
        >>> import nbtrack
        >>> for lr in (0.1, 0.01):
        ...     with nbtrack.start_run(params={"lr": lr}) as run:
        ...         run.log(loss=lr * 2)
        >>> runs = nbtrack.runs("metrics.loss < 0.1")
        >>> [run.params["lr"] for run in runs]
        [0.01]
        >>> runs.df()["metrics.loss"].tolist()
        [0.02]
    """

    def __init__(self, connection: Connection, infos: Sequence[RunInfo]) -> None:
        self._connection, self._infos = connection, tuple(infos)
        self._details = Details(connection, self.ids)
        self._runs: dict[int, Run] = {}
        self._view: RunsView | None = None

    @property
    def ids(self) -> list[str]:
        """The ids of the runs."""
        return [info.id for info in self._infos]

    def __len__(self) -> int:
        return len(self._infos)

    @overload
    def __getitem__(self, index: int) -> Run: ...
    @overload
    def __getitem__(self, index: slice) -> Runs: ...
    def __getitem__(self, index: int | slice) -> Run | Runs:
        """Return the run at an index, or the runs of a slice."""
        if isinstance(index, slice):
            return Runs(self._connection, self._infos[index])
        place = range(len(self._infos))[index]
        if place not in self._runs:
            info = self._infos[place]
            self._runs[place] = Run(self._connection, info.id, info=info, details=self._details)
        return self._runs[place]

    @property
    def selected(self) -> Runs:
        """The runs that are selected in the table that the notebook shows; none where none is."""
        return self._with_ids(self._view.selected if self._view is not None else ())

    def _with_ids(self, ids: Iterable[str]) -> Runs:
        chosen = frozenset(ids)
        return Runs(self._connection, [info for info in self._infos if info.id in chosen])

    # As DataFrames

    def df(self, metrics: Sequence[str] = ("last",), typed: bool = True) -> pd.DataFrame:
        """Return a DataFrame with a row a run.

        Args:
            metrics: The statistics of each metric: any of last, first, min, max, mean, count, nan_count. The last value
                of ``loss`` is the column ``metrics.loss``, its minimum ``metrics.loss.min``.
            typed: Whether params keep their types; else they are strings, as in MLflow.

        Returns:
            The columns run_id, name, experiment, status, start_time, end_time (UTC), duration, user, then
            ``metrics.*``, ``params.*`` and ``tags.*``, each sorted by name.
        """
        from .run_tables import read_table

        return read_table(self._connection.read(), self._infos, texts(metrics, "what to say of a metric"), typed=typed)

    def history(self, *keys: str) -> pd.DataFrame:
        """Return all points of these metrics, or of all metrics where none is named, in one long DataFrame.

        Returns:
            The columns run_id, key, step, timestamp (UTC) and value.
        """
        from .frames import history_frame

        names = texts(keys, "the name of a metric")
        return history_frame(self._connection.read().histories(self.ids, names or None))

    def to_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write ``df()`` as a CSV file and return its path."""
        target = local_path(path, "the file to write")
        self.df().to_csv(target, index=False)
        return target

    def to_parquet(self, path: str | os.PathLike[str]) -> Path:
        """Write ``df()`` as a Parquet file and return its path; needs ``pip install nbtrack[parquet]``."""
        target, frame = local_path(path, "the file to write"), self.df()
        for column in [name for name in frame if frame[name].dtype.kind == "O"]:
            # Parquet's columns have one type each.
            frame[column] = frame[column].map(lambda value: None if value is None else str(value))
        frame.to_parquet(target, index=False)
        return target

    def to_html(self, path: str | os.PathLike[str]) -> Path:
        """Write the table as one self-contained, interactive HTML file and return its path."""
        from ..widgets.html_file import write_html
        from ..widgets.pages.read_many import runs_content
        from ..widgets.pages.runs import runs_html
        from ..widgets.views.runs import RunsView

        target, runs = local_path(path, "the page to write"), self._many(("last", "count"))
        view = RunsView(self._connection, runs)
        view.selected = self.selected.ids
        return write_html(target, view, "Runs", lambda: runs_html(runs_content(runs, view.key, most=None), None))

    # To look at

    def compare(self) -> Comparison:
        """Compare these runs: the params that differ, the metrics, the curves."""
        return Comparison(self)

    def plot(self, key: str, by: str | None = None, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw one metric of all runs that have it over its steps, with matplotlib.

        Args:
            key: The metric.
            by: A param or tag, as ``params.lr``: runs that share its value become one line, their mean, in the band between
                the lowest and the highest of them.
            ax: Where to draw; a new figure where none is given.
            options: For ``Axes.plot``.

        Example:
            >>> import nbtrack
            >>> for lr in (0.1, 0.1, 0.01):
            ...     with nbtrack.start_run(params={"lr": lr}) as run:
            ...         run.log(loss=lr)
            >>> ax = nbtrack.runs().plot("loss", by="params.lr")
            >>> [line.get_label() for line in ax.lines]
            ['0.01', '0.1']
        """
        from .run_plots import plot_runs

        return plot_runs(self._connection.read(), self, key, by, ax, **options)

    def _many(self, stats: Sequence[str] = ("last",)) -> ManyRuns:
        """Return the runs as displays read them: all at once."""
        from ..widgets.data.many_runs import ManyRuns

        return ManyRuns(self._connection.read(), self._infos, stats)

    def __repr__(self) -> str:
        from ..widgets.pages.plain import runs_text
        from ..widgets.pages.read_many import runs_content

        return runs_text(runs_content(self._many()))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        from ..widgets.open_views import key_of
        from ..widgets.pages.bundles import runs_bundle
        from ..widgets.pages.read_many import runs_content

        runs = self._many()
        return runs_bundle(runs_content(runs, key_of(self._live_view(runs))))

    def _live_view(self, runs: ManyRuns) -> RunsView:
        """Return the table in the notebook: the same view each time, which a selection belongs to."""
        from ..widgets.views.runs import RunsView

        if self._view is None:
            self._view = RunsView(self._connection, runs)
        return self._view


class Comparison:
    """Runs side by side; a cell that ends with it shows the tables and the curves.

    Attributes:
        runs: The runs.

    Example:
        >>> import nbtrack
        >>> ids = []
        >>> for lr in (0.1, 0.01):
        ...     with nbtrack.start_run(params={"lr": lr, "seed": 1}) as run:
        ...         run.log(loss=lr * 2)
        ...     ids.append(run.id)
        >>> comparison = nbtrack.compare(*ids)
        >>> list(comparison.params.index)
        ['lr', 'seed']
        >>> comparison.differing
        ['lr']
    """

    def __init__(self, runs: Runs) -> None:
        if not runs:
            raise InvalidInput(
                "there is nothing to compare: name runs, as nbtrack.compare(run, other) or nbtrack.runs().compare()"
            )
        self.runs = runs
        self._view: ComparisonView | None = None

    @property
    def labels(self) -> list[str]:
        """The runs' names; equal names are followed by the beginning of the run's id."""
        return distinct_names([run.name for run in self.runs], self.runs.ids)

    @property
    def differing(self) -> list[str]:
        """The names of the params that are not equal in all runs, sorted."""
        from .run_tables import differing_params

        return differing_params([run.params for run in self.runs])

    @property
    def params(self) -> pd.DataFrame:
        """A row a param, a column a run; those that differ come first."""
        from .run_tables import params_table

        return params_table([run.params for run in self.runs], self.labels)

    @property
    def metrics(self) -> pd.DataFrame:
        """Rows for the last, lowest and highest value of each metric, a column a run."""
        from .run_tables import metrics_table

        return metrics_table([run.metrics for run in self.runs], self.labels)

    @property
    def selected(self) -> Runs:
        """The runs that are selected in the notebook's view of this comparison; none where none is."""
        return self.runs._with_ids(self._view.selected if self._view is not None else ())

    def df(self) -> pd.DataFrame:
        """Return a row a run, as ``Runs.df`` does."""
        return self.runs.df()

    def to_html(self, path: str | os.PathLike[str]) -> Path:
        """Write the comparison as one self-contained, interactive HTML file and return its path."""
        from ..widgets.html_file import write_html
        from ..widgets.pages.comparison import comparison_html
        from ..widgets.pages.read_many import comparison_content
        from ..widgets.views.comparison import ComparisonView

        target, runs = local_path(path, "the page to write"), self._many()
        view = ComparisonView(self.runs._connection, runs)
        view.selected = self.selected.ids
        return write_html(target, view, "Comparison", lambda: comparison_html(comparison_content(runs, view.key)))

    def _many(self) -> ManyRuns:
        from ..widgets.data.many_runs import SUMMARY

        return self.runs._many(SUMMARY)

    def __repr__(self) -> str:
        from ..widgets.pages.plain import comparison_text
        from ..widgets.pages.read_many import comparison_content

        return comparison_text(comparison_content(self._many(), has_curves=False))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        from ..widgets.open_views import key_of
        from ..widgets.pages.bundles import comparison_bundle
        from ..widgets.pages.read_many import comparison_content

        runs = self._many()
        return comparison_bundle(comparison_content(runs, key_of(self._live_view(runs))))

    def _live_view(self, runs: ManyRuns) -> ComparisonView:
        """Return the comparison in the notebook: the same view each time, which a selection belongs to."""
        from ..widgets.views.comparison import ComparisonView

        if self._view is None:
            self._view = ComparisonView(self.runs._connection, runs)
        return self._view
