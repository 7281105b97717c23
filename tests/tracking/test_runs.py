"""What Tab shows on the runs that were found and on their comparison."""

import inspect

import pytest

import nbtrack
from nbtrack.tracking.runs import Comparison, Runs

PUBLIC = {
    Runs: {"compare", "count", "df", "history", "ids", "index", "plot", "selected", "to_csv", "to_html", "to_parquet"},
    Comparison: {"df", "differing", "labels", "metrics", "params", "runs", "selected", "to_html"},
}


@pytest.mark.parametrize("kind", PUBLIC)
def test_tab_shows_the_documented_names_and_no_others(tracker, kind):
    with nbtrack.start_run():
        pass
    runs = nbtrack.runs()
    shown = {name for name in dir(runs if kind is Runs else runs.compare()) if not name.startswith("_")}
    assert shown == PUBLIC[kind]
    undocumented = [name for name in shown & vars(kind).keys() if not inspect.getdoc(getattr(kind, name))]
    assert undocumented == []
