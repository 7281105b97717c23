"""A comparison of runs: what differs first."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .arguments import local_path
from .collection import Runs
from .errors import InvalidInput
from .naming import distinct_names

if TYPE_CHECKING:
    import pandas as pd

    from .run import Run
    from .widgets.comparing import ComparisonView

__all__ = ["Comparison"]


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
        from .displays import comparison_bundle
        from .widgets.offline import write_page

        view = self.view()
        return write_page(
            local_path(path, "the page to write"), view, "Comparison", comparison_bundle(self, view.key)["text/html"]
        )

    def __repr__(self) -> str:
        from .displays import comparison_summary

        return comparison_summary(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        from .displays import comparison_bundle
        from .widgets.kit import key_of

        return comparison_bundle(self, key_of(self.view()))


def _stat(run: Run, key: str, stat: str) -> float:
    return getattr(run.metrics[key], stat) if key in run.metrics else float("nan")


def _text(params: Any, key: str) -> str | None:
    return json.dumps(params[key], sort_keys=True) if key in params else None
