"""Intervals that cover, p-values that do not lie, and honest words where neither exists."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, bootstrap

from metrics.arrays import Float64Array, IntArray
from metrics.stats import resampling
from metrics.stats.bootstrap import (
    estimate_mean,
    estimate_means,
    estimate_statistic,
    estimate_statistics,
    exact,
    holm,
    p_value,
    units_to_decide,
)
from metrics.stats.estimate import Estimate

P_VALUES = st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=8)


def difference(rows: Float64Array) -> Float64Array:
    return np.asarray((rows[..., 1] - rows[..., 0]).mean(axis=-1))


def test_the_mean_of_equal_units_is_its_own_interval() -> None:
    # 0.1 has no exact float: a mean by summation would come out as 0.10000000000000002 for some n.
    for n in range(2, 12):
        estimate = estimate_mean(np.full(n, 0.1), seed=0)
        assert (estimate.value, estimate.low, estimate.high, estimate.draws) == (0.1, 0.1, 0.1, ())
        assert "equal" in estimate.method


def test_one_unit_has_a_value_and_no_interval_and_nothing_decides_on_the_threshold() -> None:
    estimate = estimate_mean(np.array([3.0]), seed=0)
    assert estimate.value == 3.0
    assert np.isnan([estimate.low, estimate.high]).all()
    assert p_value(estimate, 0.0, ">") is units_to_decide(estimate, 0.0) is None
    assert units_to_decide(Estimate(0.5, 0.4, 0.6, 9, "seed", ""), 0.5) is None


def test_resampling_row_numbers_is_scipys_own_bca() -> None:
    values = np.random.default_rng(1).exponential(size=25)
    ours = estimate_mean(values, seed=5, resamples=999)
    theirs = bootstrap((values,), np.mean, n_resamples=999, method="BCa", rng=np.random.default_rng(5))
    assert ours.low == pytest.approx(theirs.confidence_interval.low, rel=1e-12)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, rel=1e-12)
    assert ours.draws == tuple(theirs.bootstrap_distribution)


def test_the_seed_decides_the_draws_and_is_recorded() -> None:
    first, again, other = (estimate_mean(np.arange(9.0), seed=s, resamples=99) for s in (3, 3, 4))
    assert first == again
    assert first.seed == 3
    assert first.draws != other.draws


def test_paired_columns_stay_paired() -> None:
    # The columns differ by exactly 1 in every row and by up to 99 across rows: any unpairing would spread.
    left = np.arange(100.0)
    estimate = estimate_statistic(np.column_stack([left, left + 1]), difference, seed=0, resamples=199)
    assert (estimate.low, estimate.high) == (1.0, 1.0)
    assert estimate.method.startswith("percentile (no BCa)")


def test_chunks_do_not_change_the_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(0).standard_normal((12, 2))
    whole = estimate_statistic(rows, difference, seed=0, resamples=200)
    monkeypatch.setattr(resampling, "CHUNK", 7 * rows.size)
    assert estimate_statistic(rows, difference, seed=0, resamples=200) == whole


@pytest.mark.parametrize(
    "values",
    [[1.0, 1.0 + 2**-52, 1.0], [0.0, 5e-324, 0.0], [1e300, -1e300, 1.0], [0.0, 0.0, 0.0, 1.0], [1.0, 2.0]],
)
def test_nearly_constant_and_extreme_units_give_an_ordered_interval(values: list[float]) -> None:
    # Warnings are errors here, so that this fails on any division by a vanishing variance.
    estimate = estimate_mean(np.array(values), seed=0)
    assert min(values) <= estimate.low <= estimate.value <= estimate.high <= max(values)


def ratio(rows: Float64Array) -> Float64Array:
    """Undefined wherever a resample holds only zeros in its second column."""
    return np.asarray(rows[..., 0].sum(axis=-1) / rows[..., 1].sum(axis=-1))


def test_a_few_undefined_draws_are_left_out_and_counted_and_many_leave_no_interval() -> None:
    # Half of 8 rows are zero: a resample holds only those with probability 1/256, under the tolerated 5 %.
    few = estimate_statistic(np.column_stack([np.arange(8.0), [1] * 4 + [0] * 4]), ratio, seed=0, resamples=999)
    assert math.isfinite(few.low + few.high)
    assert few.method.startswith("percentile (no BCa)")
    assert f"{999 - len(few.draws)} of them undefined" in few.method
    # Four of 6 rows are zero: a resample holds only those with probability (4/6)^6 = 0.088.
    many = estimate_statistic(np.column_stack([np.arange(6.0), [1] * 2 + [0] * 4]), ratio, seed=0, resamples=999)
    assert (many.value, p_value(many, 0.0, ">")) == (7.5, None)
    assert math.isnan(many.low)
    assert many.method.startswith("no interval")


def test_a_value_outside_all_draws_has_no_bca_and_an_interval_that_reaches_it() -> None:
    # 30 distinct values: a resample with as many has probability 30! / 30^30 ~ 1e-12, so that BCa's bias
    # correction is infinite, and its interval would sit on the largest draw.
    def distinct(rows: Float64Array) -> Float64Array:
        return np.asarray(1.0 + (np.diff(np.sort(rows[..., 0], axis=-1), axis=-1) > 0).sum(axis=-1))

    estimate = estimate_statistic(np.arange(30.0), distinct, seed=0, resamples=999)
    assert estimate.value == 30
    assert estimate.method.startswith("percentile (no BCa)")
    assert min(estimate.draws) <= estimate.low < max(estimate.draws) < estimate.high == 30


def test_a_value_at_the_edge_of_its_draws_is_covered_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """The size of a small mean: almost every resample has a larger one, and BCa's interval shrinks onto the value."""

    def size(rows: Float64Array) -> Float64Array:
        return np.asarray(np.abs(rows[..., 0].mean(axis=-1)))

    def missed() -> int:
        worlds = [np.random.default_rng(world).normal(0.1, 1.0, 30) for world in range(200)]
        found = [estimate_statistic(world, size, seed=0, resamples=499) for world in worlds]
        return sum(not each.low <= 0.1 <= each.high for each in found)

    assert missed() <= binom.ppf(0.99, 200, 0.08)
    monkeypatch.setattr(resampling, "EDGE", 0.0)
    assert missed() > binom.ppf(0.99, 200, 0.08)


