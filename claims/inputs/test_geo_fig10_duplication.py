"""Does repeating the input drive unrelated domains to the same experts?  GEO Figs 10 and 26-29."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from claims.core.claim import Threshold, claim
from claims.core.curves import along, layer_figure
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure
from claims.inputs.domain_gaps import UNIT, DomainGaps
from claims.inputs.duplicated_inputs import PLAIN, REPEATED, Copies, read_copies
from claims.shared.premises import models_text
from fixtures.evidence.sequences import LayerSequences, SequenceTrace
from metrics.arrays import Float64Array
from metrics.stats.bootstrap import exact
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling

Layers = Sequence[LayerSequences]

#: Fewer documents give no interval worth having.
FEWEST = 8


@claim(
    id="duplication-collapse",
    group="C",
    number=4,
    title="Repeating the input collapses the difference between domains",
    source="GEO (arXiv 2604.09780v1), Eqs 7 and 13-14",
    figures=("GEO Fig. 10", "GEO Fig. 26", "GEO Fig. 27", "GEO Fig. 28", "GEO Fig. 29"),
    statement="Repeating the input up to 12 times drives the expert usage of unrelated domains toward the similarity "
    "within a domain, through a stronger dominant direction and larger logits and confidence.",
    equation="gap(c) = 1 - cos(f, f') across domains / cos(f, f') within domains, of texts repeated c times;  "
    "1 - gap(12) / gap(1) >= 0.5;  Spearman(c, cos(f, f') across domains) >= 0.3;  s_1^2 / sum s_i^2, mean ||z|| and "
    "mean max softmax(z) rise by 2 % of themselves from 1x to 12x",
    definition="read (usage, Eqs 13-14) over the repeated text without its frame; reconstructed (energy, Eq. 7, of the "
    "whole sequence; the level within a domain is that of texts repeated as often, so that lengths match, and the gap "
    "a share of it, which counting noise leaves alone; the correlation of each cross-domain pair, their mean judged); "
    "mean over layers, and over domains or pairs of domains alike",
    means="Repeating the input does not bring the experts of unrelated domains together here: loads on "
    "repetitive prompts need another explanation than a collapse of this kind.",
    check="Each expert's load on your own long, repetitive prompts, against plain text of the same length.",
    null_says="Plain text of the same length, from the same documents, in place of the repeated one; and no change. "
    "Where as much of the gap closes in plain text, repeating is not the cause, whatever energy, logits and confidence "
    "do.",
    paper="cross-domain similarity climbs toward the intra-domain level (Fig. 10), the dominant direction grows "
    "(Fig. 26), logits and confidence rise (Fig. 29); less without a chat template (Figs 27-28); no number printed",
    thresholds={
        "unit": Threshold(64, "tokens: the usage of fewer is so noisy that even equal profiles look unlike"),
        "gap": Threshold(0.01, "a hundredth of the level within a domain: there is no half of less"),
        "closed": Threshold(0.5, "at least half of the gap to the intra-domain level, so that it is a collapse"),
        "excess": Threshold(0.1, "a tenth of the gap, beyond what as much plain text closes and beyond none"),
        "trend": Threshold(0.3, "a weak correlation: a curve that climbs less looks flat"),
        "rise": Threshold(0.02, "a fiftieth of itself: bars of Figs 26 and 29 that differ less look alike"),
    },
    variants=({"input": "text"}, {"input": "chat template"}),
)
def test_duplication_collapse(duplicates: SequenceTrace, sampling: Sampling) -> Finding:
    """Compare usage across domains, energy, logits and confidence from one copy to the most."""
    layers = [layer for layer in duplicates.layers if layer.usage.shape[2] > 0]
    copies = read_copies(duplicates)
    _require_domains(copies, layers)
    gaps, deepest = (DomainGaps(copies, some, sampling) for some in (layers, layers[-math.ceil(len(layers) / 4) :]))
    return Finding(
        headline=(_closed(gaps, REPEATED),),
        excess=_excess(gaps),
        parts=(_trend(gaps, REPEATED), *_rises(copies, REPEATED, layers, sampling)),
        premises=(_unit(copies), _gap(gaps, 0, "1x"), *_models_longest(copies, sampling)),
        controls=tuple(
            replace(measured, name=f"{measured.name}, plain text")
            for measured in (_closed(gaps, PLAIN), _trend(gaps, PLAIN), *_rises(copies, PLAIN, layers, sampling))
        ),
        reported=(
            _gap(gaps, -1, copies.most),
            *(
                replace(measured, name=f"{measured.name}, deepest quarter of layers")
                for measured in (_gap(deepest, 0, "1x"), _closed(deepest, REPEATED), _trend(deepest, REPEATED))
            ),
        ),
        layers=_curves(copies, layers, sampling),
        figure=_figure(gaps),
        more_figures=(_causes(copies, layers, sampling),),
        notes=(_text_length(copies),),
    )


def _require_domains(copies: Copies, layers: Layers) -> None:
    """Refuse evidence without experts, or without pairs of documents both within a domain and across domains."""
    documents = len(copies.corpus)
    if not layers:
        raise NotApplicable("no layer of the checkpoint routes tokens to experts")
    if documents < FEWEST:
        raise NotApplicable(f"{documents} documents make too few pairs; {FEWEST} are needed")
    if not copies.within or not copies.across:
        domains = len(np.unique(copies.corpus))
        raise NotApplicable(
            f"{documents} documents of {domains} domains: pairs within a domain and across domains are needed"
        )


def _unit(copies: Copies) -> Measured:
    tokens = copies.unit_tokens
    return Measured("tokens of the repeated text, the fewest", exact(tokens.min(), len(tokens), UNIT), ">=", "unit")


def _models_longest(copies: Copies, sampling: Sampling) -> tuple[Measured, ...]:
    """That the model models text as long as the most copies, though it may never have been trained on any.

    Every token stands in the evidence many times over, so that frequencies tell more here than in text.
    """
    premise = models_text(copies.trace, sampling, copies.rows[PLAIN][:, -1], f"plain text as long as {copies.most}")
    return tuple(replace(each, estimate=replace(each.estimate, unit=UNIT)) for each in premise)


def _gap(gaps: DomainGaps, place: int, count: str) -> Measured:
    return Measured(
        f"gap at {count}, share of the level within domains",
        gaps.gap(REPEATED, place),
        ">=",
        "gap",
        within=(-np.inf, 1.0),
    )


def _closed(gaps: DomainGaps, kind: str) -> Measured:
    return Measured(f"share of the gap closed at {gaps.copies.most}", gaps.closed(kind), ">=", "closed")


def _excess(gaps: DomainGaps) -> tuple[Measured, Measured]:
    """What is closed beyond what plain text closes, and beyond nothing: plain text that parts domains closes no gap."""
    name = f"share of the gap closed at {gaps.copies.most}"
    return (
        Measured(f"{name}, minus plain text", gaps.closed_beyond_plain(), ">=", "excess"),
        Measured(f"{name}, minus none", gaps.closed(REPEATED), ">=", "excess"),
    )


def _trend(gaps: DomainGaps, kind: str) -> Measured:
    return Measured("Spearman(copies, similarity across domains)", gaps.trend(kind), ">=", "trend", within=(-1.0, 1.0))


def _rises(copies: Copies, kind: str, layers: Layers, sampling: Sampling) -> tuple[Measured, ...]:
    """How much energy, logit norm and confidence rise from one copy to the most, of themselves, paired by document."""
    found = []
    for name, read in _quantities(copies).items():
        rise = np.mean([_rise(read(layer, kind)) for layer in layers], axis=0)
        estimate = replace(sampling.mean(rise), unit=UNIT)
        found.append(Measured(f"relative rise of the {name} at {copies.most}", estimate, ">=", "rise"))
    return tuple(found)


def _quantities(copies: Copies) -> Mapping[str, Callable[[LayerSequences, str], Float64Array]]:
    return {"energy": copies.energy, "logit norm": copies.logit_norm, "confidence": copies.confidence}


def _rise(table: Float64Array) -> Float64Array:
    """What is gained from one copy to the most, in units of the value at one: (D, C) to (D,)."""
    return np.asarray(table[:, -1] / table[:, 0] - 1)


def _curves(copies: Copies, layers: Layers, sampling: Sampling) -> tuple[Curve, ...]:
    """By layer: the gap (Fig. 10), and the rises of energy (Fig. 26), logit norm and confidence (Fig. 29)."""
    numbers = tuple(layer.layer for layer in layers)
    each = [DomainGaps(copies, [layer], sampling) for layer in layers]

    def rises(read: Callable[[LayerSequences, str], Float64Array]) -> tuple[Estimate, ...]:
        return tuple(replace(sampling.mean(_rise(read(layer, REPEATED))), unit=UNIT) for layer in layers)

    return (
        Curve("gap at 1x", numbers, tuple(one.gap(REPEATED, 0) for one in each)),
        Curve(f"gap at {copies.most}", numbers, tuple(one.gap(REPEATED, -1) for one in each)),
        *(
            Curve(f"relative rise of the {name}", numbers, rises(read), "rise")
            for name, read in _quantities(copies).items()
        ),
    )


def _figure(gaps: DomainGaps) -> Figure:
    """Similarity against copies, within and across domains, of repeated and of plain text: Fig. 10."""
    x = [float(count) for count in gaps.copies.counts]
    series = []
    for kind, name in ((REPEATED, "repeated"), (PLAIN, "plain text")):
        series += [along(f"within domains, {name}", x, gaps.within(kind))]
        series += [along(f"across domains, {name}", x, gaps.across(kind))]
    return Figure(
        kind="lines",
        title="usage similarity against copies",
        redraws="GEO Fig. 10",
        x_label="copies of the input (plain text: as many tokens)",
        y_label="cosine of expert usage",
        series=series,
    )


def _causes(copies: Copies, layers: Layers, sampling: Sampling) -> Figure:
    """How energy (Fig. 26), logit norm and confidence (Fig. 29) rise from one copy to the most, layer by layer."""
    numbers = [layer.layer for layer in layers]

    def panel(name: str, read: Callable[[LayerSequences, str], Float64Array]) -> Figure:
        series = [
            along(called, numbers, [sampling.mean(_rise(read(layer, kind))) for layer in layers])
            for kind, called in ((REPEATED, "repeated"), (PLAIN, "plain text"))
        ]
        return layer_figure(name, "", "relative rise", series, ("no change", 0.0))

    return Figure(
        kind="panels",
        title=f"rise from one copy to {copies.most}, in shares of the value at one",
        redraws="GEO Figs 26 and 29",
        x_label="",
        y_label="",
        series=[],
        panels=[panel(name, read) for name, read in _quantities(copies).items()],
        units=f"{len(copies.corpus)} documents",
    )


def _text_length(copies: Copies) -> str:
    tokens = copies.of_text(copies.trace.part_tokens, REPEATED)
    return (
        f"The text has {tokens[0, 0]:g} tokens once and {tokens[0, -1]:g} at {copies.most}. The more tokens, the less "
        f"counting noise lowers a similarity: compare across with within domains at the same length."
    )
