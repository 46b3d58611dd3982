"""Does top-k routing drive apart the subspaces that experts receive, in a transformer?  ASY claim C, subspaces."""

from claims.core.claim import Threshold, Variant, claim
from claims.core.finding import Finding
from claims.trained_pairs.expert_groups import FEWEST_TOKENS, RANK, SPLITS, subspace_distance
from claims.trained_pairs.group_findings import Compared, finding_of_routing, null_says
from fixtures.evidence.experiments import FunctionExperiment
from metrics.stats.sampling import Sampling

SAYS = Compared(
    name="d_G / ((pi/2) sqrt r)",
    direction=">",
    threshold="larger",
    title="distance between the subspaces of the experts' inputs",
    redraws="ASY claim C, subspaces",
    y_label="normalised d_G",
)


@claim(
    id="topk-sharpening-subspace-transformer",
    group="E",
    number=5,
    title="Top-k routing drives subspaces further apart than soft routing, in a transformer",
    source="ASY (arXiv 2605.16349v1)",
    figures=("ASY claim C",),
    statement="Of transformers trained alike but for the number of experts that a token uses, k of E or all of them, "
    "the experts of the former receive states of subspaces that lie further apart, layer by layer and seed by seed.",
    equation="C_e = sum g (x - mu_e)(x - mu_e)^T / sum g, U_e its r leading eigenvectors, d_G = ||theta||_2 of U_i and "
    "U_j;  mean over pairs of d_G / ((pi/2) sqrt r): top-k minus soft > 0 over pairs of a layer and a seed",
    definition=f"reconstructed: r = {RANK}, inputs of the experts, sampled tokens, as many of each expert in both "
    f"arms, those with fewer than {FEWEST_TOKENS} left out. On a common split one arm's routing of the sampled tokens, "
    "and its gates, decide the groups of both arms, each of its own states; a soft arm routes by its largest gates",
    null_says=null_says("few set subspaces apart"),
    paper="larger for top-k in controlled training; no number known",
    thresholds={"larger": Threshold(0.0, "the claim is about the sign of a paired difference")},
    variants=tuple({"tokens": tokens} for tokens in ("own", *SPLITS)),
)
def test_topk_sharpening_subspace_transformer(
    routing_experiment: FunctionExperiment, variant: Variant, sampling: Sampling
) -> Finding:
    """Compare distances between the arms, paired by layer and seed; common splits say how much survives."""
    return finding_of_routing(routing_experiment, variant["tokens"], subspace_distance, SAYS, sampling)
