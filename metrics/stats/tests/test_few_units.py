"""Few trainings: intervals that are no surer than so few values allow."""

import numpy as np
import pytest

from claims.core.verdict import holds
from metrics.stats.bootstrap import estimate_mean, estimate_statistic
from metrics.stats.few_units import expanded_level, student_mean


@pytest.mark.parametrize("count", [5, 12])
def test_values_around_zero_are_rarely_called_negative(count: int) -> None:
    # Of 400 one in forty, and about three deviations.
    rng = np.random.default_rng(count)
    found = [student_mean(rng.standard_normal(count)) for _ in range(400)]
    assert sum(holds(e.low, e.high, 0.0, "<") is True for e in found) <= 19


def test_coverage_of_twelve_normal_values() -> None:
    rng = np.random.default_rng(0)
    samples = rng.standard_normal((800, 12))
    found = [student_mean(sample) for sample in samples]
    inside = np.mean([one.low <= 0 <= one.high for one in found])
    assert inside == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 800))
    drawn = [estimate_mean(sample, seed=0, resamples=499) for sample in samples[:100]]
    widths = [(one.high - one.low) / (other.high - other.low) for one, other in zip(drawn, found, strict=False)]
    assert np.mean(widths) < 0.95


def test_an_expanded_bootstrap_of_few_covers_as_promised() -> None:
    rng = np.random.default_rng(1)
    inside = {level: 0 for level in (0.95, expanded_level(8))}
    for sample in rng.standard_normal((300, 8)):
        for level in inside:
            found = estimate_statistic(sample, lambda x: x[..., 0].mean(-1), seed=0, resamples=399, level=level)
            inside[level] += found.low <= 0 <= found.high
    plain, expanded = (count / 300 for count in inside.values())
    assert plain < 0.93 < expanded == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 300))


def test_one_value_and_equal_values() -> None:
    assert np.isnan(student_mean(np.array([3.0])).low)
    equal = student_mean(np.array([3.0, 3.0]))
    assert (equal.low, equal.value, equal.high, equal.draws) == (3.0, 3.0, 3.0, ())
