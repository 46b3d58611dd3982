"""Do the experts' inputs, or outputs, lie in distinct but partly overlapping subspaces?  ASY claim B."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from claims.core.claim import Threshold, Variant, claim
from claims.core.figure_data import rounded
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure, Series
from claims.experts.alignment_variants import sample_note
from claims.experts.subspace_leads import UNIT, lead_over_random_routers, overlap_above_chance
from claims.shared.premises import models_text
from claims.shared.widened_intervals import sample_halfwidth, widen_for_sample
from fixtures.evidence.subspaces import LayerSubspaces, Reading, SubspaceTrace
from fixtures.evidence.trace import Trace
from metrics.arrays import FloatArray
from metrics.stats.bootstrap import exact
from metrics.stats.estimate import Estimate
from metrics.stats.jackknife import estimate_jackknife
from metrics.stats.sampling import Sampling
from metrics.subspaces.principal_directions import TOKENS_A_DIRECTION

KEPT, REMOVED = "kept", "removed"


@claim(
    id="subspace-overlap",
    group="E",
    number=2,
    title="Experts lie in distinct but partly overlapping subspaces",
    source="ASY (arXiv 2605.16349v1)",
    figures=("ASY claim B",),
    statement="The principal subspaces of what each expert receives lie farther apart than those of random "
    "partitions of the same visits, and nearer together than random subspaces.",
    equation="U_e = top-r eigenvectors of sum g (x - mu)(x - mu)^T / sum g;  d_G = ||theta||_2 / ((pi/2) sqrt r);  "
    "d_G(experts) - d_G(random partition) >= 0.02  and  mean cos^2 theta - r/d >= 0.02",
    definition="read (gate-weighted PCA, Grassmann distance); reconstructed: rank, normalisation, equal visits of "
    "each expert, at least 4 r; outputs, other ranks and the corpus mean direction taken off as variants",
    means="What experts receive does not lie in subspaces that are distinct and yet overlap: on this text the "
    "split that the router makes is no better ground for a basis an expert than a random split.",
    check="The variance that a basis an expert keeps at your rank, against a basis each of random groups of "
    "tokens of the same sizes.",
    null_says="A linear router drawn at random, with a bias that gives it the same load, sends the same sampled "
    "tokens to its experts under the same combine weights, at equal visits (for outputs, to reinitialised experts). "
    "The trained router's d_G must exceed theirs, over the same blocks of sequences; what one more draw would change "
    "counts as unknown. Random partitions and random subspaces are the headline's own references.",
    paper="distinct but partially overlapping; no number that we could read",
    thresholds={
        "distinct": Threshold(0.02, "two hundredths of the way from one subspace to orthogonal ones"),
        "overlapping": Threshold(0.02, "the same of mean cos^2, which is 1 of one subspace and 0 of orthogonal ones"),
        "lead": Threshold(0.01, "half of what is distinct at least; cuts by a random router make groups distinct, too"),
        "layers": Threshold(0.75, "three layers in four, reported beside the means that decide"),
    },
    variants=(
        {"side": "input", "rank": "16", "mean direction": KEPT},
        {"side": "input", "rank": "8", "mean direction": KEPT},
        {"side": "input", "rank": "32", "mean direction": KEPT},
        {"side": "input", "rank": "90 %", "mean direction": KEPT},
        {"side": "input", "rank": "16", "mean direction": REMOVED},
        {"side": "output", "rank": "16", "mean direction": KEPT},
        {"side": "output", "rank": "16", "mean direction": REMOVED},
    ),
)
def test_subspace_overlap(
    subspaces: SubspaceTrace,
    trace: Trace | None,
    variant: Variant,
    thresholds: Mapping[str, float],
    sampling: Sampling,
) -> Finding:
    """Compare the experts' subspaces with random partitions, random subspaces and random routers; layers' means."""
    used = _used(subspaces, variant)
    readings = [each.reading for each in used]
    distinct = [each.geodesic - each.random_geodesic for each in readings]
    led = [each for each in used if each.reading.drawn_visits]
    allow = partial(_for_the_sample, subspaces.layer_share)
    shown = {
        "d_G": (_of_single([_jackknife([table]) for table in distinct], used, 0), thresholds["distinct"]),
        "cos^2": (_of_single([overlap_above_chance([each]) for each in readings], used, 1), thresholds["overlapping"]),
    }
    return Finding(
        headline=(
            _difference(
                "Grassmann distance, experts minus random partitions",
                allow(_jackknife(distinct), used, [float(each[0]) for each in distinct], 0),
                "distinct",
            ),
            _difference(
                "overlap of subspaces, experts minus chance",
                allow(overlap_above_chance(readings), used, [float(each.overlap[0]) for each in readings], 1),
                "overlapping",
            ),
        ),
        excess=(_difference("Grassmann distance, router minus random routers", _lead(led, readings, allow), "lead"),),
        premises=models_text(trace, sampling),
        reported=tuple(
            Measured(
                f"layers where {what} is shown to be greater",
                _share_shown(*each, subspaces.layer_share),
                ">=",
                "layers",
                within=(0, 1),
            )
            for what, each in shown.items()
        ),
        layers=_curves(used, led),
        figure=_profile(used[len(used) // 2]),
        notes=(*_visits_notes(subspaces, used), *_null_notes(used, led), *_sampled(subspaces)),
    )


def _difference(name: str, estimate: Estimate, threshold: str) -> Measured:
    """A difference of two distances, or overlaps, in [0, 1]."""
    return Measured(name, estimate, ">=", threshold, within=(-1.0, 1.0))


def _for_the_sample(
    share: float, estimate: Estimate, used: Sequence["Used"], values: Sequence[float], which: int
) -> Estimate:
    """Widen the interval of a mean over layers for those, and for the experts, that were not looked at.

    Parameters
    ----------
    share : of all layers
    values : of the layers
    which : 0 for distances, 1 for overlaps
    """
    errors = [each.layer.drawn_errors(each.reading)[which] for each in used]
    return widen_for_sample(estimate, sample_halfwidth(values, errors, share))


def _lead(led: Sequence["Used"], readings: Sequence[Reading], allow: Callable[..., Estimate]) -> Estimate:
    """The lead over random routers; where none could be measured it is unknown, which leaves the claim open."""
    if led:
        values = [float(each.reading.routed_geodesic[0] - each.reading.draws.mean()) for each in led]
        return allow(lead_over_random_routers([each.reading for each in led]), led, values, 0)
    return Estimate(math.nan, math.nan, math.nan, len(readings[0].geodesic) - 1, UNIT, "not measured")


class Used(NamedTuple):
    """A layer and the reading of it that a variant asks for."""

    layer: LayerSubspaces
    reading: Reading


def _used(subspaces: SubspaceTrace, variant: Variant) -> list[Used]:
    """Find the layers with the reading.

    Raises
    ------
    NotApplicable
        When no layer has it, with what is missing.
    """
    removed = variant["mean direction"] == REMOVED
    found = [(layer, layer.reading(variant["side"], variant["rank"], removed)) for layer in subspaces.layers]
    used = [Used(layer, reading) for layer, reading in found if reading is not None]
    if not used:
        raise NotApplicable(_missing(subspaces, variant))
    return used


def _missing(subspaces: SubspaceTrace, variant: Variant) -> str:
    """Say why no layer has a reading."""
    layers = subspaces.layers
    if not layers or max(len(layer.kept) for layer in layers) < 2:
        return "a layer with a single expert has no pair of subspaces"
    if variant["side"] == "output" and all(layer.note for layer in layers):
        return f"the experts' outputs could not be read: {layers[0].note}"
    rank = 16 if variant["rank"] == "90 %" else int(variant["rank"])
    needed = TOKENS_A_DIRECTION * rank
    few = min(int((layer.kept < needed).sum()) for layer in layers)
    most = max(int(layer.kept.max()) for layer in layers)
    experts = max(len(layer.kept) for layer in layers)
    if experts - few > 1:
        return f"rank {rank} is above half of the states' width, or the visits do not span so many directions"
    return (
        f"no layer has two experts with the {needed} kept visits that rank {rank} needs: at least {few} of {experts} "
        f"experts have fewer in every layer, and the most that one has is {most}"
    )


def _jackknife(tables: Sequence[FloatArray]) -> Estimate:
    """Mean over layers of tables (1 + B,), over blocks of sequences jointly."""
    mean = np.mean(tables, axis=0)
    return estimate_jackknife(float(mean[0]), mean[1:], UNIT)


def _of_single(layers: Sequence[Estimate], used: Sequence["Used"], which: int) -> list[Estimate]:
    """Widen each layer's own interval for the experts that were not looked at; ``which`` as in `_for_the_sample`."""
    errors = [each.layer.drawn_errors(each.reading)[which] for each in used]
    return [
        widen_for_sample(each, sample_halfwidth([0.0], [error], 1.0))
        for each, error in zip(layers, errors, strict=True)
    ]


