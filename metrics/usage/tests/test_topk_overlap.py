"""Overlaps of chosen experts, of all tokens, of the same and of different ones, against counting pair by pair."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.usage.topk_overlap import aligned_overlap, chance_overlap, choice_mask, overlap_matrix, type_overlap

CHOICES = st.integers(1, 6).flatmap(
    lambda k: st.lists(st.permutations(range(6)).map(lambda order: order[:k]), min_size=1, max_size=5)
)


@given(CHOICES)
def test_overlap_counts_shared_experts(choices: list[list[int]]) -> None:
    k = len(choices[0])
    mask = choice_mask(np.array(choices), 6)
    expected = [[len(set(a) & set(b)) / k for b in choices] for a in choices]
    np.testing.assert_allclose(overlap_matrix(mask, mask, k), expected, rtol=1e-6)


def test_random_choices_overlap_by_chance() -> None:
    # 1,000 x 1,000 pairs of 2 of 8: the mean is 1/4 with an error below 0.01.
    rng = np.random.default_rng(0)
    one, other = (choice_mask(rng.random((1000, 8)).argsort(axis=1)[:, :2], 8) for _ in range(2))
    assert overlap_matrix(one, other, 2).mean() == pytest.approx(chance_overlap(2, 8), abs=0.01)


def drawn(rng: np.random.Generator, tokens: int, experts: int = 6, k: int = 2) -> np.ndarray:
    return np.stack([rng.permutation(experts)[:k] for _ in range(tokens)])


def shared(a: np.ndarray, b: np.ndarray) -> float:
    return len(set(a.tolist()) & set(b.tolist())) / len(a)


@pytest.mark.parametrize("seed", range(3))
def test_type_overlap_averages_occurrences_before_types(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = drawn(rng, 20), drawn(rng, 15)
    token_a, token_b = rng.integers(0, 8, 20), rng.integers(3, 11, 15)
    types = sorted(set(token_a.tolist()) & set(token_b.tolist()))

    def mean(t: int, u: int) -> float:
        return float(np.mean([shared(x, y) for x, y in product(a[token_a == t], b[token_b == u])]))

    found = type_overlap(choice_mask(a, 6), token_a, choice_mask(b, 6), token_b, 2)
    assert found.same == pytest.approx(np.mean([mean(t, t) for t in types]))
    assert found.different == pytest.approx(np.mean([mean(t, u) for t, u in permutations(types, 2)]))


def test_what_does_not_exist_is_not_a_number() -> None:
    masks, nan = np.eye(4, dtype=np.float32), np.nan
    none = type_overlap(masks[:2], np.array([1, 2]), masks[:2], np.array([3, 4]), 1)
    one = type_overlap(masks[:2], np.array([1, 2]), masks[:2], np.array([1, 4]), 1)
    np.testing.assert_array_equal([none.same, none.different, one.same, one.different], [nan, nan, 1.0, nan])
    assert np.isnan(aligned_overlap(masks[None], np.arange(4), 1).same)


@pytest.mark.parametrize("seed", range(3))
def test_aligned_overlap_counts_pairs_of_contexts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    contexts, length = 4, 5
    experts = np.stack([drawn(rng, length) for _ in range(contexts)])
    token = np.array([4, 9, 4, 2, 7])
    mask = np.stack([choice_mask(rows, 6) for rows in experts])
    pairs = list(permutations(range(contexts), 2))
    same = [shared(experts[c, i], experts[d, i]) for c, d in pairs for i in range(length)]
    different = [
        shared(experts[c, i], experts[d, j])
        for c, d in pairs
        for i, j in product(range(length), repeat=2)
        if token[i] != token[j]
    ]
    found = aligned_overlap(mask, token, 2)
    assert found.same == pytest.approx(np.mean(same))
    assert found.different == pytest.approx(np.mean(different))
