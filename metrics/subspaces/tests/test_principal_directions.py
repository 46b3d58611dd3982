"""Principal directions are those of the weighted covariance; random groups are the ceiling that they should be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.routing.null_space import random_subspace
from metrics.subspaces.grassmann import normalised_geodesic, pair_angles, principal_angles, subspace_overlap
from metrics.subspaces.principal_directions import (
    off_direction,
    rank_for_share,
    regrouped,
    state_spectra,
    state_subspaces,
)


@given(st.integers(0, 2**16), st.sampled_from([9, 40]))
def test_subspaces_and_spectra_are_those_of_the_weighted_covariance(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    states, weights = rng.standard_normal((2, count, 12)) + 1, rng.random((2, count)) + 0.1
    found, spectra = state_subspaces(states, weights, 3), state_spectra(states, weights)
    for number in range(2):
        covariance = np.cov(states[number].T, aweights=weights[number], ddof=0)
        variances, vectors = (part[..., ::-1] for part in np.linalg.eigh(covariance))
        np.testing.assert_allclose(spectra[number] ** 2, variances[: min(count, 12)], atol=1e-10)
        gap = variances[2] - variances[3]
        np.testing.assert_allclose(principal_angles(found[number], vectors[:, :3]), 0, atol=1e-9 / gap)


@given(st.integers(0, 2**16), st.floats(0.01, 100))
def test_the_scale_of_the_weights_and_tokens_of_weight_zero_do_not_matter(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    states, weights = rng.standard_normal((30, 5)), rng.random(30)
    more = np.vstack([states, 1e3 * np.ones((2, 5))])
    found = state_spectra(more, np.append(scale * weights, [0.0, 0.0]))
    np.testing.assert_allclose(found, state_spectra(states, weights), rtol=1e-9)


def test_a_direction_that_is_taken_off_is_gone() -> None:
    v = np.arange(1.0, 6.0)
    states = np.random.default_rng(3).standard_normal((30, 5))
    np.testing.assert_allclose(off_direction(states, v), states - np.outer(states @ v, v) / (v @ v), atol=1e-12)


@pytest.mark.parametrize(("share", "rank"), [(0.5, 1), (0.500001, 2), (0.9, 2), (0.91, 3), (1.0, 3)])
def test_fewest_directions_for_a_share(share: float, rank: int) -> None:
    assert rank_for_share(np.array([5.0, 4.0, 1.0, 0.0]), share) == rank
    assert rank_for_share(np.tile([5.0, 4.0, 1.0, 0.0], (2, 3, 1)), share).tolist() == [[rank] * 3] * 2


def test_experts_of_their_own_lie_apart_and_random_groups_of_their_states_do_not() -> None:
    rng = np.random.default_rng(0)
    own = [random_subspace(24, 3, rng) for _ in range(4)]
    states = np.stack([rng.standard_normal((200, 3)) @ basis.T for basis in own])
    states += 0.05 * rng.standard_normal(states.shape)
    weights = rng.random((4, 200))
    apart = normalised_geodesic(pair_angles(state_subspaces(states, weights, 3)))
    np.testing.assert_allclose(apart, normalised_geodesic(pair_angles(np.stack(own))), atol=0.02)
    ceiling = normalised_geodesic(pair_angles(state_subspaces(*regrouped(states, weights, rng), 3)))
    assert ceiling.max() < apart.min()


def test_experts_that_take_tokens_at_random_lie_no_further_apart_than_random_groups() -> None:
    rng = np.random.default_rng(1)
    states = rng.standard_normal((6, 80, 10)) * np.arange(10, 0, -1)
    weights = np.ones((6, 80))
    measured = subspace_overlap(pair_angles(state_subspaces(states, weights, 3))).mean()
    draws = [
        subspace_overlap(pair_angles(state_subspaces(*regrouped(states, weights, rng), 3))).mean() for _ in range(99)
    ]
    assert min(draws) < measured < max(draws)


def test_regrouping_keeps_every_visit_with_its_weight() -> None:
    rng = np.random.default_rng(2)
    states, weights = rng.standard_normal((3, 7, 2)), rng.random((3, 7))
    dealt, kept = regrouped(states, weights, rng)
    before = {(*x.tolist(), g) for x, g in zip(states.reshape(-1, 2), weights.ravel(), strict=True)}
    after = {(*x.tolist(), g) for x, g in zip(dealt.reshape(-1, 2), kept.ravel(), strict=True)}
    assert before == after
    assert (dealt != states).any()


def test_few_tokens_push_equal_experts_apart() -> None:
    # Two samples of one distribution: why experts are compared at equal counts.
    rng = np.random.default_rng(3)
    drawn = (rng.standard_normal((8, n, 16)) * np.arange(16, 0, -1) for n in (12, 1200))
    few, many = (
        normalised_geodesic(pair_angles(state_subspaces(states, np.ones(states.shape[:2]), 4))).mean()
        for states in drawn
    )
    assert few > 2 * many
