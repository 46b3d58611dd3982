"""The gradient of the balancing loss is the one that finite differences of the loss give."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from metrics.arrays import Float64Array
from metrics.routing.balancing_loss import balancing_logit_gradient

SEEDS = st.integers(0, 2**16)


def balancing_loss(logits: Float64Array, loads: Float64Array) -> float:
    """E sum_e f_e pbar_e."""
    return float(len(loads) * (loads * softmax(logits, axis=1).mean(axis=0)).sum())


@given(st.integers(1, 5), st.integers(2, 6), SEEDS)
def test_the_gradient_is_that_of_the_loss_with_constant_loads(tokens: int, experts: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits, loads = 2 * rng.standard_normal((tokens, experts)), rng.dirichlet(np.ones(experts))
    gradient = balancing_logit_gradient(logits, loads)
    step = 1e-5
    for token in range(tokens):
        for expert in range(experts):
            moved = np.zeros_like(logits)
            moved[token, expert] = step
            slope = (balancing_loss(logits + moved, loads) - balancing_loss(logits - moved, loads)) / (2 * step)
            assert gradient[token, expert] == pytest.approx(slope, abs=1e-8)


def test_batches_of_routers_are_treated_one_by_one() -> None:
    rng = np.random.default_rng(1)
    logits, loads = rng.standard_normal((3, 5, 4)), rng.dirichlet(np.ones(4), 3)
    each = np.stack([balancing_logit_gradient(z, f) for z, f in zip(logits, loads, strict=True)])
    np.testing.assert_allclose(balancing_logit_gradient(logits, loads), each, atol=1e-15)


def test_a_common_shift_and_even_loads_leave_nothing_to_do() -> None:
    logits, loads = np.random.default_rng(2).standard_normal((5, 4)), np.array([0.4, 0.3, 0.2, 0.1])
    gradient = balancing_logit_gradient(logits, loads)
    np.testing.assert_allclose(balancing_logit_gradient(logits + 7.0, loads), gradient, atol=1e-15)
    np.testing.assert_allclose(balancing_logit_gradient(logits, np.full(4, 0.25)), 0.0, atol=1e-15)
    np.testing.assert_allclose(gradient.sum(axis=1), 0.0, atol=1e-15)