def test_strata_are_resampled_each_by_itself() -> None:
    # Within a stratum all rows are equal: nothing is left to vary, where resampling all rows would.
    stratum = np.array([0, 0, 1, 1, 1])
    equal = estimate_statistic(np.where(stratum == 0, 1.0, 7.0), lambda x: x[..., 0].mean(-1), seed=0, strata=stratum)
    assert (equal.low, equal.high) == (equal.value, equal.value)
    assert equal.method.endswith("within 2 strata")


def test_strata_are_scipys_samples() -> None:
    values, stratum = np.random.default_rng(1).exponential(size=25), np.repeat([0, 1], [13, 12])

    def gap(rows: Float64Array) -> Float64Array:
        second = rows[..., 1] == 1
        means = [rows[..., 0].mean(axis=-1, where=chosen) for chosen in (~second, second)]
        return np.asarray(means[0] - means[1])

    ours = estimate_statistic(np.column_stack([values, stratum]), gap, seed=5, resamples=999, strata=stratum)
    theirs = bootstrap(
        (values[:13], values[13:]), lambda a, b, axis: a.mean(axis=axis) - b.mean(axis=axis), n_resamples=999,
        vectorized=True, rng=np.random.default_rng(5),
    )  # fmt: skip
    ends = (theirs.confidence_interval.low, theirs.confidence_interval.high)
    assert (ours.low, ours.high) == pytest.approx(ends, rel=1e-12)


@pytest.mark.parametrize("chunk", [2**21, 7 * 25])
def test_draws_of_strata_take_turns_as_scipys_do(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resampling, "CHUNK", chunk)
    values, stratum = np.random.default_rng(1).exponential(size=25), np.repeat([0, 1], [13, 12])
    ours = estimate_statistic(values, lambda x: x[..., 0].mean(-1), seed=5, resamples=200, strata=stratum)
    theirs = bootstrap(
        (values[:13], values[13:]), lambda a, b, axis: np.concatenate([a, b], axis=axis).mean(axis=axis),
        n_resamples=200, batch=chunk // 25, vectorized=True, rng=np.random.default_rng(5),
    )  # fmt: skip
    assert ours.draws == pytest.approx(theirs.bootstrap_distribution, rel=1e-12)
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs.confidence_interval), rel=1e-12)


@pytest.mark.parametrize("strata", [None, np.repeat([0, 1], 6)])
def test_how_often_rows_were_drawn_tells_the_same_as_the_rows(strata: IntArray | None) -> None:
    rows = np.random.default_rng(8).random(12)
    options: dict[str, Any] = {"seed": 2, "resamples": 499, "strata": strata}
    drawn = estimate_statistic(rows, lambda x: (x[..., 0] ** 2).sum(-1), **options)
    counted = estimate_statistic(rows, lambda times: times @ rows**2, counted=True, **options)
    assert (counted.value, counted.low, counted.high) == pytest.approx((drawn.value, drawn.low, drawn.high), rel=1e-12)
    assert counted.draws == pytest.approx(drawn.draws, rel=1e-12)
    assert counted.method == drawn.method


def test_the_percentile_interval_is_the_quantiles_of_the_draws() -> None:
    rows = np.random.default_rng(2).standard_normal((20, 2))
    estimate = estimate_statistic(rows, difference, seed=0, interval="percentile", resamples=999)
    assert [estimate.low, estimate.high] == pytest.approx(np.quantile(estimate.draws, [0.025, 0.975]))


