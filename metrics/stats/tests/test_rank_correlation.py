"""Spearman against scipy, with ties, and nothing where nothing varies."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr

from metrics.stats.rank_correlation import centred_ranks, row_spearman, spearman

#: Few distinct values, so that ties are the rule.
COLUMNS = st.integers(2, 9).flatmap(
    lambda n: st.tuples(*(st.lists(st.integers(0, 4), min_size=n, max_size=n) for _ in range(2)))
)


@given(COLUMNS)
def test_agreement_with_scipy(columns: tuple[list[int], list[int]]) -> None:
    x, y = (np.array(c, dtype=np.float64) for c in columns)
    assume(len(set(columns[0])) > 1 and len(set(columns[1])) > 1)
    assert spearman(x, y) == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)
    assert spearman(np.exp(x), -y) == pytest.approx(-spearman(x, y))
    assert spearman(x, x) == pytest.approx(1.0)


def test_rows_are_independent() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 5, (6, 20)).astype(float), rng.integers(0, 5, (6, 20)).astype(float)
    np.testing.assert_allclose(
        row_spearman(x, y), [spearmanr(a, b).statistic for a, b in zip(x, y, strict=True)], atol=1e-12
    )
    stacked = row_spearman(x.reshape(2, 3, 20), y.reshape(2, 3, 20))
    np.testing.assert_array_equal(stacked.ravel(), row_spearman(x, y))


@pytest.mark.parametrize("distinct", [1, 3, 10**9])
def test_ranks_are_scipys_to_the_bit(distinct: int) -> None:
    for shape in [(0,), (1,), (40,), (5, 41), (2, 3, 20)]:
        values = np.random.default_rng(1).integers(0, distinct, shape).astype(float)
        expected = rankdata(values, axis=-1) - (shape[-1] + 1) / 2
        np.testing.assert_array_equal(centred_ranks(values), expected)


def test_constants_and_single_values_have_none() -> None:
    # Warnings are errors here: a constant must not divide by zero.
    assert np.isnan(spearman(np.ones(4), np.arange(4.0)))
    assert np.isnan(spearman(np.arange(4.0), np.ones(4)))
    assert np.isnan(spearman(np.ones(1), np.ones(1)))
    assert np.isnan(spearman(np.ones(0), np.ones(0)))
