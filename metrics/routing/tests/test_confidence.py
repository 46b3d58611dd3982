"""Confidence of a token's routing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from metrics.routing.confidence import softmax_confidence, top_weight


def test_limits() -> None:
    assert softmax_confidence(np.zeros((1, 8))) == pytest.approx([1 / 8])
    assert softmax_confidence(np.array([[1e6, -1e6]])).tolist() == [1.0]
    assert top_weight(np.array([[5.0, 0.0], [2.0, 2.0]])).tolist() == [1.0, 0.5]


@given(st.integers(1, 6), st.integers(0, 2**16), st.floats(-100, 100))
def test_confidence_is_the_largest_probability(experts: int, seed: int, shift: float) -> None:
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((5, experts)) * 5
    np.testing.assert_allclose(softmax_confidence(z), softmax(z, axis=1).max(axis=1), rtol=1e-13)
    np.testing.assert_allclose(softmax_confidence(z + shift), softmax_confidence(z), rtol=1e-11)
    np.testing.assert_allclose(softmax_confidence(z[:, rng.permutation(experts)]), softmax_confidence(z))
    assert (softmax_confidence(z) >= 1 / experts - 1e-15).all()


@given(st.integers(0, 2**16), st.floats(1e-3, 1e3))
def test_top_weight_ignores_scale_and_order(seed: int, scale: float) -> None:
    weights = np.random.default_rng(seed).random((4, 3)) + 0.01
    np.testing.assert_allclose(top_weight(scale * weights[:, ::-1]), top_weight(weights), rtol=1e-13)
