"""The most-used experts and lifts: hand-derived values, limits, refusals."""

import numpy as np
import pytest

from metrics.usage.most_used import largest_lift, most_used


def test_of_equally_used_experts_the_first_is_taken() -> None:
    assert most_used(np.array([[2.0, 2.0, 2.0], [0.0, 3.0, 3.0]]), 2).tolist() == [
        [True, True, False],
        [False, True, True],
    ]


@pytest.mark.parametrize("size", [0, 4])
def test_no_more_experts_than_there_are(size: int) -> None:
    with pytest.raises(ValueError, match=f"{size} of 3 experts"):
        most_used(np.ones(3), size)


def test_lifts_of_domains_that_share_nothing_are_their_number() -> None:
    assert largest_lift(np.eye(4)).tolist() == [4.0] * 4
    assert largest_lift(np.full((2, 4, 8), 1 / 8)).tolist() == [[1.0] * 8] * 2


def test_an_expert_that_nobody_uses_has_no_lift() -> None:
    assert np.isnan(largest_lift(np.array([[1.0, 0.0], [1.0, 0.0]]))).tolist() == [False, True]


def test_experts_are_marked_as_in_falling_order_whatever_ties_or_is_unknown() -> None:
    table = np.random.default_rng(0).integers(0, 6, (200, 9)).astype(np.float64)
    table[::7, 2] = np.nan
    expected = np.zeros(table.shape, dtype=np.bool_)
    np.put_along_axis(expected, np.argsort(-table, axis=1, kind="stable")[:, :3], True, axis=1)
    np.testing.assert_array_equal(most_used(table, 3), expected)
