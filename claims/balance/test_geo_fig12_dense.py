"""Do token states of dense models grow more alike with depth?  GEO Fig. 12."""

from claims.balance.depth_trends import depth_of, series, similarity_curve, trend_finding
from claims.core.claim import Threshold, claim
from claims.core.curves import layer_figure
from claims.core.finding import Finding, NotApplicable
from fixtures.evidence.sequences import SequenceTrace
from metrics.stats.sampling import Sampling


@claim(
    id="dense-similarity",
    group="B",
    number=8,
    title="Dense models too grow more alike with depth, sandwich-norm ones excepted",
    source="GEO (arXiv 2604.09780v1), Eq. 7",
    figures=("GEO Fig. 12",),
    statement="At the MLP inputs of a dense model, a sequence's tokens grow more alike with depth; where norms stand "
    "before and after the MLP, they do not.",
    equation="Spearman(layer, energy) > 0 and Spearman(layer, mean cosine of token pairs) > 0, per sequence; "
    "both <= 0 where the layers have sandwich norms",
    definition="reconstructed: Eq. 7 at the MLP input, the router's place in a Mixture-of-Experts model; that an "
    "exception means no growth at all (both correlations at most 0) is our reading of a caption cut short",
    null_says="Where growth is claimed: the same layers in another order, the same for all sequences; where more than "
    "one order in twenty rises as much, in energy or in cosine, luck explains the trend. Where none is claimed: none.",
    paper="similarity rises with depth in three of four models, the exception having sandwich norms (Fig. 12); "
    "no number printed",
    thresholds={
        "growth": Threshold(0.0, "the claim is about the sign of a rank correlation"),
        "luck": Threshold(0.05, "a trend that one order of the layers in twenty shows is no finding"),
    },
)
def test_dense_similarity(dense: SequenceTrace, sampling: Sampling) -> Finding:
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
    return trend_finding(depth, "<=" if norms == "sandwich" else ">", figure, curves, sampling)