def _share_shown(layers: Sequence[Estimate], least: float, looked: float) -> Estimate:
    """Share of layers whose own interval lies at this or above; of those that were not looked at, none or all do.

    Parameters
    ----------
    looked : share of all layers that was looked at
    """
    shown = float(np.mean([each.low >= least for each in layers]))
    found = exact(shown, len(layers), "layer")
    if looked >= 1:
        return found
    method = f"{found.method} of a sample; of the layers that were not looked at, none or all"
    return replace(found, low=looked * shown, high=1 - looked * (1 - shown), method=method)


def _curves(used: Sequence[Used], led: Sequence[Used]) -> tuple[Curve, ...]:
    """Distance and overlap of the experts, their ceiling and their floor, and the lead over random routers."""
    layers = tuple(each.layer.layer for each in used)
    readings = [each.reading for each in used]

    def curve(name: str, tables: Sequence[FloatArray], threshold: str | None = None) -> Curve:
        return Curve(name, layers, tuple(_jackknife([table]) for table in tables), threshold)

    leads = tuple(lead_over_random_routers([each.reading]) for each in led)
    above = tuple(overlap_above_chance([each]) for each in readings)
    return (
        curve(
            "Grassmann distance, experts minus random partitions",
            [r.geodesic - r.random_geodesic for r in readings],
            "distinct",
        ),
        Curve("overlap of subspaces, experts minus chance", layers, above, "overlapping"),
        curve("d_G, experts", [r.geodesic for r in readings]),
        curve("d_G, random partitions", [r.random_geodesic for r in readings]),
        Curve("d_G, random subspaces", layers, tuple(r.floor_geodesic for r in readings)),
        curve("mean cos^2, experts", [r.overlap for r in readings]),
        curve("mean cos^2, random partitions (ceiling)", [r.random_overlap for r in readings]),
        Curve("mean cos^2, random subspaces (floor, r/d)", layers, tuple(r.floor_overlap for r in readings)),
        Curve(
            "Grassmann distance, router minus random routers", tuple(each.layer.layer for each in led), leads, "lead"
        ),
    )


