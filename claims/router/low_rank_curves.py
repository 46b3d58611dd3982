"""How often an expert is unchanged when states are projected on K directions, of the data or random."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from claims.core.curves import along, exact_by_layer
from claims.core.finding import Curve
from claims.core.record import Figure, Series
from claims.shared.once import Once
from claims.shared.premises import replayed_layers
from claims.shared.token_pairs import over_layers, pair_tokens, sequence_means, sequences_of
from fixtures.evidence.trace import LayerTrace, Trace
from metrics.arrays import Float64Array
from metrics.routing.low_rank import leading_directions, rank_agreement
from metrics.routing.null_space import random_subspace
from metrics.routing.selection import select
from metrics.stats.sampling import Sampling

#: Draws of random directions: data directions must beat the best of them, chance 1 in 20 if they are nothing special.
#: One more is drawn, to be held against them as the data's are.
DRAWS = 19
#: Share of tokens whose expert must be unchanged for K directions to be called enough.
ENOUGH = 0.9


def grid(width: int) -> list[int]:
    """1, 2, 3, 4, 6, 8, 12 ... up to the full width."""
    steps = sorted({round(2 ** (i / 2)) for i in range(2 * int(np.log2(width)) + 1)} | {width})
    return [k for k in steps if k <= width]


class Curves(NamedTuple):
    """agree_m(K) of a trace.

    Attributes
    ----------
    ks : the K that it was measured at, ascending
    data : on the data's directions, per sequence, mean over layers, shape (S', len(ks), k)
    needed : K90 of the first expert on these, layer by layer
    random : as ``data`` on random directions, one table a draw; a draw is the same for all layers of one width
    """

    ks: list[int]
    data: Float64Array
    needed: Curve
    random: list[Float64Array]


def _measure(trace: Trace, sampling: Sampling) -> Curves:
    layers = replayed_layers(trace)
    ks = grid(layers[0].hidden.shape[1])
    data = [_agreement(layer, trace, ks, None) for layer in layers]
    widths = sorted({layer.router.weight.shape[1] for layer in layers})
    random = []
    for draw in range(DRAWS + 1):
        rng = sampling.rng("low-rank", draw)
        drawn = {width: random_subspace(width, width, rng).T for width in widths}
        random.append(_over_layers([_agreement(layer, trace, ks, drawn) for layer in layers]))
    needed = [float(2 ** enough(np.nanmean(table[:, :, 0], axis=0), ks)) for table in data]
    return Curves(ks, _over_layers(data), exact_by_layer("K90 of the first expert", layers, needed), random)


#: Two claims read the same curves.
curves_of = Once(_measure)


def _over_layers(tables: list[Float64Array]) -> Float64Array:
    """Mean over layers of tables (S, len(ks), k), for the S' sequences with a value: shape (S', len(ks), k)."""
    _, steps, top_k = tables[0].shape
    flat = np.stack([table.reshape(len(table), -1) for table in tables])
    means = np.stack([over_layers(flat[:, :, column]) for column in range(steps * top_k)], axis=1)
    return means.reshape(len(means), steps, top_k)


def _agreement(
    layer: LayerTrace, trace: Trace, ks: list[int], drawn: Mapping[int, Float64Array] | None
) -> Float64Array:
    """agree_m(K) of one layer by sequence: shape (S, len(ks), k), NaN for sequences without sampled tokens.

    Parameters
    ----------
    drawn : for each width random directions, rows; None for those of the layer's data
    """
    rule, weight = layer.router.rule, layer.router.weight.astype(np.float64)
    assert rule is not None
    width = weight.shape[1]
    directions = leading_directions(layer.second_moment, width) if drawn is None else drawn[width]
    tokens = pair_tokens(trace)
    same = rank_agreement(
        layer.hidden[tokens].astype(np.float64), directions, weight, layer.router.bias, lambda z: select(rule, z), ks
    )
    sequence, ones = sequences_of(trace, tokens), np.ones(len(tokens))
    columns = [
        sequence_means(np.asarray(same[i, m], dtype=np.float64), ones, sequence, trace.sequences)
        for i in range(len(ks))
        for m in range(same.shape[1])
    ]
    return np.stack(columns, axis=1).reshape(trace.sequences, len(ks), same.shape[1])


def enough(mean: Float64Array, ks: list[int]) -> Float64Array:
    """log2 of the K at which a mean agreement curve (..., len(ks)) first reaches 90 %, interpolated in log2 K."""
    steps = np.log2(np.asarray(ks, dtype=np.float64))
    reached = np.argmax(mean >= ENOUGH, axis=-1)
    before = np.maximum(reached - 1, 0)
    low = np.take_along_axis(mean, before[..., None], axis=-1)[..., 0]
    high = np.take_along_axis(mean, reached[..., None], axis=-1)[..., 0]
    rise = np.where(high > low, high - low, 1.0)
    part = np.where(reached > 0, (ENOUGH - low) / rise, 1.0)
    return np.asarray(steps[before] + np.clip(part, 0, 1) * (steps[reached] - steps[before]))


def agreement_figure(ks: list[int], data: Float64Array, random: Float64Array, sampling: Sampling) -> Figure:
    """agree_m(K) for each m, with bands, and the random projection for m = 1: Fig. 24."""
    series = []
    for name, curves, m in [("data", data, i) for i in range(data.shape[2])] + [("random", random, 0)]:
        estimates = [sampling.mean(curves[:, i, m]) for i in range(len(ks))]
        label = f"expert {m + 1}" + (", random directions" if name == "random" else "")
        series.append(along(label, ks, estimates))
    return Figure(
        kind="lines",
        title="agreement with the full input",
        redraws="GEO Fig. 24",
        x_label="directions kept, K",
        y_label="share of tokens with the same m-th expert",
        series=series,
        reference=[Series("90 %", [1.0, float(ks[-1])], [ENOUGH, ENOUGH])],
        x_log=True,
    )
