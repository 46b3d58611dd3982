"""Statistics over pairs against going through the drawn sequences one by one."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import spearmanr

from claims.shared.sequence_pairs import block_mean, pair_correlation, pair_mean, pair_ranks, within_bands
from claims.tests.support.verdicts import SAMPLING
from metrics.stats.resampling import times_drawn
from metrics.usage.position import permuted_within

RNG = np.random.default_rng(4)
HALF = RNG.random((6, 6))
TABLE = HALF + HALF.T
PAIRS = np.arange(6)[:, None] // 3 != np.arange(6)[None, :] // 3


def test_draws_are_counted_by_sequence() -> None:
    rows = np.array([[0, 2, 2], [1, 1, 1]])
    assert times_drawn(rows, 4).tolist() == [[1, 0, 2, 0], [0, 3, 0, 0]]


def test_a_pair_counts_as_often_as_its_sequences_were_drawn() -> None:
    drawn = RNG.integers(0, 6, (5, 6))
    found = pair_mean(times_drawn(drawn, 6), TABLE, PAIRS)
    for row, mean in zip(drawn, found, strict=True):
        pairs = [TABLE[a, b] for a, b in combinations(row.tolist(), 2) if PAIRS[a, b]]
        assert mean == pytest.approx(np.mean(pairs))


def test_without_a_drawn_pair_there_is_no_mean() -> None:
    assert np.isnan(pair_mean(np.array([2.0, 1.0, 0, 0, 0, 0]), TABLE, PAIRS))


def test_blocks_count_alike_however_many_pairs_they_have() -> None:
    few, many = np.zeros((6, 6), dtype=bool), PAIRS.copy()
    few[0, 1] = few[1, 0] = True
    everyone = np.ones(6)
    expected = (TABLE[0, 1] + TABLE[np.triu(PAIRS)].mean()) / 2
    assert block_mean(everyone, TABLE, [few, many]) == pytest.approx(expected)


def test_the_correlation_over_pairs_is_spearmans() -> None:
    other = RNG.random((6, 6))
    other += other.T
    upper = np.triu(PAIRS, k=1)
    found = pair_correlation(TABLE, other, PAIRS, SAMPLING)
    assert found.value == pytest.approx(spearmanr(TABLE[upper], other[upper]).statistic)
    assert found.n == 6


def test_the_mean_over_permutations_within_bands_is_exact() -> None:
    rng = np.random.default_rng(0)
    band = np.array([0, 0, 0, 1, 1, 1, 1, 7])
    table = rng.random((8, 8))
    every = np.ones((8, 8), dtype=bool)
    ranks = pair_ranks(table + table.T, every)
    whole = ranks + ranks.T
    found = []
    for _ in range(4000):
        order = permuted_within(np.arange(8), band, rng)
        found.append(np.triu(whole[np.ix_(order, order)], k=1))
    spread = np.std(found, axis=0) / np.sqrt(len(found))
    assert (np.abs(np.mean(found, axis=0) - within_bands(ranks, band)) <= 5 * spread + 1e-9).all()
