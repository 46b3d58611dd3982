"""The most-used experts: hand-derived values, limits, refusals."""

import numpy as np
import pytest

from metrics.usage.most_used import most_used


def test_of_equally_used_experts_the_first_is_taken() -> None:
    assert most_used(np.array([[2.0, 2.0, 2.0], [0.0, 3.0, 3.0]]), 2).tolist() == [
        [True, True, False],
        [False, True, True],
    ]


@pytest.mark.parametrize("size", [0, 4])
def test_no_more_experts_than_there_are(size: int) -> None:
    with pytest.raises(ValueError, match=f"{size} of 3 experts"):
        most_used(np.ones(3), size)


def test_experts_are_marked_as_in_falling_order_whatever_ties_or_is_unknown() -> None:
    table = np.random.default_rng(0).integers(0, 6, (200, 9)).astype(np.float64)
    table[::7, 2] = np.nan
    expected = np.zeros(table.shape, dtype=np.bool_)
    np.put_along_axis(expected, np.argsort(-table, axis=1, kind="stable")[:, :3], True, axis=1)
    np.testing.assert_array_equal(most_used(table, 3), expected)
