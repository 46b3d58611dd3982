"""Does the same token use other experts in another context, the more so the deeper?  GEO Fig. 4."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from claims.core.claim import Threshold, Variant, claim
from claims.core.curves import along, by_number, layer_figure
from claims.core.figure_data import rounded
from claims.core.finding import Finding, Measured, NotApplicable
from claims.core.record import Figure
from claims.shared.layer_trends import layer_trend, share_of_orders, trend_is_open
from claims.shared.premises import models_text, require_all_layers
from fixtures.routing.chosen_experts import ChosenExperts, LayerChoices
from metrics.arrays import Float64Array, IntArray
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling
from metrics.usage.topk_overlap import TokenOverlap, aligned_overlap, chance_overlap, choice_mask, type_overlap

#: Fewer pairs of sequences, or sentences, give no interval worth having.
FEWEST_UNITS = 8


class _Overlaps(NamedTuple):
    """Overlap of same and of different tokens, each (L, U), what the U units are, and what to tell of them."""

    same: Float64Array
    different: Float64Array
    unit: str
    notes: tuple[str, ...]


@claim(
    id="context-dependence",
    group="C",
    number=2,
    title="The same token uses other experts in other contexts, more so in depth",
    source="GEO (arXiv 2604.09780v1), Eq. 11",
    figures=("GEO Fig. 4",),
    statement="The same token, or the same sentence, in different contexts shares its experts in the first MoE layer, "
    "and less and less with depth.",
    equation="overlap(t, t') = m_t . m_t' / k over pairs of the same token in two contexts;  first MoE layer >= 0.6;  "
    "Spearman(layer, overlap) <= -0.3, as strong in at most one order of the layers in twenty",
    definition="read (Eq. 11); reconstructed: tokens are compared over disjoint pairs of sequences, mean over the "
    "token types that both contain; sentences are spans of the text, compared place by place over pairs of contexts; "
    "the correlation is that of each pair of sequences, or sentence, and their mean is judged",
    means="A token's experts do not go from shared in the first MoE layer to bound by context in depth as "
    "stated: neither prefetching by token id in early layers nor counting on context in late ones is backed by "
    "this.",
    check="The hit rate of a table from token id to experts, layer by layer, on your own text.",
    null_says="Different tokens in the same two contexts: the same types, or places, each with every other one. Where "
    "they share as much, or lose as much with depth, it is not the token that decides.",
    paper="high only in the first layers, shrinking with depth (Fig. 4); no number printed",
    thresholds={
        "first": Threshold(0.6, "most experts shared, far above the chance k/E of any model"),
        "trend": Threshold(-0.3, "a weak correlation: a curve that falls less looks flat"),
        "luck": Threshold(0.05, "one order of the layers in twenty"),
        "lead": Threshold(0.1, "a tenth of a token's experts, shared beyond what different tokens share"),
    },
    variants=({"unit": "token"}, {"unit": "sentence"}),
)
def test_context_dependence(
    choices: ChosenExperts, variant: Variant, thresholds: Mapping[str, float], sampling: Sampling
) -> Finding:
    """Compare the experts of same-token pairs with those of different tokens, layer by layer."""
    require_all_layers(choices)
    found = _sentences(choices) if variant["unit"] == "sentence" else _tokens(choices, sampling)
    if found.same.shape[1] < FEWEST_UNITS:
        raise NotApplicable(f"{FEWEST_UNITS} {found.unit}s are needed for an interval: {found.notes[0].rstrip('.')}")
    depth = [layer.layer for layer in choices.layers]
    first, trend = _first_and_trend("same token", found.same, found.unit, sampling)
    trend = replace(trend, fails_open=trend_is_open(found.same, thresholds["luck"], sampling))
    return Finding(
        headline=(first, trend, _as_steep(found, sampling)),
        excess=_leads(found, sampling),
        premises=models_text(choices, sampling),
        controls=_first_and_trend("different tokens", found.different, found.unit, sampling),
        layers=(
            by_number("overlap, same token", depth, found.same, sampling),
            by_number("overlap, different tokens", depth, found.different, sampling),
        ),
        figure=_figure(choices, found, sampling),
        notes=found.notes,
    )


def _tokens(chosen: ChosenExperts, sampling: Sampling) -> _Overlaps:
    """Overlaps of the token types that two sequences share; every sequence is in one pair.

    The first position is left out: it has no context, and often holds the token that begins every text.
    """
    rows = [np.flatnonzero((chosen.sequence == number) & (chosen.position > 0)) for number in range(chosen.sequences)]
    order = sampling.rng("context-dependence").permutation(chosen.sequences)
    pairs = [(rows[a], rows[b]) for a, b in zip(order[0::2], order[1::2], strict=False)]
    types = [len(np.intersect1d(chosen.token[a], chosen.token[b])) for a, b in pairs]
    kept = [pair for pair, count in zip(pairs, types, strict=True) if count >= 2]
    shared = [count for count in types if count >= 2]
    table = [[_of_types(layer, chosen.token, a, b) for a, b in kept] for layer in chosen.layers]
    middle = f"; the median pair shares {np.median(shared):.4g}" if shared else ""
    note = f"{len(kept)} of {len(pairs)} pairs of sequences share two token types or more{middle}."
    return _put_together(table, "sequence pair", note)


def _of_types(layer: LayerChoices, token: IntArray, a: IntArray, b: IntArray) -> TokenOverlap:
    return type_overlap(_masks(layer, a), token[a], _masks(layer, b), token[b], layer.experts.shape[1])


def _sentences(chosen: ChosenExperts) -> _Overlaps:
    """Overlaps of each sentence's tokens across its contexts, place by place."""
    labels = np.asarray(chosen.labels["sentence"])
    rows = [np.flatnonzero(chosen.sequence == number) for number in range(chosen.sequences)]
    spans = [_spans(chosen, [rows[number] for number in np.flatnonzero(labels == name)]) for name in np.unique(labels)]
    kept = [span for span in spans if len(span) >= 2 and len(np.unique(chosen.token[span[0]])) >= 2]
    table = [[_of_places(layer, chosen.token, span) for span in kept] for layer in chosen.layers]
    contexts = sorted({len(span) for span in kept})
    return _put_together(
        table,
        "sentence",
        f"{len(kept)} of {len(spans)} sentences have two token types or more and stand in two contexts or more"
        f"{': ' + ', '.join(map(str, contexts)) if contexts else ''}.",
    )


