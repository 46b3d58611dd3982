"""Weighted principal directions: planted, against a direct computation, and where nothing may change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.routing.null_space import random_subspace
from metrics.subspaces.grassmann import principal_angles
from metrics.subspaces.principal_directions import (
    leading_subspaces,
    principal_variances,
    rank_for_share,
    weighted_covariance,
    weighted_moments,
    without_direction,
)

SEEDS = st.integers(0, 2**16)


def drawn(seed: int, count: int = 30, width: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, width)) + rng.standard_normal(width), rng.random(count)


@given(SEEDS)
def test_covariance_is_numpys(seed: int) -> None:
    states, weights = drawn(seed)
    moments = weighted_moments(states, weights)
    found = weighted_covariance(moments.mean, moments.second)
    np.testing.assert_allclose(found, np.cov(states.T, aweights=weights, ddof=0), atol=1e-12)
    assert moments.total == pytest.approx(weights.sum())
    assert weighted_covariance(moments.mean, moments.second, centred=False) == pytest.approx(moments.second)


@given(SEEDS, st.floats(0.01, 100))
def test_the_scale_of_the_weights_and_tokens_of_weight_zero_do_not_matter(seed: int, scale: float) -> None:
    states, weights = drawn(seed)
    more = np.vstack([states, 1e3 * np.ones((2, 5))])
    one = weighted_moments(states, weights)
    two = weighted_moments(more, np.append(scale * weights, [0.0, 0.0]))
    np.testing.assert_allclose(two.mean, one.mean, rtol=1e-9)
    np.testing.assert_allclose(two.second, one.second, rtol=1e-9, atol=1e-12)


def test_a_token_twice_is_a_token_of_twice_the_weight() -> None:
    states, weights = drawn(1, count=4)
    twice = weighted_moments(np.vstack([states, states[:1]]), np.append(weights, weights[0]))
    once = weighted_moments(states, weights * [2, 1, 1, 1])
    np.testing.assert_allclose(twice.second, once.second, rtol=1e-12)


@given(SEEDS)
def test_subspaces_turn_with_the_states(seed: int) -> None:
    states, weights = drawn(seed)
    rotation = random_subspace(5, 5, np.random.default_rng(seed + 1))
    plain, turned = (
        leading_subspaces(weighted_covariance(*weighted_moments(x, weights)[1:]), 2)
        for x in (states, states @ rotation.T)
    )
    np.testing.assert_allclose(principal_angles(rotation @ plain, turned), 0, atol=1e-7)
    np.testing.assert_allclose(plain.T @ plain, np.eye(2), atol=1e-12)


def test_a_planted_subspace_is_found_and_the_mean_hides_it_when_not_centred() -> None:
    rng = np.random.default_rng(2)
    axes = random_subspace(20, 4, rng)
    states = rng.standard_normal((500, 3)) @ axes[:, :3].T + 50 * axes[:, 3] + 0.01 * rng.standard_normal((500, 20))
    moments = weighted_moments(states, rng.random(500))
    centred = leading_subspaces(weighted_covariance(moments.mean, moments.second), 3)
    np.testing.assert_allclose(principal_angles(centred, axes[:, :3]), 0, atol=0.02)
    raw = weighted_covariance(moments.mean, moments.second, centred=False)
    first = leading_subspaces(raw, 1)
    np.testing.assert_allclose(principal_angles(first, axes[:, 3:]), 0, atol=0.02)
    removed = leading_subspaces(without_direction(raw, 7 * axes[:, 3]), 3)
    np.testing.assert_allclose(principal_angles(removed, axes[:, :3]), 0, atol=0.02)


def test_without_a_direction_is_the_covariance_of_states_without_it() -> None:
    states, weights = drawn(3)
    v = np.arange(1.0, 6.0)
    off = states - np.outer(states @ v, v) / (v @ v)
    direct = np.cov(off.T, aweights=weights, ddof=0)
    covariance = weighted_covariance(*weighted_moments(states, weights)[1:])
    np.testing.assert_allclose(without_direction(covariance, v), direct, atol=1e-12)
    np.testing.assert_allclose(without_direction(covariance, v) @ v, 0, atol=1e-10)


def test_stacks_are_treated_one_by_one() -> None:
    rng = np.random.default_rng(4)
    states, weights = rng.standard_normal((2, 3, 30, 5)), rng.random((2, 3, 30))
    moments = weighted_moments(states, weights)
    covariance = weighted_covariance(moments.mean, moments.second)
    bases, variances = leading_subspaces(covariance, 2), principal_variances(covariance)
    assert bases.shape == (2, 3, 5, 2)
    assert variances.shape == (2, 3, 5)
    for row in np.ndindex(2, 3):
        direct = np.cov(states[row].T, aweights=weights[row], ddof=0)
        np.testing.assert_allclose(variances[row], np.linalg.eigvalsh(direct)[::-1], rtol=1e-10)
        np.testing.assert_allclose(bases[row].T @ direct @ bases[row], np.diag(variances[row][:2]), atol=1e-12)
    assert rank_for_share(variances, 0.5).shape == (2, 3)


@pytest.mark.parametrize(("share", "rank"), [(0.5, 1), (0.500001, 2), (0.9, 2), (0.91, 3), (1.0, 3)])
def test_fewest_directions_for_a_share(share: float, rank: int) -> None:
    assert rank_for_share(np.array([5.0, 4.0, 1.0, 0.0]), share) == rank


def test_what_has_no_direction_is_refused() -> None:
    with pytest.raises(ValueError, match="a weight is negative"):
        weighted_moments(np.ones((2, 1)), np.array([1.0, -1.0]))
    with pytest.raises(ValueError, match="a direction of length 0"):
        without_direction(np.eye(2), np.zeros(2))
    with pytest.raises(ValueError, match="do not vary"):
        rank_for_share(np.zeros((2, 3)))
    for share in (0.0, 1.1):
        with pytest.raises(ValueError, match=r"share must lie in \(0, 1\]"):
            rank_for_share(np.ones(3), share)
    for rank in (0, 3):
        with pytest.raises(ValueError, match="cannot take"):
            leading_subspaces(np.eye(2), rank)
    assert np.isnan(weighted_moments(np.ones((2, 1)), np.zeros(2)).mean).all()
