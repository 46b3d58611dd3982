"""Are the experts of a layer nearly orthogonal as functions of their input?  ASY, claim A; PRB, finding iii."""

from collections.abc import Mapping

from claims.core.claim import Threshold, Variant, claim
from claims.core.finding import Finding, Measured, NotApplicable
from claims.experts.alignment_layers import (
    across_layers,
    alignment_matrix,
    estimate_layer,
    from_drawn,
    largest,
    layer_curves,
    least_room,
)
from claims.experts.alignment_variants import EACH, GATED, OWN, SHARED, LayerAlignments, read_alignments
from claims.experts.output_agreement import outputs_agree
from claims.shared.widened_intervals import absolute_size
from fixtures.evidence.jacobians import FunctionTrace
from metrics.stats.bootstrap import exact
from metrics.stats.estimate import Estimate

FROM_DRAWN = "|alignment - that of reinitialised experts|, mean over layers"
TOKENS = (OWN, SHARED, EACH, GATED)


@claim(
    id="functional-decorrelation",
    group="E",
    number=1,
    title="Experts are nearly orthogonal as functions",
    source="ASY (arXiv 2605.16349v1)",
    figures=("ASY claim A", "PRB finding iii"),
    statement="At every layer the Jacobians of different experts are nearly orthogonal, while an expert is aligned "
    "with itself on other tokens, and alignment goes with the correlation of outputs.",
    equation="max over layers of mean_{i<j} |A_ij| <= 0.1;  A_ij = <J_i, J_j>_F / (||J_i||_F ||J_j||_F)",
    definition="reconstructed: J_e is the mean of dE_e/dx, without the gate, over the expert's own tokens; variants: "
    "over tokens that all experts share, the mean of the cosines at each such token, with the gate; signed: |mean "
    "A_ij|. Outputs are compared on shared tokens in every variant, over pairs i < j of signed A_ij of mean Jacobians "
    "over these tokens and c_ij = sum_t <f_i - mean f_i, f_j - mean f_j> / (the root of the same of i, times that of "
    "j): in order, Spearman of A_ij and c_ij > 0; in sign, sum A_ij c_ij / sum |A_ij c_ij| > 0, which is 1 where all "
    "pairs agree in sign",
    null_says="The same experts with their weights reinitialised, on the same tokens (without the gate): near zero by "
    "chance. Vacuous where the mean over layers differs from theirs by no more than the threshold, undecided where the "
    "interval of that difference holds the threshold; what one more draw would change counts as unknown. Experts that "
    "are more aligned than drawn ones are what training made of them: supported means near zero, not nearer to it than "
    "chance.",
    paper="consistently low, near zero; no number is known to us, no untrained control, no intervals",
    thresholds={
        "near_zero": Threshold(0.1, "one hundredth of the power in common: what 'near zero' can mean at most"),
        "ceiling": Threshold(0.1, "a measure that finds an expert no closer to itself than this cannot tell experts"),
        "as_drawn": Threshold(0.01, "a tenth of what counts as near zero: who differs by less is as good as drawn"),
        "agrees": Threshold(0.0, "agreement in sign and in order is about the sign"),
    },
    variants=tuple({"tokens": tokens, "sign": sign} for tokens in TOKENS for sign in ("absolute", "signed")),
)
def test_functional_decorrelation(
    functions: FunctionTrace, variant: Variant, thresholds: Mapping[str, float]
) -> Finding:
    """Compare the alignment of different experts with 0, with an expert's own, with chance, and with outputs.

    Near zero is also what experts give that nobody trained. So the claim is supported only where three more things
    are shown, each of which can fail by itself: experts differ from reinitialised experts (or it is vacuous), the
    measure tells an expert from others (layers where it does not say nothing and are left out; where none is left
    the claim does not apply), and outputs agree. Where experts are not shown to differ from reinitialised ones the last
    two are reported and decide nothing: there is nothing to tell, or to agree about.
    """
    layers, notes = read_alignments(functions, variant["tokens"], absolute=variant["sign"] == "absolute")
    estimates = [estimate_layer(layer) for layer in layers]
    untellable = [each.cannot_tell(thresholds) for each in estimates]
    used = [layer for layer, no in zip(layers, untellable, strict=True) if not no] or list(layers)
    difference = from_drawn(used)
    size = absolute_size(difference)
    as_drawn, differs = size.high <= thresholds["as_drawn"], size.low > thresholds["as_drawn"]
    if differs and all(untellable):
        raise NotApplicable(f"no layer says anything, as in {estimates[0].say_why()}")
    outputs = outputs_agree([each.layer for each in used], difference.n, decides=differs)
    unseen = [each.say_why() for each, no in zip(estimates, untellable, strict=True) if no]
    return Finding(
        criteria=(
            Measured("largest layer's mean alignment", largest(used), "<=", "near_zero"),
            Measured("least layer's ceiling minus alignment", least_room(used), ">=", "ceiling", differs),
            *outputs.criteria,
            Measured(FROM_DRAWN, size, ">", "as_drawn", decides=not as_drawn),
            *_across(layers),
        ),
        null=(Measured(FROM_DRAWN, size, "<=", "as_drawn"),),
        layers=(*layer_curves(layers, estimates), *outputs.curves),
        figure=alignment_matrix(layers),
        notes=(
            *notes,
            *(f"Says nothing, and is left out: {each}." for each in unseen),
            *outputs.notes,
            *_moved(difference),
        ),
    )


def _moved(difference: Estimate) -> tuple[str, ...]:
    """Say which way trained experts differ from reinitialised ones, where that is shown."""
    if not (difference.low > 0 or difference.high < 0):
        return ()
    said = f"alike than reinitialised experts, by {abs(difference.value):.2g} on average"
    if difference.value < 0:
        return (f"These experts are less {said}.",)
    return (f"These experts are more {said}: near zero, where so judged, is not nearer to it than chance.",)


def _across(layers: tuple[LayerAlignments, ...]) -> tuple[Measured, ...]:
    """Mean |alignment| of the experts of neighbouring layers, reported only; nothing for a single layer."""
    known = [value for value in across_layers(layers) if value is not None]
    if not known:
        return ()
    mean = exact(sum(known) / len(known), len(known), "layer pair")
    return (Measured("mean |alignment| of experts of neighbouring layers", mean, "<=", "near_zero", decides=False),)
