"""Do sequences with similar hidden states use similar experts?  GEO Fig. 5."""

from functools import partial

import numpy as np

from claims.core.claim import Threshold, Variant, claim
from claims.core.figure_data import rounded
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure, Series
from claims.shared.position_alone import permutable
from claims.shared.premises import middle, models_text
from claims.shared.sequence_pairs import (
    over_sequences,
    pair_correlation,
    pair_mean,
    pair_ranks,
    rank_correlation,
    within_bands,
)
from fixtures.evidence.trace import LayerTrace, Trace
from metrics.arrays import BoolArray, Float64Array, IntArray
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling
from metrics.usage.position import bands
from metrics.usage.profiles import cosine_matrix, pooled_similarity, usage

#: A corpus with fewer sequences gives no correlation worth an interval.
FEWEST = 8
#: Points that one series of the figure holds at most.
POINTS = 200


@claim(
    id="sequence-similarity",
    version=3,
    group="C",
    number=3,
    title="Sequences with similar hidden states use similar experts",
    source="GEO (arXiv 2604.09780v1), Eqs 13-14 and 17",
    figures=("GEO Fig. 5",),
    statement="Over pairs of sequences, the similarity of pooled hidden states predicts that of expert usage, overall "
    "and within each corpus; pairs across corpora lie lower in both.",
    equation="Spearman( cos(mean h, mean h'), cos(f, f') ) >= 0.5 over all pairs, and over those within each corpus;  "
    "across minus within corpora <= -0.02 in both",
    definition="read (usage, Eqs 13-14); reconstructed (pooling, Eq. 17); states as they are, or centred on their mean "
    "over all sequences (variant); middle MoE layer, as in the figure",
    means="How alike the mean states of two sequences are does not tell how alike their expert usage is: on "
    "this text grouping requests by embedding is no way to share experts.",
    check="The experts that a batch needs when requests are grouped by embedding, against batches drawn at random.",
    null_says="The same pairs with the usage of sequences permuted among those of the same length, to a factor of "
    "sqrt(2), so that what length says of both similarities is in it; the mean over all permutations, exactly.",
    paper="a monotone cloud, cross-corpus pairs lower (Fig. 5); no coefficient printed",
    thresholds={
        "correlation": Threshold(0.5, "a monotone relation that a reader would see in the scatter"),
        "excess": Threshold(0.2, "a weak relation beyond what sequences without one would show"),
        "lower": Threshold(-0.02, "a fiftieth of the range of the cosine of usage: nearer clouds look like one"),
    },
    variants=({"states": "raw"}, {"states": "centred"}),
)
def test_sequence_similarity(trace: Trace, variant: Variant, sampling: Sampling) -> Finding:
    """Correlate hidden-state and usage similarity over sequence pairs of the middle layer."""
    if trace.sequences < FEWEST:
        raise NotApplicable(f"{trace.sequences} sequences make too few pairs; {FEWEST} are needed")
    centre = variant["states"] == "centred"
    layer = middle(trace.layers)
    hidden, used = _similarities(layer, trace, centre=centre)
    measured, permuted, beyond = _of_all_pairs(hidden, used, _lengths(trace), sampling)
    return Finding(
        headline=(_spearman("all pairs", measured),),
        excess=(_spearman("all pairs, minus the same with usage permuted", beyond, "excess"),),
        parts=(*_by_corpus(trace, hidden, used, sampling), *_lower_across(trace, hidden, used, sampling)),
        premises=(
            *models_text(trace, sampling),
            permutable(np.arange(trace.sequences), _lengths(trace), "sequence", "sequences"),
        ),
        controls=(_spearman("usage permuted", permuted),),
        layers=(_curve(trace, sampling, centre=centre),),
        figure=_figure(layer, trace, hidden, used),
    )


def _similarities(layer: LayerTrace, trace: Trace, *, centre: bool) -> tuple[Float64Array, Float64Array]:
    """Cosines of pooled states, and of usage: each (S, S)."""
    profile = usage(layer.experts, trace.sequence, trace.sequences, layer.logits.shape[1])
    return np.asarray(pooled_similarity(layer.pooled, centre=centre)), np.asarray(cosine_matrix(profile))


