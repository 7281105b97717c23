"""Thinned curves keep their extremes and gaps."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from nbtrack.widgets.data.downsample import in_step_order, minmax_indices
from nbtrack.widgets.pages.contents import Curve


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(npst.arrays(float, st.integers(0, 300), elements=st.floats(width=32)), st.integers(5, 60))
def test_ends_extremes_and_gaps_are_kept_for_any_values(values, points):
    kept = minmax_indices(values, points)
    assert len(kept) <= points
    assert (np.diff(kept) > 0).all()
    if not len(values):
        return
    assert {0, len(values) - 1} <= set(kept.tolist())
    thinned, finite = values[kept], values[np.isfinite(values)]
    if len(finite):
        assert thinned[np.isfinite(thinned)].min() == finite.min()
        assert thinned[np.isfinite(thinned)].max() == finite.max()
    assert np.isfinite(thinned).all() == np.isfinite(values).all()


def test_the_number_of_kept_values_is_bounded():
    assert minmax_indices(np.arange(10.0), 10).tolist() == list(range(10))
    assert len(minmax_indices(np.random.default_rng(0).normal(size=1_000_000), 200)) in range(150, 201)


def test_a_single_spike_and_a_single_nan_in_a_million_survive():
    values = np.zeros(1_000_000)
    values[123_456], values[654_321], values[777_777] = 1, np.nan, -np.inf
    kept = set(minmax_indices(values, 50).tolist())
    assert {123_456, 654_321, 777_777} <= kept


def test_points_out_of_order_are_sorted_by_step_and_stay_in_order_within_one():
    steps, values = in_step_order(np.array([3, 1, 3, 2]), np.array([1.0, 2.0, 3.0, 4.0]))
    assert steps.tolist() == [1, 2, 3, 3]
    assert values.tolist() == [2.0, 4.0, 1.0, 3.0]


@pytest.mark.parametrize("n", [0, 1, 2, 5000])
def test_a_curve_knows_how_many_points_it_had(n):
    curve = Curve.of(np.arange(n)[::-1], np.arange(n, dtype=float), 100)
    assert curve.total == n
    assert len(curve.steps) == len(curve.values) <= 100
    assert (np.diff(curve.steps) > 0).all()
    assert curve.thinned(1000) is curve
    assert curve.thinned(10).total == n
