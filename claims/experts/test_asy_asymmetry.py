"""Do experts separate more as functions than in what they receive or return?  ASY, the asymmetry of its title."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from claims.core.claim import Threshold, Variant, claim
from claims.core.figure_data import density
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure, Series
from claims.experts.alignment_layers import luck_of_share, mean_share
from claims.experts.alignment_variants import EACH, OWN, left_out, read_alignments
from claims.experts.chance_corrected import Corrected, corrected_layers
from claims.shared.premises import models_text
from claims.shared.widened_intervals import (
    null_overlap_halfwidth,
    sample_halfwidth,
    widen_for_luck,
    widen_for_reinitialising,
    widen_for_sample,
)
from fixtures.evidence.jacobians import FunctionTrace
from fixtures.evidence.subspaces import SubspaceTrace
from fixtures.evidence.trace import Trace
from metrics.arrays import Float64Array
from metrics.jacobians.block_alignment import over_blocks
from metrics.stats.estimate import Estimate
from metrics.stats.rank_correlation import spearman
from metrics.stats.sampling import Sampling

#: Names of the guides: of alignment, and of overlap.
CHANCE, CEILING = "chance: reinitialised, random subspaces", "ceiling: same expert, random partition"


@claim(
    id="asymmetry",
    group="E",
    number=3,
    title="Experts separate more as functions than as subspaces",
    source="ASY (arXiv 2605.16349v1)",
    figures=("ASY abstract",),
    statement="Experts are decorrelated as functions while what they return still overlaps: on scales corrected for "
    "chance, overlap exceeds alignment.",
    equation="mean over layers of (overlap - r/D) / (random partition - r/D) - (alignment - reinitialised) / (same "
    "expert - reinitialised) >= 0.1",
    definition="reconstructed: overlap is mean cos^2 of the principal angles of weighted PCA subspaces (r = 16, or 8) "
    "of the experts' outputs, alignment mean |Frobenius cosine| of mean Jacobians over own tokens; variants: subspaces "
    "of the experts' inputs, alignment at single tokens",
    means="On scales corrected for chance, experts are not noticeably more apart as functions than as "
    "subspaces: an overlap of what they return is no sign here that their functions differ.",
    check="Both numbers with chance taken off, at the rank that you use, and the loss after merging experts.",
    null_says="The same contrast of reinitialised experts behind the trained router, at the same visits; the claim's "
    "contrast must exceed it, over the same blocks of sequences. Their corrected alignment is 0 by definition, so that "
    "their contrast is their overlap. What experts receive is the router's doing, whoever they are: of inputs the null "
    "is the claim's own overlap, nothing but lower alignment can exceed it, and that variant is vacuous by "
    "construction.",
    paper="Jacobians nearly orthogonal, subspaces partly overlapping; neither corrected for chance; no number known",
    thresholds={
        "contrast": Threshold(0.1, "a tenth of the way from chance to the ceiling"),
        "beyond": Threshold(
            0.05, "half of the least contrast: who exceeds reinitialised experts by less is as they are"
        ),
        "overlaps": Threshold(0.1, "less than a tenth of the way from chance to ceiling is nothing to speak of"),
        "room": Threshold(0.1, "between chance and ceiling; a smaller divisor makes noise of any difference"),
    },
    variants=tuple({"subspaces": side, "alignment": tokens} for tokens in (OWN, EACH) for side in ("output", "input")),
)
def test_asymmetry(
    functions: FunctionTrace,
    subspaces: SubspaceTrace,
    trace: Trace | None,
    variant: Variant,
    thresholds: Mapping[str, float],
    sampling: Sampling,
) -> Finding:
    """Compare overlap with alignment, both corrected for chance, leaving out one block of sequences at a time."""
    if not np.array_equal(functions.blocks, subspaces.blocks):
        raise ValueError("functions and subspaces were read from other blocks of sequences: they cannot be paired")
    aligned, notes = read_alignments(functions, variant["alignment"], absolute=True)
    side = variant["subspaces"]
    layers, reasons = corrected_layers(aligned, subspaces, side, thresholds)
    if not layers:
        number, reason = next(iter(reasons.items()))
        raise NotApplicable(f"no layer can be corrected for chance (layer {number}: {reason})")
    overlap = widen_for_luck(_mean(layers, lambda each: each.overlap), _overlap_halfwidth(layers), "random subspaces")
    alignment = mean_share([each.functions for each in layers])
    return Finding(
        headline=(Measured("corrected overlap minus corrected alignment", _contrast(layers), ">=", "contrast"),),
        excess=(Measured("contrast minus that of reinitialised experts", _beyond(layers, side), ">=", "beyond"),),
        parts=(Measured("corrected overlap", overlap, ">=", "overlaps"),),
        premises=models_text(trace, sampling),
        controls=(Measured("contrast of reinitialised experts", _drawn(layers), ">=", "contrast"),),
        reported=(Measured("corrected alignment", alignment, "<=", "overlaps"),),
        layers=_curves(layers),
        figure=_figure(layers, side),
        notes=(*notes, *left_out(reasons), _ranks(layers), *_together(layers[len(layers) // 2]), _of_side(side)),
    )


def _mean(
    layers: Sequence[Corrected], statistic: Callable[[Corrected], Float64Array], *, aligned: bool = False
) -> Estimate:
    """Mean over layers of values (1 + B,); it allows for the layers and experts that were not looked at.

    Parameters
    ----------
    aligned : whether the alignment of experts is in the statistic, beside their overlap
    """
    values = [statistic(each) for each in layers]
    errors = [
        math.hypot(each.overlap_error, each.functions.drawn_error(lambda found: found.share) if aligned else 0.0)
        for each in layers
    ]
    reach = sample_halfwidth([float(each[0]) for each in values], errors, layers[0].functions.layer_share)
    return widen_for_sample(over_blocks(np.mean(values, axis=0)), reach)


def _contrast(layers: Sequence[Corrected]) -> Estimate:
    """Mean contrast over layers; another reinitialisation would move its zero.

    So would other random subspaces: blocks of sequences say nothing of the luck of a few pairs of them.
    """
    return _with_luck(layers, _mean(layers, lambda each: each.contrast, aligned=True), _overlap_halfwidth(layers))


def _beyond(layers: Sequence[Corrected], side: str) -> Estimate:
    """Mean over layers of the contrast minus that of reinitialised experts, with the luck of both.

    Of inputs both hold the same overlap, and its luck cancels.
    """
    found = _mean(layers, lambda each: each.contrast - each.drawn, aligned=True)
    halves = [] if side == "input" else [_overlap_halfwidth(layers), _reinitialised_halfwidth(layers)]
    return _with_luck(layers, found, *halves)


def _with_luck(layers: Sequence[Corrected], estimate: Estimate, *halfwidths: float) -> Estimate:
    """Widen for another reinitialisation of the experts whose alignment is chance, and for other random subspaces."""
    found = widen_for_reinitialising(estimate, luck_of_share([each.functions for each in layers]))
    for halfwidth in halfwidths:
        found = widen_for_luck(found, halfwidth, "random subspaces")
    return found


def _drawn(layers: Sequence[Corrected]) -> Estimate:
    """Mean contrast over layers of reinitialised experts; other draws of them would give other subspaces."""
    return widen_for_luck(_mean(layers, lambda each: each.drawn), _reinitialised_halfwidth(layers), "random subspaces")


def _reinitialised_halfwidth(layers: Sequence[Corrected]) -> float:
    """What the mean over layers of ``drawn`` is by luck."""
    return null_overlap_halfwidth([each.subspaces for each in layers], [each.drawn_room for each in layers])


def _of_side(side: str) -> str:
    """Say what the null can tell of inputs, or of outputs."""
    if side == "input":
        return (
            "By construction: reinitialised experts receive what these experts receive, so that their contrast is this "
            "overlap. Overlap of inputs tells of the router alone; the variants of outputs tell of the experts."
        )
    return "Reinitialised experts are applied to the same visits behind the trained router; one draw of each expert."


def _overlap_halfwidth(layers: Sequence[Corrected]) -> float:
    """What the mean over layers of corrected overlaps is by luck where subspaces are random ones."""
    room = [float(each.subspaces.random_overlap[0]) - each.subspaces.floor_overlap for each in layers]
    return null_overlap_halfwidth([each.subspaces for each in layers], room)


def _curves(layers: Sequence[Corrected]) -> tuple[Curve, ...]:
    numbers = tuple(each.number for each in layers)
    return (
        Curve("overlap minus alignment", numbers, tuple(over_blocks(each.contrast) for each in layers), "contrast"),
        Curve("corrected overlap", numbers, tuple(over_blocks(each.overlap) for each in layers)),
        Curve("corrected alignment", numbers, tuple(over_blocks(each.alignment) for each in layers)),
        Curve("contrast of reinitialised experts", numbers, tuple(over_blocks(each.drawn) for each in layers)),
    )


def _pairs(layer: Corrected) -> tuple[Float64Array, Float64Array]:
    """Alignment and overlap of the pairs of experts that have both, (P,) each."""
    own = layer.subspaces.experts
    first, second = np.triu_indices(len(own), 1)
    looked = layer.functions.layer.experts
    table = np.full((max([*own, *looked]) + 1,) * 2, np.nan)
    table[np.ix_(looked, looked)] = layer.functions.matrix
    alignment = table[own[first], own[second]]
    overlap = layer.subspaces.pair_overlap[first, second].astype(np.float64)
    known = np.isfinite(alignment + overlap)
    return alignment[known], overlap[known]


def _figure(layers: Sequence[Corrected], side: str) -> Figure:
    """Draw the pairs of experts of the first, middle and last layer, each beside its own chance and ceiling."""
    # By place, not by number: checkpoints whose first mixture is in another layer stand in one column.
    shown = {len(layers) // 2: "middle"} | {len(layers) - 1: "last"} | {0: "first"}
    return Figure(
        kind="panels",
        title="pairs of experts",
        redraws="ASY abstract",
        x_label="",
        y_label="",
        series=[],
        panels=[_panel(layers[place], name, side) for place, name in sorted(shown.items())],
    )


def _panel(layer: Corrected, name: str, side: str) -> Figure:
    alignment, overlap = _pairs(layer)
    lines = {
        CHANCE: (float(layer.functions.redrawn[0]), layer.subspaces.floor_overlap),
        CEILING: (float(layer.functions.ceiling[0]), float(layer.subspaces.random_overlap[0])),
    }
    far = (*lines.values(), (float(alignment.max(initial=0.0)), float(overlap.max(initial=0.0))))
    wide, high = (1.05 * max(ends[axis] for ends in far) for axis in (0, 1))
    return Figure(
        kind="density",
        title=f"{name}: layer {layer.number}, {len(alignment)} pairs",
        redraws="",
        x_label="|alignment| of functions",
        y_label=f"overlap of {side} subspaces",
        series=[density("pairs of experts (darker: more)", alignment, overlap, (wide, high))],
        reference=[
            Series(label, *ends)
            for label, (across, up) in lines.items()
            for ends in (([across, across], [0.0, high]), ([0.0, wide], [up, up]))
        ],
    )


def _ranks(layers: Sequence[Corrected]) -> str:
    """Say of which rank the subspaces are, and of how many visits."""
    ranks = sorted({each.subspaces.rank for each in layers})
    visits = [each.subspaces.visits for each in layers]
    experts = sum(each.subspaces.left_out for each in layers)
    return (
        f"Subspaces of rank {' or '.join(map(str, ranks))} from {min(visits)} to {max(visits)} visits an expert; "
        f"experts left out for too few visits, or directions that these span, all layers together: {experts}."
    )


def _together(middle: Corrected) -> tuple[str, ...]:
    """Say whether the pairs that are aligned are those that overlap, at the middle layer; nothing where none differ."""
    alignment, overlap = _pairs(middle)
    rho = spearman(alignment, overlap)
    if np.isnan(rho):
        return ()
    return (f"Spearman of alignment and overlap over the {len(alignment)} pairs of layer {middle.number}: {rho:.2f}.",)
