"""Are experts flatter, and what they receive broader, than in a dense twin?  PRB findings i and ii, on MLPs."""

from collections.abc import Mapping
from itertools import product

import numpy as np

from claims.core.claim import Threshold, Variant, claim
from claims.core.finding import Finding, Measured
from claims.core.record import Figure
from claims.shared.paired_differences import measured_difference, spanned
from claims.trained_pairs.mlp_pairs import Pair, errors_note, pair, paired_figure, require_learned
from fixtures.mlp.arms import MATCHED, ArmMeasures, MlpArms
from metrics.arrays import Float64Array
from metrics.stats.sampling import Sampling

SETTING = (
    "MLP experts in one layer on tokens of mixed clusters, 12 seeds, paired by seed; the MoE is top-2, its twin one "
    "MLP with as many parameters in total or for a token. Sizes, task and seeds are ours"
)
NULL = "The same differences between the arms before training."
#: The tokens of an expert: its own (of the dense twin all), or those of one cluster each in both arms.
SPLIT = {"own": "own", "common": "clusters"}


@claim(
    id="moe-flattens",
    group="E",
    number=7,
    title="MoE experts have smaller, faster decaying Jacobian spectra than a dense twin",
    source="PRB (arXiv 2601.11616)",
    figures=("PRB finding i",),
    statement="The Jacobian of an MoE's expert at its own tokens has a smaller leading singular value than that of a "
    "dense twin, and its spectrum decays faster.",
    equation="s_1(MoE) - s_1(dense) < 0  and  mean over k = 2..m of s_k / s_1, MoE - dense, < 0;  s_k the singular "
    "values of dE_e/dx, means over tokens and experts, m the smaller hidden width of the two arms",
    definition=f"reconstructed: {SETTING}. Variants: matching; spectra of the Jacobian at each token or of an expert's "
    "mean Jacobian; of the expert alone or of its gated output, g_e E_e",
    null_says=NULL,
    paper="smaller leading singular values and faster decay than dense; no number known to us",
    thresholds={
        "leading": Threshold(0.0, "the claim is about the sign of a paired difference"),
        "decay": Threshold(0.0, "the claim is about the sign of a paired difference"),
    },
    variants=tuple(
        {"matched": match, "jacobian": jacobian, "gate": gate}
        for match, jacobian, gate in product(("total", "active"), ("token", "mean"), ("without", "with"))
    ),
)
def test_moe_flattens(mlp_arms: MlpArms, variant: Variant, sampling: Sampling) -> Finding:
    """Exact Jacobians by autograd, each expert at the tokens that its router sends to it."""
    match = MATCHED[variant["matched"]]
    arms, before = mlp_arms.trained[match], mlp_arms.untrained[match]
    split, jacobian = "gated" if variant["gate"] == "with" else "own", variant["jacobian"]
    require_learned(arms["top-2"], arms["dense"])

    def smaller(name: str, moe: ArmMeasures, dense: ArmMeasures, split: str, *, decides: bool) -> list[Measured]:
        leading, decay = _leading_and_decay(moe, dense, split, jacobian)
        return [
            measured_difference(f"s_1, {name}", leading.difference, "<", "leading", sampling, decides=decides),
            measured_difference(f"decay, {name}", decay.difference, "<", "decay", sampling, decides=decides),
        ]

    return Finding(
        criteria=(
            *smaller("top-2 minus dense", arms["top-2"], arms["dense"], split, decides=True),
            *smaller("top-1 minus dense", arms["top-1"], arms["dense"], split, decides=False),
            *(
                smaller("top-2 minus dense, by cluster", arms["top-2"], arms["dense"], "clusters", decides=False)
                if split == "own"
                else ()
            ),
        ),
        null=(
            *smaller("top-2 minus dense, before training", before["top-2"], before["dense"], split, decides=True),
            *smaller("top-1 minus dense, before training", before["top-1"], before["dense"], split, decides=False),
        ),
        figure=_spectra_figure(
            {
                "dense": arms["dense"],
                "top-2": arms["top-2"],
                "dense, before training": before["dense"],
                "top-2, before training": before["top-2"],
            },
            split,
            jacobian,
        ),
        notes=(
            errors_note(arms["top-2"], arms["dense"]),
            f"Decay: mean of s_k / s_1 over k = 2..{last_compared(arms['top-2'], arms['dense'])}; smaller is faster.",
            *_rank_note(arms["top-2"], arms["dense"]),
            *_rank_note(arms["top-1"], arms["dense"]),
            f"An expert's output counts by its gate, the largest of a token {arms['top-2'].gate.mean():.3g} on "
            "average, and the dense twin's in full; the variant without the gate leaves that out.",
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
    "mean over experts, MoE - dense > 0",
    definition=f"reconstructed: {SETTING}. Variants: matching; the expert's own tokens, of the dense twin any, or the "
    "tokens of one cluster in both; expert inputs or outputs. 64 tokens an expert, and of the dense twin as many",
    null_says=NULL,
    paper="higher effective rank than dense; no number known to us",
    thresholds={"spread": Threshold(0.0, "the claim is about the sign of a paired difference")},
    variants=tuple(
        {"matched": match, "tokens": tokens, "states": states}
        for match, tokens, states in product(("total", "active"), SPLIT, ("inputs", "outputs"))
    ),
)
def test_moe_spreads(mlp_arms: MlpArms, variant: Variant, sampling: Sampling) -> Finding:
    """Random masks are no null here: they are an MoE as well; what training did is told from the untrained arms."""
    match, split, measure = MATCHED[variant["matched"]], SPLIT[variant["tokens"]], f"rank_{variant['states']}"
    arms, before = mlp_arms.trained[match], mlp_arms.untrained[match]
    require_learned(arms["top-2"], arms["dense"])

    def higher(name: str, found: Pair, *, decides: bool = False) -> Measured:
        return measured_difference(name, found.difference, ">", "spread", sampling, decides=decides)

    top_2 = pair(arms["top-2"], arms["dense"], split, measure)
    untrained = pair(before["top-2"], before["dense"], split, measure)
    partition = Pair(top_2.arm, np.asarray(getattr(arms["dense"].splits["random"], measure)))
    return Finding(
        criteria=(
            higher("effective rank, top-2 minus dense", top_2, decides=True),
            higher("the same, top-1", pair(arms["top-1"], arms["dense"], split, measure)),
            higher("the same, soft", pair(arms["soft"], arms["dense"], split, measure)),
            higher("top-2 minus a random partition of the dense twin's tokens", partition),
            higher("the difference less that before training", Pair(top_2.difference, untrained.difference)),
        ),
        null=(higher("effective rank, top-2 minus dense, before training", untrained, decides=True),),
        figure=paired_figure(
            {
                "top-2": top_2,
                "soft": pair(arms["soft"], arms["dense"], split, measure),
                "random masks": pair(arms["random-2"], arms["dense"], split, measure),
                "top-2, before training": untrained,
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


def last_compared(moe: ArmMeasures, dense: ArmMeasures) -> int:
    """Return m, the largest k whose s_k neither arm's hidden width forces to 0."""
    width: int = dense.splits["own"].decay.shape[-1]
    return min(width, moe.arm.hidden, dense.arm.hidden)


def _leading_and_decay(moe: ArmMeasures, dense: ArmMeasures, split: str, jacobian: str) -> tuple[Pair, Pair]:
    """Compare s_1, and the mean over k = 2..m of s_k / s_1 (smaller: faster decay), one value a seed."""
    last = last_compared(moe, dense)
    spectra = [_spectrum(arm, split, jacobian) for arm in (moe, dense)]
    leading = Pair(*(first for first, _ in spectra))
    return leading, Pair(*(ratios[:, 1:last].mean(axis=1) for _, ratios in spectra))


def _rank_note(moe: ArmMeasures, dense: ArmMeasures) -> tuple[str, ...]:
    """Say how much of a faster decay the narrower experts bring with them."""
    width = dense.splits["own"].decay.shape[-1]
    narrow, wide = min(width, moe.arm.hidden), min(width, dense.arm.hidden)
    if narrow >= wide:
        return (f"{moe.arm.name} and dense: either may have rank {wide}, so that their decay compares at equal rank.",)
    return (
        f"{moe.arm.name} and dense: an expert has rank {narrow} at most, the twin {wide}. A spectrum that must end at "
        f"{narrow} decays faster by construction, also before it ends.",
    )


def _spectra_figure(arms: Mapping[str, ArmMeasures], split: str, jacobian: str) -> Figure:
    """Spectra of the arms, s_1 times s_k / s_1: mean and range over seeds."""
    series = []
    for label, arm in arms.items():
        leading, ratios = _spectrum(arm, split, jacobian)
        ranks = [float(k + 1) for k in range(ratios.shape[1])]
        series.append(spanned(label, ranks, leading[:, None] * ratios))
    return Figure(
        kind="lines",
        title=f"singular values of expert Jacobians, {jacobian} Jacobian",
        redraws="PRB finding i",
        x_label="k",
        y_label="s_k, mean and range over seeds",
        series=series,
    )


def _spectrum(arm: ArmMeasures, split: str, jacobian: str) -> tuple[Float64Array, Float64Array]:
    """s_1 (S,) and s_k / s_1 (S, d)."""
    found = arm.splits[split]
    return (found.leading, found.decay) if jacobian == "mean" else (found.token_leading, found.token_decay)
