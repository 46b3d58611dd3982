"""Does the balancing loss itself make routers ignore the shared direction?  GEO Prop. 2, by intervention."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from claims.balance.falling_loss import require_falling_loss
from claims.balance.paired_layers import in_all
from claims.balance.seed_differences import beyond_seeds
from claims.balance.suppression import IGNORED, INCLUDED, own_routers, require_bias, responses
from claims.core.claim import Threshold, Variant, claim
from claims.core.finding import Finding, Measured
from claims.core.record import Figure, Series
from claims.shared.paired_differences import arm_curves, figure_by_layer, quoted
from claims.shared.premises import all_model_text
from claims.shared.trainings import over_trainings
from fixtures.evidence.experiments import Experiment
from metrics.arrays import Float64Array
from metrics.stats.rank_correlation import row_spearman
from metrics.stats.sampling import Sampling

#: A smaller rho counts as this one: a router that ignores the mean state altogether has no logarithm.
BLIND = 1e-3


@claim(
    id="balance-suppression-controlled",
    group="B",
    number=4,
    title="The balancing loss lowers the response to the shared direction",
    source="GEO (arXiv 2604.09780v1), Prop. 2",
    figures=("GEO Prop. 2", "GEO Fig. 16", "GEO Fig. 17", "GEO Fig. 18", "GEO Fig. 19"),
    statement="Of checkpoints trained alike but for the coefficient of the balancing loss, the one with more of it "
    "responds less to the mean state, by a fifth or more, in training after training.",
    equation="rho = ||Pi_e W mu|| / (||Pi_e W||_F ||mu|| / sqrt(D));  ln rho(largest coefficient) - ln rho(none) "
    "<= -0.2, mean over layers, over trainings",
    definition="reconstructed: as for balance-suppression, each checkpoint's own mean state over the same text; the "
    "intervention is ours",
    means="In these trainings the balancing loss did not lower the response to the mean state by a fifth: do "
    "not count on the loss to make a router ignore what all tokens share.",
    check="The response to the mean state at your coefficient and scale, over at least five seeds with the loss "
    "and five without.",
    null_says="Two seeds of one arm: by how much their mean ln rho differ, whatever the sign, for each training "
    "the mean over both arms and the other seeds.",
    paper="compares models that differ in much else (Figs 16-19); no controlled pair",
    thresholds={
        "falls": Threshold(-0.2, "the logarithm of a ratio: about a fifth less of the response"),
        "beyond": Threshold(0.1, "half of the smallest fall that matters, more than two seeds of one arm differ by"),
    },
    variants=({"bias": IGNORED}, {"bias": INCLUDED}),
)
def test_balance_suppression_controlled(
    loss_experiment: Experiment, variant: Variant, thresholds: Mapping[str, float], sampling: Sampling
) -> Finding:
    """Compare ln rho between the outer arms; arms come with the largest coefficient first, trainings are the units."""
    require_falling_loss(loss_experiment)
    read = in_all(loss_experiment, linear=True)
    require_bias([layer for seed in read.layers for arm in seed for layer in arm], variant["bias"])
    rho = np.array(
        [[responses(arm, own_routers(arm), variant["bias"]) for arm in seed] for seed in read.layers]
    )  # (K, A, L)
    outer = np.log(np.maximum(rho, BLIND))[:, [0, -1]]
    change, arms = outer[:, 0] - outer[:, 1], loss_experiment.arms
    excess, controls = beyond_seeds(
        "fall of ln response to the mean state", -change.mean(axis=1), outer, -thresholds["falls"]
    )
    return Finding(
        headline=(Measured(f"ln response to the mean state, {quoted(arms)}", over_trainings(change), "<=", "falls"),),
        excess=excess,
        controls=controls,
        premises=all_model_text(loss_experiment.fits, sampling),
        reported=_order(rho),
        layers=arm_curves("rho", arms, read.numbers, rho),
        figure=_figure(arms, read.numbers, rho),
        notes=read.notes,
    )


def _order(rho: Float64Array) -> tuple[Measured, ...]:
    """Reported for a sweep: rank correlation of the coefficient and the mean over layers of ln rho."""
    arms = rho.shape[1]
    if arms == 2:
        return ()
    mean = np.log(np.maximum(rho, BLIND)).mean(axis=2)
    coefficient = np.broadcast_to(np.arange(arms, 0, -1, dtype=np.float64), mean.shape)
    order = np.nan_to_num(row_spearman(coefficient, mean))  # equal responses have no order
    return (
        Measured(
            "Spearman(coefficient, mean ln response to the mean state)",
            over_trainings(order),
            "<=",
            -0.8,
            within=(-1.0, 1.0),
        ),
    )


def _figure(arms: tuple[str, ...], layers: tuple[int, ...], rho: Float64Array) -> Figure:
    """Rho by layer for every arm; the band spans the seeds."""
    lines = {arm: rho[:, place] for place, arm in enumerate(arms)}
    drawn = figure_by_layer(
        "response to the shared direction", "GEO Figs 16-19, as an experiment", "rho", layers, lines
    )
    ends = [float(layers[0]), float(layers[-1])]
    return replace(drawn, reference=[Series("random routers on average", ends, [1.0, 1.0])])
