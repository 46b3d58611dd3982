"""Intervals over pairs of two ends: as wide as a mean over pairs varies, where one end's are half as wide."""

import numpy as np
import pytest

from metrics.stats.pair_sampling import PairSampling, both_ends
from metrics.stats.sampling import Sampling

COUNT = 60


def one_text(seed: int) -> tuple[float, float, float]:
    """Mean over pairs of h(i, j) = a_i + a_j of one text, and how far the intervals of one end and of both reach."""
    of_sequence = np.random.default_rng(seed).standard_normal(COUNT)
    others = (of_sequence.sum() - of_sequence) / (COUNT - 1)
    first = of_sequence + others  # mean over the pairs that begin in each sequence
    one, both = (sampling.mean(first) for sampling in (Sampling(0, 199), PairSampling(0, 199)))
    return both.value, (one.high - one.low) / 2, (both.high - both.low) / 2


def test_they_are_as_wide_as_means_over_pairs_vary() -> None:
    values, one, both = np.array([one_text(seed) for seed in range(200)]).T
    reach = 1.96 * values.std()
    assert one.mean() == pytest.approx(reach / 2, rel=0.15)
    assert both.mean() == pytest.approx(reach, rel=0.15)


def test_every_estimate_is_of_both_ends() -> None:
    values = np.random.default_rng(0).standard_normal(30)
    one, both = Sampling(0, 199), PairSampling.like(Sampling(0, 199))
    table = np.stack([values, values**2], axis=1)

    def median(rows: np.ndarray) -> np.ndarray:
        return np.asarray(np.median(rows[..., 0], axis=-1))

    pairs = [
        (one.mean(values), both.mean(values)),
        (one.mean(values[:4]), both.mean(values[:4])),
        (one.means(table[:4])[0], both.means(table[:4])[0]),
        (one.of(values, median), both.of(values, median)),
        *zip(one.means(table), both.means(table), strict=True),
        *zip(*(each.several(values, lambda rows: median(rows)[None]) for each in (one, both)), strict=True),
    ]
    assert len(pairs) == 7
    for narrow, wide in pairs:
        assert wide == both_ends(narrow)
        assert wide.high - wide.low == pytest.approx(2 * (narrow.high - narrow.low))
