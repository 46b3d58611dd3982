"""Are the experts of a layer nearly orthogonal as functions of their input?  ASY, claim A; PRB, finding iii."""

from collections.abc import Mapping, Sequence

from claims.core.claim import Threshold, Variant, claim
from claims.core.finding import Finding, Measured, NotApplicable
from claims.experts.alignment_layers import (
    across_layers,
    alignment_matrix,
    below_chance,
    estimate_layer,
    largest,
    layer_curves,
    mean_chance,
    mean_share,
    mean_size,
)
from claims.experts.alignment_variants import (
    EACH,
    GATED,
    OWN,
    SHARED,
    LayerAlignments,
    left_out,
    read_alignments,
    too_little_room,
)
from claims.experts.output_agreement import outputs_agree
from claims.shared.premises import models_text
from fixtures.evidence.jacobians import FunctionTrace
from fixtures.evidence.trace import Trace
from metrics.stats.bootstrap import exact
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling

TOKENS = (OWN, SHARED, EACH, GATED)
#: A mean of alignments in size, and a share.
SHARE = (0.0, 1.0)


@claim(
    id="functional-decorrelation",
    group="E",
    number=1,
    title="Experts are nearly orthogonal as functions",
    source="ASY (arXiv 2605.16349v1)",
    figures=("ASY claim A", "PRB finding iii"),
    statement="The Jacobians of different experts of a layer are nearly orthogonal, in every layer and beside an "
    "expert's alignment with itself on other tokens, and alignment goes with the correlation of outputs.",
    equation="mean over layers of mean_{i<j} |A_ij| <= 0.1;  A_ij = <J_i, J_j>_F / (||J_i||_F ||J_j||_F)",
    definition="reconstructed: J_e is the mean of dE_e/dx, without the gate, over the expert's own tokens; variants: "
    "over tokens that all experts share, the mean of the cosines at each such token, with the gate; signed: |mean "
    "A_ij|. Share of the ceiling: (alignment - reinitialised) / (same expert on other tokens - reinitialised). Outputs "
    "are compared on shared tokens in every variant, over pairs i < j of signed A_ij of mean Jacobians over these "
    "tokens and c_ij = sum_t <f_i - mean f_i, f_j - mean f_j> / (the root of the same of i, times that of j): in "
    "order, Spearman of A_ij and c_ij; in sign, sum A_ij c_ij / sum |A_ij c_ij|, which is 1 where all pairs agree",
    means="Experts of a layer compute much alike by their Jacobians on this text, which makes merging or "
    "pruning some of them worth a trial.",
    check="The loss after merging or dropping the experts most alike, against as many at random.",
    null_says="The same experts with their weights reinitialised, on the same tokens (without the gate): near zero by "
    "chance. Trained experts must be LESS aligned than these, over the same blocks of sequences; what one more draw "
    "would change counts as unknown. Where they are as much aligned, or more, near zero tells nothing of training, and "
    "the claim is vacuous.",
    paper="consistently low, near zero; no number is known to us, no untrained control, no intervals",
    thresholds={
        "near_zero": Threshold(0.1, "one hundredth of the power in common: what 'near zero' can mean at most"),
        "less": Threshold(0.01, "a tenth of what counts as near zero: who is less aligned by less is as good as drawn"),
        "share": Threshold(0.2, "a fifth of the way from chance to an expert's alignment with itself"),
        "agrees": Threshold(0.1, "a correlation of up to 0.1 is what this claim calls near zero"),
        "room": Threshold(
            0.1,
            "between chance and ceiling: where an expert is no closer to itself than this, the "
            "measure cannot tell it from others",
        ),
    },
    variants=tuple({"tokens": tokens, "sign": sign} for tokens in TOKENS for sign in ("absolute", "signed")),
)
def test_functional_decorrelation(
    functions: FunctionTrace,
    trace: Trace | None,
    variant: Variant,
    thresholds: Mapping[str, float],
    sampling: Sampling,
) -> Finding:
    """Compare the alignment of different experts with 0, with chance, with an expert's own, and with outputs.

    A layer where an expert is hardly more aligned with itself than chance says nothing, and is left out.
    """
    read, notes = read_alignments(functions, variant["tokens"], absolute=variant["sign"] == "absolute")
    reasons = {each.layer.layer: too_little_room(each, thresholds["room"]) for each in read}
    layers = [each for each in read if not reasons[each.layer.layer]]
    if not layers:
        number, reason = next(iter(reasons.items()))
        raise NotApplicable(f"no layer says anything (layer {number}: {reason})")
    excess, chance = below_chance(layers), mean_chance(layers)
    outputs = outputs_agree([each.layer for each in layers], excess.n, layers[0].layer_share)
    said = "alignment of randomly re-initialised experts minus that of these, mean over layers"
    share = "share of the same expert's alignment, corrected for chance, mean over layers"
    return Finding(
        headline=(Measured("mean alignment, mean over layers", mean_size(layers), "<=", "near_zero", within=SHARE),),
        excess=(Measured(said, excess, ">=", "less", within=(-1.0, 1.0)),),
        parts=(
            Measured(
                "mean alignment of the layer where it is largest", largest(layers), "<=", "near_zero", within=SHARE
            ),
            Measured(share, mean_share(layers), "<=", "share"),
            *outputs.parts,
        ),
        premises=models_text(trace, sampling),
        controls=(
            Measured(
                "mean alignment of randomly re-initialised experts, mean over layers",
                chance,
                "<=",
                "near_zero",
                within=SHARE,
            ),
        ),
        reported=(*outputs.reported, *_across(layers)),
        layers=(*layer_curves(layers, [estimate_layer(each) for each in layers]), *outputs.curves),
        figure=alignment_matrix(layers),
        notes=(
            *notes,
            *left_out({number: reason for number, reason in reasons.items() if reason}),
            *outputs.notes,
            *_moved(excess),
            *_out_of_reach(chance, thresholds["less"]),
        ),
    )


def _moved(below: Estimate) -> tuple[str, ...]:
    """Say which way trained experts differ from reinitialised ones and by how much, where that is shown."""
    if not (below.low > 0 or below.high < 0):
        return ()
    raises = below.value < 0
    return (
        f"These experts are {'more' if raises else 'less'} alike than reinitialised ones, by {abs(below.value):.3g} on "
        f"average over layers: by so much training {'raises' if raises else 'lowers'} the alignment.",
    )


def _out_of_reach(chance: Estimate, less: float) -> tuple[str, ...]:
    """Say so where no experts could be less aligned than reinitialised ones by as much as matters."""
    if not chance.high < less:
        return ()
    return (
        f"Reinitialised experts are aligned by {chance.value:.2g} alone: none could be less aligned by {less:g}, so "
        "that at this width near zero cannot tell of training.",
    )


def _across(layers: Sequence[LayerAlignments]) -> tuple[Measured, ...]:
    """Mean |alignment| of the experts of neighbouring layers, reported only; nothing for a single layer."""
    known = [value for value in across_layers(layers) if value is not None]
    if not known:
        return ()
    mean = exact(sum(known) / len(known), len(known), "layer pair")
    return (Measured("mean |alignment| of experts of neighbouring layers", mean, "<=", "near_zero", within=SHARE),)
