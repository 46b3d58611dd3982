"""Usage profiles, the two similarities, and evenness with what it says about renamed experts."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.usage.profiles import cosine_matrix, evenness, usage

SEEDS = st.integers(0, 2**16)


@given(SEEDS)
def test_usage_is_a_profile_that_follows_the_experts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    experts, owner = rng.random((30, 6)).argsort(axis=1)[:, :2], np.arange(30) % 3
    profile = usage(experts, owner, 3, 6)
    np.testing.assert_allclose(profile.sum(axis=1), 1)
    order = rng.permutation(6)
    np.testing.assert_array_equal(usage(order[experts], owner, 3, 6)[:, order], profile)
    shuffle = rng.permutation(30)
    np.testing.assert_array_equal(usage(experts[shuffle], owner[shuffle], 3, 6), profile)


@given(SEEDS, st.floats(1e-6, 1e6))
def test_cosines_against_the_definition(seed: int, scale: float) -> None:
    rows = np.random.default_rng(seed).standard_normal((4, 3))
    norm = np.linalg.norm(rows, axis=1)
    expected = rows @ rows.T / np.outer(norm, norm)
    np.testing.assert_allclose(cosine_matrix(rows), expected, atol=1e-14)
    np.testing.assert_allclose(cosine_matrix(rows * scale), expected, atol=1e-14)


def test_cosines_never_leave_their_range() -> None:
    # Products of computed unit vectors overshoot 1 by an ulp about every fourth time.
    cosine = cosine_matrix(np.random.default_rng(0).standard_normal((200, 7)))
    assert cosine.max() <= 1.0
    assert (1 - np.diagonal(cosine)).max() < 1e-15


def test_a_row_of_zeros_has_no_cosine_and_no_evenness() -> None:
    rows = np.array([[0.0, 0.0], [1.0, 1.0]])
    assert np.isnan(cosine_matrix(rows)).tolist() == [[True, True], [True, False]]
    assert np.isnan(evenness(rows)).tolist() == [True, False]


@given(st.integers(0, 2**16))
def test_product_is_the_mean_cosine_over_all_renamings(seed: int) -> None:
    first, second = np.random.default_rng(seed).random((2, 5))
    renamed = np.array([first, *(second[list(order)] for order in permutations(range(5)))])
    assert evenness(first) * evenness(second) == pytest.approx(cosine_matrix(renamed)[0, 1:].mean())
