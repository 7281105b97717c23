"""The overview of a growing metric is bounded and keeps extremes and gaps."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtrack.widgets.data.overview import Overview


def grown(values, parts, limit=100, steps=None):
    """An overview that was given its points in parts."""
    overview = Overview(limit)
    values = np.asarray(values, float)
    steps = np.arange(len(values)) if steps is None else np.asarray(steps)
    for index in np.array_split(np.arange(len(values)), parts):
        overview.extend(steps[index], steps[index] / 10, values[index])
    return overview


def test_few_points_are_all_drawn():
    overview = grown([3, 1, 2], 3)
    assert overview.curve()["x"].tolist() == [0, 1, 2]
    assert overview.curve()["y"].tolist() == [3, 1, 2]
    assert overview.curve()["t"].tolist() == pytest.approx([0, 0.1, 0.2])


@pytest.mark.parametrize("parts", [1, 7, 500])
def test_many_points_are_drawn_evenly_with_their_extremes(parts):
    values = np.sin(np.arange(20_000) / 900)
    values[1234], values[15_000] = 9, -9
    overview = grown(values, parts)
    curve = overview.curve()
    assert overview.drawn <= 100
    assert overview.count == 20_000
    assert {9, -9} <= set(curve["y"].tolist())
    assert curve["x"][-1] == 19_999
    assert np.diff(curve["x"]).max() < 20_000 / 10, "no part of the run is coarser than the others"
    assert (np.diff(curve["x"]) > 0).all()


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.integers(-5, 5).map(float)), min_size=1, max_size=400),
    st.integers(1, 20),
)
def test_extremes_gaps_and_infinities_are_kept(values, parts):
    overview = grown(values, parts, limit=40)
    facts, curve = overview.facts(), overview.curve()
    numbers = [value for value in values if not math.isnan(value)]
    assert overview.drawn <= max(40, 4)
    assert facts["count"] == len(values)
    assert facts["nan"] == len(values) - len(numbers)
    if numbers:
        assert (facts["min"], facts["max"]) == (min(numbers), max(numbers))
        assert values[int(facts["minStep"])] == min(numbers)
    finite = [value for value in numbers if math.isfinite(value)]
    if finite:
        assert {min(finite), max(finite)} <= set(curve["y"].tolist())
    broken = [i for i, value in enumerate(values) if not math.isfinite(value)]
    assert (facts["bad"] or {}).get("step") == (broken[0] if broken else None)
    assert facts["odd"] == len(broken)
    whole = [i for i, value in enumerate(values) if math.isfinite(value)]
    ended = None if math.isfinite(values[-1]) else max(whole, default=-1) + 1
    assert (facts["diverged"] or {}).get("step") == ended
    if broken:
        assert not np.isfinite(curve["y"]).all()


@pytest.mark.parametrize("parts", [1, 3, 100])
def test_a_metric_that_recovers_has_not_diverged(parts):
    values = np.ones(100)
    values[20], values[50] = np.nan, np.inf
    facts = grown(values, parts).facts()
    assert (facts["diverged"], facts["odd"], facts["bad"]) == (None, 2, {"step": 20, "value": "NaN"})
    values[61:] = np.nan
    assert grown(values, parts).facts()["diverged"] == {"step": 61, "value": "NaN"}


def test_the_end_of_a_metric_goes_by_steps():
    overview = Overview(100)
    overview.extend(np.array([5, 6]), np.zeros(2), np.array([1, np.nan]))
    overview.extend(np.array([3]), np.zeros(1), np.array([np.nan]))
    assert overview.facts()["diverged"] == {"step": 6, "value": "NaN"}
    overview.extend(np.array([7, 4]), np.zeros(2), np.array([1.0, np.inf]))
    assert overview.facts()["diverged"] is None


def test_the_changes_add_up_to_the_curve():
    rng = np.random.default_rng(0)
    overview, seen = Overview(60), np.empty(0)
    start = 0
    for size in rng.integers(0, 90, 200):
        overview.extend(np.arange(start, start + size), np.zeros(size), rng.normal(size=size))
        start += size
        begin = overview.take_changes()
        seen = np.concatenate([seen[:begin], overview.curve(begin)["y"]])
        assert seen.tolist() == overview.curve()["y"].tolist()


def test_points_out_of_order_are_sorted_by_step():
    overview = Overview(100)
    overview.extend(np.array([5, 6]), np.array([0.5, 0.6]), np.array([50.0, 60.0]))
    overview.take_changes()
    overview.extend(np.array([9, 2]), np.array([0.9, 0.2]), np.array([90.0, 20.0]))
    assert overview.take_changes() == 0
    assert overview.curve()["x"].tolist() == [2, 5, 6, 9]
    assert overview.facts()["last"] == 90


def test_an_overview_built_at_once_equals_one_that_grew():
    values = np.cumsum(np.random.default_rng(1).normal(size=50_000))
    order = np.random.default_rng(2).permutation(50_000)
    built = Overview.of(order, order / 10, values[order], 200)
    assert built.drawn <= 200
    assert built.count == 50_000
    assert {values.min(), values.max()} <= set(built.curve()["y"].tolist())
