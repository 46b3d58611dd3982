"""Which data directions does a router listen to?  GEO Figs 16-22."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from claims.balance.balanced_layers import PREMISES, balanced_layers
from claims.balance.router_gain import DIRECTIONS, figure_note, gain_figure, router_gain
from claims.core.claim import Threshold, claim
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure
from claims.shared.premises import linear_layers
from fixtures.evidence.trace import LayerTrace, Trace
from metrics.arrays import Float64Array
from metrics.routing.low_rank import leading_directions
from metrics.routing.null_space import random_subspace
from metrics.routing.router_alignment import router_alignment
from metrics.stats.bootstrap import exact
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling

#: Random routers, and sets of random directions, drawn for the null.
DRAWS = 19


@claim(
    id="alignment-spectrum",
    group="B",
    number=5,
    asks="logits",
    title="The router listens to leading directions, and not to the shared one",
    source="GEO (arXiv 2604.09780v1), Eq. 4",
    figures=tuple(f"GEO Fig. {number}" for number in range(16, 23)),
    statement="In a checkpoint trained with the load-balancing loss, where the shared direction dominates and the load "
    "is balanced, a router responds less than a random one to the direction that a sequence's tokens share, and more "
    "to the directions that follow it.",
    equation="a_i = ||W v_i||^2 / (||W||_F^2 / D), v_i of a sequence's states;  a_1 < 1 and median a_2..a_16 > 1 "
    "(means over sequences) in 0.75 of the layers, and a_1 < a_2 in as many",
    definition="paper (two curves, ||W v_i||^2 and a random router's); reconstructed: their ratio, with the random "
    "router's norm matched to W's, and which layers are judged: those in which v_1 holds 30 % of the energy",
    means="The router of this checkpoint is not turned away from the shared direction and towards the next "
    "ones: explain its load, or remove that direction, on other grounds.",
    check="The router's response to each leading direction, layer by layer, beside a random router's of the same norm.",
    null_says="19 random routers on the population's own leading directions, and 19 sets of random orthonormal "
    "directions under the router itself: the mean share of layers that luck gives.",
    paper="the first direction far below the random router's curve and the following ones above it, in models trained "
    "with the balancing loss (Figs 16-22); no number printed",
    thresholds={
        "layers": Threshold(0.75, "three layers in four, so that a few odd layers do not decide"),
        "beyond": Threshold(0.25, "one layer in four more than luck gives"),
        **PREMISES,
    },
)
def test_alignment_spectrum(trace: Trace, thresholds: Mapping[str, float], sampling: Sampling) -> Finding:
    """Compare Eq 4 at v_1 and at v_2..v_16 with 1, layer by layer; sequences are resampled."""
    try:
        judged = balanced_layers(trace, thresholds, sampling)
    except NotApplicable as why:
        raise NotApplicable(str(why), _contrast(trace)) from why
    layers = judged.layers
    gain = router_gain(layers)
    leads = gain.leads()
    luck = {of: _random_share(layers, of, sampling) for of in ("routers", "directions")}
    return Finding(
        headline=(
            Measured(
                "share of layers with a_1 < 1 and median a_2..a_16 > 1",
                _share(leads, _both, sampling),
                ">=",
                "layers",
                within=(0.0, 1.0),
            ),
        ),
        excess=tuple(
            Measured(
                f"that share, minus that of random {of}",
                _share(leads, _both, sampling, float(shares.mean())),
                ">=",
                "beyond",
                within=(-1.0, 1.0),
            )
            for of, shares in luck.items()
        ),
        parts=(
            Measured(
                "share of layers with a_1 < a_2",
                _share(leads, lambda a: a[..., 0, :] < a[..., 2, :], sampling),
                ">=",
                "layers",
                within=(0.0, 1.0),
            ),
        ),
        premises=judged.premises,
        controls=tuple(
            Measured(f"share of layers, random {of}", exact(float(shares.mean()), DRAWS, "draw"), ">=", "layers")
            for of, shares in luck.items()
        ),
        layers=(
            _curve("a_1", layers, leads[:, 0], sampling),
            _curve("median a_2..a_16", layers, leads[:, 1], sampling),
            judged.energy,
        ),
        figure=gain_figure(layers, gain),
        notes=(*judged.notes, figure_note(layers)),
    )


def _contrast(trace: Trace) -> Figure | None:
    """The same curves where the claim cannot be asked, as the paper's figures have them of models without the loss."""
    try:
        layers = linear_layers(trace)
        return gain_figure(layers, router_gain(layers))
    except NotApplicable:
        return None


def _both(leads: Float64Array) -> npt.NDArray[np.bool_]:
    return (leads[..., 0, :] < 1) & (leads[..., 1, :] > 1)


def _share(
    leads: Float64Array, of: Callable[[Float64Array], npt.NDArray[np.bool_]], sampling: Sampling, less: float = 0.0
) -> Estimate:
    """Share of layers of which something holds, of means over sequences, minus ``less``."""
    rows = leads.reshape(len(leads), -1)

    def share(drawn: Float64Array) -> Float64Array:
        mean = drawn.mean(axis=-2).reshape(*drawn.shape[:-2], *leads.shape[1:])
        return np.asarray(of(mean).mean(axis=-1) - less)

    return sampling.of(rows, share, interval="percentile")


def _random_share(layers: Sequence[LayerTrace], of: str, sampling: Sampling) -> Float64Array:
    """Share of layers at which both conditions hold by luck, in each draw of routers or of directions."""
    shares = np.zeros((DRAWS, len(layers)))
    for index, layer in enumerate(layers):
        weight = layer.router.weight.astype(np.float64)
        top = min(DIRECTIONS, weight.shape[1])
        leading = leading_directions(layer.second_moment, top) if of == "routers" else None
        rng = sampling.rng("alignment-spectrum", of, index)
        for draw in range(DRAWS):
            if leading is not None:
                found = router_alignment(rng.standard_normal(weight.shape), leading)
            else:
                found = router_alignment(weight, random_subspace(weight.shape[1], top, rng).T)
            shares[draw, index] = found[0] < 1 < np.median(found[1:])
    return np.asarray(shares.mean(axis=1))


def _curve(name: str, layers: Sequence[LayerTrace], table: Float64Array, sampling: Sampling) -> Curve:
    values = tuple(sampling.mean(column) for column in table.T)
    return Curve(name, tuple(layer.router.layer for layer in layers), values, 1.0)
