"""Are experts flatter, and what they receive broader, than in a dense twin?  PRB findings i and ii, on MLPs."""

from itertools import product

import numpy as np

from claims.core.claim import Variant, claim
from claims.core.finding import Finding
from claims.trained_pairs.differences import mean_difference, require_known
from claims.trained_pairs.layer_spectra import MEAN, TOKEN, WITH, WITHOUT
from claims.trained_pairs.mlp_pairs import Pair, errors_note, learned, pair, paired_figure
from claims.trained_pairs.mlp_spectra import last_compared, leading_and_decay, mlp_spectra_figure, rank_note
from claims.trained_pairs.smallest_effects import BEYOND, FASTER, FLATNESS, ROUTED, SMALLER, SPREAD, SPREADING
from fixtures.mlp.arms import MATCHED, MlpArms

SETTING = (
    "MLP experts in one layer on tokens of mixed clusters, 12 seeds, paired by seed; the MoE is top-2, its twin one "
    "MLP with as many parameters in total or for a token. Sizes, task and seeds are ours"
)
#: The tokens of an expert: its own (of the dense twin all), or those of one cluster each in both arms.
SPLIT = {"own": "own", "common": "clusters"}


@claim(
    id="moe-flattens",
    group="E",
    number=7,
    title="An MoE layer has a smaller, faster decaying Jacobian spectrum than a dense twin",
    source="PRB (arXiv 2601.11616)",
    figures=("PRB finding i",),
    statement="The Jacobian of what an MoE layer contributes has a smaller leading singular value than that of its "
    "dense twin, and its spectrum decays faster.",
    equation="ln s_1(MoE) - ln s_1(dense) <= -0.1  and  the same of the mean over k = 2..m of s_k / s_1;  s_k the "
    "singular values of d(sum_e g_e E_e)/dx = sum_e g_e J_e + E_e (grad g_e)^T, means over tokens, m the smaller rank "
    "that the two arms' hidden widths allow",
    definition=f"reconstructed: {SETTING}. Variants: the layer with its gates, whose gradient is a part of it, or one "
    "expert alone at its own tokens; matching; spectra of the Jacobian at each token, or of the mean Jacobian (of one "
    "expert: of each, and the mean over experts)",
    means="In these trainings the mixture's Jacobian has no smaller leading singular value than its dense "
    "twin's beyond what it had before training: do not claim smoothness for it on this ground.",
    check="The leading singular value of both, trained alike, less that at initialisation, at equal active and "
    "at equal total parameters.",
    null_says="The same difference between the arms before training.",
    paper="smaller leading singular values and faster decay than dense; no number known to us",
    thresholds=FLATNESS,
    variants=tuple(
        {"gate": gate, "matched": match, "jacobian": jacobian}
        for gate, match, jacobian in product((WITH, WITHOUT), MATCHED, (TOKEN, MEAN))
    ),
)
def test_moe_flattens(mlp_arms: MlpArms, variant: Variant) -> Finding:
    """Exact Jacobians, of the layer at all tokens, of an expert at those that its router sends to it."""
    match, gate, jacobian = MATCHED[variant["matched"]], variant["gate"], variant["jacobian"]
    arms, untrained = mlp_arms.trained[match], mlp_arms.untrained[match]
    dense = arms["dense"]
    after, before = (
        {name: leading_and_decay(stage[name], stage["dense"], gate, jacobian) for name in ("top-2", "top-1")}
        for stage in (arms, untrained)
    )
    (leading, decay), (start, start_decay) = after["top-2"], before["top-2"]
    name, decays = "ln s_1, top-2 minus dense", "ln mean s_k / s_1, top-2 minus dense"
    require_known(name, leading)
    return Finding(
        headline=(mean_difference(name, leading, "<=", SMALLER),),
        excess=(mean_difference(f"{name}, less that before training", leading - start, "<=", BEYOND),),
        parts=(mean_difference(decays, decay, "<=", FASTER),),
        premises=learned(arms["top-2"], dense),
        controls=(
            mean_difference(f"{name}, before training", start, "<=", SMALLER),
            mean_difference(f"{decays}, before training", start_decay, "<=", FASTER),
        ),
        reported=(
            mean_difference("ln s_1, top-1 minus dense", after["top-1"][0], "<=", SMALLER),
            mean_difference("ln mean s_k / s_1, top-1 minus dense", after["top-1"][1], "<=", FASTER),
        ),
        figure=mlp_spectra_figure(
            {
                "dense": dense,
                "top-2": arms["top-2"],
                "dense, before training": untrained["dense"],
                "top-2, before training": untrained["top-2"],
            },
            gate,
            jacobian,
        ),
        notes=(
            errors_note(arms["top-2"], arms["top-1"], dense),
            f"Decay: mean of s_k / s_1 over k = 2..{last_compared(arms['top-2'], dense, gate)}; smaller is faster.",
            *(rank_note(arms[moe], dense, gate) for moe in ("top-2", "top-1")),
            f"An expert's output counts by its gate, the largest of a token {arms['top-2'].gate.mean():.3g} on "
            "average, and the dense twin's in full; one expert alone leaves that out, and the others of its layer.",
        ),
    )


