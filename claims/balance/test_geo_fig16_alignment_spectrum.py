"""Which data directions does a router listen to?  GEO Figs 16-22."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from claims.core.claim import Threshold, claim
from claims.core.curves import along
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure, Series
from claims.shared.premises import left_out, linear_layers, middle
from fixtures.evidence.trace import LayerTrace, Trace
from metrics.arrays import Float64Array
from metrics.routing.low_rank import leading_directions
from metrics.routing.null_space import random_subspace
from metrics.routing.router_alignment import router_alignment
from metrics.stats.bootstrap import estimate_mean
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling

#: Directions looked at: the shared one and the fifteen that follow it.
DIRECTIONS = 16
#: A share of fewer layers than these can be no share but none, some or all of them.
FEWEST_LAYERS = 4
#: Random routers, and sets of random directions, drawn for the null.
DRAWS = 19


class RouterGain(NamedTuple):
    """Eq 4 of each sequence's own directions, of the sequences that have at least two.

    Attributes
    ----------
    spectrum : (L, S, R), the largest singular value first; NaN where a direction does not exist
    first : (L, S), Eq 4 at the shared direction
    others : (L, S), median of Eq 4 over the directions that follow
    """

    spectrum: Float64Array
    first: Float64Array
    others: Float64Array


@claim(
    id="alignment-spectrum",
    group="B",
    number=5,
    title="The router listens to leading directions, and not to the shared one",
    source="GEO (arXiv 2604.09780v1), Eq. 4",
    figures=tuple(f"GEO Fig. {number}" for number in range(16, 23)),
    statement="A router responds less than a random one to the direction that a sequence's tokens share, and more to "
    "the directions that follow it.",
    equation="a_i = ||W v_i||^2 / (||W||_F^2 / D), v_i of a sequence's states;  a_1 < 1 and median a_2..a_16 > 1 "
    "(means over sequences) in at least 3 layers of 4",
    definition="paper (two curves, ||W v_i||^2 and a random router's); reconstructed: their ratio, with the random "
    "router's norm matched to W's",
    null_says="19 random routers on the population's own leading directions, and 19 sets of random orthonormal "
    "directions under the router itself. By their symmetry both lie near the share that luck gives, far below the "
    "threshold: they calibrate it.",
    paper="the first direction far below the random router's curve and the following ones above it, in models trained "
    "with the balancing loss (Figs 16-22); no number printed",
    thresholds={
        "layers": Threshold(0.75, "three layers in four, so that a few odd layers do not decide"),
        "chance": Threshold(1.0, "what a random router of the same norm makes of any direction, on average"),
    },
)
def test_alignment_spectrum(trace: Trace, sampling: Sampling) -> Finding:
    """Compare Eq 4 at v_1 and at v_2..v_16 with 1, layer by layer; sequences are resampled."""
    layers = linear_layers(trace)
    if len(layers) < FEWEST_LAYERS:
        raise NotApplicable(f"a share of layers needs {FEWEST_LAYERS} linear routers; measured: {len(layers)}")
    gain = _router_gain(layers)
    count = len(layers)

    def share(rows: Float64Array) -> Float64Array:
        mean = rows.mean(axis=-2)
        return np.asarray(_both(mean[..., :count], mean[..., count:]).mean(axis=-1))

    rows = np.concatenate([gain.first, gain.others]).T
    found = sampling.of(rows, share, interval="percentile")
    first, others = (sampling.mean(table.mean(axis=0)) for table in (gain.first, gain.others))
    return Finding(
        criteria=(
            Measured("share of layers with a_1 < 1 and median a_2..a_16 > 1", found, ">=", "layers"),
            Measured("a_1, mean over layers", first, "<", "chance", decides=False),
            Measured("median a_2..a_16, mean over layers", others, ">", "chance", decides=False),
        ),
        null=(
            Measured("share, random routers", _random_share(layers, "routers", sampling), ">=", "layers"),
            Measured("share, random directions", _random_share(layers, "directions", sampling), ">=", "layers"),
        ),
        layers=(
            _curve("a_1", layers, gain.first, sampling),
            _curve("median a_2..a_16", layers, gain.others, sampling),
        ),
        figure=_figure(layers, gain, sampling),
        notes=left_out(trace, layers),
    )


def _both(first: Float64Array, others: Float64Array) -> npt.NDArray[np.bool_]:
    return (first < 1) & (others > 1)


def _router_gain(layers: Sequence[LayerTrace]) -> RouterGain:
    """Collect Eq 4 by sequence.

    Raises
    ------
    NotApplicable
        When the evidence holds no spectra, or no sequence has two directions.
    """
    known = [(layer, layer.spectrum) for layer in layers if layer.spectrum is not None]
    if len(known) < len(layers):
        raise NotApplicable("the evidence holds no spectrum of each sequence's states")
    chance = [float((layer.router.weight.astype(np.float64) ** 2).mean(axis=1).sum()) for layer in layers]
    spectrum = np.stack([s.router_gain[:, :DIRECTIONS] / c for (_, s), c in zip(known, chance, strict=True)])
    keep = (np.isfinite(spectrum[:, :, 0]) & np.isfinite(spectrum[:, :, 1:]).any(axis=2)).all(axis=0)
    if not keep.any():
        raise NotApplicable("no sequence's states have a second direction to compare with the shared one")
    spectrum = np.asarray(spectrum[:, keep], dtype=np.float64)
    return RouterGain(spectrum, spectrum[:, :, 0], np.nanmedian(spectrum[:, :, 1:], axis=2))


def _random_share(layers: Sequence[LayerTrace], of: str, sampling: Sampling) -> Estimate:
    """Share of layers at which both conditions hold by luck, mean over draws of routers or of directions."""
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
            shares[draw, index] = _both(found[:1], np.median(found[1:], keepdims=True))[0]
    return estimate_mean(shares.mean(axis=1), seed=sampling.seed, unit="draw", resamples=sampling.resamples)


def _curve(name: str, layers: Sequence[LayerTrace], table: Float64Array, sampling: Sampling) -> Curve:
    values = tuple(sampling.mean(row) for row in table)
    return Curve(name, tuple(layer.router.layer for layer in layers), values, "chance")


def _figure(layers: Sequence[LayerTrace], gain: RouterGain, sampling: Sampling) -> Figure:
    """Eq 4 by direction at the middle layer, against the random router's level."""
    shown = middle(layers)
    spectrum = gain.spectrum[[layer is shown for layer in layers].index(True)]
    columns = [column[np.isfinite(column)] for column in spectrum.T]
    ranks = [rank for rank, column in enumerate(columns, start=1) if len(column)]
    estimates = [sampling.mean(columns[rank - 1]) for rank in ranks]
    return Figure(
        kind="lines",
        title=f"what the router makes of each direction, layer {shown.router.layer}",
        redraws="GEO Figs 16-22",
        x_label="direction index",
        y_label="||W v_i||^2 over a random router's",
        series=[along("the router", ranks, estimates)],
        reference=[Series("random router", [1.0, float(ranks[-1])], [1.0, 1.0])],
    )
