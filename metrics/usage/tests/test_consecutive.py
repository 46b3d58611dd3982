"""Neighbours that share experts are those that sets of them say, and as many in another order."""

from itertools import pairwise

import numpy as np
import pytest

from metrics.arrays import IntArray
from metrics.usage.consecutive import repeats

EXPERTS = 12


def drawn(top_k: int, dtype: type[np.signedinteger]) -> IntArray:
    """Experts of 30 tokens at 3 layers."""
    return np.random.default_rng(top_k).random((30, 3, EXPERTS)).argsort(axis=2)[..., :top_k].astype(dtype)


def shares_any(rows: IntArray, layer: int) -> float:
    sets = [set(row) for row in rows[:, layer].tolist()]
    return float(np.mean([bool(one & other) for one, other in pairwise(sets)]))


@pytest.mark.parametrize("top_k", [1, 2, 5, EXPERTS])
@pytest.mark.parametrize("dtype", [np.int16, np.int64])
def test_shares_are_those_of_sets(top_k: int, dtype: type[np.signedinteger]) -> None:
    rows = drawn(top_k, dtype)
    found = repeats(rows, EXPERTS, np.random.default_rng(4))
    reordered = rows[np.random.default_rng(4).permutation(len(rows))]
    for layer in range(rows.shape[1]):
        assert found.any[layer] == pytest.approx(shares_any(rows, layer))
        assert found.any_by_chance[layer] == pytest.approx(shares_any(reordered, layer))
        assert found.first[layer] == pytest.approx(shares_any(rows[..., :1], layer))
