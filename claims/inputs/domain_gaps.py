"""How far documents of two domains fall short of the likeness within a domain, repeated or as plain text."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from claims.inputs.duplicated_inputs import PLAIN, REPEATED, Copies
from claims.shared.sequence_pairs import block_mean, over_sequences
from fixtures.evidence.sequences import LayerSequences
from metrics.arrays import BoolArray, Float64Array
from metrics.stats.estimate import Estimate
from metrics.stats.rank_correlation import row_spearman
from metrics.stats.sampling import Sampling

#: Decimals of a similarity: below them lies the rounding of the cosine, and no trend.
DIGITS = 9
#: What is resampled.
UNIT = "document"


class DomainGaps:
    """Usage similarity (GEO Eq 14) within and across domains, mean over some layers, resampling documents.

    The gap at a length is 1 - across / within: by which share of the level within domains the similarity across them
    falls short, both of texts of that length. Counting noise lowers the similarity of short texts, of both by the same
    factor, so that text that only grows longer closes nothing. Domains, and pairs of them, count alike.
    """

    def __init__(self, copies: Copies, layers: Sequence[LayerSequences], sampling: Sampling) -> None:
        self.copies, self._sampling = copies, sampling
        self._similarity = {kind: copies.similarity(layers, kind) for kind in (REPEATED, PLAIN)}
        self._within, self._across = copies.within, copies.across

    def across(self, kind: str) -> list[Estimate]:
        """Similarity across domains at each count."""
        return [self._of_pairs(table, self._across) for table in self._similarity[kind]]

    def within(self, kind: str) -> list[Estimate]:
        """Similarity within domains at each count."""
        return [self._of_pairs(table, self._within) for table in self._similarity[kind]]

    def gap(self, kind: str, place: int) -> Estimate:
        """The gap at one of the counts."""
        return self._estimate(lambda times: self._gap(times, kind, place))

    def trend(self, kind: str) -> Estimate:
        """Spearman's correlation of copies and similarity of each pair across domains, their mean."""
        pairs = np.moveaxis(self._similarity[kind], 0, -1).round(DIGITS)
        counts = np.broadcast_to(self.copies.counts.astype(np.float64), pairs.shape)
        rho = np.nan_to_num(row_spearman(counts, pairs))  # a similarity that never changes has no trend
        return self._of_pairs(rho, self._across)

    def closed(self, kind: str) -> Estimate:
        """The share of the gap at 1x that is gone at the most copies; NaN where no gap at 1x is seen."""
        return self._where_there_is_a_gap(lambda times: 1 - self._gap(times, kind, -1) / self._first(times))

    def closed_beyond_plain(self) -> Estimate:
        """What repeated text closes of it minus what plain text of the same length closes; NaN as in `closed`."""
        return self._where_there_is_a_gap(
            lambda times: (self._gap(times, PLAIN, -1) - self._gap(times, REPEATED, -1)) / self._first(times)
        )

    def _gap(self, times: Float64Array, kind: str, place: int) -> Float64Array:
        table = self._similarity[kind][place]
        return 1 - block_mean(times, table, self._across) / block_mean(times, table, self._within)

    def _first(self, times: Float64Array) -> Float64Array:
        return self._gap(times, REPEATED, 0)

    def _where_there_is_a_gap(self, share: Callable[[Float64Array], Float64Array]) -> Estimate:
        """Estimate a share of the gap at 1x, which is no number where that may be zero."""
        if self.gap(REPEATED, 0).low > 0:
            return self._estimate(share)
        return Estimate(math.nan, math.nan, math.nan, len(self.copies.corpus), UNIT, "undefined: no gap at 1x to close")

    def _of_pairs(self, table: Float64Array, blocks: Sequence[BoolArray]) -> Estimate:
        return self._estimate(lambda times: block_mean(times, table, blocks))

    def _estimate(self, statistic: Callable[[Float64Array], Float64Array]) -> Estimate:
        return over_sequences(len(self.copies.corpus), statistic, self._sampling, UNIT)
