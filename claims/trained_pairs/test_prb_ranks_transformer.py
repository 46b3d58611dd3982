"""Over how many directions are the states of experts spread, in a transformer?  PRB findings ii and iv."""

import numpy as np

from claims.core.claim import Threshold, Variant, claim
from claims.core.finding import Finding
from claims.shared.paired_differences import difference
from claims.trained_pairs.arms import in_all_arms, require_twin
from claims.trained_pairs.expert_groups import (
    FEWEST_TOKENS,
    SPLITS,
    as_weighted,
    grouped,
    mean_rank,
    mean_rank_of_deviations,
    unweighted,
)
from claims.trained_pairs.group_findings import Compared, finding_of_groups, finding_of_routing, null_says
from fixtures.evidence.experiments import FunctionExperiment
from metrics.stats.sampling import Sampling

#: The other variant of the effective rank.
DEVIATIONS = "with shares of standard deviations"
OUTPUTS = "of outputs, not judged"
ZERO = "the claim is about the sign of a paired difference"
CONCENTRATES = Compared(
    name="effective rank",
    direction="<",
    threshold="lower",
    title="effective rank of the experts' inputs",
    redraws="PRB finding iv",
    y_label="effective rank",
)
SPREADS = Compared(
    name="effective rank",
    direction=">",
    threshold="higher",
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
    "the experts of the former receive states of a lower effective rank, layer by layer and seed by seed.",
    equation="R_e = exp(-sum_i p_i ln p_i), p_i the shares of the eigenvalues of C_e = sum g (x - mu_e)(x - mu_e)^T / "
    "sum g;  mean_e R_e: top-k minus soft < 0 over pairs of a layer and a seed",
    definition="reconstructed: inputs of the experts, sampled tokens, as many of each expert in both arms, experts "
    f"with fewer than {FEWEST_TOKENS} left out. On a common split one arm's routing of the sampled tokens, and its "
    "gates, decide the groups of both arms, each of its own states; a soft arm routes by its largest gates. Outputs of "
    "experts are known for an arm's own routing alone, not for a router drawn at random, so that they are reported, of "
    "kept visits, and not judged",
    null_says=null_says("few narrow a spectrum"),
    paper="top-k lower than soft; no number known",
    thresholds={"lower": Threshold(0.0, ZERO)},
    variants=tuple({"tokens": tokens} for tokens in ("own", *SPLITS)),
)
def test_topk_concentration_transformer(
    routing_experiment: FunctionExperiment, variant: Variant, sampling: Sampling
) -> Finding:
    """Compare effective ranks between the arms, paired by layer and seed; common splits say how much survives."""
    also = {DEVIATIONS: mean_rank_of_deviations}
    tokens = variant["tokens"]
    return finding_of_routing(routing_experiment, tokens, mean_rank, CONCENTRATES, sampling, also=also, outputs=OUTPUTS)


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
    "sum g;  mean_e R_e - R_dense > 0 over pairs of a layer and a seed",
    definition=f"reconstructed: as many random visits of each expert as of the dense MLP, experts with fewer than "
    f"{FEWEST_TOKENS} left out. Gates that differ leave fewer visits that count; the other variant counts all alike",
    null_says="The mixture's own states, dealt out at random to groups as large, against the same dense twin. The null "
    "holds when that gives more than half of the difference for certain, which then is the states' own and not the "
    "routing's; the claim only when it gives less. Where the difference lies on the other side there is none to share.",
    paper="higher than dense in controlled training; no number known",
    thresholds={"higher": Threshold(0.0, ZERO)},
    variants=({"weights": "gates"}, {"weights": "none"}),
)
def test_moe_spreads_transformer(twin_experiment: FunctionExperiment, variant: Variant, sampling: Sampling) -> Finding:
    """Compare the experts' inputs with the dense MLP's, paired by layer and seed."""
    read = in_all_arms(twin_experiment)
    require_twin(read)
    weigh = unweighted if variant["weights"] == "none" else as_weighted
    found = grouped(read, "own", "inputs", lambda groups: mean_rank(weigh(groups)), sampling)
    deviations = grouped(
        read, "own", "inputs", lambda groups: mean_rank_of_deviations(weigh(groups)), sampling, deals=0
    )
    return finding_of_groups(
        twin_experiment,
        read,
        found.measured,
        {"random groups": np.stack([found.random[:, 0], found.measured[:, 1]], axis=1)},
        SPREADS,
        sampling,
        other={DEVIATIONS: difference(deviations.measured)},
    )
