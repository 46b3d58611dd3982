"""Stratified intervals: groups keep their size, coverage, and the fallbacks."""

from functools import partial

import numpy as np
import pytest

from metrics.arrays import Float64Array, FloatArray
from metrics.stats.bootstrap import estimate_mean, p_value
from metrics.stats.stratified import estimate_stratified


def test_groups_keep_their_size_in_every_draw() -> None:
    groups = np.array([0, 1, 1, 0, 1, 0, 1])
    seen: list[Float64Array] = []

    def watch(draws: Float64Array) -> FloatArray:
        seen.append(draws)
        return draws @ np.arange(7.0)

    estimate_stratified(groups, watch, seed=0, resamples=300)
    drawn = np.concatenate([part for part in seen if len(part) > 8])
    assert len(drawn) == 300
    assert (drawn[:, groups == 0].sum(axis=1) == 3).all()
    assert (drawn[:, groups == 1].sum(axis=1) == 4).all()


def test_one_group_is_the_ordinary_bootstrap() -> None:
    values = np.random.default_rng(0).standard_normal(20) ** 2
    found = estimate_stratified(
        np.zeros(20, dtype=int), lambda draws: draws @ values / draws.sum(axis=1), seed=3, resamples=999
    )
    plain = estimate_mean(values, seed=3, resamples=999)
    assert (found.value, found.low, found.high) == pytest.approx((plain.value, plain.low, plain.high))
    assert found.draws == pytest.approx(plain.draws)
    assert found.method.startswith("BCa bootstrap")


def test_groups_that_differ_add_nothing_to_the_uncertainty() -> None:
    # Members are equal up to a tenth, the groups ten apart: plain resampling would mix them.
    rng = np.random.default_rng(1)
    groups = np.repeat([0, 1], 10)
    values = 10.0 * groups + 0.1 * rng.standard_normal(20)
    found = estimate_stratified(groups, lambda draws: draws @ values / 20, seed=0, resamples=499)
    assert found.low < found.value < found.high
    assert found.high - found.low < 0.2
    assert p_value(found, 0.0, ">") == pytest.approx(1 / 500)


def mean_of(values: Float64Array, draws: Float64Array) -> FloatArray:
    return draws @ values / len(values)


def test_intervals_cover_the_mean() -> None:
    hits, groups = 0, np.repeat([0, 1], 15)
    for seed in range(200):
        statistic = partial(mean_of, np.random.default_rng(seed).standard_normal(30) + groups)
        found = estimate_stratified(groups, statistic, seed=seed, resamples=199)
        hits += found.low <= 0.5 <= found.high
    assert hits >= 176  # 95 % of 200, less 14 for small groups and a binomial deviation of 3.1


def test_what_cannot_be_resampled_has_no_interval() -> None:
    found = estimate_stratified(
        np.array([0, 0, 1, 1]), lambda draws: np.where(draws[:, 0] > 1, np.nan, 1.0), seed=0, resamples=99
    )
    assert np.isnan([found.low, found.high]).all()
    assert found.value == 1.0


def test_a_few_undefined_resamples_are_left_out_and_counted() -> None:
    # Eight draws from eight miss all of the first six once in (8/2)^8 = 65536 resamples.
    groups, values = np.repeat([0, 1], 8), np.arange(16.0)

    def mean_of_six(draws: Float64Array) -> FloatArray:
        weight = draws[:, :6]
        with np.errstate(invalid="ignore"):
            return np.asarray(weight @ values[:6] / weight.sum(axis=1))

    found = estimate_stratified(groups, mean_of_six, seed=0, resamples=99_999)
    assert found.low < found.value < found.high
    assert 0 < 99_999 - len(found.draws) < 20
    assert found.method.endswith(f"{99_999 - len(found.draws)} of them undefined")
    assert found.method.startswith("percentile (no BCa)")
