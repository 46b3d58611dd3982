"""Measure whether experts that are aligned as linear maps return correlated outputs, in sign and in order.

Alignments are signed and over the sampled tokens that all experts share; so are the correlations of outputs, so that
both are of the same inputs. The review of ASY asks for it: a Jacobian stands for a function near one input only.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from claims.core.finding import Curve, Measured
from fixtures.evidence.jacobians import LayerFunctions
from metrics.arrays import Float64Array
from metrics.jacobians.block_alignment import deletions, mean_cosines, output_correlations, over_blocks
from metrics.stats.rank_correlation import row_spearman

#: Alignments that differ by less are ties: rounding must not rank them.
DIGITS = 6


class Agreement(NamedTuple):
    """What `outputs_agree` returns: parts of the claim, what is reported beside them, curves by layer, notes."""

    parts: tuple[Measured, ...]
    reported: tuple[Measured, ...]
    curves: tuple[Curve, ...]
    notes: tuple[str, ...]


def outputs_agree(layers: Sequence[LayerFunctions], blocks: int) -> Agreement:
    """Measure how alignments and output correlations agree over pairs, as means over the layers where they can.

    Order is Spearman's correlation of the two; undefined where either is the same for all pairs. Sign is the sum over
    pairs of alignment times correlation, over the sum of its absolute values: 1 where all signs agree, -1 where none
    does. The claim's thresholds are ``agrees`` and ``near_zero``.

    Parameters
    ----------
    blocks : B
    """
    tables = [_both(layer, blocks) for layer in layers]
    numbers = tuple(layer.layer for layer in layers)
    parts, curves, notes = [], [], []
    for name, measure in (("order (Spearman)", order_agreement), ("sign", sign_agreement)):
        by_layer = [measure(*table) for table in tables]
        defined = [values for values in by_layer if np.isfinite(values).all()]
        if not defined:
            notes.append(f"Agreement of outputs in {name} is undefined: no two pairs have different values.")
            continue
        mean = over_blocks(np.mean(defined, axis=0))
        said = f"outputs agree in {name}, on shared tokens"
        parts.append(Measured(f"{said}, mean over layers", mean, ">=", "agrees", within=(-1.0, 1.0)))
        estimates = [over_blocks(values) if np.isfinite(values).all() else None for values in by_layer]
        curves.append(Curve(said, numbers, tuple(estimates), "agrees"))
    sizes = [np.abs(correlated).mean(axis=-1) for _, correlated in tables if correlated.size]
    name = "mean |output correlation|, on shared tokens, of the layer where it is largest"
    largest = [over_blocks(np.max(sizes, axis=0))] if sizes else []
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


def _both(layer: LayerFunctions, blocks: int) -> tuple[Float64Array, Float64Array]:
    """Alignments and output correlations (R, P) of the pairs that have both in every set of blocks."""
    weights = deletions(blocks)
    aligned, correlated = mean_cosines(layer.shared, weights), output_correlations(layer.outputs, weights)
    known = np.isfinite(aligned + correlated).all(axis=0)
    return aligned[:, known], correlated[:, known]
