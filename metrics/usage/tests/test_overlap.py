"""Top-k overlap against counting by sets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.usage.topk_overlap import chance_overlap, choice_mask, overlap_matrix

CHOICES = st.integers(1, 6).flatmap(
    lambda k: st.lists(st.permutations(range(6)).map(lambda order: order[:k]), min_size=1, max_size=5)
)


@given(CHOICES)
def test_overlap_counts_shared_experts(choices: list[list[int]]) -> None:
    k = len(choices[0])
    mask = choice_mask(np.array(choices), 6)
    expected = [[len(set(a) & set(b)) / k for b in choices] for a in choices]
    np.testing.assert_allclose(overlap_matrix(mask, mask, k), expected, rtol=1e-6)


def test_disjoint_and_equal_choices() -> None:
    mask = choice_mask(np.array([[0, 1], [2, 3], [1, 0]]), 4)
    assert mask.dtype == np.float32
    assert overlap_matrix(mask[:1], mask, 2).tolist() == [[1.0, 0.0, 1.0]]


def test_random_choices_overlap_by_chance() -> None:
    # 1,000 x 1,000 pairs of 2 of 8: the mean is 1/4 with an error below 0.01.
    rng = np.random.default_rng(0)
    one, other = (choice_mask(rng.random((1000, 8)).argsort(axis=1)[:, :2], 8) for _ in range(2))
    assert overlap_matrix(one, other, 2).mean() == pytest.approx(chance_overlap(2, 8), abs=0.01)


def test_bad_choices_are_refused() -> None:
    with pytest.raises(ValueError, match=r"0\.\.3"):
        choice_mask(np.array([[4]]), 4)
    with pytest.raises(ValueError, match=r"0\.\.3"):
        choice_mask(np.array([[-1]]), 4)
    with pytest.raises(ValueError, match="1 tokens name an expert twice"):
        choice_mask(np.array([[1, 1], [0, 1]]), 4)
