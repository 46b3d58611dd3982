"""Evenness, and what it says about renamed experts."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.usage.profiles import cosine_matrix, evenness


@given(st.integers(0, 2**16))
def test_product_is_the_mean_cosine_over_all_renamings(seed: int) -> None:
    first, second = np.random.default_rng(seed).random((2, 5))
    renamed = np.array([first, *(second[list(order)] for order in permutations(range(5)))])
    assert evenness(first) * evenness(second) == pytest.approx(cosine_matrix(renamed)[0, 1:].mean())


def test_a_profile_of_zeros_has_none() -> None:
    assert np.isnan(evenness(np.zeros((2, 3)))).all()
