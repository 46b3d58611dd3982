"""Similar routing needs similar projections on the row space: GEO Prop. 1 as its public review revised it."""

from typing import NamedTuple

import numpy as np

from claims.core.claim import Threshold, Variant, claim
from claims.core.curves import by_layer
from claims.core.finding import Finding, Measured, NotApplicable
from claims.shared.once import Once
from claims.shared.premises import left_out, linear_layers, models_text
from claims.shared.token_pairs import over_layers, overlap_of, pair_tokens, sequence_means, sequences_of
from fixtures.evidence.trace import LayerTrace, Trace
from metrics.arrays import Float64Array, IntArray
from metrics.routing.low_rank import leading_directions
from metrics.routing.null_space import random_subspace, row_part, row_space
from metrics.stats.bootstrap import exact
from metrics.stats.estimate import Estimate
from metrics.stats.pair_sampling import PairSampling
from metrics.stats.rank_correlation import centred_ranks, correlate_ranks
from metrics.stats.sampling import Sampling
from metrics.usage.token_pairs import squared_distances

#: Where a difference of two rank correlations lies.
DIFFERENCE = (-2.0, 2.0)


@claim(
    id="necessity-row-space",
    group="A",
    number=7,
    asks="logits",
    title="Similar routing needs similar projections on the router's row space (as revised)",
    source="public review of GEO, conceded in its reply",
    figures=("GEO Prop. 1",),
    statement="Near logits force near projections on the row space of W, and that projection predicts shared experts "
    "better than the full hidden state does.",
    equation="Spearman(row-space similarity, overlap) - Spearman(full similarity, overlap) >= 0.02;  "
    "||Pi_row (h_i - h_j)||  <=  ||z_i - z_j|| / sigma_min+(W)",
    definition="read; similarity as negative distance (primary) or cosine (variant) is ours",
    means="The part of the state that the router's weight reads does not predict shared experts noticeably "
    "better than the whole state does: on this text the projection adds nothing to an analysis of routing.",
    check="The same gain on your own text, beside that of the data's leading principal directions, before you "
    "use the router's row space as its coordinates.",
    null_says="The data's leading principal directions, as many as the row space has, in its place: any projection "
    "that keeps what varies may predict better. Where they predict worse than the full state, nothing is taken off. A "
    "random subspace is reported.",
    paper="no number printed",
    thresholds={
        "gain": Threshold(0.02, "two hundredths of a rank correlation: less is no better prediction"),
        "excess": Threshold(0.02, "the same beyond the directions that the data itself would choose"),
        "violations": Threshold(0, "the bound is an inequality: one pair breaks it"),
    },
    variants=({"similarity": "distance"}, {"similarity": "cosine"}),
)
def test_necessity_row_space(trace: Trace, variant: Variant, sampling: Sampling) -> Finding:
    """Compare how well row space, principal directions and a random subspace predict overlap, over the full space."""
    layers = _partly_read(trace)
    if not layers:
        raise NotApplicable("the row space is empty or the full space: rank(W) is 0 or the hidden width at every layer")
    both, compared = PairSampling.like(sampling), _compared(trace, sampling)
    row, principal, random = compared.gains[variant["similarity"]]
    if np.isnan(row).all():
        raise NotApplicable("every token uses the same experts, so there is no overlap to predict")

    beyond = row - principal if over_layers(principal).mean() > 0 else row

    def gain(name: str, table: Float64Array, threshold: str = "gain") -> Measured:
        return Measured(name, both.mean(over_layers(table)), ">=", threshold, within=DIFFERENCE)

    return Finding(
        headline=(gain("Spearman gain of the row space", row),),
        excess=(gain("that gain minus the one of the data's leading directions, where they gain", beyond, "excess"),),
        parts=(Measured("pairs above the row-space bound", compared.violations, "<=", "violations"),),
        premises=models_text(trace, sampling),
        controls=(gain("Spearman gain of the data's leading directions", principal),),
        reported=(gain("Spearman gain of a random subspace", random),),
        layers=(
            by_layer("row space", layers, row, both, "gain"),
            by_layer("leading directions", layers, principal, both),
            by_layer("random subspace", layers, random, both),
        ),
        notes=left_out(trace, layers),
    )


