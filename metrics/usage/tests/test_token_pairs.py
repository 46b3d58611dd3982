"""Pair distances and the nearest pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from metrics.usage.token_pairs import BLOCK, nearest_pairs_mask, squared_distances

SEEDS = st.integers(0, 2**16)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 5), SEEDS)
def test_distances_against_differences(rows: int, others: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((rows, width)), rng.standard_normal((others, width))
    np.testing.assert_allclose(squared_distances(a, b), cdist(a, b, "sqeuclidean"), atol=1e-13)
    np.testing.assert_allclose(squared_distances(a, a), cdist(a, a, "sqeuclidean"), atol=1e-13)


def test_a_huge_shared_offset_does_not_cancel() -> None:
    # Points 1e-2 apart around 1e6: without centring, squares of 1e12 would leave an error near 1e-4.
    points = 1e6 + np.array([[0.0, 0.0], [0.03, 0.04]])
    found = squared_distances(points.astype(np.float64), points.astype(np.float64))
    assert found[0, 1] == pytest.approx(cdist(points, points, "sqeuclidean")[0, 1], rel=1e-7)


def test_float32_states_are_measured_in_float64() -> None:
    rng = np.random.default_rng(0)
    points = rng.standard_normal((5, 4)).astype(np.float32)
    np.testing.assert_allclose(squared_distances(points, points), cdist(points, points, "sqeuclidean"), atol=1e-14)
    assert (np.diagonal(squared_distances(points, points)) == 0).all()


def test_many_points_are_measured_block_by_block() -> None:
    points = np.random.default_rng(0).standard_normal((2 * BLOCK + 1, 3))
    found = squared_distances(points, points)
    np.testing.assert_allclose(found, cdist(points, points, "sqeuclidean"), atol=1e-13)
    assert (found == found.T).all()


@given(st.integers(2, 9), st.floats(0.01, 1.0), SEEDS)
def test_the_mask_takes_the_nearest_share(size: int, share: float, seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 5, (size, size))
    distance = (values + values.T).astype(np.float64)
    mask = nearest_pairs_mask(distance, share)
    pairs = size * (size - 1) // 2
    assert mask.sum() == 2 * max(1, round(share * pairs))
    assert (mask == mask.T).all()
    assert not np.diagonal(mask).any()
    off = ~np.eye(size, dtype=bool)
    assert distance[mask].max() <= distance[off & ~mask].min(initial=np.inf)


def test_ties_go_to_the_first_pairs() -> None:
    # All six pairs of four tokens are equal; half of them are (0,1), (0,2), (0,3).
    mask = nearest_pairs_mask(np.ones((4, 4)), 0.5)
    assert np.argwhere(np.triu(mask)).tolist() == [[0, 1], [0, 2], [0, 3]]
