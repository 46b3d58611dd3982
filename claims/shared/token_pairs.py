"""Choose pairs of sampled tokens, and turn pair values into one value a sequence."""

import numpy as np
import numpy.typing as npt

from fixtures.evidence.trace import LayerTrace, Trace
from metrics.arrays import Float64Array, IntArray
from metrics.usage.topk_overlap import choice_mask, overlap_matrix

#: Tokens whose pairs are compared: about half a million pairs, whatever the population's size.
PAIR_TOKENS = 1024
#: Share of token pairs that count as near.
NEAREST = 0.01
#: Points of a scatter figure.
SCATTER_POINTS = 1500


def pair_tokens(trace: Trace) -> IntArray:
    """Return positions in ``trace.sample`` of the tokens to pair: evenly spread, at most PAIR_TOKENS.

    Raises
    ------
    ValueError
        When fewer than two tokens were sampled: there would be no pair to look at.
    """
    if len(trace.sample) < 2:
        raise ValueError(f"{len(trace.sample)} sampled tokens make no pair")
    count = min(PAIR_TOKENS, len(trace.sample))
    return np.linspace(0, len(trace.sample) - 1, count).round().astype(np.int64)


def sequences_of(trace: Trace, chosen: IntArray) -> IntArray:
    """Return the sequence of each chosen sampled token, shape (m,)."""
    return trace.sequence[trace.sample[chosen]]


def overlap_of(layer: LayerTrace, trace: Trace, chosen: IntArray) -> Float64Array:
    """Return the top-k overlap (Eq 11) of every pair of chosen tokens, shape (m, m)."""
    experts = layer.experts[trace.sample[chosen]]
    mask = choice_mask(experts, layer.logits.shape[1])
    return np.asarray(overlap_matrix(mask, mask, experts.shape[1]), dtype=np.float64)


def sequence_means(values: Float64Array, weights: Float64Array, sequence: IntArray, count: int) -> Float64Array:
    """Return sum(values) / sum(weights) over each sequence's tokens, shape (count,); NaN where empty."""
    total = np.bincount(sequence, weights=values, minlength=count)
    weight = np.bincount(sequence, weights=weights, minlength=count)
    means = np.full(count, np.nan)
    np.divide(total, weight, out=means, where=weight > 0)
    return means


def sequence_sums(values: npt.ArrayLike, trace: Trace) -> Float64Array:
    """Return the sum of one value a token over each sequence, shape (S,)."""
    return np.bincount(trace.sequence, weights=values, minlength=trace.sequences).astype(np.float64)


def over_layers(table: Float64Array) -> Float64Array:
    """Return each sequence's mean over the layers where it has a value, shape (S',).

    ``table`` is (L, S) with NaN for empty units; a sequence that is empty everywhere is left out.
    """
    present = ~np.isnan(table)
    count = present.sum(axis=0)
    return np.asarray(np.where(present, table, 0.0).sum(axis=0)[count > 0] / count[count > 0])


def scatter_indices(count: int, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Return the two ends of up to SCATTER_POINTS random pairs i < j of ``count`` tokens."""
    first, second = np.triu_indices(count, k=1)
    keep = rng.permutation(len(first))[:SCATTER_POINTS]
    return first[keep], second[keep]