def _profile(used: Used) -> Figure:
    """Principal angles of experts, random partitions and random subspaces."""
    reading = used.reading
    rows = (
        ("experts", reading.angles),
        ("random partitions", reading.random_angles),
        ("random subspaces", reading.floor_angles),
    )
    index = [float(number) for number in range(1, reading.rank + 1)]
    return Figure(
        kind="lines",
        title=f"principal angles of expert {reading.side}s, layer {used.layer.layer}, rank {reading.rank}",
        redraws="ASY claim B",
        x_label="principal angle, from the smallest",
        y_label="degrees, mean over pairs",
        series=[Series(label, index, rounded(np.rad2deg(angles))) for label, angles in rows],
    )


def _visits_notes(subspaces: SubspaceTrace, used: Sequence[Used]) -> tuple[str, ...]:
    """Visits, ranks, experts left out, and layers without the reading."""
    readings = [each.reading for each in used]
    first = (
        f"Each subspace is computed from {_range(r.visits for r in readings)} visits, and its "
        f"{_range(r.rank for r in readings)} directions hold {_range(round(100 * r.share) for r in readings)} % of the "
        f"variance; beside it {_range(r.partitions for r in readings)} random partition(s)."
    )
    left = [
        f"{each.reading.left_out} of {len(each.layer.compared)} at layer {each.layer.layer}"
        for each in used
        if each.reading.left_out
    ]
    kept = {each.layer.layer for each in used}
    missing = [layer for layer in subspaces.layers if layer.layer not in kept]
    side = readings[0].side
    unread = {layer.layer: layer.note for layer in missing if side == "output" and layer.note}
    few = [str(layer.layer) for layer in missing if layer.layer not in unread]
    return (
        first,
        *(
            [f"Experts left out for too few kept visits, or directions that these span: {', '.join(left)}."]
            if left
            else []
        ),
        *(
            [f"Layers left out, fewer than two experts with visits enough, or states too narrow: {', '.join(few)}."]
            if few
            else []
        ),
        *(
            f"Layer left out, {number}: the experts' outputs could not be read: {why}."
            for number, why in unread.items()
        ),
    )


def _null_notes(used: Sequence[Used], led: Sequence[Used]) -> tuple[str, ...]:
    """How the random routers were compared, or why not."""
    notes = []
    if led:
        drawn = _range(each.reading.drawn_visits for each in led)
        notes.append(
            f"Against {len(led[0].reading.draws)} random routers a layer experts were compared at {drawn} visits each."
        )
    without = [each for each in used if not each.reading.drawn_visits]
    if without:
        layers = ", ".join(str(each.layer.layer) for each in without)
        notes.append(f"No random router at layers {layers}: {without[0].reading.drawn_note}.")
    return tuple(notes)


def _sampled(subspaces: SubspaceTrace) -> tuple[str, ...]:
    """Say which sample of layers and experts was looked at; nothing where it was all."""
    some = sorted({(len(each.compared), len(each.kept)) for each in subspaces.layers})
    return sample_note(
        subspaces, [f"{looked} of {count} experts a layer, drawn at random" for looked, count in some if looked < count]
    )


def _range(values: Iterable[int]) -> str:
    found = sorted(set(values))
    return str(found[0]) if len(found) == 1 else f"{found[0]} to {found[-1]}"
