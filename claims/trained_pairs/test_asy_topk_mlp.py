"""Does top-k routing separate experts more than soft routing?  ASY claim C and PRB finding iv, on MLPs trained here."""

from itertools import product

from claims.core.claim import Variant, claim
from claims.core.finding import Finding
from claims.trained_pairs.mlp_pairs import soft_gates_note
from claims.trained_pairs.mlp_sharpening import Quantity, sharpening
from claims.trained_pairs.smallest_effects import ALIGNMENT, CONCENTRATION, DISTANCE
from fixtures.mlp.arms import MATCHED, MlpArms

ASY, PRB = "ASY (arXiv 2605.16349v1)", "PRB (arXiv 2601.11616)"
SETTING = (
    "MLP experts in one layer on tokens of mixed clusters, 12 seeds, paired by seed; arms differ in their routing "
    "alone. Sizes, task and seeds are ours. Variants: experts a token; as many parameters in total or for a token as "
    "the soft arm has. The tokens of an expert are its own, as in the paper; the same for all arms, as its review "
    "asks, are a part of the claim"
)
NULL = (
    "The same arms before training: what of the difference was there already. Random fixed masks of the same sparsity "
    "tell how much is sparsity itself and how much the router's choice, and are no null: the claim is about sparsity."
)
ARMS = tuple({"routing": k, "matched": match} for k, match in product(("top-2", "top-1"), ("total", "active")))
SIDES = tuple({**variant, "states": side} for side, variant in product(("inputs", "outputs"), ARMS))


@claim(
    id="topk-sharpening-function",
    version=2,
    group="E",
    number=4,
    title="Top-k routing makes experts' functions less alike than soft routing",
    source=ASY,
    figures=("ASY claim C",),
    statement="Experts trained under top-k routing have less aligned Jacobians than experts of the same capacity "
    "trained under fully soft routing, at their own tokens and, by half at least, at common ones.",
    equation="A_ij = <Jbar_i, Jbar_j>_F / (||Jbar_i||_F ||Jbar_j||_F), Jbar_e the mean of dE_e/dx over the tokens of "
    "expert e;  mean over pairs of A(top-k) - A(soft) <= -0.01",
    definition=f"reconstructed: {SETTING}: all experts at all of the tokens",
    means="In these trainings of small mixtures top-k routing did not make experts compute noticeably less "
    "alike than soft routing: it is by itself no means to distinct experts here.",
    check="The alignment of your own experts at common tokens, with top-k and with soft routing, over at least "
    "five seeds.",
    null_says=NULL,
    paper="sharper separation under top-k, more entangled under soft; no number known to us",
    thresholds=ALIGNMENT,
    variants=ARMS,
)
def test_topk_sharpening_function(mlp_arms: MlpArms, variant: Variant) -> Finding:
    """Exact Jacobians; one alignment a seed and arm."""
    quantity = Quantity(
        name="alignment",
        measure="alignment",
        common="same",
        direction="<=",
        redraws="ASY claim C",
        reach=2.0,
        by_half=True,
        beside=(
            ("alignment, common tokens", "same", "alignment"),
            ("absolute alignment, own tokens", "own", "absolute"),
            ("alignment at one token, common tokens", "same", "token_alignment"),
            ("alignment, tokens of cluster e for expert e", "clusters", "alignment"),
        ),
    )
    return sharpening(mlp_arms, variant, quantity)


@claim(
    id="topk-sharpening-subspace",
    group="E",
    number=5,
    title="Top-k routing sets experts' subspaces farther apart than soft routing",
    source=ASY,
    figures=("ASY claim C",),
    statement="What experts receive under top-k routing lies in subspaces farther apart than under fully soft routing, "
    "at their own tokens and at common ones.",
    equation="d_G = ||theta||_2 / ((pi/2) sqrt r), theta the principal angles of two experts' top-r eigenvectors of "
    "sum g_e (x - mu_e)(x - mu_e)^T / sum g_e, r = 8;  mean over pairs of d_G(top-k) - d_G(soft) >= 0.02",
    definition=f"reconstructed: {SETTING}: the tokens of cluster e for expert e. An expert's subspace is computed "
    "from 64 of its tokens, whatever their number",
    means="In these trainings of small mixtures top-k routing did not set the subspaces of what experts receive "
    "noticeably farther apart than soft routing.",
    check="The distances at common tokens, and those before training, over at least five seeds of your own: "
    "part of any difference is there before a step is taken.",
    null_says=NULL,
    paper="larger subspace divergence under top-k; no number known to us",
    thresholds=DISTANCE,
    variants=ARMS,
)
def test_topk_sharpening_subspace(mlp_arms: MlpArms, variant: Variant) -> Finding:
    """Expert inputs are judged, outputs are reported beside them."""
    quantity = Quantity(
        name="Grassmann distance",
        measure="geodesic_inputs",
        common="clusters",
        direction=">=",
        redraws="ASY claim C",
        reach=1.0,
        beside=(
            ("Grassmann distance of outputs, own tokens", "own", "geodesic_outputs"),
            ("Grassmann distance of outputs, common tokens", "clusters", "geodesic_outputs"),
        ),
    )
    soft = mlp_arms.trained[MATCHED[variant["matched"]]]["soft"]
    floor = soft.splits["random"].geodesic_inputs.mean()
    return sharpening(
        mlp_arms,
        variant,
        quantity,
        notes=(
            soft_gates_note(soft, "the subspaces of soft experts"),
            f"d_G of the soft arm's groups with random tokens in them, from sampling alone: {floor:.3g}.",
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
    "fully soft routing, at its own tokens and at common ones.",
    equation="exp(-sum_k p_k ln p_k), p_k the eigenvalues of sum g_e (x - mu_e)(x - mu_e)^T / sum g_e over their sum;  "
    "mean over experts, top-k - soft <= -0.5",
    definition=f"reconstructed: {SETTING}: the tokens of cluster e for expert e. Expert inputs or outputs as a "
    "variant, 64 tokens an expert",
    means="In these trainings of small mixtures experts under top-k routing did not receive states of fewer "
    "directions than under soft routing: do not plan lower ranks for them on this ground.",
    check="The effective rank of what each expert receives, at common tokens and less that before training, "
    "over at least five seeds.",
    null_says=NULL,
    paper="top-k more concentrated and of lower rank, soft broader; no number known to us",
    thresholds=CONCENTRATION,
    variants=SIDES,
)
def test_topk_concentration(mlp_arms: MlpArms, variant: Variant) -> Finding:
    """Effective rank of the gate-weighted covariance."""
    quantity = Quantity(
        name="effective rank",
        measure=f"rank_{variant['states']}",
        common="clusters",
        direction="<=",
        redraws="PRB finding iv",
    )
    soft = mlp_arms.trained[MATCHED[variant["matched"]]]["soft"]
    return sharpening(mlp_arms, variant, quantity, notes=(soft_gates_note(soft, "the tokens of all soft experts"),))
