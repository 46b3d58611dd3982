"""Do token states of dense models grow more alike with depth?  GEO Fig. 12."""

from collections.abc import Mapping
from dataclasses import replace

from claims.balance.depth_trends import depth_of, not_rising, rising, series, similarity_curve
from claims.core.claim import Threshold, claim
from claims.core.curves import layer_figure
from claims.core.finding import Finding, NotApplicable
from claims.shared.premises import models_text
from fixtures.evidence.sequences import SequenceTrace
from metrics.stats.sampling import Sampling


@claim(
    id="dense-similarity",
    group="B",
    number=8,
    asks="states",
    title="Dense models too grow more alike with depth, sandwich-norm ones excepted",
    source="GEO (arXiv 2604.09780v1), Eq. 7",
    figures=("GEO Fig. 12",),
    statement="At the MLP inputs of a dense model, a sequence's tokens grow more alike with depth; where norms stand "
    "before and after the MLP, they do not.",
    equation="Spearman(layer, energy) >= 0.3 per sequence, which at most one order of the layers in twenty reaches, "
    "and likewise Spearman(layer, mean cosine of token pairs);  both < 0.3 where the layers have sandwich norms",
    definition="reconstructed: Eq. 7 at the MLP input, the router's place in a Mixture-of-Experts model; that an "
    "exception means no rise of 0.3 is our reading of a caption cut short",
    means="The states of this dense model do not go with depth as stated for its kind of norms: the pattern "
    "should not be carried over from other models.",
    check="The leading direction's share of the energy, layer by layer, on sequences of the length that you serve.",
    null_says="None: at which other orders of the layers it rises as much is part of the claim.",
    paper="similarity rises with depth in three of four models, the exception having sandwich norms (Fig. 12); "
    "no number printed",
    thresholds={
        "growth": Threshold(0.3, "a rank correlation below 0.3 explains less than a tenth of the ranks' variance"),
        "luck": Threshold(0.05, "a rise that more orders of the layers show is open: it may be their order by luck"),
    },
)
def test_dense_similarity(dense: SequenceTrace, thresholds: Mapping[str, float], sampling: Sampling) -> Finding:
    """Correlate depth with similarity inside each sequence; the placement of norms says which sign is claimed."""
    norms = str(dense.checkpoint.get("norms", "unknown"))
    layers = [layer.layer for layer in dense.layers]
    depth = depth_of(layers, [layer.spectrum for layer in dense.layers])
    if norms not in ("pre", "post", "sandwich"):
        first, last = depth.energy.mean(axis=1)[[0, -1]]
        raise NotApplicable(
            f"the sign that is claimed depends on the norms around the MLP, which are {norms}; the energy goes from "
            f"{first:.3g} at the first layer to {last:.3g} at the last"
        )
    curves = [
        similarity_curve("shared-direction energy", layers, depth.energy, sampling),
        similarity_curve("mean cosine", layers, depth.cosine, sampling),
    ]
    lines = [series(curve.name, curve) for curve in curves]
    figure = layer_figure(f"similarity of token states, {norms}-norm layers", "GEO Fig. 12", "similarity", lines)
    luck = thresholds["luck"]
    found = not_rising(depth, luck, sampling) if norms == "sandwich" else rising(depth, luck, sampling)
    return replace(found, premises=models_text(dense, sampling), layers=tuple(curves), figure=figure)
