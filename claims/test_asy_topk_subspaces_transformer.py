"""Does top-k routing drive apart the subspaces that experts receive, in a transformer?  ASY claim C, subspaces."""

from claims.arm_groups import Compared, finding_of_groups, gate_note, left_on_splits, nulls_of
from claims.arm_layers import in_all_arms, require_soft
from claims.arm_states import FEWEST_TOKENS, RANK, SPLITS, grouped, subspace_distance
from claims.claim import Fork, Threshold, claim
from claims.finding import Finding
from claims.function_arms import FunctionExperiment
from claims.sampling import Sampling

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
    definition=f"reconstructed: r = {RANK}, inputs of the experts, as many visits of each expert in both arms, those "
    f"with fewer than {FEWEST_TOKENS} left out. On a common split one arm's routing of the sampled tokens, and its "
    "gates, decide the groups of both arms, each of its own states; a soft arm routes by its largest gates",
    null_says="Random masks: the same states of each arm, dealt out at random to groups as large; and, on own tokens, "
    "routers drawn at random that leave each token its gates: what any routing as sparse and as sharp gives. The one "
    "nearer to the claim decides: the null holds when it gives more than half of the difference for certain, the claim "
    "only when it gives less.",
    paper="larger for top-k in controlled training; no number known",
    thresholds={"larger": Threshold(0.0, "the claim is about the sign of a paired difference")},
    forks=tuple({"tokens": tokens} for tokens in ("own", *SPLITS)),
    needs_linear=False,
)
def test_topk_sharpening_subspace_transformer(
    routing_experiment: FunctionExperiment, fork: Fork, sampling: Sampling
) -> Finding:
    """Compare distances between the arms, paired by layer and seed; common splits say how much survives."""
    read = in_all_arms(routing_experiment)
    require_soft(read)
    found = grouped(read, fork["tokens"], "inputs", subspace_distance, sampling)
    own = fork["tokens"] == "own"
    shares, untold = left_on_splits(read, found, subspace_distance, sampling) if own else ((), ())
    return finding_of_groups(
        routing_experiment,
        read,
        found,
        nulls_of(read, found, subspace_distance, sampling, routers=own),
        SAYS,
        sampling,
        more=shares,
        notes=(gate_note(read), *untold),
    )
