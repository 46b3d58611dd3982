"""Does top-k routing drive apart the subspaces that experts receive, in a transformer?  ASY claim C, subspaces."""

from claims.core.claim import claim
from claims.core.finding import Finding
from claims.trained_pairs.expert_groups import FEWEST_TOKENS, RANK, subspace_distance
from claims.trained_pairs.group_findings import BEFORE, Compared, finding_of_routing
from claims.trained_pairs.smallest_effects import DISTANCE, SHARPER
from fixtures.evidence.experiments import FunctionExperiment
from metrics.stats.sampling import Sampling

SAYS = Compared(
    name="normalised Grassmann distance",
    direction=">=",
    threshold=SHARPER,
    reach=1.0,
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
    "the experts of the former receive states of subspaces that lie further apart, of their own tokens and of common "
    "ones.",
    equation="C_e = sum g (x - mu_e)(x - mu_e)^T / sum g, U_e its r leading eigenvectors, d_G = ||theta||_2 of U_i and "
    "U_j;  mean over pairs and layers of d_G / ((pi/2) sqrt r): top-k minus soft >= 0.02, over trainings",
    definition=f"reconstructed: r = {RANK}, inputs of the experts, sampled tokens, as many of each expert in both "
    f"arms, those with fewer than {FEWEST_TOKENS} left out. On a common split one arm's routing of the sampled tokens, "
    "and its gates, decide the groups of both arms, each of its own states; a soft arm routes by its largest gates",
    means="In these transformers top-k routing did not set the subspaces of what experts receive noticeably "
    "farther apart than routing to all of them.",
    check="The distances at common tokens, and those before training, over at least five seeds of your own: "
    "part of any difference is there before a step is taken.",
    null_says=BEFORE + " What routers drawn at random give of the same states, as sparse, as sharp and as even, is "
    "reported: how much needs no router that was learned.",
    paper="larger for top-k in controlled training; no number known",
    thresholds=DISTANCE,
)
def test_topk_sharpening_subspace_transformer(routing_experiment: FunctionExperiment, sampling: Sampling) -> Finding:
    """Compare distances between the arms, training by training; common splits say how much survives."""
    return finding_of_routing(routing_experiment, subspace_distance, SAYS, sampling)