def _spans(chosen: ChosenExperts, sequences: list[IntArray]) -> IntArray:
    """Tokens of one sentence in each of its contexts, (C, T): what all its sequences end with."""
    shortest = min(len(rows) for rows in sequences)
    ends = np.stack([rows[len(rows) - shortest :] for rows in sequences])
    same = (chosen.token[ends] == chosen.token[ends[:1]]).all(axis=0)
    return ends[:, shortest - int(np.cumprod(same[::-1]).sum()) :]


def _of_places(layer: LayerChoices, token: IntArray, span: IntArray) -> TokenOverlap:
    mask = _masks(layer, span.ravel()).reshape(*span.shape, -1)
    return aligned_overlap(mask, token[span[0]], layer.experts.shape[1])


def _masks(layer: LayerChoices, rows: IntArray) -> npt.NDArray[np.float32]:
    return choice_mask(layer.experts[rows], layer.count)


def _put_together(table: list[list[TokenOverlap]], unit: str, note: str) -> _Overlaps:
    values = np.asarray(table, dtype=np.float64).reshape(len(table), -1, 2)
    return _Overlaps(values[..., 0], values[..., 1], unit, (note,))


def _first_and_trend(name: str, table: Float64Array, unit: str, sampling: Sampling) -> tuple[Measured, Measured]:
    """The overlap at the first layer, and the mean over units of its rank correlation with depth."""
    trend = layer_trend(table)
    return (
        Measured(
            f"expert overlap in the first layer, {name}",
            _mean(table[0], unit, sampling),
            ">=",
            "first",
            within=(0.0, 1.0),
        ),
        Measured(f"Spearman(layer, overlap), {name}", _mean(trend, unit, sampling), "<=", "trend", within=(-1.0, 1.0)),
    )


def _as_steep(found: _Overlaps, sampling: Sampling) -> Measured:
    """Whether the fall could be luck in the order of the layers, which no number of pairs can tell."""
    share = share_of_orders(-found.same, sampling)
    return Measured("permutation p over layer orders", share, "<=", "luck", fails_open=True)


def _leads(found: _Overlaps, sampling: Sampling) -> tuple[Measured, Measured]:
    """What the same token shares beyond different ones at the first layer, and how much of it is lost by the last."""
    lead = found.same - found.different
    first, lost = (_mean(values, found.unit, sampling) for values in (lead[0], lead[0] - lead[-1]))
    return (
        Measured(
            "expert overlap in the first layer, same minus different tokens", first, ">=", "lead", within=(-1.0, 1.0)
        ),
        Measured("same minus different tokens, first minus last layer", lost, ">=", "lead", within=(-2.0, 2.0)),
    )


def _mean(values: Float64Array, unit: str, sampling: Sampling) -> Estimate:
    return replace(sampling.mean(values), unit=unit)


def _figure(chosen: ChosenExperts, found: _Overlaps, sampling: Sampling) -> Figure:
    """Overlap by layer of same and different tokens, beside chance: Fig. 4."""
    depth = [layer.layer for layer in chosen.layers]
    series = [
        along(name, depth, [_mean(row, found.unit, sampling) for row in table])
        for name, table in (("same token", found.same), ("different tokens", found.different))
    ]
    first = chosen.layers[0]
    chance = rounded([chance_overlap(first.experts.shape[1], first.count)])[0]
    level = ("chance k/E", chance)
    sentences = found.unit == "sentence"
    what = "a sentence" if sentences else "a token"
    label = "GEO Fig. 4, sentences" if sentences else "GEO Fig. 4"
    return layer_figure(f"experts that {what} shares across contexts", label, "top-k overlap", series, level)
