"""The share of a difference that is left: a ratio of means over trainings, which may not exist."""

import math

import numpy as np
import pytest

from claims.trained_pairs.differences import share_kept


def test_it_is_the_ratio_of_the_means_with_the_layers_of_a_training_as_one_unit() -> None:
    whole = np.array([[-1.0, -3.0], [-4.0, np.nan], [-3.0, -3.0]])
    found = share_kept("share", whole * 0.6, whole, "kept").estimate
    assert (found.value, found.low, found.high) == pytest.approx((0.6, 0.6, 0.6))
    assert (found.n, found.unit) == (3, "training")
    uneven = share_kept("share", whole * np.array([[0.2], [0.6], [1.0]]), whole, "kept").estimate
    assert uneven.value == pytest.approx((0.2 * 2 + 0.6 * 4 + 1.0 * 3) / 9)
    assert uneven.low < 0.2
    assert uneven.high > 1.0


@pytest.mark.parametrize("whole", [[0.0, 0.0, 0.0], [np.nan, np.nan, 1.0], [1.0, -1.0, 5.0]])
def test_of_no_difference_there_is_no_share(whole: list[float]) -> None:
    found = share_kept("share", np.ones(3), np.array(whole), "kept").estimate
    assert math.isnan(found.low)
    assert math.isnan(found.high)
