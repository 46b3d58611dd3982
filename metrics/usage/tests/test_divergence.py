"""Jensen-Shannon divergence: hand-derived values, limits, and scipy's for two profiles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from metrics.usage.divergence import jensen_shannon

SEEDS = st.integers(0, 2**16)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_profiles_that_share_nothing_diverge_by_the_logarithm_of_their_number(count: int) -> None:
    assert jensen_shannon(np.eye(count)) == pytest.approx(np.log2(count))


@given(st.integers(2, 6), SEEDS)
def test_two_profiles_agree_with_scipy(experts: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    pair = rng.dirichlet(np.full(experts, 0.5), 2)
    assert jensen_shannon(pair) == pytest.approx(jensenshannon(pair[0], pair[1], base=2) ** 2, abs=1e-12)


@given(st.integers(2, 4), st.integers(2, 6), SEEDS)
def test_counts_order_and_names_change_nothing(profiles: int, experts: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.integers(1, 9, (3, profiles, experts)).astype(np.float64)
    expected = jensen_shannon(table)
    assert expected.shape == (3,)
    scaled = table * rng.integers(1, 9, (3, profiles, 1))
    order = rng.permutation(experts)
    np.testing.assert_allclose(jensen_shannon(scaled[:, ::-1][..., order]), expected, atol=1e-12)
    assert ((expected >= 0) & (expected <= np.log2(profiles))).all()


def test_an_empty_profile_has_no_divergence() -> None:
    assert np.isnan(jensen_shannon(np.array([[0.0, 0.0], [1.0, 1.0]])))