class _Compared(NamedTuple):
    """What all variants compare.

    Attributes
    ----------
    gains : of each similarity, gains over the full space, (3, L, S): row space, leading principal directions, random
    violations : pairs above the row-space bound
    """

    gains: dict[str, Float64Array]
    violations: Estimate


def _partly_read(trace: Trace) -> list[LayerTrace]:
    """Linear layers whose row space is neither empty nor the full space."""
    ranked = [(layer, row_space(layer.router.weight)) for layer in linear_layers(trace)]
    return [layer for layer, space in ranked if space.rank and not space.full]


def _compare(trace: Trace, sampling: Sampling) -> _Compared:
    layers, tokens = _partly_read(trace), pair_tokens(trace)
    pairs = len(layers) * len(tokens) * (len(tokens) - 1) // 2
    found = [_gains(layer, trace, sampling) for layer in layers]
    return _Compared(
        gains={name: np.stack([gains[name] for gains in found], axis=1) for name in SIMILARITIES},
        violations=exact(sum(_violations(layer, trace, tokens) for layer in layers), pairs),
    )


_compared = Once(_compare)


def _gains(layer: LayerTrace, trace: Trace, sampling: Sampling) -> dict[str, Float64Array]:
    """Of each similarity, by sequence, the gain over the full space, (3, S), of row space, principal, random ones."""
    tokens = pair_tokens(trace)
    hidden, sequence = layer.hidden[tokens].astype(np.float64), sequences_of(trace, tokens)
    space = row_space(layer.router.weight)
    centred = np.asarray(layer.second_moment - np.outer(layer.mean, layer.mean))
    rng = sampling.rng("subspace", layer.router.layer)
    bases = (
        space.basis,
        leading_directions(centred, space.rank).T,
        random_subspace(hidden.shape[1], space.rank, rng),
    )
    states, overlap = [hidden, *(row_part(hidden, basis) for basis in bases)], _ranks(overlap_of(layer, trace, tokens))
    found = {}
    for name, similarity in SIMILARITIES.items():
        full, *parts = (correlate_ranks(_ranks(similarity(each)), overlap) for each in states)
        gains = np.stack([part - full for part in parts])
        weights = np.asarray(~np.isnan(gains).any(axis=0), dtype=np.float64)
        known = np.where(weights > 0, gains, 0.0)
        found[name] = np.stack([sequence_means(gain, weights, sequence, trace.sequences) for gain in known])
    return found


def _violations(layer: LayerTrace, trace: Trace, tokens: IntArray) -> int:
    """Count pairs whose row-space distance exceeds ||dz|| / sigma_min+, beyond rounding of the logits."""
    space = row_space(layer.router.weight)
    rows = layer.hidden[tokens].astype(np.float64) @ space.basis
    logits = layer.logits[trace.sample[tokens]].astype(np.float64)
    smallest = float(space.singular[-1])
    rounding = 2 * layer.router.tolerance * float(np.abs(logits).max()) * float(np.sqrt(logits.shape[1]))
    bound = (np.sqrt(squared_distances(logits, logits)) * (1 + 1e-6) + rounding) / smallest
    above = np.sqrt(squared_distances(rows, rows)) > bound
    return int(above[np.triu_indices(len(tokens), k=1)].sum())


def _ranks(table: Float64Array) -> Float64Array:
    """Ranks of each token's partners, (m, m - 1), centred."""
    return centred_ranks(table[~np.eye(len(table), dtype=bool)].reshape(len(table), len(table) - 1))


def _nearness(states: Float64Array) -> Float64Array:
    return -np.asarray(squared_distances(states, states))


def _cosine(states: Float64Array) -> Float64Array:
    unit = states / np.maximum(np.linalg.norm(states, axis=1, keepdims=True), 1e-30)
    return np.asarray(unit @ unit.T)


#: How alike two states are, by the name of the variant.
SIMILARITIES = {"distance": _nearness, "cosine": _cosine}
