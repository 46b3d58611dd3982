"""Do sequences with similar hidden states use similar experts?  GEO Fig. 5."""

import numpy as np

from claims.core.claim import Threshold, claim
from claims.core.curves import rounded
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure, Series
from claims.shared.premises import middle
from claims.shared.sequence_pairs import pair_correlation, pair_mean, times_drawn
from fixtures.evidence.trace import LayerTrace, Trace
from metrics.arrays import BoolArray, Float64Array
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling
from metrics.usage.profiles import cosine_matrix, pooled_similarity, usage

#: A corpus with fewer sequences gives no correlation worth an interval.
FEWEST = 8


@claim(
    id="sequence-similarity",
    group="C",
    number=3,
    title="Sequences with similar hidden states use similar experts",
    source="GEO (arXiv 2604.09780v1), Eqs 13-14 and 17",
    figures=("GEO Fig. 5",),
    statement="Over pairs of sequences, the similarity of pooled hidden states predicts that of expert usage: "
    "overall, within each corpus and after centring; pairs across corpora lie lower in both.",
    equation="Spearman( cos(mean h, mean h'), cos(f, f') ) >= 0.5",
    definition="read (usage, Eqs 13-14); reconstructed (pooling, Eq. 17); middle MoE layer, as in the figure",
    null_says="The same pairs with the sequences' usage profiles permuted.",
    paper="a monotone cloud, cross-corpus pairs lower (Fig. 5); no coefficient printed",
    thresholds={
        "correlation": Threshold(0.5, "a monotone relation that a reader would see in the scatter"),
        "lower": Threshold(0.0, "the claim is about the sign"),
    },
)
def test_sequence_similarity(trace: Trace, sampling: Sampling) -> Finding:
    """Correlate hidden-state and usage similarity over sequence pairs of the middle layer."""
    if trace.sequences < FEWEST:
        raise NotApplicable(f"{trace.sequences} sequences make too few pairs; {FEWEST} are needed")
    layer = middle(trace.layers)
    raw, centred, used = _similarities(layer, trace)
    within = trace.corpus[:, None] == trace.corpus[None, :]
    everywhere = np.ones_like(within)
    shuffle = sampling.rng("usage labels").permutation(trace.sequences)
    permuted = used[np.ix_(shuffle, shuffle)]
    criteria = [
        Measured("Spearman, all pairs", pair_correlation(raw, used, everywhere, sampling), ">=", "correlation"),
        *_by_corpus(trace, raw, used, sampling),
        Measured(
            "Spearman, centred states", pair_correlation(centred, used, everywhere, sampling), ">=", "correlation"
        ),
    ]
    if len(trace.corpora) > 1:
        criteria += [
            Measured("hidden similarity, across minus within corpora", _gap(raw, within, sampling), "<", "lower"),
            Measured("usage similarity, across minus within corpora", _gap(used, within, sampling), "<", "lower"),
        ]
    return Finding(
        criteria=tuple(criteria),
        null=(
            Measured("Spearman, permuted", pair_correlation(raw, permuted, everywhere, sampling), ">=", "correlation"),
        ),
        layers=_curves(trace, sampling, everywhere),
        figure=_figure(layer, trace, raw, used),
    )


def _similarities(layer: LayerTrace, trace: Trace) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Pooled-state cosine, the same after centring, and usage cosine: each (S, S)."""
    profile = usage(layer.experts, trace.sequence, trace.sequences, layer.logits.shape[1])
    raw, centred = (pooled_similarity(layer.pooled, centre=centre) for centre in (False, True))
    return np.asarray(raw), np.asarray(centred), np.asarray(cosine_matrix(profile))


def _by_corpus(trace: Trace, raw: Float64Array, used: Float64Array, sampling: Sampling) -> list[Measured]:
    """The correlation inside each corpus that has sequences enough, resampling its own sequences."""
    found = []
    for number, name in enumerate(trace.corpora):
        own = np.flatnonzero(trace.corpus == number)
        if len(own) >= FEWEST:
            block = np.ix_(own, own)
            estimate = pair_correlation(raw[block], used[block], np.ones((len(own), len(own)), dtype=bool), sampling)
            found.append(Measured(f"Spearman within {name}", estimate, ">=", "correlation"))
    return found


def _gap(similarity: Float64Array, within: BoolArray, sampling: Sampling) -> Estimate:
    """Mean similarity of cross-corpus pairs minus that of within-corpus pairs, resampling sequences."""

    def difference(rows: Float64Array) -> Float64Array:
        times = times_drawn(rows, len(within))
        return pair_mean(times, similarity, ~within) - pair_mean(times, similarity, within)

    return sampling.of(np.arange(len(within))[:, None], difference)


def _curves(trace: Trace, sampling: Sampling, everywhere: BoolArray) -> tuple[Curve, ...]:
    """The correlation at every layer, raw and centred."""
    tables = [_similarities(layer, trace) for layer in trace.layers]
    layers = tuple(layer.router.layer for layer in trace.layers)
    raw = [pair_correlation(r, u, everywhere, sampling) for r, _, u in tables]
    centred = [pair_correlation(c, u, everywhere, sampling) for _, c, u in tables]
    return tuple(
        Curve(name, layers, tuple(found), "correlation") for name, found in (("all pairs", raw), ("centred", centred))
    )


def _figure(layer: LayerTrace, trace: Trace, raw: Float64Array, used: Float64Array) -> Figure:
    """Pooled hidden similarity against usage similarity, within each corpus and across: Fig. 5."""
    upper = np.triu(np.ones_like(raw, dtype=bool), k=1)
    groups: list[tuple[str, BoolArray]] = []
    for number, name in enumerate(trace.corpora):
        own = trace.corpus == number
        groups.append((f"within {name}", upper & np.outer(own, own)))
    if len(trace.corpora) > 1:
        groups.insert(0, ("across corpora", upper & (trace.corpus[:, None] != trace.corpus[None, :])))
    series = []
    for name, mask in groups:
        x, y = raw[mask], used[mask]
        step = max(1, len(x) // 500)
        series.append(Series(name, rounded(x[::step]), rounded(y[::step])))
    return Figure(
        kind="scatter",
        title=f"sequence pairs, layer {layer.router.layer}",
        redraws="GEO Fig. 5",
        x_label="cosine of pooled hidden states",
        y_label="cosine of expert usage",
        series=series,
    )
