"""The difference of two estimates covers the truth as often as its parts do, and more often where they are paired."""

import math

import numpy as np
import pytest

from metrics.stats.bootstrap import estimate_mean, exact, p_value
from metrics.stats.difference import difference
from metrics.stats.estimate import Estimate


@pytest.mark.parametrize("shared", [0.0, 2.0, 6.0])
def test_coverage_of_a_difference_of_means(shared: float) -> None:
    rng = np.random.default_rng(3)
    inside, width = 0, []
    for _ in range(200):
        both = rng.standard_normal(40) * shared
        one, other = (
            estimate_mean(mean + both + rng.standard_normal(40) * width, seed=0, resamples=199)
            for mean, width in ((1.0, 1.0), (0.4, 3.0))
        )
        found = difference(one, other, seed=0)
        inside += found.low <= 0.6 <= found.high
        width.append(found.high - found.low)
    # Three standard errors of 95 % in 200: 0.046.
    assert inside / 200 == pytest.approx(0.95, abs=0.05)
    # What both share is in neither the difference nor its interval.
    assert np.mean(width) == pytest.approx(2 * 1.96 * np.sqrt(10 / 40), rel=0.1)


def test_a_paired_difference_is_nearly_that_of_the_rows() -> None:
    rng = np.random.default_rng(5)
    common = rng.exponential(size=60)
    ours, theirs = common + 0.3 * rng.standard_normal(60), 0.9 * common
    one, other, rows = (estimate_mean(values, seed=4, resamples=1999) for values in (ours, theirs, ours - theirs))
    found = difference(one, other, seed=4)
    assert (found.low, found.high) == pytest.approx((rows.low, rows.high), abs=0.15 * (rows.high - rows.low))
    assert found.draws == pytest.approx(rows.draws)
    assert "draws with correlation 0.9" in found.method


def test_estimates_of_other_units_or_another_seed_are_taken_for_independent() -> None:
    one = estimate_mean(np.arange(10.0), seed=0, resamples=99)
    for values, seed, resamples in ((np.arange(9.0), 0, 99), (np.arange(10.0), 1, 99), (np.arange(10.0), 0, 199)):
        found = difference(one, estimate_mean(values, seed=seed, resamples=resamples), seed=0)
        assert "taken for independent" in found.method


def test_an_exact_number_takes_nothing_from_the_interval() -> None:
    one = estimate_mean(np.arange(10.0), seed=0, resamples=199)
    found = difference(one, exact(2, 30), seed=0)
    assert (found.low, found.high) == pytest.approx((one.low - 2, one.high - 2))
    assert (found.n, found.unit, found.draws) == (10, "sequence", ())
    assert p_value(found, 0.0, ">") is None


def test_a_p_value_follows_where_both_have_draws() -> None:
    rng = np.random.default_rng(0)
    one, other = (estimate_mean(mean + rng.standard_normal(50), seed=s, resamples=999) for s, mean in ((0, 1), (1, 0)))
    found = difference(one, other, seed=0)
    assert p_value(found, 0.0, ">") == pytest.approx(1 / 1000)
    assert p_value(found, 1.0, ">") == pytest.approx(0.5, abs=0.4)
    assert found == difference(one, other, seed=0) != difference(one, other, seed=1)


def test_without_an_interval_there_is_none_of_the_difference() -> None:
    found = difference(Estimate(1.0, math.nan, math.nan, 1, "training", ""), exact(1, 2), seed=0)
    assert math.isnan(found.low)
    assert math.isnan(found.high)
