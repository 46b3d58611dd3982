"""Frobenius cosines from products: their range, and what is unknown."""

import numpy as np
import pytest

from metrics.jacobians.cosines import cosine_table, frobenius_cosines


def test_cosines_stay_in_range_and_know_nothing_of_zero() -> None:
    found = frobenius_cosines(np.array([1.0 + 1e-12, -2.0, 0.0]), np.array([1.0, 1.0, 0.0]), np.ones(3))
    assert found[:2].tolist() == [1.0, -1.0]
    assert np.isnan(found[2])
    assert frobenius_cosines(np.array([1.0]), np.array([4.0]), np.array([16.0]))[0] == pytest.approx(0.125)


def test_all_pairs_come_from_the_table_of_their_products() -> None:
    rows = np.random.default_rng(1).standard_normal((2, 3, 20))
    rows[0, 2] = 0.0
    found = cosine_table(rows @ rows.swapaxes(1, 2))
    for stack, table in zip(rows, found, strict=True):
        expected = stack[0] @ stack[1] / np.linalg.norm(stack[0]) / np.linalg.norm(stack[1])
        assert table[0, 1] == table[1, 0] == pytest.approx(expected)
    assert np.isnan(found[0, 2]).all()
    np.testing.assert_allclose(np.diagonal(found[1]), 1.0)
