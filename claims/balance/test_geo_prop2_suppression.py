"""Does a router trained with a balancing loss ignore the shared direction?  GEO Prop. 2, Figs 16-19."""

from collections.abc import Mapping, Sequence

import numpy as np

from claims.balance.balanced_layers import PREMISES, balanced_layers, energy_share
from claims.balance.suppression import (
    IGNORED,
    INCLUDED,
    median_response,
    random_routers,
    require_bias,
    responses,
)
from claims.core.claim import Threshold, Variant, claim
from claims.core.curves import along, exact_by_layer, layer_figure
from claims.core.figure_data import rounded
from claims.core.finding import Curve, Finding, Measured
from claims.core.record import Figure, Series
from claims.shared.premises import linear_layers
from fixtures.evidence.trace import LayerTrace, Trace
from metrics.arrays import Float64Array
from metrics.routing.low_rank import leading_directions
from metrics.routing.router_alignment import router_alignment
from metrics.routing.shared_direction import retained_energy
from metrics.stats.bootstrap import exact
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling

#: Random routers drawn; the lowest of them is what luck alone gives once in twenty.
DRAWS = 19


@claim(
    id="balance-suppression",
    group="B",
    number=3,
    asks="logits",
    title="A router trained with a balancing loss ignores the shared direction",
    source="GEO (arXiv 2604.09780v1), Prop. 2 and Eq. 4",
    figures=("GEO Prop. 2", "GEO Fig. 16", "GEO Fig. 17", "GEO Fig. 18", "GEO Fig. 19"),
    statement="In a checkpoint trained with the load-balancing loss, where the shared direction dominates and the load "
    "is balanced, routers respond to the mean state less than random routers of their size: less than half as much.",
    equation="rho = ||Pi_e W mu|| / (||Pi_e W||_F ||mu|| / sqrt(D)),  Pi_e = I - 11^T / E;  median over layers <= 0.8, "
    "and <= 0.5, where v_1 holds 30 % of the energy",
    definition="reconstructed: mu is the mean router input over the population, v_1 its leading direction; the "
    "normalisation, at which a random router scores 1, is ours",
    means="The router of this checkpoint, though trained with a balancing loss, responds to the shared "
    "direction about as a random router does: its balance has to come from elsewhere.",
    check="Each expert's load on your own text and prompts: a common shift of the states, such as another "
    "language or a system prompt, may move it.",
    null_says="19 random routers of the same size on the same states: the lowest of their medians, paired.",
    paper="the alignment of the first direction lies far below the random router's in models trained with the loss "
    "(Figs 16-19); no number printed",
    thresholds={
        "ignored": Threshold(0.8, "a fifth less than a random router's response"),
        "half": Threshold(0.5, "half of a random router's response: what the paper's curves show, and more"),
        "beyond": Threshold(0.1, "below the lowest of 19 random routers, whose rho varies with the draw, by a tenth"),
        **PREMISES,
    },
    variants=({"bias": IGNORED}, {"bias": INCLUDED}),
)
def test_balance_suppression(
    trace: Trace, variant: Variant, thresholds: Mapping[str, float], sampling: Sampling
) -> Finding:
    """Measure rho where the shared direction dominates; the median over layers is judged, resampling sequences."""
    bias = variant["bias"]
    require_bias(linear_layers(trace), bias)
    judged = balanced_layers(trace, thresholds, sampling)
    layers = judged.layers
    rho = median_response(layers, trace, bias, sampling)
    draws = [random_routers(layers, sampling.rng("balance-suppression", draw)) for draw in range(DRAWS)]
    at_random = np.stack([responses(layers, routers, bias) for routers in draws])
    lowest = int(np.median(at_random, axis=1).argmin())
    least = float(np.median(at_random[lowest]))
    below = median_response(layers, trace, bias, sampling, below=draws[lowest])
    first, retained = _first_direction(layers)
    curve = Curve(
        "rho",
        tuple(layer.router.layer for layer in layers),
        tuple(median_response([layer], trace, bias, sampling) for layer in layers),
        "ignored",
    )
    return Finding(
        headline=(
            Measured("response to the mean state (1 = random router), median over layers", rho, "<=", "ignored"),
        ),
        excess=(Measured("margin below the lowest of 19 random routers", below, ">=", "beyond"),),
        parts=(Measured("the same response, for half of a random router's", rho, "<=", "half"),),
        premises=judged.premises,
        controls=(
            Measured("the same of the lowest of 19 random routers", exact(least, DRAWS, "draw"), "<=", "ignored"),
        ),
        layers=(
            curve,
            judged.energy,
            exact_by_layer("Eq. 4 at the first direction", layers, first, 1.0),
            exact_by_layer("retained energy", layers, retained),
        ),
        figure=_figure(curve, at_random),
        notes=(*judged.notes, *_selection_note(layers)),
    )


def _first_direction(layers: Sequence[LayerTrace]) -> tuple[list[float], list[float]]:
    """Eq 4 at the leading direction of the population, and the share of the logits' energy from it, by layer."""
    alignment, retained = [], []
    for layer in layers:
        weight, moment = layer.router.weight.astype(np.float64), layer.second_moment
        direction = leading_directions(moment, 1)
        logit_energy = np.trace(weight @ moment @ weight.T) / np.trace(moment)
        gain = ((direction @ weight.T) ** 2).sum(axis=1)
        alignment.append(float(router_alignment(weight, direction)[0]))
        retained.append(float(retained_energy(np.array([energy_share(layer)]), gain, np.array([logit_energy]))[0]))
    return alignment, retained


def _selection_note(layers: Sequence[LayerTrace]) -> tuple[str, ...]:
    """Say where a selection-only bias may balance the experts in the place of W mu."""
    biased = [layer for layer in layers if layer.router.rule is not None and layer.router.rule.bias is not None]
    if not biased:
        return ()
    return (
        f"{len(biased)} of {len(layers)} routers have a selection-only bias, which can even out the load whatever "
        "W mu is; it is no part of rho.",
    )


def _figure(curve: Curve, random: Float64Array) -> Figure:
    """Rho by layer, with the band that 19 random routers span: what Figs 16-19 show at one layer each."""
    known = [(layer, e) for layer, e in zip(curve.layers, curve.values, strict=True) if isinstance(e, Estimate)]
    layers = [float(layer) for layer in curve.layers]
    chance = Series(
        "random routers", layers, rounded(random.mean(axis=0)), rounded(random.min(axis=0)), rounded(random.max(axis=0))
    )
    own = along("the router", [layer for layer, _ in known], [estimate for _, estimate in known])
    title, level = "response to the shared direction", ("random routers on average", 1.0)
    return layer_figure(title, "GEO Figs 16-19, at v_1", "rho", [own, chance], level)
