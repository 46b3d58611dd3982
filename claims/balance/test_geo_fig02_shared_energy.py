"""Do token states grow more alike with depth?  GEO Fig. 2."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from claims.balance.depth_trends import Depth, depth_of, rising, similarity_curve
from claims.core.claim import Threshold, claim
from claims.core.curves import layer_figure
from claims.core.figure_data import rounded
from claims.core.finding import Curve, Finding
from claims.core.record import Series
from claims.shared.premises import models_text
from fixtures.evidence.trace import Trace
from metrics.arrays import Float64Array
from metrics.routing.shared_direction import retained_energy
from metrics.stats.sampling import Sampling


@claim(
    id="shared-energy-depth",
    group="B",
    number=1,
    asks="states",
    title="Token states grow more alike with depth",
    source="GEO (arXiv 2604.09780v1), Eq. 7",
    figures=("GEO Fig. 2",),
    statement="From layer to layer a sequence's tokens share more of one direction, and lie at smaller angles.",
    equation="energy = s_1^2 / sum_i s_i^2 of H = U S V^T;  Spearman(layer, energy) >= 0.3 per sequence, which at most "
    "one order of the layers in twenty reaches;  likewise Spearman(layer, mean cosine of token pairs)",
    definition="reconstructed: Eq. 7 of each sequence's router inputs, not centred; the mean pairwise cosine is ours",
    means="Over the layers of this checkpoint the states of a sequence do not gather on one direction: what "
    "deep layers do alike for all tokens should not be put down to that.",
    check="The leading direction's share of the energy, layer by layer, on sequences of the length that you "
    "serve, with and without the first tokens.",
    null_says="The untrained twin, the same architecture at initialisation on the same sequences, where there is one: "
    "a residual stream may grow alike by summing alone.",
    paper="energy rises with depth in both models shown, less of it survives the router trained with a balancing "
    "loss (Fig. 2); no number printed",
    thresholds={
        "growth": Threshold(0.3, "a rank correlation below 0.3 explains less than a tenth of the ranks' variance"),
        "luck": Threshold(0.05, "a trend that more orders of the layers show is open: it may be their order by luck"),
        "beyond": Threshold(0.1, "a third of the smallest trend that matters"),
    },
)
def test_shared_energy_depth(trace: Trace, thresholds: Mapping[str, float], sampling: Sampling) -> Finding:
    """Correlate depth with similarity inside each sequence."""
    depth = _depth(trace)
    before = similarity_curve("shared-direction energy", depth.layers, depth.energy, sampling)
    cosine = similarity_curve("mean cosine", depth.layers, depth.cosine, sampling)
    after = [_retained(trace, sampling)] if any(layer.router.linear for layer in trace.layers) else []
    lines = [_deviation("before the router", depth.layers, depth.energy), *_after_router(trace)]
    title = "share of energy along each sequence's shared direction"
    return replace(
        rising(depth, thresholds["luck"], sampling),
        premises=models_text(trace, sampling),
        layers=(before, cosine, *after),
        figure=replace(
            layer_figure(title, "GEO Fig. 2", "share of energy", lines),
            spread="deviation",
            units=f"{depth.energy.shape[1]} sequences",
        ),
    )


def _depth(trace: Trace) -> Depth:
    return depth_of([layer.router.layer for layer in trace.layers], [layer.spectrum for layer in trace.layers])


def _deviation(label: str, layers: Sequence[int], table: Float64Array) -> Series:
    """Mean and one standard deviation over sequences at each layer, from (L, S), as the paper draws them."""
    known = [(float(number), row[np.isfinite(row)]) for number, row in zip(layers, table, strict=True)]
    found = [(number, row.mean(), row.std()) for number, row in known if len(row)]
    x, mean, around = (np.array(column) for column in zip(*found, strict=True)) if found else (np.zeros(0),) * 3
    return Series(label, x.tolist(), *(rounded(values) for values in (mean, mean - around, mean + around)))


def _after_router(trace: Trace) -> list[Series]:
    found = _retained_energy(trace)
    return [_deviation("after the router", list(found), np.stack(list(found.values())))] if found else []


def _retained(trace: Trace, sampling: Sampling) -> Curve:
    """Eq 7 after the router, with its interval."""
    found = _retained_energy(trace)
    return similarity_curve("retained energy", list(found), np.stack(list(found.values())), sampling)


def _retained_energy(trace: Trace) -> dict[int, Float64Array]:
    """Eq 7 after the router, (S,), at the layers whose router is linear: elsewhere W does not make the logits."""
    return {
        layer.router.layer: retained_energy(s.energy[:, 0], s.router_gain[:, 0], s.logit_energy)
        for layer in trace.layers
        if layer.router.linear and (s := layer.spectrum) is not None
    }
