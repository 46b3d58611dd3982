"""Does an MoE layer respond less, and in fewer directions, than its dense twin, in a transformer?  PRB finding i."""

from itertools import product

from claims.core.claim import Variant, claim
from claims.core.finding import Finding
from claims.shared.paired_differences import arm_curves, quoted
from claims.shared.premises import all_model_text
from claims.trained_pairs.arms import in_all_arms, parameters_note, require_twin
from claims.trained_pairs.differences import differences, left_out_note, mean_difference, require_known
from claims.trained_pairs.group_findings import BEFORE
from claims.trained_pairs.layer_spectra import MEAN, TOKEN, WITH, WITHOUT, spectra, spectra_figure
from claims.trained_pairs.smallest_effects import BEYOND, FASTER, FLATNESS, SMALLER
from fixtures.evidence.experiments import FunctionExperiment
from metrics.stats.sampling import Sampling


@claim(
    id="moe-flattens-transformer",
    group="E",
    number=7,
    title="An MoE layer has a smaller leading singular value and faster decay than a dense twin's, in a transformer",
    source="PRB (arXiv 2601.11616)",
    figures=("PRB finding i",),
    statement="The Jacobian of what a transformer's MoE layer contributes has a smaller leading singular value, and "
    "faster decaying ones, than that of the MLP of its dense twin, trained alike, in the same layer.",
    equation="ln s_1(MoE) - ln s_1(dense) <= -0.1  and  the same of the mean over k = 2..T of s_k / s_1, means over "
    "layers, over trainings;  s_k the singular values of d(sum_e g_e E_e)/dx = sum_e g_e J_e + E_e (grad g_e)^T",
    definition="reconstructed: the layer with its gates, whose gradient is a part of it, at single sampled tokens, or "
    "its mean over them; or one expert without its gate, at its own tokens, or its mean over them. T is the number of "
    "values that the evidence holds, and no more than both arms have: an expert of width m has a Jacobian of rank m at "
    "most, and the zeros beyond it are not counted as decay. Twins with as many parameters in total, or for a token, "
    "are experiments of their own",
    means="In these transformers the MoE layer's Jacobian has no smaller leading singular value than the dense "
    "twin's beyond what it had before training: do not claim smoothness for it on this ground.",
    check="The leading singular value of both, trained alike, less that at initialisation, at equal active and "
    "at equal total parameters.",
    null_says=BEFORE,
    paper="smaller and faster than dense in controlled training; no number known",
    thresholds=FLATNESS,
    variants=tuple({"gate": gate, "jacobian": jacobian} for gate, jacobian in product((WITH, WITHOUT), (TOKEN, MEAN))),
)
def test_moe_flattens_transformer(twin_experiment: FunctionExperiment, variant: Variant, sampling: Sampling) -> Finding:
    """Compare spectra of the layers' Jacobians with the dense MLP's, training by training."""
    stages = in_all_arms(twin_experiment, studied=True, gates=variant["gate"] == WITH)
    require_twin(stages)
    after, before = (spectra(read, variant) for read in stages)
    by, decays = (differences(getattr(after, name), getattr(before, name)) for name in ("leading", "decay"))
    name, slope = (f"{what}, {quoted(twin_experiment.arms)}" for what in ("ln s_1", "ln mean s_k / s_1"))
    require_known(name, by.after)
    return Finding(
        headline=(mean_difference(name, by.after, "<=", SMALLER),),
        excess=(mean_difference(f"{name}, less that before training", by.gained, "<=", BEYOND),),
        parts=(mean_difference(slope, decays.after, "<=", FASTER),),
        premises=all_model_text(twin_experiment.fits, sampling),
        controls=(
            mean_difference(f"{name}, before training", by.before, "<=", SMALLER),
            mean_difference(f"{slope}, before training", decays.before, "<=", FASTER),
        ),
        layers=arm_curves("ln s_1", twin_experiment.arms, stages.after.numbers, after.leading),
        figure=spectra_figure(twin_experiment.arms, variant, after, before),
        notes=(
            *stages.after.notes,
            *left_out_note(by.after),
            f"The decay is over the first {after.cut} singular values, or as many as both arms have in a layer. A "
            "narrower MLP has fewer directions to respond in by its width alone, whatever it has learned.",
            *parameters_note(twin_experiment),
        ),
    )
