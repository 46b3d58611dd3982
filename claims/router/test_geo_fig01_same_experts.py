"""Near hidden states give the SAME EXPERTS: the part of GEO Prop. 1 that is no tautology."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from claims.core.claim import Threshold, claim
from claims.core.curves import by_layer
from claims.core.finding import Finding, Measured
from claims.shared.premises import left_out, models_text, replayed_layers
from claims.shared.token_pairs import (
    NEAREST,
    PAIR_TOKENS,
    over_layers,
    overlap_of,
    pair_tokens,
    sequence_means,
    sequences_of,
)
from fixtures.evidence.trace import LayerTrace, Trace
from metrics.arrays import Float64Array, IntArray
from metrics.routing.certified_radius import Radius, certified_radius
from metrics.routing.selection import select
from metrics.stats.bootstrap import exact
from metrics.stats.pair_sampling import PairSampling
from metrics.stats.sampling import Sampling
from metrics.usage.token_pairs import nearest_pairs_mask, squared_distances

#: Random pairings of the states with the choices that are averaged.
PAIRINGS = 4
#: How far inside and beyond the certified radius the probes go.
INSIDE, BEYOND = 0.999, 1.001


@claim(
    id="sufficiency-topk",
    group="A",
    number=3,
    title="Near hidden states give the same experts",
    source="GEO (arXiv 2604.09780v1), Prop. 1; Eq. 11 for the overlap",
    figures=("GEO Fig. 1", "GEO Prop. 1"),
    statement="Routing is piecewise constant: every token has a radius inside which the experts cannot change, "
    "and near tokens share clearly more experts than random ones.",
    equation="r(h) = min over chosen i, unchosen j of (z_i - z_j) / ||w_i - w_j|| (plain top-k; a Lipschitz lower "
    "bound for other scores);  overlap = m_i . m_j / k",
    definition="read (overlap, Eq. 11); the certified radius is ours. Pairs are those of up to "
    f"{PAIR_TOKENS:,} sampled tokens, averaged by the sequence that they begin in",
    means="On this text nearness of hidden states is a poor guide to the experts that a token gets: a predictor "
    "or cache of experts that goes by near states would often be wrong.",
    check="The hit rate of such a predictor on your own text, layer by layer, beside that of random pairs of tokens.",
    null_says="The same overlaps with the tokens' hidden states re-paired at random, the mean of four pairings.",
    paper="no number printed",
    thresholds={
        "violations": Threshold(0, "the radius is a certificate: one change inside it breaks it"),
        "gain": Threshold(0.2, "a fifth of the chosen experts: far above what rounding gives"),
        "excess": Threshold(0.2, "the same fifth beyond what tokens share whose states are another's"),
    },
)
def test_sufficiency_topk(trace: Trace, sampling: Sampling) -> Finding:
    """Check the radius on natural pairs and probes, then the overlap of near against random pairs."""
    layers, pairs = replayed_layers(trace), PairSampling.like(sampling)
    tokens = pair_tokens(trace)
    balls = [_ball(layer, trace, tokens, sampling) for layer in layers]
    found = [_gains(layer, trace, tokens, sampling) for layer in layers]
    gains, repaired = (np.stack(tables) for tables in zip(*found, strict=True))
    return Finding(
        headline=(
            Measured(
                "overlap of nearest 1 % minus random pairs",
                pairs.mean(over_layers(gains)),
                ">=",
                "gain",
                within=(-1.0, 1.0),
            ),
        ),
        excess=(
            Measured(
                "overlap gain minus that of re-paired states",
                pairs.mean(over_layers(gains - repaired)),
                ">=",
                "excess",
                within=(-2.0, 2.0),
            ),
        ),
        parts=_radius(balls),
        premises=models_text(trace, sampling),
        controls=(
            Measured(
                "overlap gain, re-paired states",
                pairs.mean(over_layers(repaired)),
                ">=",
                "gain",
                within=(-1.0, 1.0),
            ),
        ),
        layers=(by_layer("overlap gain of near pairs", layers, gains, pairs, "gain"),),
        notes=(*_kinds(balls), *left_out(trace, layers)),
    )


@dataclass(frozen=True)
class _Ball:
    """Counts over one layer's certified balls."""

    tried: int
    inside: int
    exact_tokens: int
    unmoved: int
    ties: int
    exact: bool
    median_share: float


