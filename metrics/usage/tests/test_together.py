"""Lift of pairs of experts: where it is one, where it cannot be larger, and what fixed groups give."""

from itertools import product

import numpy as np
import pytest

from metrics.usage.together import chosen_together, grouped, lift


def test_lift_of_sets_drawn_alike_is_what_drawing_without_replacement_says() -> None:
    rows = np.random.default_rng(0).random((60_000, 1, 12)).argsort(axis=2)[:, :, :3]
    found = lift(chosen_together(rows, 12)[0], 3)[np.triu_indices(12, 1)]
    assert np.abs(found - 2 / 3 * 12 / 11).max() < 0.06  # four standard errors


def test_an_expert_that_is_never_used_has_no_lift() -> None:
    found = lift(chosen_together(np.array([[[0, 1]], [[0, 2]]]), 4)[0], 2)
    assert np.isnan(found[3]).all()
    assert np.isnan(np.diagonal(found)).all()
    assert found[0, 1:3].tolist() == [1.0, 1.0]
    assert found[1, 2] == 0


def test_fixed_groups_are_the_strongest_ties_that_loads_allow() -> None:
    rows = np.array([[0, 1, 2], [3, 4, 5]])[np.random.default_rng(0).integers(0, 2, 500)]
    together = chosen_together(rows[:, None], 7)[0]
    np.testing.assert_array_equal(grouped(np.diagonal(together), 3), together)


def test_what_groups_leave_over_has_no_tie() -> None:
    found = grouped(np.array([9, 8, 7, 6, 5]), 2)
    assert found[4].tolist() == [0, 0, 0, 0, 5]
    assert found.sum() == pytest.approx(9 + 8 + 7 + 6 + 5 + 2 * (8 + 6))


@pytest.mark.parametrize(("top_k", "dtype"), [(1, np.int64), (3, np.int16), (6, np.int32)])
def test_pairs_are_those_of_sets(top_k: int, dtype: type[np.signedinteger]) -> None:
    rows = np.random.default_rng(top_k).random((40, 2, 6)).argsort(axis=2)[..., :top_k].astype(dtype)
    expected = np.zeros((2, 6, 6), dtype=np.int64)
    for token in rows.tolist():
        for layer, chosen in enumerate(token):
            for one, other in product(chosen, chosen):
                expected[layer, one, other] += 1
    assert chosen_together(rows, 6).tolist() == expected.tolist()
