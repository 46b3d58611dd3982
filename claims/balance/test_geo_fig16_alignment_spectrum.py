"""Which data directions does a router listen to?  GEO Figs 16-22."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from claims.balance.balanced_layers import PREMISES, balanced_layers
from claims.balance.router_gain import figure_note, gain_figure, router_gain
from claims.core.claim import Threshold, claim
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure
from claims.shared.premises import linear_layers
from claims.shared.widened_intervals import widen_for_luck
from fixtures.evidence.trace import LayerTrace, Trace
from metrics.arrays import Float64Array
from metrics.stats.estimate import Estimate
from metrics.stats.few_units import student_mean
from metrics.stats.sampling import Sampling


@claim(
    id="alignment-spectrum",
    group="B",
    number=5,
    version=2,
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
    null_says="32 random routers, and the router itself turned at random 32 times, on the same sequences' own "
    "directions: the mean share of layers that luck gives.",
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
    luck = {of: _luck(leads, drawn, sampling) for of, drawn in gain.luck().items()}
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
            Measured(f"that share, minus that of {of}", found.beyond, ">=", "beyond", within=(-1.0, 1.0))
            for of, found in luck.items()
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
            Measured(f"share of layers, {of}", found.share, ">=", "layers", within=(0.0, 1.0))
            for of, found in luck.items()
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


def _share(leads: Float64Array, of: Callable[[Float64Array], npt.NDArray[np.bool_]], sampling: Sampling) -> Estimate:
    """Share of layers of which something holds, of means over sequences."""
    rows = leads.reshape(len(leads), -1)

    def share(drawn: Float64Array) -> Float64Array:
        mean = drawn.mean(axis=-2).reshape(*drawn.shape[:-2], *leads.shape[1:])
        return np.asarray(of(mean).mean(axis=-1))

    return sampling.of(rows, share, interval="percentile")


class _Luck(NamedTuple):
    """The share of layers as claimed among drawn routers, over draws, and how far the router's own lies beyond it."""

    share: Estimate
    beyond: Estimate


def _luck(leads: Float64Array, drawn: Float64Array, sampling: Sampling) -> _Luck:
    """Compare with drawn routers (S, draws, 2, L), of the same sequences in every resample.

    The draws' own interval is Student's: of few layers that luck rarely passes it is too narrow, and there the excess
    is far from where it decides.
    """
    table = np.concatenate([leads[:, None, :2], drawn], axis=1)
    parts = table.reshape(len(table), -1) / len(table)

    def shares(times: Float64Array) -> Float64Array:
        """Share of layers of the router itself, then of each draw, given how often each sequence counts: (..., S)."""
        mean = (times @ parts).reshape(*times.shape[:-1], *table.shape[1:])
        return np.asarray(_both(mean).mean(axis=-1))

    def beyond(times: Float64Array) -> Float64Array:
        found = shares(times)
        return np.asarray(found[..., 0] - found[..., 1:].mean(axis=-1))

    share = student_mean(shares(np.ones(len(table)))[1:], unit="draw")
    estimate = sampling.of(np.arange(len(table)), beyond, counted=True, interval="percentile")
    return _Luck(share, widen_for_luck(estimate, share.high - share.value, "the draws"))


def _curve(name: str, layers: Sequence[LayerTrace], table: Float64Array, sampling: Sampling) -> Curve:
    values = tuple(sampling.mean(column) for column in table.T)
    return Curve(name, tuple(layer.router.layer for layer in layers), values, 1.0)
