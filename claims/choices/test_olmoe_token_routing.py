"""Does the id of a token decide its experts, less so in the middle layers?  OLMoE, section 5.4; 2604.17182."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from claims.choices.sequence_means import (
    curve_of_sequences,
    figure_of_curves,
    known_sequences,
    require_tokens,
)
from claims.core.claim import Threshold, claim
from claims.core.finding import Finding, Measured, NotApplicable
from claims.shared.layer_trends import layer_trend, share_of_orders, trend_is_open
from claims.shared.premises import models_text, require_all_layers
from fixtures.evidence.token_routing import TokenRouting
from metrics.arrays import Float64Array, IntArray
from metrics.stats.estimate import Estimate
from metrics.stats.pair_sampling import PairSampling
from metrics.stats.sampling import Sampling


class _Shared(NamedTuple):
    """What tokens share with another occurrence of their id, and with any token, (L, S) each.

    Jaccard of their sets of experts, and the number of experts that both have; k of each layer, (L,).
    """

    same: Float64Array
    other: Float64Array
    same_shared: Float64Array
    other_shared: Float64Array
    top_k: IntArray


@claim(
    id="token-routing",
    version=2,
    group="F",
    number=8,
    title="The id of a token decides much of its routing, less in the middle",
    source="OLMoE (arXiv 2409.02060), section 5.4; arXiv 2604.17182",
    figures=("OLMoE section 5.4",),
    statement="Two occurrences of a token in different texts share more of their experts than two tokens do; in the "
    "middle layers the difference is smaller.",
    equation="Jaccard of the top-k sets of two occurrences of an id - Jaccard of any two tokens >= 0.1, mean over "
    "layers;  Spearman(distance from the middle layer, difference) >= 0.3, as strong in at most one order in twenty",
    definition="reconstructed: one other occurrence is drawn for each of up to 131,072 tokens whose id another "
    "sequence has, and one token of another sequence whatever its id; the first position, which has no context, is "
    "left out. A sequence's value is the mean over its tokens. For the middle, of the two layers at each distance "
    "from it the one where the difference is smaller counts: a curve that only falls is not lower in the middle. The "
    "share that the id explains is (n_same - n_any) / (k - n_any), with n shared experts: the share of the variance of "
    "choices that lies between ids",
    means="The id of a token says little of its experts: a table from token id to experts would be a poor "
    "predictor on this text.",
    check="The hit rate of such a table on your own text, layer by layer.",
    null_says="Another token of another sequence, whatever its id: what ids permuted over the tokens would share. The "
    "headline is what lies beyond it, so that there is no excess besides.",
    paper="2604.17182: a Jaccard of 0.649 between occurrences of a token, of 0.175 between different ones; of depth, "
    "and of OLMoE, no number is known to us",
    thresholds={
        "lead": Threshold(0.1, "a tenth of all that two tokens have: less would not be called much"),
        "beyond": Threshold(0.05, "half of that more than in the untrained twin, where the same words meet as well"),
        "middle": Threshold(0.3, "a weak correlation: a curve that falls and rises less steadily looks flat"),
        "luck": Threshold(0.05, "one order of the layers in twenty"),
    },
)
def test_token_routing(token_routing: TokenRouting, thresholds: Mapping[str, float], sampling: Sampling) -> Finding:
    """Compare what occurrences of one id share with what any two tokens share, layer by layer."""
    require_tokens(token_routing)
    found, pairs = _shared(token_routing), PairSampling.like(sampling)
    lead = found.same - found.other
    curves = tuple(
        curve_of_sequences(name, token_routing, table, pairs)
        for name, table in (("same id", found.same), ("any id", found.other))
    )
    parts, notes = _middle(token_routing, lead, thresholds["luck"], pairs)
    return Finding(
        premises=models_text(token_routing, sampling),
        headline=(
            Measured(
                "Jaccard of the same id minus any id, mean over layers",
                pairs.mean(lead.mean(axis=0)), ">=", "lead", within=(-1.0, 1.0),
            ),
        ),
        parts=parts,
        controls=(
            Measured("Jaccard of any id", pairs.mean(found.other.mean(axis=0)), ">=", "lead"),
        ),
        reported=(
            Measured("Jaccard of the same id", pairs.mean(found.same.mean(axis=0)), ">=", "lead"),
            Measured("share of the choices that the id explains", _explained(found, pairs), ">=", "lead"),
        ),
        layers=(curve_of_sequences("same id minus any id", token_routing, lead, pairs, "lead"),),
        figure=figure_of_curves("two occurrences of a token", "OLMoE section 5.4", "Jaccard of experts", curves),
        notes=(_compared(token_routing, lead.shape[1]), *notes),
    )  # fmt: skip


def _shared(routing: TokenRouting) -> _Shared:
    """Read what was compared, of the sequences whose ids others have."""
    if routing.sequences < 2:
        raise NotApplicable("one sequence was read: no other has its ids")
    identity = [layer.identity for layer in routing.layers if layer.identity is not None]
    if len(identity) < len(routing.layers):
        raise NotApplicable("the capture has no token ids")
    names = ("same", "other", "same_shared", "other_shared")
    tables = (np.stack([getattr(layer, name) for layer in identity]) for name in names)
    same, other, same_shared, other_shared = known_sequences(*tables)
    if not same.shape[1]:
        raise NotApplicable(f"no id of any of {routing.sequences} sequences occurs in another")
    top_k = np.array([layer.top_k for layer in routing.layers])
    return _Shared(same, other, same_shared, other_shared, top_k)


def _middle(
    routing: TokenRouting, lead: Float64Array, luck: float, sampling: Sampling
) -> tuple[tuple[Measured, ...], tuple[str, ...]]:
    """Whether the lead grows away from the middle layer, and whether that could be luck; else why it is not asked."""
    try:
        require_all_layers(routing)
    except NotApplicable as reason:
        return (), (f"Whether it is less in the middle is not asked: {reason}.",)
    folded = _folded(lead)
    trend = sampling.mean(layer_trend(folded))
    name = "Spearman(distance from the middle, lead)"
    return (
        Measured(name, trend, ">=", "middle", (-1.0, 1.0), fails_open=trend_is_open(folded, luck, sampling)),
        Measured(
            "permutation p over layer orders",
            share_of_orders(folded, sampling), "<=", "luck", fails_open=True,
        ),
    ), ()  # fmt: skip


def _folded(table: Float64Array) -> Float64Array:
    """Fold layers (L, S) at the middle, nearest first, (ceil(L / 2), S): of two, the one whose mean is smaller."""
    half = len(table) // 2
    before, after = table[:half][::-1], table[len(table) - half :]
    smaller = before.mean(axis=1, keepdims=True) < after.mean(axis=1, keepdims=True)
    return np.concatenate([table[half : len(table) - half], np.where(smaller, before, after)])


def _explained(found: _Shared, sampling: Sampling) -> Estimate:
    """Share of the experts that chance leaves which the id decides, mean over layers, from means over sequences."""
    layers = len(found.top_k)

    def share(rows: Float64Array) -> Float64Array:
        same, other = np.split(rows.mean(axis=-2), [layers], axis=-1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(((same - other) / (found.top_k - other)).mean(axis=-1))

    return sampling.of(np.concatenate([found.same_shared, found.other_shared]).T, share)


def _compared(routing: TokenRouting, sequences: int) -> str:
    tokens = [int(layer.identity.tokens.sum()) for layer in routing.layers if layer.identity is not None]
    return f"{tokens[0]:,} tokens of {sequences} of {routing.sequences} sequences have an id that another sequence has."
