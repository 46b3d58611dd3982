"""The rounding bound, against exact rational arithmetic."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from metrics.routing.near_ties import logit_error


@given(st.integers(1, 12), st.integers(0, 2**16), st.sampled_from([1e-6, 1.0, 1e6]))
def test_computed_logits_lie_within_the_bound(width: int, seed: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    h, w, b = rng.standard_normal((1, width)) * size, rng.standard_normal((1, width)), rng.standard_normal(1)
    truth = sum(Fraction(x) * Fraction(y) for x, y in zip(h[0], w[0], strict=True)) + Fraction(b[0])
    computed = (h @ w.T + b)[0, 0]
    error = logit_error(h, w, b)[0, 0]
    assert abs(Fraction(computed) - truth) <= Fraction(error)
    # Nor is it so loose that it would excuse anything: a few units in the last place of the largest term.
    assert error <= (width + 4) * 2.0**-52 * (np.abs(h) @ np.abs(w).T + np.abs(b))[0, 0]


def test_float32_logits_lie_within_float32s_bound() -> None:
    rng = np.random.default_rng(0)
    h, w = (rng.standard_normal((50, 64)).astype(np.float32) for _ in range(2))
    exact = h.astype(np.float64) @ w.astype(np.float64).T
    error = logit_error(h, w, None, eps=float(np.finfo(np.float32).eps))
    assert (np.abs(h @ w.T - exact) <= error).all()
