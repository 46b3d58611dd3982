"""Student's interval holds the mean of normal values as often as it says, where a bootstrap does not."""

import numpy as np
import pytest

from metrics.stats.bootstrap import estimate_mean
from metrics.stats.few_units import student_mean


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


@pytest.mark.parametrize("values", [[], [1.0, np.nan]])
def test_what_has_no_mean_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="a mean needs finite values"):
        student_mean(np.array(values))
