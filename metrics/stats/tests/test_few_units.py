"""Few trainings: intervals that are no surer than so few values allow."""

import numpy as np
import pytest

from claims.core.verdict import holds
from claims.tests.support.verdicts import SAMPLING
from metrics.stats.bootstrap import estimate_mean
from metrics.stats.few_units import BOOTSTRAPPED, FEW, FEWEST, estimate_few, spanning, student_mean
from metrics.stats.sampling import Sampling


def test_below_eight_the_interval_is_the_range_and_nothing_is_drawn() -> None:
    found = estimate_few(np.array([-3.0, -1.0, -2.0]), "seed", SAMPLING)
    assert (found.value, found.low, found.high, found.n, found.unit) == (-2.0, -3.0, -1.0, 3, "seed")
    assert not found.draws
    assert estimate_few(np.arange(8.0), "seed", SAMPLING).method == "mean, Student's t of 8 seeds"
    assert estimate_few(np.arange(20.0), "seed", SAMPLING).method.startswith("BCa bootstrap of the mean")
    assert np.isnan(estimate_few(np.array([1.0]), "seed", SAMPLING).low)


@pytest.mark.parametrize(("count", "at_most"), [(FEWEST, 14), (FEW, 19), (BOOTSTRAPPED, 23)])
def test_values_around_zero_are_rarely_called_negative(count: int, at_most: int) -> None:
    # Of 400: one in 64 for the range of six, one in forty for Student's t, one in thirty for a bootstrap of twenty,
    # and about three deviations.
    rng = np.random.default_rng(count)
    found = [estimate_few(rng.standard_normal(count), "seed", Sampling(seed, 199)) for seed in range(400)]
    assert sum(holds(e.low, e.high, 0.0, "<") is True for e in found) <= at_most


def test_an_interval_over_sequences_is_widened_to_what_trainings_say() -> None:
    found = SAMPLING.mean(np.array([-2.0, -1.8, -2.2, -1.9, -2.1]))
    assert found.high < 0
    disagreeing = spanning(found, np.array([-4.5, 0.5]))
    assert (disagreeing.value, disagreeing.low, disagreeing.high) == (found.value, -4.5, 0.5)
    assert not disagreeing.draws
    assert disagreeing.method.endswith("widened to the range of 2 trainings")
    assert spanning(found, np.array([-2.0, -2.0])) == found
    assert spanning(found, np.array([3.0])) == found


def test_what_has_no_interval_stays_without() -> None:
    alone = SAMPLING.mean(np.array([1.0]))
    assert spanning(alone, np.array([1.0, 2.0])) is alone


def test_coverage_of_twelve_normal_values() -> None:
    rng = np.random.default_rng(0)
    samples = rng.standard_normal((800, 12))
    found = [student_mean(sample) for sample in samples]
    inside = np.mean([one.low <= 0 <= one.high for one in found])
    assert inside == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 800))
    drawn = [estimate_mean(sample, seed=0, resamples=499) for sample in samples[:100]]
    widths = [(one.high - one.low) / (other.high - other.low) for one, other in zip(drawn, found, strict=False)]
    assert np.mean(widths) < 0.95


def test_one_value_and_equal_values() -> None:
    assert np.isnan(student_mean(np.array([3.0])).low)
    equal = student_mean(np.array([3.0, 3.0]))
    assert (equal.low, equal.value, equal.high, equal.draws) == (3.0, 3.0, 3.0, ())
