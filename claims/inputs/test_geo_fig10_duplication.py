"""Does repeating the input drive unrelated domains to the same experts?  GEO Figs 10 and 26-29."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from claims.core.claim import Threshold, claim
from claims.core.curves import along, rounded
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure, Series
from claims.inputs.duplicated_inputs import PLAIN, REPEATED, Copies, read_copies
from claims.shared.sequence_pairs import block_mean, times_drawn
from fixtures.evidence.sequences import LayerSequences, SequenceTrace
from metrics.arrays import BoolArray, Float64Array
from metrics.stats.estimate import Estimate
from metrics.stats.rank_correlation import row_spearman
from metrics.stats.sampling import Sampling

Layers = Sequence[LayerSequences]

#: Fewer documents give no interval worth having.
FEWEST = 8
#: Decimals of a similarity: below them lies the rounding of the cosine, and no trend.
DIGITS = 9
#: What is resampled.
UNIT = "document"


@claim(
    id="duplication-collapse",
    group="C",
    number=4,
    title="Repeating the input collapses the difference between domains",
    source="GEO (arXiv 2604.09780v1), Eqs 7 and 13-14",
    figures=("GEO Fig. 10", "GEO Fig. 26", "GEO Fig. 27", "GEO Fig. 28", "GEO Fig. 29"),
    statement="Repeating the input up to 12 times drives the expert usage of unrelated domains toward the similarity "
    "within a domain, through a stronger dominant direction and larger logits and confidence.",
    equation="Spearman(copies, cos(f, f') across domains) > 0;  (across at 12x - across at 1x) / (within at 1x - "
    "across at 1x) >= 0.5;  s_1^2 / sum s_i^2, mean ||z|| and mean max softmax(z) rise from 1x to 12x",
    definition="read (usage, Eqs 13-14) over the repeated text without its frame; reconstructed (energy, Eq. 7, of the "
    "whole sequence; the correlation of each cross-domain pair, their mean judged); mean over layers, and over domains "
    "or pairs of domains alike",
    null_says="Plain text of the same length, from the same documents, in place of the repeated one. Where domains "
    "draw together as far in it, repeating is not the cause, whatever energy, logits and confidence do.",
    paper="cross-domain similarity climbs toward the intra-domain level (Fig. 10), the dominant direction grows "
    "(Fig. 26), logits and confidence rise (Fig. 29); less without a chat template (Figs 27-28); no number printed",
    thresholds={
        "trend": Threshold(0.0, "the claim is about the sign"),
        "closed": Threshold(0.5, "at least half of the gap to the intra-domain level, so that it is a collapse"),
        "rise": Threshold(0.0, "the claim is about the sign of a paired difference"),
    },
    variants=({"input": "text"}, {"input": "chat template"}),
)
def test_duplication_collapse(duplicates: SequenceTrace, sampling: Sampling) -> Finding:
    """Compare usage across domains, energy, logits and confidence from one copy to the most."""
    layers = [layer for layer in duplicates.layers if layer.usage.shape[2] > 0]
    copies = read_copies(duplicates)
    _require_domains(copies, layers)
    deepest = layers[-math.ceil(len(layers) / 4) :]
    gap = _gap(copies, REPEATED, layers, sampling)
    return Finding(
        criteria=(
            *_collapse(copies, REPEATED, layers, sampling),
            *_rises(copies, REPEATED, layers, sampling),
            Measured("gap at 1x, within minus across domains", gap, ">", 0.0, decides=False),
            *(
                replace(measured, name=f"{measured.name}, deepest quarter of layers", decides=False)
                for measured in _collapse(copies, REPEATED, deepest, sampling)
            ),
        ),
        null=(
            *(_plain(measured) for measured in _collapse(copies, PLAIN, layers, sampling)),
            *(replace(_plain(measured), decides=False) for measured in _rises(copies, PLAIN, layers, sampling)),
        ),
        layers=_curves(copies, layers, sampling),
        figure=_figure(copies, layers, sampling),
        notes=(*_no_gap(gap), _text_length(copies)),
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


def _collapse(copies: Copies, kind: str, layers: Layers, sampling: Sampling) -> tuple[Measured, Measured]:
    """The trend of cross-domain similarity with the copies, and the share of the gap that closes.

    Without a gap at 1x the share is undefined: not a number, so that it decides nothing.
    """
    similarity, within, across = copies.similarity(layers, kind), copies.within, copies.across
    pairs = np.moveaxis(similarity, 0, -1).round(DIGITS)
    counts = np.broadcast_to(copies.counts.astype(np.float64), pairs.shape)
    rho = np.nan_to_num(row_spearman(counts, pairs))  # a similarity that never changes has no trend
    trend = _over_documents(copies, lambda times: block_mean(times, rho, across), sampling)

    def closed(times: Float64Array) -> Float64Array:
        first, last = (block_mean(times, similarity[place], across) for place in (0, -1))
        return (last - first) / (block_mean(times, similarity[0], within) - first)

    name = f"share of the gap closed at {copies.most}"
    if _gap(copies, kind, layers, sampling).low > 0:
        share = _over_documents(copies, closed, sampling)
    else:
        name = f"{name} (undefined: no gap at 1x)"
        share = Estimate(math.nan, math.nan, math.nan, len(copies.corpus), UNIT, "undefined: no gap at 1x to close")
    return (
        Measured("Spearman(copies, similarity across domains)", trend, ">", "trend"),
        Measured(name, share, ">=", "closed"),
    )


def _plain(measured: Measured) -> Measured:
    return replace(measured, name=f"{measured.name}, plain text")


def _gap(copies: Copies, kind: str, layers: Layers, sampling: Sampling) -> Estimate:
    """Similarity within domains minus across domains, at 1x."""
    first, within, across = copies.similarity(layers, kind)[0], copies.within, copies.across
    return _over_documents(
        copies, lambda times: block_mean(times, first, within) - block_mean(times, first, across), sampling
    )


def _rises(copies: Copies, kind: str, layers: Layers, sampling: Sampling) -> tuple[Measured, ...]:
    """Energy, logit norm and confidence at the most copies minus those at one, paired by document."""
    found = []
    for name, read in _quantities(copies).items():
        table = np.mean([read(layer, kind) for layer in layers], axis=0)
        rise = replace(sampling.mean(table[:, -1] - table[:, 0]), unit=UNIT)
        found.append(Measured(f"{name}, {copies.most} minus 1x", rise, ">", "rise"))
    return tuple(found)


def _quantities(copies: Copies) -> Mapping[str, Callable[[LayerSequences, str], Float64Array]]:
    return {"energy": copies.energy, "logit norm": copies.logit_norm, "confidence": copies.confidence}


def _over_documents(copies: Copies, statistic: Callable[[Float64Array], Float64Array], sampling: Sampling) -> Estimate:
    """Estimate a statistic of how often each document was drawn, (..., D) to (...)."""
    count = len(copies.corpus)
    return sampling.of(np.arange(count)[:, None], lambda rows: statistic(times_drawn(rows, count)), unit=UNIT)


def _mean_of_pairs(
    copies: Copies, similarity: Float64Array, blocks: Sequence[BoolArray], sampling: Sampling
) -> Estimate:
    return _over_documents(copies, lambda times: block_mean(times, similarity, blocks), sampling)


def _curves(copies: Copies, layers: Layers, sampling: Sampling) -> tuple[Curve, ...]:
    """By layer: similarity (Fig. 10), energy (Fig. 26), logit norm and confidence (Fig. 29)."""
    numbers = tuple(layer.layer for layer in layers)
    tables = [copies.similarity([layer], REPEATED) for layer in layers]

    def of_pairs(place: int, blocks: Sequence[BoolArray]) -> tuple[Estimate, ...]:
        return tuple(_mean_of_pairs(copies, table[place], blocks, sampling) for table in tables)

    def of_documents(name: str, value: Callable[[Float64Array], Float64Array]) -> tuple[Estimate, ...]:
        read = _quantities(copies)[name]
        return tuple(sampling.mean(value(read(layer, REPEATED))) for layer in layers)

    values = {
        f"similarity across domains, {copies.most}": of_pairs(-1, copies.across),
        "similarity within domains, 1x": of_pairs(0, copies.within),
        "energy, 1x": of_documents("energy", lambda table: table[:, 0]),
        f"energy, {copies.most}": of_documents("energy", lambda table: table[:, -1]),
        f"logit norm, {copies.most} minus 1x": of_documents("logit norm", lambda table: table[:, -1] - table[:, 0]),
        f"confidence, {copies.most} minus 1x": of_documents("confidence", lambda table: table[:, -1] - table[:, 0]),
    }
    return tuple(Curve(name, numbers, found) for name, found in values.items())


def _figure(copies: Copies, layers: Layers, sampling: Sampling) -> Figure:
    """Similarity against copies: repeated and plain text across domains, beside the level within them: Fig. 10."""
    x = [float(count) for count in copies.counts]
    series = []
    for kind, label in ((REPEATED, "across domains, repeated"), (PLAIN, "across domains, plain text")):
        tables = copies.similarity(layers, kind)
        series.append(along(label, x, [_mean_of_pairs(copies, one, copies.across, sampling) for one in tables]))
    level = block_mean(np.ones(len(copies.corpus)), copies.similarity(layers, REPEATED)[0], copies.within)
    return Figure(
        kind="lines",
        title="usage similarity against copies",
        redraws="GEO Fig. 10",
        x_label="copies of the input (plain text: as many tokens)",
        y_label="cosine of expert usage",
        series=series,
        reference=[Series("within domains, 1x", [x[0], x[-1]], rounded([float(level)] * 2))],
    )


def _no_gap(gap: Estimate) -> tuple[str, ...]:
    if gap.low > 0:
        return ()
    return (
        f"At 1x, documents of one domain are not measurably more alike than documents of two domains (difference "
        f"{gap.value:.3g} [{gap.low:.3g}, {gap.high:.3g}]): there is no gap to close, and the share of it that "
        f"closes is undefined.",
    )


def _text_length(copies: Copies) -> str:
    tokens = copies.of_text(copies.trace.part_tokens, REPEATED)
    return (
        f"The text has {tokens[0, 0]:g} tokens once and {tokens[0, -1]:g} at {copies.most}. Usage over so few tokens "
        f"is noisy, which lowers similarity at 1x; by how much is seen where plain text climbs with its length."
    )
