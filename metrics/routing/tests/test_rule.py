"""Score functions, and that their slopes are what the radius takes them for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, log_softmax

from metrics.routing.rule import LOGIT_SLOPES, SCORES, SOFTMAX_SLOPE, SQRTSOFTPLUS_SLOPE, Score, score, score_slopes


def test_scores_by_independent_formulas() -> None:
    z = np.array([[-40.0, -1.0, 0.0, 2.0, 40.0]])
    np.testing.assert_allclose(score("sigmoid", z), expit(z), rtol=1e-14)
    np.testing.assert_allclose(score("softmax", z), np.exp(log_softmax(z, axis=1)), rtol=1e-14)
    np.testing.assert_allclose(score("sqrtsoftplus", z), np.sqrt(np.log1p(np.exp(z))), rtol=1e-14)
    np.testing.assert_array_equal(score("identity", z), z)


def test_huge_logits_do_not_overflow() -> None:
    z = np.array([[-1e6, 1e6]])
    assert score("sigmoid", z).tolist() == [[0.0, 1.0]]
    assert score("sqrtsoftplus", z).tolist() == [[0.0, 1000.0]]
    assert score("softmax", z).tolist() == [[0.0, 1.0]]


def test_the_steepest_point_of_sqrtsoftplus() -> None:
    # The slope sigmoid(z) / (2 sqrt(softplus(z))) on a grid fine enough that its maximum is missed by < 1e-9.
    z = np.linspace(-5, 5, 200_001)
    steepest = (expit(z) / (2 * np.sqrt(np.log1p(np.exp(z))))).max()
    assert steepest <= SQRTSOFTPLUS_SLOPE < steepest + 1e-6


def test_the_steepest_softmax_probability() -> None:
    # Two experts at p = 1/2: grad p_0 = p (1 - p) (1, -1) = (1/4, -1/4), of norm sqrt(2)/4: attained.
    assert np.linalg.norm([0.25, -0.25]) == pytest.approx(SOFTMAX_SLOPE)


@given(st.sampled_from(SCORES), st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**16))
def test_no_score_is_steeper_than_its_slope(name: Score, experts: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    weight, h, step = (rng.standard_normal(s) for s in ((experts, width), (20, width), (20, width)))
    z, logit_step = 3 * h @ weight.T, 3 * step @ weight.T
    move = np.abs(score(name, z + logit_step) - score(name, z))
    allowed = score_slopes(3 * weight, name) * np.linalg.norm(step, axis=1, keepdims=True)
    assert (move <= allowed * (1 + 1e-12) + 1e-14).all()
    largest = np.abs(logit_step).max(axis=1)
    assert (move.max(axis=1) <= LOGIT_SLOPES[name] * largest * (1 + 1e-12) + 1e-14).all()


def test_a_row_common_to_all_experts_does_not_steepen_the_softmax() -> None:
    rng = np.random.default_rng(0)
    weight, common = rng.standard_normal((5, 4)), 100 * rng.standard_normal(4)
    assert score_slopes(weight + common, "softmax") == pytest.approx(score_slopes(weight, "softmax"))
