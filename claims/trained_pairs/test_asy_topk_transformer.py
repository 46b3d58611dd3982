"""Does top-k routing separate what experts compute, in a transformer?  ASY claim C, functions."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from claims.core.claim import Threshold, Variant, claim
from claims.core.finding import Finding, Measured
from claims.shared.paired_differences import (
    SEEDS,
    arm_curves,
    by_training,
    difference,
    figure_by_layer,
    measured_difference,
    null_share_criterion,
    pair_notes,
    quoted,
    surviving,
)
from claims.trained_pairs.arm_functions import Aligned, alignment, functions_of, token_alignment
from claims.trained_pairs.arms import Arms, in_all_arms, parameters_note, require_soft
from fixtures.evidence.experiments import FunctionExperiment
from fixtures.evidence.jacobians import LayerFunctions
from metrics.arrays import Float64Array
from metrics.stats.sampling import Sampling

OWN, SHARED, SINGLE = "own", "shared", "shared, one at a time"
#: Splits on which all experts of both arms are asked about the same tokens, in words.
COMMON = {SHARED: "on shared tokens", SINGLE: "at single shared tokens"}


class Alignments(NamedTuple):
    """Alignment of the experts of a layer, and of the same experts reinitialised."""

    measured: Callable[[LayerFunctions], Aligned]
    redrawn: Callable[[LayerFunctions], Aligned]


ALIGNMENTS = {
    OWN: Alignments(lambda layer: alignment(layer.weighted), lambda layer: alignment(layer.redrawn_own)),
    SHARED: Alignments(lambda layer: alignment(layer.shared), lambda layer: alignment(layer.redrawn_shared)),
    SINGLE: Alignments(
        lambda layer: token_alignment(layer.at_token), lambda layer: token_alignment(layer.redrawn_at_token)
    ),
}


@claim(
    id="topk-sharpening-function-transformer",
    group="E",
    number=4,
    title="Top-k routing separates functions more than soft routing, in a transformer",
    source="ASY (arXiv 2605.16349v1)",
    figures=("ASY claim C",),
    statement="Of transformers trained alike but for the number of experts that a token uses, k of E or all of them, "
    "the experts of the former compute less alike, layer by layer and seed by seed.",
    equation="A = mean over pairs i < j of <Jbar_i, Jbar_j>_F / (||Jbar_i|| ||Jbar_j||);  A(top-k) - A(soft) < 0 over "
    "pairs of a layer and a seed",
    definition="reconstructed: signed Frobenius cosine of mean Jacobians of the experts without their gates. Own "
    "tokens count under their combine weights; a soft expert's own tokens are all. On the same tokens for all experts "
    "only the functions can differ, not the tokens that they are asked about",
    null_says="Random masks on the soft arm's trained weights: each expert on a random few tokens of its own instead "
    "of the same ones for all. The null holds when that takes off more than half of what top-k routing does for "
    "certain, the claim only when it takes off less; of a difference on the other side they take off no share. One "
    "token at a time masks change nothing, and the difference between the arms' reinitialised experts stands for it.",
    paper="top-k lower than soft in controlled training; no number known",
    thresholds={"lower": Threshold(0.0, "the claim is about the sign of a paired difference")},
    variants=({"tokens": OWN}, {"tokens": SHARED}, {"tokens": SINGLE}),
)
def test_topk_sharpening_function_transformer(
    routing_experiment: FunctionExperiment, variant: Variant, sampling: Sampling
) -> Finding:
    """Compare alignment between the arms, paired by layer and seed; the common tokens say how much survives."""
    read = in_all_arms(routing_experiment, studied=True)
    require_soft(read)
    tables = {name: _table(read, measures.measured) for name, measures in ALIGNMENTS.items()}
    table, whole = tables[variant["tokens"]], difference(tables[OWN].signed)
    by_arms, name = difference(table.signed), quoted(routing_experiment.arms)
    left, unclear = surviving({COMMON[split]: difference(tables[split].signed) for split in COMMON}, whole, sampling)
    masked = _masked(read)
    lower = _lower(f"alignment, {name}", by_arms, sampling)
    less, null = _beside_null(read, variant, masked, by_arms, sampling)
    return Finding(
        criteria=(
            lower,
            *less,
            _lower(f"absolute alignment, {name}", difference(table.absolute), sampling, decides=False),
            *by_training(by_arms, "<", "lower", sampling),
            *left,
        ),
        null=null,
        layers=arm_curves("alignment", routing_experiment.arms, read.numbers, table.signed),
        figure=figure_by_layer(
            "alignment of the experts' Jacobians",
            "ASY claim C, functions",
            f"A, tokens: {variant['tokens']}",
            read.numbers,
            {
                **{arm: table.signed[:, place] for place, arm in enumerate(routing_experiment.arms)},
                **_mask_lines(variant["tokens"], masked),
            },
        ),
        notes=(
            *pair_notes(by_arms, read.notes, seeds_asked=SEEDS),
            *unclear,
            *parameters_note(routing_experiment),
        ),
    )


class _Table(NamedTuple):
    """Means over pairs of experts, (K, 2, L) each; NaN without a pair."""

    signed: Float64Array
    absolute: Float64Array


def _table(read: Arms, measure: Callable[[LayerFunctions], Aligned]) -> _Table:
    found = np.array([[[measure(functions_of(layer)) for layer in arm] for arm in seed] for seed in read.layers])
    return _Table(found[..., 0], found[..., 1])


def _masked(read: Arms) -> Float64Array:
    """Alignment of the soft arm under random masks, and without, (K, 2, L).

    A soft expert's own visits are all tokens, and those that are kept of them a random few, drawn afresh for each
    expert: a random mask, and a sparser one than top-k routing is.
    """
    both = [_table(read, lambda layer: alignment(layer.own)), _table(read, lambda layer: alignment(layer.shared))]
    return np.stack([table.signed[:, 1] for table in both], axis=1)


def _mask_lines(tokens: str, masked: Float64Array) -> dict[str, Float64Array]:
    """Return the null as lines: both of its ends where the arms' own lines count tokens under their weights."""
    match tokens:
        case "own":
            ends = (masked[:, 0], masked[:, 1])
            return dict(zip(("soft, unweighted, random masks", "soft, unweighted, no masks"), ends, strict=True))
        case "shared":
            return {"soft, under random masks": masked[:, 0]}
        case _:
            return {}


def _beside_null(
    read: Arms, variant: Variant, masked: Float64Array, by_arms: Float64Array, sampling: Sampling
) -> tuple[tuple[Measured, ...], tuple[Measured, ...]]:
    """Criterion and null of random masks; where masks change nothing the reinitialised experts are the null."""
    single = variant["tokens"] == SINGLE
    redrawn = difference(_table(read, ALIGNMENTS[variant["tokens"]].redrawn).signed)
    fresh = _lower("alignment of reinitialised experts", redrawn, sampling, decides=single)
    if single:
        return (), (fresh,)
    less, null = null_share_criterion(
        difference(masked), by_arms, "fall of alignment under random masks", "<", sampling
    )
    return less, (*null, fresh)


def _lower(name: str, values: Float64Array, sampling: Sampling, *, decides: bool = True) -> Measured:
    return measured_difference(name, values, "<", "lower", sampling, decides=decides)
