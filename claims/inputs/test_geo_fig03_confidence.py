"""Does scrambled text lower the router's confidence?  GEO Figs 3 and 23."""

from collections.abc import Mapping
from typing import Literal

import numpy as np

from claims.core.claim import Threshold, Variant, claim
from claims.core.curves import along, by_layer, layer_figure
from claims.core.finding import Finding, Measured, NotApplicable
from claims.core.record import Figure
from claims.shared.premises import left_out, linear_layers, models_text
from claims.shared.token_pairs import sequence_sums
from fixtures.evidence.noise_floor import noise_floor
from fixtures.evidence.trace import LayerTrace, Trace
from metrics.arrays import Float64Array
from metrics.routing.confidence import softmax_confidence, top_weight
from metrics.routing.router_alignment import energy_weighted_alignment
from metrics.stats.sampling import Sampling

#: What of a sequence is compared: confidence by softmax, by the model's own top weight, or the router's alignment.
Quantity = Literal["softmax", "own weight", "alignment"]
ALIGNMENT: Quantity = "alignment"
#: Titles of their panels.
PANELS: dict[Quantity, str] = {
    "softmax": "confidence",
    "own weight": "own top weight",
    ALIGNMENT: "router-data alignment",
}

#: Relative falls up to this are rounding: a text read again in other batches moves by as much.
ROUNDING = 1e-6


