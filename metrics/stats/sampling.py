"""Randomness of a claim: one seed, one number of resamples, streams that do not depend on test order."""

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from metrics.stats.bootstrap import RESAMPLES, estimate_mean, estimate_means, estimate_statistic, estimate_statistics
from metrics.stats.estimate import Estimate
from metrics.stats.few_units import student_mean
from metrics.stats.resampling import Statistic

#: Distance of two adjacent seeds' streams on the circle of 2^32: that over the golden ratio, so that the streams of any
#: few seeds lie evenly around it (Knuth 1998, section 6.4).
_STRIDE = 0x9E3779B9
#: Of fewer sequences a bootstrapped interval of a mean is too narrow.
FEW = 8


def stream_seed(seed: int, number: int) -> int:
    """Seed of one of several streams of a run, which no other seed nearby shares, as ``seed + number`` would be.

    For generators that take one number, torch's among them, of which they use 32 bits. The first 10^6 streams of
    any 1,000 seeds in a row are different.

    Parameters
    ----------
    seed : of the run, not negative
    number : of the stream, not negative

    Returns
    -------
    In 0..2^32 - 1; ``number`` itself for seed 0

    Examples
    --------
    >>> stream_seed(0, 1), stream_seed(1, 0), stream_seed(1, 1)
    (1, 2654435769, 2654435770)
    """
    return (number + seed * _STRIDE) % 2**32


@dataclass(frozen=True)
class Sampling:
    """Seed and number of bootstrap resamples that every estimate of a run uses."""

    seed: int
    resamples: int = RESAMPLES

    def rng(self, *labels: str | int) -> np.random.Generator:
        """Return a generator that depends on the seed and the labels alone."""
        return np.random.default_rng([self.seed, *(zlib.crc32(str(label).encode()) for label in labels)])

    def mean(self, values: npt.ArrayLike) -> Estimate:
        """Estimate the mean of one value a sequence, with a 95 % BCa interval over sequences; of few, Student's t."""
        data = np.asarray(values, dtype=np.float64)
        if 1 < len(data) < FEW and (data != data[0]).any():
            return student_mean(data, unit="sequence")
        return estimate_mean(data, seed=self.seed, resamples=self.resamples)

    def of(self, rows: npt.ArrayLike, statistic: Statistic, **options: Any) -> Estimate:
        """Estimate a statistic of rows (one row a sequence); see `estimate_statistic`."""
        data = np.asarray(rows, dtype=np.float64)
        return estimate_statistic(data, statistic, seed=self.seed, resamples=self.resamples, **options)

    def means(self, table: npt.ArrayLike) -> list[Estimate]:
        """Estimate the means of the columns of a table (n, M), one row a sequence, on the same draws; see `mean`."""
        data = np.asarray(table, dtype=np.float64)
        if 1 < len(data) < FEW:
            return [Sampling.mean(self, column) for column in data.T]
        return estimate_means(data, seed=self.seed, resamples=self.resamples)

    def several(self, rows: npt.ArrayLike, statistics: Statistic, **options: Any) -> list[Estimate]:
        """Estimate several statistics of rows from one set of draws; see `estimate_statistics`."""
        data = np.asarray(rows, dtype=np.float64)
        return estimate_statistics(data, statistics, seed=self.seed, resamples=self.resamples, **options)