def test_the_interval_covers_and_the_test_has_its_level() -> None:
    """Over 400 samples of 40 units, 95 % intervals cover and 5 % tests reject within binomial error."""
    trials, rng = 400, np.random.default_rng(20)
    estimates = [estimate_mean(rng.normal(1.0, 2.0, size=40), seed=trial, resamples=499) for trial in range(trials)]
    covered = sum(e.low <= 1.0 <= e.high for e in estimates)
    tests = [p_value(e, 1.0, ">") for e in estimates]
    rejected = sum(p is not None and p <= 0.05 for p in tests)
    assert binom.ppf(0.001, trials, 0.95) <= covered <= binom.ppf(0.999, trials, 0.95)
    assert binom.ppf(0.001, trials, 0.05) <= rejected <= binom.ppf(0.999, trials, 0.05)


def test_an_exact_count_is_its_own_interval_and_has_no_p() -> None:
    estimate = exact(0, 1000)
    assert (estimate.value, estimate.low, estimate.high, estimate.n) == (0.0, 0.0, 0.0, 1000)
    assert p_value(estimate, 0.0, "<=") is None


@pytest.mark.parametrize(("direction", "wrong"), [(">", 2), (">=", 1), ("<", 3), ("<=", 2)])
def test_p_counts_the_wrong_side(direction: str, wrong: int) -> None:
    # Draws -1, 0, 1, 2 against 0: one below, one at, two above.
    estimate = Estimate(1.0, -1.0, 2.0, 4, "sequence", "", 0, (-1.0, 0.0, 1.0, 2.0))
    assert p_value(estimate, 0.0, direction) == (1 + wrong) / 5


@given(P_VALUES)
def test_holm_is_the_maximum_over_smaller_p(ps: list[float | None]) -> None:
    known = sorted(p for p in ps if p is not None)
    for p, adjusted in zip(ps, holm(ps), strict=True):
        if p is None or adjusted is None:
            assert p is adjusted is None
            continue
        steps = [(len(known) - rank) * q for rank, q in enumerate(known) if q <= p]
        # Of equal p-values the first in order takes the largest factor, and the others inherit it.
        assert adjusted == pytest.approx(min(1.0, max(steps)))
        assert adjusted >= p


@given(st.floats(0.01, 10), st.floats(0.01, 10), st.integers(2, 500), st.booleans())
def test_that_many_more_units_are_just_enough(reach: float, distance: float, n: int, above: bool) -> None:
    sign = 1.0 if above else -1.0
    estimate = Estimate(sign * distance, sign * distance - reach, sign * distance + reach, n, "sequence", "")
    more = units_to_decide(estimate, 0.0)
    assert more is not None
    shrunk = reach * math.sqrt(n / (n + more))
    assert shrunk < distance * (1 + 1e-9)
    if more > 1:
        assert reach * math.sqrt(n / (n + more - 1)) >= distance * (1 - 1e-9)
    assert (more == 0) == (reach < distance) or math.isclose(reach, distance, rel_tol=1e-9)


def test_means_of_columns_from_one_set_of_draws_are_those_of_each_by_itself() -> None:
    table = np.random.default_rng(5).random((12, 3))
    table[:, 1] = 0.25
    for found, column in zip(estimate_means(table, seed=3, resamples=499), table.T, strict=True):
        alone = estimate_mean(column, seed=3, resamples=499)
        assert (found.value, found.low, found.high) == pytest.approx((alone.value, alone.low, alone.high), rel=1e-12)
        assert found.draws == pytest.approx(alone.draws, rel=1e-12)
        assert (found.method, found.n, found.seed) == (alone.method, alone.n, alone.seed)


def test_statistics_of_one_set_of_draws_are_those_of_each_by_itself() -> None:
    rows, strata = np.random.default_rng(6).random((10, 2)), np.repeat([0, 1], 5)
    single: list[Any] = [lambda x: x[..., 0].max(axis=-1), lambda x: (x[..., 1] - x[..., 0]).mean(axis=-1)]
    several = estimate_statistics(rows, lambda x: np.stack([one(x) for one in single]), seed=1, strata=strata)
    assert several == [estimate_statistic(rows, one, seed=1, strata=strata) for one in single]


def test_what_is_undefined_for_one_statistic_leaves_the_others() -> None:
    rows = np.random.default_rng(7).random(9)
    nowhere, mean = estimate_statistics(
        rows, lambda x: np.stack([np.full(x.shape[:-2], np.nan), x[..., 0].mean(axis=-1)]), seed=0, resamples=99
    )
    assert np.isnan(nowhere.value)
    assert "undefined" in nowhere.method
    assert mean == estimate_statistic(rows, lambda x: x[..., 0].mean(axis=-1), seed=0, resamples=99)