@claim(
    id="ood-confidence",
    group="C",
    number=1,
    asks="logits",
    title="Shuffled or reversed text lowers router confidence",
    source="GEO (arXiv 2604.09780v1), Eq. 12 and Eq. 4",
    figures=("GEO Fig. 3", "GEO Fig. 23"),
    statement="The same tokens out of order make the router less confident, because its alignment with the router "
    "falls.",
    equation="confidence = mean over tokens of max_e softmax(z)_e;  alignment = (sum ||W h||^2 / sum ||h||^2) / "
    "(||W||_F^2 / D);  fall = (original - scrambled) / original, paired by sequence, mean over layers, >= 0.02",
    definition="reconstructed (Eq. 12, Eq. 4 in energy-weighted form); own weights of sigmoid routers as a variant",
    means="Scrambled text lowers the router's confidence by less than a fiftieth: on this checkpoint confidence "
    "is no alarm for text out of distribution.",
    check="How well confidence tells your own shifted inputs from ordinary ones, beside how well the model's "
    "loss does.",
    null_says="The original text read again in batches of another size: what rounding alone makes it fall by.",
    paper="lower on shuffled and reversed text in both quantities (Figs 3, 23); no number printed",
    thresholds={
        "fall": Threshold(0.02, "a fiftieth of itself: curves of Fig. 3 that lie closer look like one"),
        "excess": Threshold(0.02, "a fiftieth of itself beyond what reading the text again changes"),
        "alignment": Threshold(0.02, "a fiftieth of itself, as for the confidence that it should explain"),
        "layers": Threshold(0.75, "three layers in four; reported only"),
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
    own: Quantity = "own weight" if variant["confidence"] == "own weight" else "softmax"
    if own == "own weight" and not _scores_by_sigmoid(trace):
        raise NotApplicable("the router does not score by sigmoid, so softmax confidence is its own confidence")
    layers = linear_layers(trace)
    others = {"shuffled": shuffled, "reversed": reversed_order, "again": again}
    confidences, alignments = (_falls(trace, others, quantity) for quantity in (own, ALIGNMENT))
    confidence, alignment = (falls[variant["against"]] for falls in (confidences, alignments))
    reread = confidences["again"]
    excess = (confidence - reread).mean(axis=0)
    return Finding(
        headline=(_mean("confidence", confidence, sampling, "fall"),),
        excess=(
            Measured(
                "relative fall of confidence, minus that of the text read again", sampling.mean(excess), ">=", "excess"
            ),
        ),
        parts=(_mean("alignment", alignment, sampling, "alignment"),),
        premises=models_text(trace, sampling),
        controls=(
            _mean("confidence, text read again", reread, sampling, "fall"),
            _mean("alignment, text read again", alignments["again"], sampling, "alignment"),
        ),
        reported=(_share("confidence", confidence, sampling), _share("alignment", alignment, sampling)),
        layers=(
            by_layer("relative fall of confidence", layers, confidence, sampling, "fall"),
            by_layer("relative fall of alignment", layers, alignment, sampling, "alignment"),
        ),
        figure=_figure(trace, {own: confidences, ALIGNMENT: alignments}, sampling),
        notes=(*_one_size(trace, again), *left_out(trace, layers)),
    )


def _one_size(trace: Trace, again: Trace) -> tuple[str, ...]:
    """Say where the null compares the text with itself, to the bit."""
    if noise_floor(trace, again) is not None:
        return ()
    return ("Both readings of the text had batches of one size, so that the null shows no rounding noise.",)


def _scores_by_sigmoid(trace: Trace) -> bool:
    rules = [layer.router.rule for layer in trace.layers]
    return any(rule is not None and (rule.score == "sigmoid" or "sigmoid" in rule.combine) for rule in rules)


def _values(layer: LayerTrace, trace: Trace, quantity: Quantity) -> Float64Array:
    """One value a sequence, (S,): the mean over its tokens of the confidence, or its alignment."""
    if quantity == "alignment":
        bias = 0.0 if layer.router.bias is None else layer.router.bias.astype(np.float64)
        energy = ((layer.logits.astype(np.float64) - bias) ** 2).sum(axis=1)
        logit, hidden = sequence_sums(energy, trace), sequence_sums(layer.squared_norm, trace)
        return np.asarray(energy_weighted_alignment(logit, hidden, layer.router.weight))
    token = top_weight(layer.weights) if quantity == "own weight" else softmax_confidence(layer.logits)
    return sequence_sums(token, trace) / np.bincount(trace.sequence, minlength=trace.sequences)


def _falls(trace: Trace, others: Mapping[str, Trace], quantity: Quantity) -> dict[str, Float64Array]:
    """(original - other) / original, (L, S), of the linear layers, by other. All hold the same sequences in order."""
    linear = {layer.router.layer for layer in linear_layers(trace)}

    def values(read: Trace) -> Float64Array:
        layers = zip(trace.layers, read.layers, strict=True)
        return np.stack([_values(layer, read, quantity) for own, layer in layers if own.router.layer in linear])

    original = values(trace)
    return {name: (original - values(other)) / original for name, other in others.items()}


def _mean(name: str, fall: Float64Array, sampling: Sampling, threshold: str) -> Measured:
    """The fall, mean over layers, then over sequences."""
    estimate = sampling.mean(fall.mean(axis=0))
    return Measured(f"relative fall of {name}", estimate, ">=", threshold, within=(-np.inf, 1.0))


def _share(name: str, fall: Float64Array, sampling: Sampling) -> Measured:
    """The share of layers where the mean over sequences falls at all, beyond rounding."""

    def positive(rows: Float64Array) -> Float64Array:
        return np.asarray((rows.mean(axis=-2) > ROUNDING).mean(axis=-1))

    share = sampling.of(fall.T, positive, interval="percentile")
    return Measured(f"share of layers where {name} falls", share, ">=", "layers", within=(0.0, 1.0))


def _figure(trace: Trace, falls: Mapping[Quantity, Mapping[str, Float64Array]], sampling: Sampling) -> Figure:
    """By how much confidence, and alignment, fall from the original text, by layer: Fig. 3 and the row of Fig. 23."""
    depth = [layer.router.layer for layer in linear_layers(trace)]

    def panel(quantity: Quantity) -> Figure:
        tables = {order: falls[quantity][order] for order in ("shuffled", "reversed")}
        series = [along(order, depth, [sampling.mean(row) for row in table]) for order, table in tables.items()]
        return layer_figure(PANELS[quantity], "", "relative fall", series, ("no change", 0.0))

    return Figure(
        kind="panels",
        title="fall from the original text, in shares of it",
        redraws="GEO Figs 3 and 23",
        x_label="",
        y_label="",
        series=[],
        panels=[panel(quantity) for quantity in falls],
        units=f"{trace.sequences} sequences, paired",
    )
