"""Router alignment, its baseline, and its energy-weighted form."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.routing.router_alignment import energy_weighted_alignment, router_alignment

SEEDS = st.integers(0, 2**16)


@given(st.integers(1, 6), st.integers(1, 6), SEEDS)
def test_the_mean_over_a_basis_is_one(experts: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    weight = rng.standard_normal((experts, width))
    basis = np.linalg.qr(rng.standard_normal((width, width)))[0]
    assert router_alignment(weight, basis).mean() == pytest.approx(1.0)
    np.testing.assert_allclose(
        router_alignment(3 * weight, -2 * basis), router_alignment(weight, basis), rtol=1e-10, atol=1e-14
    )


@given(st.integers(1, 6), st.integers(2, 6), SEEDS)
def test_energy_weighting_is_a_mean_over_singular_vectors(experts: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    weight, states = rng.standard_normal((experts, width)), rng.standard_normal((9, width))
    _, singular, vectors = np.linalg.svd(states, full_matrices=False)
    expected = np.average(router_alignment(weight, vectors), weights=singular**2)
    found = energy_weighted_alignment(
        np.array([((states @ weight.T) ** 2).sum()]), np.array([(states**2).sum()]), weight
    )
    assert found == pytest.approx([expected])
