"""Subspaces from kept states agree with those from moments; random groups are the ceiling that they should be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.routing.null_space import random_subspace
from metrics.subspaces.grassmann import normalised_geodesic, pair_angles, principal_angles, subspace_overlap
from metrics.subspaces.grouped_states import enough_tokens, regrouped, state_spectra, state_subspaces
from metrics.subspaces.principal_directions import (
    leading_subspaces,
    principal_variances,
    weighted_covariance,
    weighted_moments,
    without_direction,
)


@given(st.integers(0, 2**16), st.booleans(), st.booleans(), st.sampled_from([9, 40]))
def test_states_and_moments_give_the_same_subspaces(seed: int, centred: bool, remove: bool, count: int) -> None:
    rng = np.random.default_rng(seed)
    states, weights = rng.standard_normal((2, count, 12)) + 1, rng.random((2, count)) + 0.1
    removed = rng.standard_normal(12) if remove else None
    moments = weighted_moments(states, weights)
    covariance = weighted_covariance(moments.mean, moments.second, centred=centred)
    covariance = covariance if removed is None else without_direction(covariance, removed)
    found = state_subspaces(states, weights, 3, centred=centred, removed=removed)
    spectra = state_spectra(states, weights, centred=centred, removed=removed)
    variances = principal_variances(covariance)
    kept = min(count, 12)
    np.testing.assert_allclose(spectra**2, variances[:, :kept], atol=1e-10)
    gap = (variances[:, 2] - variances[:, 3]).min()
    np.testing.assert_allclose(principal_angles(found, leading_subspaces(covariance, 3)), 0, atol=1e-9 / gap)


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
    few, many = (
        normalised_geodesic(
            pair_angles(state_subspaces(rng.standard_normal((8, n, 16)) * scale, np.ones((8, n)), 4))
        ).mean()
        for n, scale in ((12, np.arange(16, 0, -1)), (1200, np.arange(16, 0, -1)))
    )
    assert few > 2 * many


def test_who_has_enough_tokens() -> None:
    assert enough_tokens(np.array([0, 127, 128, 129]), 32).tolist() == [False, False, True, True]


@pytest.mark.parametrize(
    ("count", "rank", "centred", "message"),
    [
        (4, 4, True, "4 states of width 6 cannot span 4 directions"),
        (9, 0, True, "cannot span 0"),
        (9, 7, False, "span 7"),
    ],
)
def test_ranks_that_the_states_cannot_have_are_refused(count: int, rank: int, centred: bool, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        state_subspaces(np.eye(9)[:count, :6], np.ones(count), rank, centred=centred)
    if not centred:
        with pytest.raises(ValueError, match="span 6"):
            state_subspaces(np.eye(9)[:, :6], np.ones(9), 6, centred=False, removed=np.ones(6))


def test_an_expert_without_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="all have weight 0"):
        state_subspaces(np.ones((2, 5, 3)), np.array([np.ones(5), np.zeros(5)]), 1)
