"""Does top-k routing separate experts more than soft routing?  ASY claim C and PRB finding iv, on MLPs trained here."""

from itertools import product

from claims.core.claim import Threshold, Variant, claim
from claims.core.finding import Finding
from claims.trained_pairs.mlp_pairs import soft_gates_note
from claims.trained_pairs.mlp_sharpening import COMMON, OWN, Quantity, sharpening
from fixtures.mlp.arms import MATCHED, MlpArms
from metrics.stats.sampling import Sampling

ASY, PRB = "ASY (arXiv 2605.16349v1)", "PRB (arXiv 2601.11616)"
SETTING = (
    "MLP experts in one layer on tokens of mixed clusters, 12 seeds, paired by seed; arms differ in their routing "
    "alone. Sizes, task and seeds are ours. Variants: experts a token; as many parameters in total or for a token as "
    "the soft arm has; the tokens of an expert its own (as the paper) or the same for all arms (as its review asks)"
)
NULL = (
    "Random fixed masks of the same sparsity in the place of top-k, and the same arms before training, both on the "
    "variant's tokens; the one that comes nearer to the claim decides."
)
THRESHOLDS = {
    "sharper": Threshold(0.0, "the claim is about the sign of a paired difference"),
    "kept": Threshold(0.5, "half of the difference; reported only"),
}
ARMS = tuple({"routing": k, "matched": match} for k, match in product(("top-2", "top-1"), ("total", "active")))
TOKENS = tuple({**arms, "tokens": tokens} for arms, tokens in product(ARMS, (OWN, COMMON)))
SIDES = tuple({**variant, "states": side} for side, variant in product(("inputs", "outputs"), TOKENS))


@claim(
    id="topk-sharpening-function",
    group="E",
    number=4,
    title="Top-k routing makes experts' functions less alike than soft routing",
    source=ASY,
    figures=("ASY claim C",),
    statement="Experts trained under top-k routing have less aligned Jacobians than experts of the same capacity "
    "trained under fully soft routing.",
    equation="A_ij = <Jbar_i, Jbar_j>_F / (||Jbar_i||_F ||Jbar_j||_F), Jbar_e the mean of dE_e/dx over the tokens of "
    "expert e;  mean over pairs of A(top-k) - A(soft) < 0",
    definition=f"reconstructed: {SETTING}: all experts at all of the tokens",
    null_says=NULL,
    paper="sharper separation under top-k, more entangled under soft; no number known to us",
    thresholds=THRESHOLDS,
    variants=TOKENS,
)
def test_topk_sharpening_function(mlp_arms: MlpArms, variant: Variant, sampling: Sampling) -> Finding:
    """Exact Jacobians by autograd; one alignment a seed and arm."""
    quantity = Quantity(
        name="alignment",
        measure="alignment",
        common="same",
        direction="<",
        redraws="ASY claim C",
        beside=(
            ("absolute alignment, own tokens", "own", "absolute"),
            ("alignment at one token, common tokens", "same", "token_alignment"),
            ("alignment, tokens of cluster e for expert e", "clusters", "alignment"),
        ),
    )
    return sharpening(mlp_arms, variant, quantity, sampling)


@claim(
    id="topk-sharpening-subspace",
    group="E",
    number=5,
    title="Top-k routing sets experts' subspaces farther apart than soft routing",
    source=ASY,
    figures=("ASY claim C",),
    statement="What experts receive under top-k routing lies in subspaces farther apart than under fully soft routing.",
    equation="d_G = ||theta||_2 / ((pi/2) sqrt r), theta the principal angles of two experts' top-r eigenvectors of "
    "sum g_e (x - mu_e)(x - mu_e)^T / sum g_e, r = 8;  mean over pairs of d_G(top-k) - d_G(soft) > 0",
    definition=f"reconstructed: {SETTING}: the tokens of cluster e for expert e. An expert's subspace is computed "
    "from 64 of its tokens, whatever their number",
    null_says=NULL,
    paper="larger subspace divergence under top-k; no number known to us",
    thresholds=THRESHOLDS,
    variants=TOKENS,
)
def test_topk_sharpening_subspace(mlp_arms: MlpArms, variant: Variant, sampling: Sampling) -> Finding:
    """Expert inputs decide, outputs are reported beside them."""
    quantity = Quantity(
        name="d_G",
        measure="geodesic_inputs",
        common="clusters",
        direction=">",
        redraws="ASY claim C",
        beside=(
            ("d_G of outputs, own tokens", "own", "geodesic_outputs"),
            ("d_G of outputs, common tokens", "clusters", "geodesic_outputs"),
        ),
    )
    soft = mlp_arms.trained[MATCHED[variant["matched"]]]["soft"]
    floor = soft.splits["random"].geodesic_inputs.mean()
    return sharpening(
        mlp_arms,
        variant,
        quantity,
        sampling,
        notes=(
            soft_gates_note(soft, "the subspaces of soft experts"),
            f"d_G of a random partition of the soft arm's tokens, from sampling alone: {floor:.3g}.",
            "On common tokens expert inputs say nothing of the experts: only the states differ between arms.",
        ),
    )


@claim(
    id="topk-concentration",
    group="E",
    number=6,
    title="Top-k routing concentrates experts' representations in fewer directions than soft routing",
    source=PRB,
    figures=("PRB finding iv",),
    statement="The states that an expert receives, or returns, have a lower effective rank under top-k than under "
    "fully soft routing.",
    equation="exp(-sum_k p_k ln p_k), p_k the eigenvalues of sum g_e (x - mu_e)(x - mu_e)^T / sum g_e over their sum;  "
    "mean over experts, top-k - soft < 0",
    definition=f"reconstructed: {SETTING}: the tokens of cluster e for expert e. Expert inputs or outputs as a "
    "variant, 64 tokens an expert",
    null_says=NULL,
    paper="top-k more concentrated and of lower rank, soft broader; no number known to us",
    thresholds=THRESHOLDS,
    variants=SIDES,
)
def test_topk_concentration(mlp_arms: MlpArms, variant: Variant, sampling: Sampling) -> Finding:
    """Effective rank of the gate-weighted covariance."""
    quantity = Quantity(
        name="effective rank",
        measure=f"rank_{variant['states']}",
        common="clusters",
        direction="<",
        redraws="PRB finding iv",
    )
    soft = mlp_arms.trained[MATCHED[variant["matched"]]]["soft"]
    return sharpening(
        mlp_arms, variant, quantity, sampling, notes=(soft_gates_note(soft, "the tokens of all soft experts"),)
    )
