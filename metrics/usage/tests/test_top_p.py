"""Top-p sets, their Jaccard, and its exact expectation against every permutation."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.usage.top_p import expected_jaccard, jaccard, jaccard_matrix, top_p_set

SEEDS = st.integers(0, 2**16)


def test_hand_made_sets() -> None:
    visits = np.array([[0, 9, 1], [4, 4, 2], [5, 0, 5], [1, 1, 1]])
    # 9 of 10 exceed 0.8; 4 + 4 of 10 do not; 5 + 5 do; three equals need all three.
    assert top_p_set(visits).astype(int).tolist() == [[0, 1, 0], [1, 1, 1], [1, 0, 1], [1, 1, 1]]
    # Of equals the lower index comes first.
    assert top_p_set(np.array([2, 2, 2, 2]), p=0.5).tolist() == [True, True, True, False]


@given(SEEDS, st.floats(0.05, 0.95))
def test_sets_are_smallest_and_hold_the_most_used(seed: int, p: float) -> None:
    visits = np.random.default_rng(seed).integers(0, 9, (20, 7)) + np.eye(20, 7, dtype=int)
    members = top_p_set(visits, p)
    held = np.where(members, visits, 0).sum(axis=1)
    least = np.where(members, visits, 99).min(axis=1)
    total = visits.sum(axis=1)
    assert (held > p * total).all()
    assert (held - least <= p * total).all()  # without its least-used member it falls short
    assert (least >= np.where(members, 0, visits).max(axis=1)).all()


@given(st.integers(1, 2**40))
def test_a_share_of_exactly_p_does_not_exceed_it(scale: int) -> None:
    # 4 of 5 parts are exactly 0.8 of the visits, however many these are.
    assert top_p_set(np.array([4 * scale, scale])).tolist() == [True, True]
    assert top_p_set(np.array([4 * scale + 1, scale])).tolist() == [True, False]


def test_ties_are_broken_alike_by_number_and_independently_by_chance() -> None:
    # Nine visits to each of ten experts: nine are needed. By number it is the same nine for all.
    visits = np.full((4000, 10), 9)
    assert (top_p_set(visits).sum(axis=0) == [4000] * 9 + [0]).all()
    members = top_p_set(visits, ties=np.random.default_rng(0))
    assert (members.sum(axis=1) == 9).all()
    np.testing.assert_allclose(members.mean(axis=0), 0.9, atol=0.02)
    chance = expected_jaccard(np.array(9), np.array(9), 10)
    assert jaccard(members[::2], members[1::2]).mean() == pytest.approx(chance, abs=0.01)


def test_ties_change_nothing_but_ties() -> None:
    visits = np.random.default_rng(0).permuted(np.tile(np.arange(1, 9), (50, 1)), axis=1)
    np.testing.assert_array_equal(top_p_set(visits), top_p_set(visits, ties=np.random.default_rng(0)))


@given(SEEDS)
def test_jaccard_against_python_sets(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.random((5, 6)) < 0.6, rng.random((4, 6)) < 0.4
    table = jaccard_matrix(a, b)
    np.testing.assert_allclose(table, jaccard(a[:, None], b[None]))
    for i, j in np.ndindex(table.shape):
        first, second = set(np.flatnonzero(a[i])), set(np.flatnonzero(b[j]))
        expected = len(first & second) / len(first | second) if first | second else np.nan
        np.testing.assert_allclose(table[i, j], expected)


@pytest.mark.parametrize("experts", [1, 2, 5])
def test_expectation_is_the_mean_over_all_permutations(experts: int) -> None:
    orders = np.array(list(permutations(range(experts))))
    sizes = np.arange(1, experts + 1)
    found = expected_jaccard(sizes[:, None], sizes, experts)
    for a in sizes:
        for b in sizes:
            first, second = np.arange(experts) < a, np.arange(experts) < b
            assert found[a - 1, b - 1] == pytest.approx(jaccard(first, second[orders]).mean())


@pytest.mark.parametrize(("experts", "error"), [(128, 0.003), (16, 0.01)])
def test_expectation_near_its_large_limit(experts: int, error: float) -> None:
    # m / (2 E - m) at m = 0.75 E is 0.6, the paper's number.
    size = np.array(experts * 3 // 4)
    assert expected_jaccard(size, size, experts) == pytest.approx(0.6, abs=error)
