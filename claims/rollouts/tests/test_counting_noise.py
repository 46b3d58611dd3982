"""Verdicts that counting noise alone cannot make: widened intervals, and pairs that are shown to lie below."""

import numpy as np
import pytest
from scipy.stats import binom

from claims.core.verdict import holds
from claims.rollouts.noise_corrected import share_that_reach, with_and_without
from claims.tests.support.verdicts import SAMPLING

COUNTED = np.array([0.95, 0.85, 0.80, 0.92])


def test_both_intervals_are_held_and_the_value_is_the_counted_one() -> None:
    counted, noiseless = SAMPLING.mean(COUNTED - 0.1), SAMPLING.mean(COUNTED)
    for found in (with_and_without(counted, noiseless), with_and_without(noiseless, counted)):
        assert (found.low, found.high) == (counted.low, noiseless.high)
        assert found.draws == ()
    assert with_and_without(counted, noiseless).value == counted.value
    assert "without counting noise" in with_and_without(counted, noiseless).method


def test_an_interval_that_is_not_known_decides_nothing() -> None:
    found = with_and_without(SAMPLING.mean(COUNTED), SAMPLING.mean(COUNTED[:1]))
    assert holds(found.low, found.high, 0.5, ">=") is holds(found.low, found.high, 0.99, ">=") is None


@pytest.mark.parametrize(
    ("noiseless", "error", "expected"),
    [
        ([1.0, 0.95, 0.91, 1.1], 0.05, (0.5, 1.0)),
        ([1.0, 0.95, 0.80, 1.1], 0.05, (0.5, 1.0)),  # below, by no more than chance
        ([1.0, 0.95, 0.70, 1.1], 0.05, (0.5, 0.75)),
        ([1.0, 0.95, 0.70, 1.1], np.inf, (0.5, 1.0)),
        ([0.1, 0.1, 0.1, 0.1], 0.0, (0.5, 0.5)),  # those that are counted to reach it do
    ],
)
def test_a_pair_is_below_by_more_than_chance_or_not_at_all(
    noiseless: list[float], error: float, expected: tuple[float, float]
) -> None:
    found = share_that_reach(COUNTED, np.array(noiseless), np.full(4, error), 0.9)
    assert (found.low, found.high) == expected
    assert found.value == 0.5
    assert (found.n, found.draws) == (4, ())


def test_questions_without_a_pair_are_not_counted() -> None:
    nothing = np.full(4, np.nan)
    counted, noiseless, error = (np.concatenate([one, nothing]) for one in (COUNTED, COUNTED + 0.05, COUNTED * 0))
    fewer = share_that_reach(COUNTED, COUNTED + 0.05, COUNTED * 0, 0.9)
    assert share_that_reach(counted, noiseless, error, 0.9) == fewer


def test_among_pairs_that_reach_it_one_is_seldom_taken_to_lie_below() -> None:
    rng, pairs = np.random.default_rng(0), 64
    wrong = 0
    for _ in range(200):
        measured = 0.9 + 0.05 * rng.standard_normal(pairs)
        wrong += share_that_reach(measured - 0.1, measured, np.full(pairs, 0.05), 0.9).high < 1
    assert 0 < wrong <= binom.ppf(0.95, 200, 0.05)
