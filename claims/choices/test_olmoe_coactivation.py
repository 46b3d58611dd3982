"""Are experts of a layer chosen together more often than their loads say?  OLMoE, section 5.2."""

import numpy as np

from claims.choices.ties import DRAWN, DRAWS, GROUPED, MEASURED, PRODUCT, Ties, ties_of
from claims.core.claim import Threshold, Variant, claim
from claims.core.figure_data import rounded
from claims.core.finding import Curve, Finding, Measured
from claims.core.record import Figure, Series
from claims.shared.premises import models_text
from fixtures.evidence.token_routing import TokenRouting
from metrics.arrays import Float64Array
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling

#: Experts that the drawn table shows at most.
SHOWN = 32


@claim(
    id="co-activation",
    version=2,
    group="F",
    number=5,
    title="Experts are not chosen together more often than their loads say",
    source="OLMoE (arXiv 2409.02060), section 5.2",
    figures=("OLMoE section 5.2",),
    statement="The experts of a layer are not chosen for one token much more often than their loads say.",
    equation="95th percentile over pairs of experts of lift_ij < 2, mean over layers, and in every layer;  "
    "lift_ij = P(i and j) / (P(i) P(j)), over tokens",
    definition="reconstructed: the paper shows how often expert j comes with expert i, and no rule; over the load of j "
    "that is the lift. Expected is the product of loads or (variant) what draws at the same loads give at the same "
    "percentile: of two experts without replacement, half the product. Experts that no token used are left out",
    means="Some experts are chosen together at least twice as often as their loads say: placing such pairs on "
    "one device may save traffic between devices.",
    check="Which pairs they are on your own text, and the traffic with them placed together and apart.",
    null_says="k experts drawn for each token without replacement, each exactly as often as it was measured and "
    "without other ties, as many tokens as were counted. The claim is that routing is like this null, so that there is "
    "no excess over it: it stands where its own percentile, which counting noise raises, could refute the claim, and "
    "fixed groups of k experts, the strongest ties that the loads allow, stand where theirs could not.",
    paper="few strong ties among the experts of a layer, in tables of the 32 experts with the strongest; no lift is "
    "known to us",
    thresholds={
        "lift": Threshold(2.0, "twice as often as expected: a tie that a reader would see in a table of pairs"),
        "beyond": Threshold(0.5, "less than the untrained twin's lift by half of what the claim allows above loads"),
    },
    variants=({"expected": PRODUCT}, {"expected": DRAWS}),
)
def test_co_activation(token_routing: TokenRouting, variant: Variant, sampling: Sampling) -> Finding:
    """Hold the strongest ties between experts against loads, beside random draws and fixed groups."""
    ties, expected = ties_of(token_routing, sampling), variant["expected"]
    own, groups = ties.found[MEASURED, expected], ties.found[GROUPED, expected]
    strongest = ties.strongest(expected)
    number = ties.layers[strongest]
    name = f"95th percentile of lift over {expected}"
    return Finding(
        headline=(_criterion(f"{name}, mean over layers", own[-1], "<"),),
        parts=(_criterion(f"{name}, layer {number}, where it is largest", own[strongest], "<"),),
        premises=(
            *models_text(token_routing, sampling),
            _criterion(f"{name}, were experts chosen in fixed groups", groups[-1], ">="),
            _criterion(
                "95th percentile of lift over the product of loads, of draws at the same loads",
                ties.found[DRAWN, PRODUCT][-1],
                "<",
            ),
        ),
        layers=tuple(
            Curve(whose, ties.layers, ties.found[whose, expected][:-1], "lift") for whose in (MEASURED, DRAWN, GROUPED)
        ),
        figure=_figure(number, ties.lifts[strongest]),
        notes=_notes(token_routing, ties, strongest),
    )


def _criterion(name: str, estimate: Estimate, direction: str) -> Measured:
    return Measured(name, estimate, direction, "lift", within=(0.0, np.inf))


def _figure(layer: int, lifts: Float64Array) -> Figure:
    """Lifts of the experts with the strongest ties, on a scale on which as often as loads say is 0."""
    strongest = np.nan_to_num(lifts).max(axis=1)
    shown = np.sort(np.argsort(-strongest, kind="stable")[:SHOWN])
    with np.errstate(divide="ignore"):
        scale = np.log2(lifts[np.ix_(shown, shown)])
    scale[~np.isfinite(scale)] = np.nan
    columns = [float(column) for column in shown]
    some = "" if len(shown) == len(lifts) else f", {len(shown)} of {len(lifts)} experts"
    return Figure(
        kind="heat",
        title=f"log2 of lift, layer {layer}{some}",
        redraws="OLMoE section 5.2",
        x_label="expert",
        y_label="expert",
        series=[Series(str(row), columns, rounded(values)) for row, values in zip(shown, scale, strict=True)],
    )


def _notes(routing: TokenRouting, ties: Ties, place: int) -> tuple[str, ...]:
    lifts = ties.lifts[place]
    one, other = np.unravel_index(np.nanargmax(lifts), lifts.shape)
    pairs = lifts[np.triu_indices(len(lifts), 1)]
    twice = float((pairs[np.isfinite(pairs)] >= 2).mean())
    drawn, groups = (ties.found[whose, PRODUCT][place].value for whose in (DRAWN, GROUPED))
    told = (
        f"In layer {ties.layers[place]}, {twice:.1%} of the pairs are chosen together at least twice as often as the "
        f"product of their loads; most of all experts {one} and {other}, {lifts[one, other]:.3g} times as often. "
        f"At the 95th percentile draws at the same loads reach {drawn:.3g}, fixed groups {groups:.3g}."
    )
    few = f"Every {routing.stride}th token was counted." if routing.stride > 1 else ""
    return (told, few) if few else (told,)
