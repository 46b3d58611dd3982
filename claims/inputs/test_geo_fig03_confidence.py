"""Does scrambled text lower the router's confidence?  GEO Figs 3 and 23."""

import numpy as np

from claims.core.claim import Threshold, Variant, claim
from claims.core.curves import along, by_layer, layer_figure
from claims.core.finding import Finding, Measured, NotApplicable
from claims.core.record import Figure
from claims.shared.premises import left_out, linear_layers
from claims.shared.token_pairs import sequence_sums
from fixtures.evidence.noise_floor import noise_floor
from fixtures.evidence.trace import LayerTrace, Trace
from metrics.arrays import Float64Array
from metrics.routing.confidence import softmax_confidence, top_weight
from metrics.routing.router_alignment import energy_weighted_alignment
from metrics.stats.sampling import Sampling


@claim(
    id="ood-confidence",
    group="C",
    number=1,
    title="Shuffled or reversed text lowers router confidence",
    source="GEO (arXiv 2604.09780v1), Eq. 12 and Eq. 4",
    figures=("GEO Fig. 3", "GEO Fig. 23"),
    statement="The same tokens out of order make the router less confident, because its alignment with the router "
    "falls.",
    equation="confidence = mean over tokens of max_e softmax(z)_e;  alignment = (sum ||W h||^2 / sum ||h||^2) / "
    "(||W||_F^2 / D);  original - scrambled > 0, paired by sequence",
    definition="reconstructed (Eq. 12, Eq. 4 in energy-weighted form); own weights of sigmoid routers as a variant",
    null_says="The original text read again in batches of another size, against itself.",
    paper="lower on shuffled and reversed text in both quantities (Figs 3, 23); no number printed",
    thresholds={
        "difference": Threshold(0.0, "the claim is about the sign of a paired difference"),
        "layers": Threshold(0.75, "three layers in four, so that a few odd layers do not decide"),
    },
    variants=(
        {"against": "shuffled", "confidence": "softmax"},
        {"against": "reversed", "confidence": "softmax"},
        {"against": "shuffled", "confidence": "own weight"},
        {"against": "reversed", "confidence": "own weight"},
    ),
)
def test_ood_confidence(
    trace: Trace, shuffled: Trace, reversed_order: Trace, again: Trace, variant: Variant, sampling: Sampling
) -> Finding:
    """Compare original and scrambled sequences, paired, layer by layer."""
    own = variant["confidence"] == "own weight"
    if own and not _scores_by_sigmoid(trace):
        raise NotApplicable("the router does not score by sigmoid, so softmax confidence is its own confidence")
    other = shuffled if variant["against"] == "shuffled" else reversed_order
    layers = linear_layers(trace)
    confidence = _difference(trace, other, own=own)
    alignment = _difference(trace, other, own=None)
    rerun = _difference(trace, again, own=own)
    rerun_alignment = _difference(trace, again, own=None)
    return Finding(
        criteria=(*_pair("confidence", confidence, sampling), *_pair("alignment", alignment, sampling)),
        null=(
            *_pair("confidence, re-read", rerun, sampling),
            *_pair("alignment, re-read", rerun_alignment, sampling),
        ),
        layers=(
            by_layer("confidence: original - scrambled", layers, confidence, sampling, "difference"),
            by_layer("alignment: original - scrambled", layers, alignment, sampling, "difference"),
        ),
        figure=_figure(trace, shuffled, reversed_order, own=own, sampling=sampling),
        notes=(*_one_size(trace), *left_out(trace, layers)),
    )


def _one_size(trace: Trace) -> tuple[str, ...]:
    """Say where the null compares the text with itself, to the bit."""
    if noise_floor(trace) is not None:
        return ()
    return ("Both readings of the text had batches of one size, so that the null shows no rounding noise.",)


def _scores_by_sigmoid(trace: Trace) -> bool:
    rules = [layer.router.rule for layer in trace.layers]
    return any(rule is not None and (rule.score == "sigmoid" or "sigmoid" in rule.combine) for rule in rules)


def _values(layer: LayerTrace, trace: Trace, own: bool | None) -> Float64Array:
    """Per sequence: mean confidence (softmax, or the model's own top weight), or alignment when ``own`` is None."""
    if own is None:
        bias = 0.0 if layer.router.bias is None else layer.router.bias.astype(np.float64)
        energy = ((layer.logits.astype(np.float64) - bias) ** 2).sum(axis=1)
        logit, hidden = sequence_sums(energy, trace), sequence_sums(layer.squared_norm, trace)
        return np.asarray(energy_weighted_alignment(logit, hidden, layer.router.weight))
    token = top_weight(layer.weights) if own else softmax_confidence(layer.logits)
    return sequence_sums(token, trace) / np.bincount(trace.sequence, minlength=trace.sequences)


def _difference(trace: Trace, other: Trace, *, own: bool | None) -> Float64Array:
    """original - other, one value a (layer, sequence): shape (L, S). Both hold the same sequences in order."""
    linear = {layer.router.layer for layer in linear_layers(trace)}
    pairs = [(a, b) for a, b in zip(trace.layers, other.layers, strict=True) if a.router.layer in linear]
    return np.stack([_values(a, trace, own) - _values(b, other, own) for a, b in pairs])


def _pair(name: str, difference: Float64Array, sampling: Sampling) -> tuple[Measured, Measured]:
    """The mean paired difference, and the share of layers where it is positive."""

    def positive(rows: Float64Array) -> Float64Array:
        return np.asarray((rows.mean(axis=-2) > 0).mean(axis=-1))

    share = sampling.of(difference.T, positive, interval="percentile")
    return (
        Measured(f"{name}, mean difference", sampling.mean(difference.mean(axis=0)), ">", "difference"),
        Measured(f"{name}, share of layers where it falls", share, ">=", "layers"),
    )


def _figure(trace: Trace, shuffled: Trace, reversed_order: Trace, *, own: bool, sampling: Sampling) -> Figure:
    """Confidence by layer for original, shuffled and reversed text: Fig. 3."""
    series = []
    for name, read in (("original", trace), ("shuffled", shuffled), ("reversed", reversed_order)):
        estimates = [sampling.mean(_values(layer, read, own)) for layer in read.layers]
        series.append(along(name, [layer.router.layer for layer in read.layers], estimates))
    y_label = "own top weight" if own else "max softmax probability"
    return layer_figure("router confidence by layer", "GEO Fig. 3", y_label, series)
