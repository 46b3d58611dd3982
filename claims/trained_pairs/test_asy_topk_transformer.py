"""Does top-k routing separate what experts compute, in a transformer?  ASY claim C, functions."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from claims.core.claim import claim
from claims.core.finding import Finding, Measured
from claims.shared.paired_differences import arm_curves, difference, figure_by_layer, quoted
from claims.shared.premises import all_model_text
from claims.trained_pairs.arm_functions import Aligned, alignment, functions_of, token_alignment
from claims.trained_pairs.arms import Arms, in_all_arms, parameters_note, require_soft
from claims.trained_pairs.differences import (
    arm_lines,
    differences,
    left_out_note,
    mean_difference,
    require_known,
    share_kept,
)
from claims.trained_pairs.group_findings import BEFORE
from claims.trained_pairs.smallest_effects import ALIGNMENT, BEYOND, KEPT, SHARPER
from fixtures.evidence.experiments import FunctionExperiment
from fixtures.evidence.jacobians import LayerFunctions
from metrics.arrays import Float64Array
from metrics.stats.sampling import Sampling


@claim(
    id="topk-sharpening-function-transformer",
    version=2,
    group="E",
    number=4,
    title="Top-k routing separates functions more than soft routing, in a transformer",
    source="ASY (arXiv 2605.16349v1)",
    figures=("ASY claim C",),
    statement="Of transformers trained alike but for the number of experts that a token uses, k of E or all of them, "
    "the experts of the former compute less alike, at their own tokens and, by half at least, at common ones.",
    equation="A = mean over pairs i < j and layers of <Jbar_i, Jbar_j>_F / (||Jbar_i|| ||Jbar_j||);  "
    "A(top-k) - A(soft) <= -0.01, over trainings",
    definition="reconstructed: signed Frobenius cosine of mean Jacobians of the experts without their gates. Own "
    "tokens count under their combine weights; a soft expert's own tokens are all. On common tokens, the sampled ones "
    "for all experts, only the functions can differ, not the tokens that they are asked about",
    means="In these transformers top-k routing did not make experts compute noticeably less alike than routing "
    "to all of them: it is by itself no means to distinct experts here.",
    check="The alignment of your own experts at common tokens, with top-k and with soft routing, over at least "
    "five seeds.",
    null_says=BEFORE + " How much is sparsity itself is reported: what random masks on the soft arm's trained weights "
    "take off, each expert on a random few tokens of its own instead of the same ones for all.",
    paper="top-k lower than soft in controlled training; no number known",
    thresholds=ALIGNMENT,
)
def test_topk_sharpening_function_transformer(routing_experiment: FunctionExperiment, sampling: Sampling) -> Finding:
    """Compare alignment between the arms, training by training; the common tokens say how much survives."""
    stages = in_all_arms(routing_experiment, studied=True)
    require_soft(stages)
    own, before = (_table(read, lambda layer: alignment(layer.weighted)) for read in stages)
    common = _table(stages.after, lambda layer: alignment(layer.shared))
    single = _table(stages.after, lambda layer: token_alignment(layer.at_token))
    by, left = differences(own.signed, before.signed), difference(common.signed)
    name, arms = f"alignment, {quoted(routing_experiment.arms)}", routing_experiment.arms
    require_known(name, by.after)
    masked = _masked(stages.after)
    return Finding(
        headline=(_lower(name, by.after),),
        excess=(_lower(f"{name}, less that before training", by.gained, BEYOND, times=2.0),),
        parts=(share_kept(f"{name}, share of it left on common tokens", left, by.after, KEPT),),
        premises=all_model_text(routing_experiment.fits, sampling),
        controls=(_lower(f"{name}, before training", by.before),),
        reported=(
            _lower(f"{name}, on common tokens", left),
            _lower(f"{name}, at single common tokens", difference(single.signed)),
            _lower(f"absolute {name}", difference(own.absolute)),
            _lower("alignment of the soft arm, random masks minus none: by sparsity alone", difference(masked)),
        ),
        layers=arm_curves("alignment", arms, stages.after.numbers, own.signed),
        figure=figure_by_layer(
            "alignment of the experts' Jacobians",
            "ASY claim C, functions",
            "A, own tokens",
            stages.after.numbers,
            {
                **arm_lines(arms, own.signed),
                **arm_lines(arms, common.signed, ", common tokens"),
                **arm_lines(arms, before.signed, ", before training"),
            },
        ),
        notes=(*stages.after.notes, *left_out_note(by.after), *parameters_note(routing_experiment)),
    )


class _Table(NamedTuple):
    """Means over pairs of experts, (K, 2, L) each; NaN without a pair."""

    signed: Float64Array
    absolute: Float64Array


def _table(read: Arms, measure: Callable[[LayerFunctions], Aligned]) -> _Table:
    found = [[[measure(functions_of(layer)) for layer in arm] for arm in seed] for seed in read.layers]
    table = np.array(found, dtype=np.float64).reshape(len(read.layers), 2, len(read.numbers), 2)
    return _Table(table[..., 0], table[..., 1])


def _masked(read: Arms) -> Float64Array:
    """Alignment of the soft arm under random masks, and without, (K, 2, L).

    A soft expert's own visits are all tokens, and those that are kept of them a random few, drawn afresh for each
    expert: a random mask, and a sparser one than top-k routing is.
    """
    both = [_table(read, lambda layer: alignment(layer.own)), _table(read, lambda layer: alignment(layer.shared))]
    return np.stack([table.signed[:, 1] for table in both], axis=1)


def _lower(name: str, values: Float64Array, threshold: str = SHARPER, times: float = 1.0) -> Measured:
    return mean_difference(name, values, "<=", threshold, 2.0 * times)