def _ball(layer: LayerTrace, trace: Trace, tokens: IntArray, sampling: Sampling) -> _Ball:
    """Probe one layer's certified radii."""
    rule = layer.router.rule
    assert rule is not None
    hidden = layer.hidden[tokens].astype(np.float64)
    logits = _logits(layer, hidden)
    chosen = select(rule, logits)
    clear = np.all(np.sort(chosen, axis=1) == np.sort(layer.experts[trace.sample[tokens]], axis=1), axis=1)
    radius = certified_radius(logits, layer.router.weight, chosen, score=rule.score, bias=rule.bias, groups=rule.groups)
    same = _same_set(chosen[:, None], chosen[None, :])
    near = (np.sqrt(squared_distances(hidden, hidden)) < radius.value[:, None] * INSIDE) & clear[:, None] & clear[None]
    np.fill_diagonal(near, val=False)
    step = sampling.rng("ball", layer.router.layer).standard_normal(hidden.shape)
    norm = np.linalg.norm(hidden, axis=1)
    reach = np.minimum(radius.value, 100 * norm)  # a radius is infinite where nothing can change the choice
    step *= (INSIDE * reach / np.linalg.norm(step, axis=1))[:, None]
    probe = _same_set(select(rule, _logits(layer, hidden + step)), chosen)
    usable = clear & (radius.value > 1e-9 * norm)
    bounded = usable & np.isfinite(radius.value)
    unmoved = _unmoved(layer, hidden, chosen, radius, bounded) if radius.exact else 0
    return _Ball(
        tried=int(near.sum() + usable.sum()),
        inside=int((near & ~same).sum() + (usable & ~probe).sum()),
        exact_tokens=int(bounded.sum()) if radius.exact else 0,
        unmoved=unmoved,
        ties=int((~usable).sum()),
        exact=radius.exact,
        median_share=float(np.median(radius.value / norm)),
    )


def _unmoved(
    layer: LayerTrace, hidden: Float64Array, chosen: IntArray, radius: Radius, usable: npt.NDArray[np.bool_]
) -> int:
    """Count tokens whose choice survives a step just beyond the exact radius along w_j - w_i."""
    rule = layer.router.rule
    assert rule is not None
    weight = layer.router.weight.astype(np.float64)
    towards = weight[radius.second] - weight[radius.first]
    length = np.linalg.norm(towards, axis=1)
    reach = np.where(usable, radius.value, 0.0)
    step = towards * (BEYOND * reach / np.where(length > 0, length, 1.0))[:, None]
    moved = select(rule, _logits(layer, hidden + step))
    return int((_same_set(moved, chosen) & usable & (length > 0)).sum())


def _logits(layer: LayerTrace, hidden: Float64Array) -> Float64Array:
    bias = 0.0 if layer.router.bias is None else layer.router.bias.astype(np.float64)
    return np.asarray(hidden @ layer.router.weight.T.astype(np.float64) + bias)


def _same_set(first: IntArray, second: IntArray) -> npt.NDArray[np.bool_]:
    return np.asarray(np.all(np.sort(first, axis=-1) == np.sort(second, axis=-1), axis=-1))


def _radius(balls: list[_Ball]) -> tuple[Measured, ...]:
    """What must never happen inside the radius, and, where it is exact, just beyond it."""
    counts = (
        (
            "top-k selections changed inside the radius",
            sum(b.inside for b in balls),
            sum(b.tried for b in balls),
            "pair",
        ),
        (
            "top-k selections unchanged just beyond the exact radius",
            sum(b.unmoved for b in balls),
            sum(b.exact_tokens for b in balls),
            "token",
        ),
    )
    return tuple(Measured(name, exact(count, of, unit), "<=", "violations") for name, count, of, unit in counts if of)


def _gains(layer: LayerTrace, trace: Trace, tokens: IntArray, sampling: Sampling) -> tuple[Float64Array, Float64Array]:
    """Per sequence: overlap gain of its tokens' nearest pairs, and its mean over random pairings of the states."""
    overlap, sequence = overlap_of(layer, trace, tokens), sequences_of(trace, tokens)
    hidden = layer.hidden[tokens]
    near = nearest_pairs_mask(squared_distances(hidden, hidden), NEAREST)
    rng = sampling.rng("pairing", layer.router.layer)
    pairings = [rng.permutation(len(tokens)) for _ in range(PAIRINGS)]
    others = [_gain(overlap[np.ix_(own, own)], near, sequence, trace.sequences) for own in pairings]
    return _gain(overlap, near, sequence, trace.sequences), np.asarray(np.mean(others, axis=0))


def _gain(overlap: Float64Array, near: npt.NDArray[np.bool_], sequence: IntArray, count: int) -> Float64Array:
    """Per sequence: overlap of its tokens' near pairs minus that of all their pairs; NaN without a near pair."""
    means = [
        sequence_means((pairs * overlap).sum(axis=1), pairs.sum(axis=1), sequence, count)
        for pairs in (near.astype(np.float64), 1.0 - np.eye(len(near)))
    ]
    return np.asarray(means[0] - means[1])


def _kinds(balls: list[_Ball]) -> tuple[str, ...]:
    kind = "exact" if all(b.exact for b in balls) else "a valid lower bound"
    share = float(np.median([b.median_share for b in balls]))
    ties = sum(b.ties for b in balls)
    return (
        f"The certified radius is {kind}; its median is {share:.3g} of the token's norm. "
        f"{ties:,} near-tied (token, layer) pairs were counted apart.",
    )
