"""Leading directions, and the routing that survives on them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from metrics.arrays import FloatArray, IntArray
from metrics.routing.low_rank import leading_directions, rank_agreement


def top2(logits: FloatArray) -> IntArray:
    return np.argsort(-logits, axis=1, kind="stable")[:, :2]


@given(st.integers(1, 6), st.integers(0, 2**16))
def test_directions_are_the_right_singular_vectors(width: int, seed: int) -> None:
    data = np.random.default_rng(seed).standard_normal((12, width)) * np.arange(1, width + 1)
    vectors = np.linalg.svd(data)[2]
    found = leading_directions(data.T @ data / len(data), width)
    np.testing.assert_allclose(np.abs((found * vectors).sum(axis=1)), 1, atol=1e-6)
    np.testing.assert_allclose(found @ found.T, np.eye(width), atol=1e-12)
    assert (found.max(axis=1) == np.abs(found).max(axis=1)).all(), "signs are fixed"


@given(st.integers(0, 2**16), st.booleans())
def test_agreement_against_explicit_projection(seed: int, biased: bool) -> None:
    rng = np.random.default_rng(seed)
    hidden, weight = rng.standard_normal((7, 6)), rng.standard_normal((5, 6))
    bias = rng.standard_normal(5) if biased else None
    offset = 0.0 if bias is None else bias
    directions = np.linalg.qr(rng.standard_normal((6, 6)))[0].T
    ks = [6, 1, 3, 3]
    same = rank_agreement(hidden, directions, weight, bias, top2, ks)
    assert same.dtype == np.float32
    truth = top2(hidden @ weight.T + offset)
    for row, k in enumerate(ks):
        projected = hidden @ directions[:k].T @ directions[:k]
        np.testing.assert_array_equal(same[row].T, top2(projected @ weight.T + offset) == truth)
    assert same[0].all(), "all directions leave nothing out"
