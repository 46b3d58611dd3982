"""Does the balancing loss itself make routers ignore the shared direction?  GEO Prop. 2, by intervention."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from claims.balance.paired_layers import in_all
from claims.balance.suppression import IGNORED, INCLUDED, require_bias, response
from claims.core.claim import Threshold, Variant, claim
from claims.core.finding import Finding, Measured, NotApplicable
from claims.core.record import Figure, Series
from claims.shared.paired_differences import (
    PAIR,
    arm_curves,
    difference,
    figure_by_layer,
    measured_difference,
    pair_notes,
    quoted,
)
from fixtures.evidence.experiments import Experiment
from metrics.arrays import Float64Array
from metrics.stats.few_units import estimate_few
from metrics.stats.rank_correlation import row_spearman
from metrics.stats.sampling import Sampling


@claim(
    id="balance-suppression-controlled",
    group="B",
    number=4,
    title="The balancing loss lowers the response to the shared direction",
    source="GEO (arXiv 2604.09780v1), Prop. 2",
    figures=("GEO Prop. 2", "GEO Fig. 16", "GEO Fig. 17", "GEO Fig. 18", "GEO Fig. 19"),
    statement="Of checkpoints trained alike but for the coefficient of the balancing loss, the one with more of it "
    "responds less to the mean state, layer by layer and seed by seed.",
    equation="rho = ||Pi_e W mu|| / (||Pi_e W||_F ||mu|| / sqrt(D));  rho(largest coefficient) - rho(none) < 0 and, "
    "with more than two coefficients, Spearman(coefficient, rho) < 0, over pairs of a layer and a seed",
    definition="reconstructed: as for balance-suppression, each checkpoint's own mean state over the same text; the "
    "intervention is ours",
    null_says="The same responses with the arms' labels drawn at random within each pair.",
    paper="compares models that differ in much else (Figs 16-19); no controlled pair",
    thresholds={"falls": Threshold(0.0, "the claim is about the sign of a paired difference")},
    variants=({"bias": IGNORED}, {"bias": INCLUDED}),
)
def test_balance_suppression_controlled(loss_experiment: Experiment, variant: Variant, sampling: Sampling) -> Finding:
    """Compare rho between arms, paired by layer and seed; arms come with the largest coefficient first."""
    _require_order(loss_experiment)
    read = in_all(loss_experiment, linear=True)
    require_bias([layer for seed in read.layers for arm in seed for layer in arm], variant["bias"])
    rho = np.array([[[response(layer, variant["bias"]) for layer in arm] for arm in seed] for seed in read.layers])
    swapped = sampling.rng("balance-suppression-controlled", "labels").permuted(_pairs(rho), axis=1)
    at_random = np.moveaxis(swapped.reshape(len(rho), -1, rho.shape[1]), 1, 2)
    by_arms, arms = difference(rho), loss_experiment.arms
    by_seed = estimate_few(by_arms.mean(axis=1), "seed", sampling)
    return Finding(
        criteria=(
            *_falls(rho, quoted(arms), sampling),
            *_ratio(_pairs(rho), sampling),
            Measured("the difference, mean over layers", by_seed, "<", "falls", decides=False),
        ),
        null=_falls(at_random, "labels at random, first minus last", sampling),
        layers=arm_curves("rho", arms, read.numbers, rho),
        figure=_figure(arms, read.numbers, rho),
        notes=pair_notes(by_arms, read.notes),
    )


def _require_order(experiment: Experiment) -> None:
    """Refuse arms whose checkpoints state coefficients that do not fall from arm to arm."""
    for seed in experiment.traces:
        stated = [trace.checkpoint.get("balancing_loss") for trace in seed]
        known = [float(coefficient) for coefficient in stated if coefficient is not None]
        if len(known) == len(stated) and any(b >= a for a, b in pairwise(known)):
            listed = ", ".join(f"{coefficient:g}" for coefficient in known)
            raise NotApplicable(f"the coefficients of the balancing loss should fall from arm to arm, and are {listed}")


def _pairs(table: Float64Array) -> Float64Array:
    """One row a pair of a layer and a seed, (K, A, L) to (K L, A)."""
    return np.moveaxis(table, 1, 2).reshape(-1, table.shape[1])


def _falls(rho: Float64Array, name: str, sampling: Sampling) -> tuple[Measured, ...]:
    """Difference of the outer arms and, for a sweep, rank correlation with the coefficient; ``rho`` is (K, A, L)."""
    found = [measured_difference(f"rho, {name}", difference(rho), "<", "falls", sampling)]
    seeds, arms, _ = rho.shape
    if arms > 2:
        pairs = _pairs(rho)
        coefficient = np.broadcast_to(np.arange(arms, 0, -1, dtype=np.float64), pairs.shape)
        order = row_spearman(coefficient, pairs)
        trend = np.where(np.isnan(order), 0.0, order).reshape(seeds, -1)  # equal responses have no order
        found.append(measured_difference(f"Spearman(coefficient, rho), {name}", trend, "<", "falls", sampling))
    return tuple(found)


def _ratio(pairs: Float64Array, sampling: Sampling) -> tuple[Measured, ...]:
    """Reported where it exists: a router that ignores the mean state has no logarithm."""
    if not (pairs[:, [0, -1]] > 0).all():
        return ()
    ratio = estimate_few(np.log(pairs[:, 0] / pairs[:, -1]), PAIR, sampling)
    return (Measured("log of the ratio of the two", ratio, "<", "falls", decides=False),)


def _figure(arms: tuple[str, ...], layers: tuple[int, ...], rho: Float64Array) -> Figure:
    """Rho by layer for every arm; the band spans the seeds."""
    lines = {arm: rho[:, place] for place, arm in enumerate(arms)}
    drawn = figure_by_layer(
        "response to the shared direction", "GEO Figs 16-19, as an experiment", "rho", layers, lines
    )
    ends = [float(layers[0]), float(layers[-1])]
    return replace(drawn, reference=[Series("random routers on average", ends, [1.0, 1.0])])
