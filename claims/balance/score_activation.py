"""Measure whether a token that an expert weighs more makes it return more, and what permuted visits give."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from claims.core.finding import NotApplicable
from claims.shared.arm_layers import line_up
from fixtures.evidence.experiments import ArmExperts
from fixtures.evidence.experts import ExpertTrace, LayerExperts
from metrics.arrays import Float64Array, FloatArray
from metrics.stats.rank_correlation import row_spearman

#: Fewer kept visits give an expert no rank correlation that says anything.
FEWEST = 8
#: Permutations of which the largest is the null: one in twenty, with what is measured.
PERMUTATIONS = 19


@dataclass(frozen=True)
class Activation:
    """Rank correlation of combine weight and norm of what the expert returns, over an expert's visits.

    Attributes
    ----------
    numbers : the layers that it was measured in
    rho : (K,), of each training the mean over experts, layers and arms
    permuted : (K,), the largest of the same with norms permuted among the visits of each expert
    notes : which layers were left out and why, if any
    """

    numbers: tuple[int, ...]
    rho: Float64Array
    permuted: Float64Array
    notes: tuple[str, ...]


def activation(experts: ArmExperts, rng: np.random.Generator) -> Activation:
    """Correlate within experts, so that neither an expert's scale nor its load gives anything.

    Parameters
    ----------
    experts : for each seed and arm what its experts return
    rng : of the permutations

    Raises
    ------
    NotApplicable
        When in no layer it can be read in every checkpoint, with the reasons.
    """
    if any(trace is None for seed in experts for trace in seed):
        raise NotApplicable("what the experts of one of the checkpoints return could not be read")
    known = [[dict(_by_layer(trace, rng)) for trace in seed if trace is not None] for seed in experts]
    read = line_up(known)
    table = np.array(read.layers).mean(axis=(1, 2))  # (K, 1 + PERMUTATIONS)
    return Activation(read.numbers, table[:, 0], table[:, 1:].max(axis=1), read.notes)


def _by_layer(trace: ExpertTrace, rng: np.random.Generator) -> Iterator[tuple[int, Float64Array | str]]:
    """Yield every layer's number, and its correlations or why it has none."""
    for layer in trace.layers:
        yield layer.layer, _of_layer(layer, rng)


def _of_layer(layer: LayerExperts, rng: np.random.Generator) -> Float64Array | str:
    """Mean over experts, (1 + PERMUTATIONS,): as it is, and with norms permuted; or why there is none."""
    if layer.outputs is None:
        return layer.note or "what its experts return is not known"
    found = [
        _of_expert(layer.kept_weight[expert, :visits], layer.outputs.kept[expert, :visits], rng)
        for expert, visits in enumerate(layer.kept)
        if visits >= FEWEST
    ]
    rows = [row for row in found if np.isfinite(row).all()]
    if not rows:
        return f"no expert keeps {FEWEST} visits of unequal weights"
    return np.asarray(np.mean(rows, axis=0))


def _of_expert(weight: FloatArray, returned: FloatArray, rng: np.random.Generator) -> Float64Array:
    """The same of one expert, from the weights (n,) and what it returned, (n, D)."""
    size = np.linalg.norm(returned, axis=1)
    order = np.stack([np.arange(len(size)), *(rng.permutation(len(size)) for _ in range(PERMUTATIONS))])
    return row_spearman(np.broadcast_to(weight, order.shape), size[order])
