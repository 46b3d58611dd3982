"""Do token states grow more alike with depth?  GEO Fig. 2."""

import numpy as np

from claims.balance.depth_trends import depth_of, series, similarity_curve, trend_finding
from claims.core.claim import Threshold, claim
from claims.core.curves import layer_figure
from claims.core.finding import Curve, Finding
from fixtures.evidence.trace import Trace
from metrics.routing.shared_direction import retained_energy
from metrics.stats.sampling import Sampling


@claim(
    id="shared-energy-depth",
    group="B",
    number=1,
    title="Token states grow more alike with depth",
    source="GEO (arXiv 2604.09780v1), Eq. 7",
    figures=("GEO Fig. 2",),
    statement="From layer to layer a sequence's tokens share more of one direction, and lie at smaller angles.",
    equation="energy = s_1^2 / sum_i s_i^2 of H = U S V^T;  Spearman(layer, energy) > 0 and "
    "Spearman(layer, mean cosine of token pairs) > 0, per sequence",
    definition="reconstructed: Eq. 7 of each sequence's router inputs, not centred; the mean pairwise cosine is ours",
    null_says="The same layers in another order, the same for all sequences: where more than one order in twenty rises "
    "as much, in energy or in cosine, luck explains the trend. The untrained control is a column of its own.",
    paper="energy rises with depth in both models shown, less of it survives the router trained with a balancing "
    "loss (Fig. 2); no number printed",
    thresholds={
        "growth": Threshold(0.0, "the claim is about the sign of a rank correlation"),
        "luck": Threshold(0.05, "a trend that one order of the layers in twenty shows is no finding"),
    },
)
def test_shared_energy_depth(trace: Trace, sampling: Sampling) -> Finding:
    """Correlate depth with similarity inside each sequence; the mean over sequences must lie above 0."""
    layers = [layer.router.layer for layer in trace.layers]
    depth = depth_of(layers, [layer.spectrum for layer in trace.layers])
    before = similarity_curve("shared-direction energy", layers, depth.energy, sampling)
    cosine = similarity_curve("mean cosine", layers, depth.cosine, sampling)
    after = [_retained(trace, sampling)] if any(layer.router.linear for layer in trace.layers) else []
    lines = [series("before the router", before), *(series("after the router", curve) for curve in after)]
    title = "share of energy along each sequence's shared direction"
    figure = layer_figure(title, "GEO Fig. 2", "share of energy", lines)
    return trend_finding(depth, ">", figure, [before, cosine, *after], sampling)


def _retained(trace: Trace, sampling: Sampling) -> Curve:
    """Eq 7 after the router, at the layers whose router is linear: elsewhere W does not make the logits."""
    found = {
        layer.router.layer: retained_energy(s.energy[:, 0], s.router_gain[:, 0], s.logit_energy)
        for layer in trace.layers
        if layer.router.linear and (s := layer.spectrum) is not None
    }
    return similarity_curve("retained energy", list(found), np.stack(list(found.values())), sampling)
