"""Over how many directions are the states of experts spread, in a transformer?  PRB findings ii and iv."""

import math

import numpy as np

from claims.core.claim import Variant, claim
from claims.core.finding import Finding
from claims.shared.paired_differences import difference, quoted
from claims.trained_pairs.arms import in_all_arms, require_twin
from claims.trained_pairs.expert_groups import (
    FEWEST_TOKENS,
    as_weighted,
    grouped,
    mean_rank,
    mean_rank_of_deviations,
    unweighted,
)
from claims.trained_pairs.group_findings import BEFORE, Compared, Tables, finding_of_groups, finding_of_routing
from claims.trained_pairs.smallest_effects import CONCENTRATION, ROUTED, SHARPER, SPREAD, SPREADING
from fixtures.evidence.experiments import FunctionExperiment
from metrics.stats.sampling import Sampling

#: The other variant of the effective rank.
DEVIATIONS = "with shares of standard deviations"
OUTPUTS = "of outputs"
CONCENTRATES = Compared(
    name="effective rank",
    direction="<=",
    threshold=SHARPER,
    reach=math.inf,
    title="effective rank of the experts' inputs",
    redraws="PRB finding iv",
    y_label="effective rank",
)
SPREADS = Compared(
    name="effective rank",
    direction=">=",
    threshold=SPREAD,
    reach=math.inf,
    title="effective rank of the inputs of experts and of the dense twin's MLP",
    redraws="PRB finding ii",
    y_label="effective rank",
)


@claim(
    id="topk-concentration-transformer",
    group="E",
    number=6,
    title="Top-k routing concentrates expert states on fewer directions than soft routing, in a transformer",
    source="PRB (arXiv 2601.11616)",
    figures=("PRB finding iv",),
    statement="Of transformers trained alike but for the number of experts that a token uses, k of E or all of them, "
    "the experts of the former receive states of a lower effective rank, of their own tokens and of common ones.",
    equation="R_e = exp(-sum_i p_i ln p_i), p_i the shares of the eigenvalues of C_e = sum g (x - mu_e)(x - mu_e)^T / "
    "sum g;  mean over experts and layers of R_e: top-k minus soft <= -0.5, over trainings",
    definition="reconstructed: inputs of the experts, sampled tokens, as many of each expert in both arms, experts "
    f"with fewer than {FEWEST_TOKENS} left out. On a common split one arm's routing of the sampled tokens, and its "
    "gates, decide the groups of both arms, each of its own states; a soft arm routes by its largest gates. Outputs of "
    "experts are known of kept visits alone, and reported",
    means="In these transformers experts under top-k routing did not receive states of fewer directions than "
    "under routing to all of them: do not plan lower ranks for them on this ground.",
    check="The effective rank of what each expert receives, at common tokens and less that before training, "
    "over at least five seeds.",
    null_says=BEFORE + " What routers drawn at random give of the same states, as sparse, as sharp and as even, is "
    "reported: how much needs no router that was learned.",
    paper="top-k lower than soft; no number known",
    thresholds=CONCENTRATION,
)
def test_topk_concentration_transformer(routing_experiment: FunctionExperiment, sampling: Sampling) -> Finding:
    """Compare effective ranks between the arms, training by training; common splits say how much survives."""
    also = {DEVIATIONS: mean_rank_of_deviations}
    return finding_of_routing(routing_experiment, mean_rank, CONCENTRATES, sampling, also=also, outputs=OUTPUTS)


@claim(
    id="moe-spreads-transformer",
    group="E",
    number=8,
    title="Expert states spread over more directions than a dense twin's, in a transformer",
    source="PRB (arXiv 2601.11616)",
    figures=("PRB finding ii",),
    statement="The states that each expert of a transformer receives have a higher effective rank than those that the "
    "MLP of its dense twin, trained alike, receives in the same layer.",
    equation="R_e = exp(-sum_i p_i ln p_i), p_i the shares of the eigenvalues of C_e = sum g (x - mu_e)(x - mu_e)^T / "
    "sum g;  mean over experts and layers of R_e - R_dense >= 0.5, over trainings",
    definition=f"reconstructed: as many random visits of each expert as of the dense MLP, experts with fewer than "
    f"{FEWEST_TOKENS} left out. Gates that differ leave fewer visits that count; the other variant counts all alike",
    means="In these transformers an expert's states spread over no more directions than the dense twin's do: a "
    "high rank is no argument here against compressing experts.",
    check="The loss after compressing experts to the rank that you plan, against the dense twin compressed alike.",
    null_says=BEFORE + " And the mixture's own states, dealt out at random to groups as large, against the same dense "
    "twin: what of the rank is the states' own and not the routing's.",
    paper="higher than dense in controlled training; no number known",
    thresholds=SPREADING,
    variants=({"weights": "gates"}, {"weights": "none"}),
)
def test_moe_spreads_transformer(twin_experiment: FunctionExperiment, variant: Variant, sampling: Sampling) -> Finding:
    """Compare the experts' inputs with the dense MLP's, training by training."""
    stages = in_all_arms(twin_experiment)
    require_twin(stages)
    weigh = unweighted if variant["weights"] == "none" else as_weighted
    found, before = (
        grouped(read, "own", "inputs", lambda groups: mean_rank(weigh(groups)), sampling) for read in stages
    )
    deviations = grouped(
        stages.after, "own", "inputs", lambda groups: mean_rank_of_deviations(weigh(groups)), sampling, deals=0
    )
    dealt = np.stack([found.random[:, 0], found.measured[:, 1]], axis=1)
    name = f"{SPREADS.name}, {quoted(twin_experiment.arms)}"
    routed = difference(found.measured) - difference(dealt)
    return finding_of_groups(
        twin_experiment,
        stages,
        Tables(found.measured, before.measured, {"random groups": dealt}),
        SPREADS,
        sampling,
        excess=(SPREADS.measured(f"{name}, less that of random groups", routed, ROUTED),),
        controls=(SPREADS.measured(f"{name}, random groups", difference(dealt)),),
        reported=(SPREADS.measured(f"{name}, {DEVIATIONS}", difference(deviations.measured)),),
    )
