"""The delete-one jackknife: the t interval of a mean, known standard errors, and what it cannot tell."""

import math

import numpy as np
import pytest
from scipy import stats

from metrics.stats.bootstrap import p_value
from metrics.stats.jackknife import estimate_jackknife

UNIT = "sequence block"


def without_each(values: np.ndarray) -> np.ndarray:
    """Mean of all values but one, for each."""
    return np.asarray((values.sum() - values) / (len(values) - 1))


def test_of_a_mean_it_is_the_t_interval() -> None:
    values = np.random.default_rng(0).standard_normal(9)
    found = estimate_jackknife(float(values.mean()), without_each(values), UNIT)
    expected = stats.t.interval(0.95, 8, loc=values.mean(), scale=stats.sem(values))
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-12)
    assert (found.n, found.unit, found.seed) == (9, UNIT, None)
    assert "8 degrees of freedom" in found.method


def test_value_is_the_full_statistic_even_where_replicates_are_biased() -> None:
    replicates = np.array([0.9, 1.1, 1.0]) + 5.0
    found = estimate_jackknife(1.0, replicates, UNIT)
    assert found.value == 1.0
    assert found.high - found.value == pytest.approx(found.value - found.low)


def test_intervals_cover_a_smooth_function_of_the_mean() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        values = 3.0 + rng.standard_normal(16)
        found = estimate_jackknife(float(values.mean() ** 2), without_each(values) ** 2, UNIT)
        covered += found.low <= 9.0 <= found.high
    assert 0.92 <= covered / 400 <= 0.98


def test_equal_replicates_leave_no_interval_to_speak_of_and_nothing_is_drawn() -> None:
    found = estimate_jackknife(0.25, np.full(4, 0.25), UNIT)
    assert (found.low, found.value, found.high, found.draws) == (0.25, 0.25, 0.25, ())
    assert p_value(found, 0.0, ">") is None


@pytest.mark.parametrize(
    ("full", "replicates", "says"),
    [
        (1.0, [1.0], "one sequence block has no interval"),
        (1.0, [1.0, math.nan, 2.0], "1 of 3 replicates are undefined"),
        (math.nan, [1.0, 2.0], "undefined on these sequence blocks"),
    ],
)
def test_what_cannot_be_told_has_no_interval(full: float, replicates: list[float], says: str) -> None:
    found = estimate_jackknife(full, np.array(replicates), UNIT)
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert says in found.method