def _of_all_pairs(hidden: Float64Array, used: Float64Array, tokens: IntArray, sampling: Sampling) -> list[Estimate]:
    """For usage as it is, as it is on average where sequences are permuted, and the one minus the other: Spearman.

    Parameters
    ----------
    hidden, used : cosines of all pairs, (S, S)
    tokens : lengths, (S,)
    """
    everyone = np.ones_like(hidden, dtype=bool)
    states, own = pair_ranks(hidden, everyone), pair_ranks(used, everyone)
    by_length = within_bands(own, bands(tokens))

    def of_times(times: Float64Array) -> Float64Array:
        whole, alone = (rank_correlation(times, states, own, everyone, part) for part in (None, by_length))
        return np.stack([whole, alone, whole - alone])

    return sampling.several(np.arange(len(hidden)), of_times, counted=True)


def _lengths(trace: Trace) -> IntArray:
    """Tokens of each sequence, (S,)."""
    return np.bincount(trace.sequence, minlength=trace.sequences)


def _by_corpus(trace: Trace, hidden: Float64Array, used: Float64Array, sampling: Sampling) -> list[Measured]:
    """The correlation inside each corpus that has sequences enough, resampling its own sequences."""
    found = []
    for number, name in enumerate(trace.corpora):
        own = np.flatnonzero(trace.corpus == number)
        if len(own) >= FEWEST:
            block = np.ix_(own, own)
            every = np.ones((len(own), len(own)), dtype=bool)
            found.append(_spearman(f"within {name}", pair_correlation(hidden[block], used[block], every, sampling)))
    return found


def _spearman(pairs: str, estimate: Estimate, threshold: str = "correlation") -> Measured:
    return Measured(f"Spearman, {pairs}", estimate, ">=", threshold, within=(-1.0, 1.0))


def _lower_across(trace: Trace, hidden: Float64Array, used: Float64Array, sampling: Sampling) -> list[Measured]:
    """How much lower pairs across corpora lie than pairs within them; nothing where there is one corpus."""
    within = trace.corpus[:, None] == trace.corpus[None, :]

    def gap(times: Float64Array, table: Float64Array) -> Float64Array:
        return pair_mean(times, table, ~within) - pair_mean(times, table, within)

    found = []
    for name, table in (("hidden", hidden), ("usage", used)):
        estimate = over_sequences(len(table), partial(gap, table=table), sampling)
        found.append(
            Measured(f"{name} similarity, across minus within corpora", estimate, "<=", "lower", within=(-2.0, 2.0))
        )
    return found if len(trace.corpora) > 1 else []


def _curve(trace: Trace, sampling: Sampling, *, centre: bool) -> Curve:
    """The correlation at every layer."""
    tables = [_similarities(layer, trace, centre=centre) for layer in trace.layers]
    found = [pair_correlation(hidden, used, np.ones_like(used, dtype=bool), sampling) for hidden, used in tables]
    return Curve(
        "Spearman, all pairs", tuple(layer.router.layer for layer in trace.layers), tuple(found), "correlation"
    )


def _figure(layer: LayerTrace, trace: Trace, hidden: Float64Array, used: Float64Array) -> Figure:
    """Pooled hidden similarity against usage similarity, within each corpus and across: Fig. 5."""
    upper = np.triu(np.ones_like(hidden, dtype=bool), k=1)
    groups: list[tuple[str, BoolArray]] = []
    for number, name in enumerate(trace.corpora):
        own = trace.corpus == number
        groups.append((f"within {name}", upper & np.outer(own, own)))
    if len(trace.corpora) > 1:
        groups.insert(0, ("across corpora", upper & (trace.corpus[:, None] != trace.corpus[None, :])))
    series = []
    for name, mask in groups:
        x, y = hidden[mask], used[mask]
        step = -(-len(x) // POINTS)
        series.append(Series(name, rounded(x[::step]), rounded(y[::step])))
    return Figure(
        kind="scatter",
        title=f"sequence pairs, layer {layer.router.layer}",
        redraws="GEO Fig. 5",
        x_label="cosine of pooled hidden states",
        y_label="cosine of expert usage",
        series=series,
    )
