"""Randomness of a claim: one seed, one number of resamples, streams that do not depend on test order."""

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from metrics.stats.bootstrap import RESAMPLES, estimate_mean, estimate_statistic
from metrics.stats.estimate import Estimate
from metrics.stats.resampling import Statistic


@dataclass(frozen=True)
class Sampling:
    """Seed and number of bootstrap resamples that every estimate of a run uses."""

    seed: int
    resamples: int = RESAMPLES

    def rng(self, *labels: str | int) -> np.random.Generator:
        """Return a generator that depends on the seed and the labels alone."""
        return np.random.default_rng([self.seed, *(zlib.crc32(str(label).encode()) for label in labels)])

    def mean(self, values: npt.ArrayLike) -> Estimate:
        """Estimate the mean of one value a sequence, with a 95 % BCa interval over sequences."""
        return estimate_mean(np.asarray(values, dtype=np.float64), seed=self.seed, resamples=self.resamples)

    def of(self, rows: npt.ArrayLike, statistic: Statistic, **options: Any) -> Estimate:
        """Estimate a statistic of rows (one row a sequence); see `estimate_statistic`."""
        data = np.asarray(rows, dtype=np.float64)
        return estimate_statistic(data, statistic, seed=self.seed, resamples=self.resamples, **options)
