"""Runs that were found: a sequence, a DataFrame, a table on the screen, and their comparison: what differs first."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from ..delivery.connection import Connection
from ..entities.random_name import distinct_names
from ..entities.run import RunInfo
from ..errors import InvalidInput
from ..validation import local_path, shown, text, texts
from .run import Run
from .run_data import Details

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ..widgets.pages.contents import Whole
    from ..widgets.views.comparison import ComparisonView
    from ..widgets.views.runs import RunsView
    from .metrics import MetricHistory

__all__ = ["Comparison", "Runs"]

# What can be asked of each metric: the fields of MetricSummary that a person asks for.
STATS = ("last", "first", "min", "max", "mean", "count", "nan_count")


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
        self._table: RunsView | None = None

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
        """Return the run at a place, or the runs of a slice."""
        if isinstance(index, slice):
            return Runs(self._connection, self._infos[index])
        place = range(len(self._infos))[index]
        if place not in self._runs:
            info = self._infos[place]
            self._runs[place] = Run(self._connection, info.id, info=info, details=self._details)
        return self._runs[place]

    def table(self) -> RunsView:
        """Return the table as a view in the notebook: the same one each time."""
        from ..widgets.views.runs import RunsView

        if self._table is None:
            self._table = RunsView(self._connection, self._infos)
        return self._table

    @property
    def selected(self) -> Runs:
        """The runs that are selected in the table that the notebook shows of these; none where none is."""
        return self.among(self._table.selected if self._table is not None else ())

    def among(self, ids: Iterable[str]) -> Runs:
        """Return those of these runs that have one of these ids."""
        chosen = frozenset(texts(ids, "the id of a run"))
        return Runs(self._connection, [info for info in self._infos if info.id in chosen])

    def comparison_view(self) -> ComparisonView:
        """Return a new view that compares these runs."""
        from ..widgets.views.comparison import ComparisonView

        return ComparisonView(self._connection, self._infos)

    def whole(self) -> Whole:
        """Return what a static page says of all of these runs, shown or not."""
        from ..widgets.pages.whole import of_all

        store, names = self._connection.read(), {info.id: info.name for info in self._infos}
        metrics = ((names[run_id], key, last) for run_id, key, last in store.metrics(self.ids, ["last"]))
        return of_all(len(self), store.params(self.ids), metrics)

    # As DataFrames

    def df(self, metrics: Sequence[str] = ("last",), typed: bool = True) -> pd.DataFrame:
        """Return a DataFrame with a row a run.

        Args:
            metrics: What to say of each metric: any of last, first, min, max, mean, count, nan_count. The last value
                of ``loss`` is the column ``metrics.loss``, its minimum ``metrics.loss.min``.
            typed: Whether params keep their types; else they are texts, as MLflow has them.

        Returns:
            The columns run_id, name, experiment, status, start_time, end_time (UTC), duration, user, then
            ``metrics.*``, ``params.*`` and ``tags.*``, each sorted by name.
        """
        from .frames import runs_frame

        stats = texts(metrics, "what to say of a metric")
        unknown = [stat for stat in stats if stat not in STATS]
        if unknown:
            raise InvalidInput(f"{shown(unknown[0])} cannot be asked of a metric; choose from {', '.join(STATS)}")
        store, ids = self._connection.read(), self.ids
        found = store.metrics(ids, stats) if stats else []
        suffixes = [_suffix(stat) for stat in stats]
        params = store.params(ids)
        shown_params = params if typed else [(run_id, key, str(value)) for run_id, key, value in params]
        names = {experiment.id: experiment.name for experiment in store.experiments("all")}
        return runs_frame(self._infos, names, metrics=found, suffixes=suffixes, params=shown_params, tags=store.tags(ids))

    def history(self, *keys: str) -> pd.DataFrame:
        """Return all points of these metrics, of all metrics where none is named, in one long DataFrame.

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
        from ..widgets.pages.read_runs import runs_static_html

        view = self.table()
        return write_html(local_path(path, "the page to write"), view, "Runs", runs_static_html(self, view.key))

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
        from .plots import plot_groups, plot_histories

        having = [run for run in self if text(key, "the name of a metric") in run.metrics]
        if not having:
            names = sorted({name for run in self for name in run.metrics})
            raise InvalidInput(f"none of these runs has a metric {shown(key)}; they have {', '.join(names) or 'none'}")
        if by is None:
            labels = distinct_names([run.name for run in having], [run.id for run in having])
            return plot_histories([run.metrics[key] for run in having], labels=labels, ax=ax, **options)
        groups: dict[Any, list[MetricHistory]] = {}
        for value, run in sorted(((_value(run, by), run) for run in having), key=lambda pair: _sort_key(pair[0])):
            groups.setdefault(value, []).append(run.metrics[key])
        return plot_groups(groups, title=by.partition(".")[2], ax=ax, **options)

    def __repr__(self) -> str:
        from ..widgets.pages.read_runs import runs_summary

        return runs_summary(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        from ..widgets.open_views import key_of
        from ..widgets.pages.read_runs import runs_bundle

        return runs_bundle(self, key_of(self.table()))


def _suffix(stat: str) -> str:
    return "" if stat == "last" else f".{stat}"


def _value(run: Run, by: str) -> Any:
    """Return a run's param or tag."""
    group, _, key = text(by, "what to group by").partition(".")
    if group not in ("params", "tags") or not key:
        raise InvalidInput(f"runs can be grouped by a param or a tag, as by='params.lr', not by {shown(by)}")
    value = run.params.get(key) if group == "params" else run.tags.get(key)
    return value if isinstance(value, int | float | str | None) else str(value)


def _sort_key(value: Any) -> tuple[int, float, str]:
    """Return what puts numbers before texts, and what is missing last."""
    if isinstance(value, int | float):
        return 0, float(value), ""
    return (1, 0.0, value) if isinstance(value, str) else (2, 0.0, "")


class Comparison:
    """Runs side by side; a cell that ends with it shows the tables and the curves.

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
        """The runs' names; where two are equal, with the beginning of their ids."""
        return distinct_names([run.name for run in self.runs], self.runs.ids)

    @property
    def differing(self) -> list[str]:
        """The names of the params that are not equal in all runs, sorted."""
        keys = sorted({key for run in self.runs for key in run.params})
        return [key for key in keys if len({_text(run.params, key) for run in self.runs}) > 1]

    @property
    def params(self) -> pd.DataFrame:
        """A row a param, a column a run; those that differ come first."""
        import pandas as pd

        differing = self.differing
        same = sorted({key for run in self.runs for key in run.params} - set(differing))
        index = pd.Index([*differing, *same], name="param")
        # A column holds params of all types; as objects they stay what they are.
        return pd.DataFrame([[run.params.get(key) for run in self.runs] for key in index], index, self.labels, dtype=object)

    @property
    def metrics(self) -> pd.DataFrame:
        """A row a metric and what is said of it (last, min, max), a column a run."""
        import pandas as pd

        keys = sorted({key for run in self.runs for key in run.metrics})
        index = pd.MultiIndex.from_product([keys, ("last", "min", "max")], names=["metric", "value"])
        rows = [[_stat(run, key, stat) for run in self.runs] for key, stat in index]
        return pd.DataFrame(rows, index=index, columns=self.labels)

    def view(self) -> ComparisonView:
        """Return the comparison as a view in the notebook: the same one each time."""
        if self._view is None:
            self._view = self.runs.comparison_view()
        return self._view

    @property
    def selected(self) -> Runs:
        """The runs that are selected in the notebook's view of this comparison; none where none is."""
        return self.runs.among(self._view.selected if self._view is not None else ())

    def df(self) -> pd.DataFrame:
        """Return a row a run, as ``Runs.df`` does."""
        return self.runs.df()

    def to_html(self, path: str | os.PathLike[str]) -> Path:
        """Write the comparison as one self-contained, interactive HTML file and return its path."""
        from ..widgets.html_file import write_html
        from ..widgets.pages.read_runs import comparison_bundle

        view = self.view()
        return write_html(
            local_path(path, "the page to write"), view, "Comparison", comparison_bundle(self, view.key)["text/html"]
        )

    def __repr__(self) -> str:
        from ..widgets.pages.read_runs import comparison_summary

        return comparison_summary(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        from ..widgets.open_views import key_of
        from ..widgets.pages.read_runs import comparison_bundle

        return comparison_bundle(self, key_of(self.view()))


def _stat(run: Run, key: str, stat: str) -> float:
    return getattr(run.metrics[key], stat) if key in run.metrics else float("nan")


def _text(params: Any, key: str) -> str | None:
    return json.dumps(params[key], sort_keys=True) if key in params else None