@claim(
    id="moe-spreads",
    group="E",
    number=8,
    title="MoE experts' representations spread over more directions than a dense twin's",
    source="PRB (arXiv 2601.11616)",
    figures=("PRB finding ii",),
    statement="The gate-weighted covariance of what an MoE's expert receives, or returns, has a higher effective rank "
    "than that of a dense twin.",
    equation="exp(-sum_k p_k ln p_k), p_k the eigenvalues of sum g_e (x - mu_e)(x - mu_e)^T / sum g_e over their sum;  "
    "mean over experts, MoE - dense >= 0.5",
    definition=f"reconstructed: {SETTING}. Variants: matching; the expert's own tokens, of the dense twin any, or the "
    "tokens of one cluster in both; expert inputs or outputs. 64 tokens an expert, and of the dense twin as many",
    means="In these trainings an expert's states spread over no more directions than the dense twin's do: a "
    "high rank is no argument here against compressing experts.",
    check="The loss after compressing experts to the rank that you plan, against the dense twin compressed alike.",
    null_says="The same difference before training; and with the experts' gates dealt to other tokens at random, which "
    "leaves groups as large and weighed alike: what of the rank is the states' own and not the routing's.",
    paper="higher effective rank than dense; no number known to us",
    thresholds=SPREADING,
    variants=tuple(
        {"matched": match, "tokens": tokens, "states": states}
        for match, tokens, states in product(("total", "active"), SPLIT, ("inputs", "outputs"))
    ),
)
def test_moe_spreads(mlp_arms: MlpArms, variant: Variant) -> Finding:
    """Random masks are no null here: they are an MoE as well; what training did is told from the untrained arms."""
    match, split, measure = MATCHED[variant["matched"]], SPLIT[variant["tokens"]], f"rank_{variant['states']}"
    arms, untrained = mlp_arms.trained[match], mlp_arms.untrained[match]

    def beside_dense(arm: str) -> Pair:
        return pair(arms[arm], arms["dense"], split, measure)

    top_2, before = beside_dense("top-2"), pair(untrained["top-2"], untrained["dense"], split, measure)
    dealt = Pair(np.asarray(getattr(arms["top-2"].splits["random"], measure)), top_2.other)
    name = "effective rank, top-2 minus dense"
    require_known(name, top_2.difference)
    gained, routed = top_2.difference - before.difference, top_2.difference - dealt.difference
    return Finding(
        headline=(mean_difference(name, top_2.difference, ">=", SPREAD),),
        excess=(
            mean_difference(f"{name}, less that before training", gained, ">=", BEYOND),
            mean_difference(f"{name}, less that of random groups", routed, ">=", ROUTED),
        ),
        premises=learned(arms["top-2"], arms["dense"]),
        controls=(
            mean_difference(f"{name}, before training", before.difference, ">=", SPREAD),
            mean_difference(f"{name}, random groups", dealt.difference, ">=", SPREAD),
        ),
        reported=(
            mean_difference("effective rank, top-1 minus dense", beside_dense("top-1").difference, ">=", SPREAD),
            mean_difference("effective rank, soft minus dense", beside_dense("soft").difference, ">=", SPREAD),
        ),
        figure=paired_figure(
            {
                "top-2": top_2,
                "top-2, random groups": dealt,
                "top-2, before training": before,
                "soft": beside_dense("soft"),
                "random masks": beside_dense("random-2"),
            },
            title=f"effective rank of expert {variant['states']}, {variant['tokens']} tokens, one point a seed",
            redraws="PRB finding ii",
            x_label="effective rank, dense",
            y_label="effective rank, MoE",
        ),
        notes=(
            errors_note(arms["top-2"], arms["dense"]),
            *(
                ("An expert's own tokens are a part of the tokens, and the dense twin's are all of them.",)
                if variant["tokens"] == "own"
                else ()
            ),
        ),
    )
