"""Measure whether experts that are aligned as linear maps return correlated outputs, in sign and in order.

Alignments are signed and over the sampled tokens that all experts share; so are the correlations of outputs, so that
both are of the same inputs. The review of ASY asks for it: a Jacobian stands for a function near one input only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from claims.core.finding import Curve, Measured
from claims.shared.widened_intervals import experts_error, open_above, sample_halfwidth, widen_for_sample
from fixtures.evidence.jacobians import LayerFunctions
from metrics.arrays import BoolArray, Float64Array
from metrics.jacobians.block_alignment import deletions, mean_cosines, output_correlations, over_blocks, upper_pairs
from metrics.stats.estimate import Estimate
from metrics.stats.rank_correlation import row_spearman

#: Alignments that differ by less are ties: rounding must not rank them.
DIGITS = 6
#: A number (R,) of alignments and output correlations, (R, P) each.
Measure = Callable[[Float64Array, Float64Array], Float64Array]


class Agreement(NamedTuple):
    """What `outputs_agree` returns: parts of the claim, what is reported beside them, curves by layer, notes."""

    parts: tuple[Measured, ...]
    reported: tuple[Measured, ...]
    curves: tuple[Curve, ...]
    notes: tuple[str, ...]


def outputs_agree(layers: Sequence[LayerFunctions], blocks: int, share: float = 1.0) -> Agreement:
    """Measure how alignments and output correlations agree over pairs, as means over the layers where they can.

    Order is Spearman's correlation of the two; undefined where either is the same for all pairs. Sign is the sum over
    pairs of alignment times correlation, over the sum of its absolute values: 1 where all signs agree, -1 where none
    does. The claim's thresholds are ``agrees`` and ``near_zero``. Intervals of means over layers, and of the largest,
    allow for the layers and experts that were not looked at.

    Parameters
    ----------
    blocks : B
    share : of all layers, that these are
    """
    tables = [_both(layer, blocks) for layer in layers]
    numbers = tuple(layer.layer for layer in layers)
    parts, curves, notes = [], [], []
    for name, measure in (("order (Spearman)", order_agreement), ("sign", sign_agreement)):
        by_layer = [measure(table.aligned, table.correlated) for table in tables]
        defined = [number for number, values in enumerate(by_layer) if np.isfinite(values).all()]
        if not defined:
            notes.append(f"Agreement of outputs in {name} is undefined: no two pairs have different values.")
            continue
        mean = _mean([by_layer[number] for number in defined], [tables[number] for number in defined], measure, share)
        said = f"outputs agree in {name}, on shared tokens"
        parts.append(Measured(f"{said}, mean over layers", mean, ">=", "agrees", within=(-1.0, 1.0)))
        estimates = [over_blocks(values) if np.isfinite(values).all() else None for values in by_layer]
        curves.append(Curve(said, numbers, tuple(estimates), "agrees"))
    name = "mean |output correlation|, on shared tokens, of the layer where it is largest"
    largest = _largest([table for table in tables if table.correlated.size], share)
    reported = tuple(Measured(name, each, "<=", "near_zero", within=(0.0, 1.0)) for each in largest)
    return Agreement(tuple(parts), reported, tuple(curves), tuple(notes))


def order_agreement(aligned: Float64Array, correlated: Float64Array) -> Float64Array:
    """Spearman's correlation over pairs, (R, P) and (R, P) to (R,)."""
    return np.asarray(row_spearman(aligned.round(DIGITS), correlated.round(DIGITS)))


def sign_agreement(aligned: Float64Array, correlated: Float64Array) -> Float64Array:
    """Sum of products over the sum of their sizes, (R, P) and (R, P) to (R,), in [-1, 1]; NaN where all are 0.

    Examples
    --------
    >>> sign_agreement(np.array([[0.3, -0.1]]), np.array([[0.2, 0.2]])).round(6).tolist()
    [0.5]
    """
    product = aligned.round(DIGITS) * correlated.round(DIGITS)
    size = np.abs(product).sum(axis=-1)
    found = np.full(len(product), np.nan)
    np.divide(product.sum(axis=-1), size, out=found, where=size > 0)
    return found


@dataclass(frozen=True)
class _Pairs:
    """What is known of one layer's pairs of experts in every set of blocks.

    Attributes
    ----------
    aligned, correlated : alignments and output correlations, (R, P)
    expert : bool (E, P), which pairs each expert that was looked at is in
    count : how many experts the layer has
    """

    aligned: Float64Array
    correlated: Float64Array
    expert: BoolArray
    count: int

    def drawn_error(self, measure: Measure) -> float:
        """Standard error of a number of all blocks that owes to the draw of experts; 0 where there are all."""
        if len(self.expert) >= self.count:
            return 0.0
        return experts_error(np.array([self._of(measure, ~own) for own in self.expert]), self.count)

    def _of(self, measure: Measure, kept: BoolArray) -> float:
        if not kept.any():
            return np.nan
        return float(measure(self.aligned[:1, kept], self.correlated[:1, kept])[0])


def _both(layer: LayerFunctions, blocks: int) -> _Pairs:
    """The pairs that have alignments and output correlations in every set of blocks."""
    weights = deletions(blocks)
    aligned, correlated = mean_cosines(layer.shared, weights), output_correlations(layer.outputs, weights)
    known = np.isfinite(aligned + correlated).all(axis=0)
    looked = len(layer.experts)
    expert = (upper_pairs(looked)[known][None] == np.arange(looked)[:, None, None]).any(axis=-1)
    return _Pairs(aligned[:, known], correlated[:, known], expert, layer.count)


def _mean(values: Sequence[Float64Array], tables: Sequence[_Pairs], measure: Measure, share: float) -> Estimate:
    """Mean over layers of their values (R,), over blocks of sequences; it allows for what was not looked at."""
    errors = [table.drawn_error(measure) for table in tables]
    reach = sample_halfwidth([float(each[0]) for each in values], errors, share)
    return widen_for_sample(over_blocks(np.mean(values, axis=0)), reach)


def _largest(tables: Sequence[_Pairs], share: float) -> tuple[Estimate, ...]:
    """Mean size of output correlations of the layer where it is largest; nothing where no layer has any."""
    if not tables:
        return ()
    found = over_blocks(np.max([_size(table.aligned, table.correlated) for table in tables], axis=0))
    reach = sample_halfwidth([0.0], [max(table.drawn_error(_size) for table in tables)], 1.0)
    return (open_above(widen_for_sample(found, reach), share),)


def _size(_: Float64Array, correlated: Float64Array) -> Float64Array:
    """Mean size over pairs, (R, P) to (R,)."""
    return np.asarray(np.abs(correlated).mean(axis=-1))
