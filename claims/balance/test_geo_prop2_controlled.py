"""Does the balancing loss itself make routers ignore the shared direction?  GEO Prop. 2, by intervention."""

from itertools import pairwise

import numpy as np

from claims.balance.paired_layers import linear_in_all
from claims.balance.suppression import IGNORED, INCLUDED, require_bias, response
from claims.core.claim import Threshold, Variant, claim
from claims.core.curves import rounded
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure, Series
from fixtures.evidence.experiments import Experiment
from metrics.arrays import Float64Array
from metrics.stats.estimate import Estimate
from metrics.stats.few_units import FEWEST, estimate_few, spanning
from metrics.stats.rank_correlation import row_spearman
from metrics.stats.sampling import Sampling

#: Layers of one training share its text and its accidents; the interval treats them as independent, and says so.
PAIR = "(layer, seed) pair"


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
    read = linear_in_all(loss_experiment)
    require_bias([layer for seed in read.layers for arm in seed for layer in arm], variant["bias"])
    rho = np.array([[[response(layer, variant["bias"]) for layer in arm] for arm in seed] for seed in read.layers])
    pairs = np.moveaxis(rho, 1, 2).reshape(-1, len(loss_experiment.arms))
    _require_pairs(pairs)
    swapped = sampling.rng("balance-suppression-controlled", "labels").permuted(pairs, axis=1)
    by_seed = (rho[:, 0] - rho[:, -1]).mean(axis=1)
    first, last = loss_experiment.arms[0], loss_experiment.arms[-1]
    return Finding(
        criteria=(
            *_falls(pairs, f"{first!r} minus {last!r}", len(rho), sampling),
            *_ratio(pairs, sampling),
            Measured(
                "the difference, mean over layers", estimate_few(by_seed, "seed", sampling), "<", "falls", decides=False
            ),
        ),
        null=_falls(swapped, "labels at random, first minus last", len(rho), sampling),
        layers=tuple(
            Curve(f"rho, {arm}", read.numbers, tuple(float(value) for value in rho[:, index].mean(axis=0)))
            for index, arm in enumerate(loss_experiment.arms)
        ),
        figure=_figure(loss_experiment.arms, read.numbers, rho),
        notes=(
            f"Intervals are over {len(pairs)} pairs of a layer and a seed, from {len(rho)} "
            f"training{'s' if len(rho) > 1 else ''} of each arm{_reach(len(rho))}. Layers of one training are not "
            "independent of one another, so another seed may differ by more than the interval says.",
            *read.notes,
        ),
    )


def _require_order(experiment: Experiment) -> None:
    """Refuse arms whose checkpoints state coefficients that do not fall from arm to arm."""
    for seed in experiment.traces:
        stated = [trace.checkpoint.get("balancing_loss") for trace in seed]
        known = [float(coefficient) for coefficient in stated if coefficient is not None]
        if len(known) == len(stated) and any(b >= a for a, b in pairwise(known)):
            listed = ", ".join(f"{coefficient:g}" for coefficient in known)
            raise NotApplicable(f"the coefficients of the balancing loss should fall from arm to arm, and are {listed}")


def _require_pairs(pairs: Float64Array) -> None:
    """Refuse pairs too few for any interval, with what was measured."""
    if len(pairs) < FEWEST:
        difference = ", ".join(f"{value:.3g}" for value in pairs[:, 0] - pairs[:, -1])
        raise NotApplicable(
            f"{FEWEST} pairs of a layer and a seed are needed for an interval; rho of the first arm minus that of the "
            f"last is {difference}"
        )


def _falls(pairs: Float64Array, name: str, seeds: int, sampling: Sampling) -> tuple[Measured, ...]:
    """Difference of the outer arms and, for a sweep, rank correlation with the coefficient; ``pairs`` is (n, A)."""
    found = [Measured(f"rho, {name}", _mean(pairs[:, 0] - pairs[:, -1], seeds, sampling), "<", "falls")]
    arms = pairs.shape[1]
    if arms > 2:
        coefficient = np.broadcast_to(np.arange(arms, 0, -1, dtype=np.float64), pairs.shape)
        order = row_spearman(coefficient, pairs)
        trend = np.where(np.isnan(order), 0.0, order)  # equal responses have no order
        found.append(Measured(f"Spearman(coefficient, rho), {name}", _mean(trend, seeds, sampling), "<", "falls"))
    return tuple(found)


def _mean(values: Float64Array, seeds: int, sampling: Sampling) -> Estimate:
    """Mean over pairs, which come seed by seed; no surer than the seeds agree."""
    return spanning(estimate_few(values, PAIR, sampling), values.reshape(seeds, -1).mean(axis=1))


def _ratio(pairs: Float64Array, sampling: Sampling) -> tuple[Measured, ...]:
    """Reported where it exists: a router that is blind to the mean state has no logarithm."""
    if not (pairs[:, [0, -1]] > 0).all():
        return ()
    ratio = estimate_few(np.log(pairs[:, 0] / pairs[:, -1]), PAIR, sampling)
    return (Measured("log of the ratio of the two", ratio, "<", "falls", decides=False),)


def _reach(seeds: int) -> str:
    return ", and hold what each seed gives by itself" if seeds > 1 else ""


def _figure(arms: tuple[str, ...], layers: tuple[int, ...], rho: Float64Array) -> Figure:
    """Rho by layer for every arm; the band spans the seeds."""
    x = [float(layer) for layer in layers]
    series = [
        Series(
            arm,
            x,
            rounded(rho[:, index].mean(axis=0)),
            rounded(rho[:, index].min(axis=0)),
            rounded(rho[:, index].max(axis=0)),
        )
        for index, arm in enumerate(arms)
    ]
    return Figure(
        kind="lines",
        title="response to the shared direction",
        redraws="GEO Figs 16-19, as an experiment",
        x_label="layer",
        y_label="rho, mean and range over seeds",
        series=series,
        reference=[Series("random routers on average", [x[0], x[-1]], [1.0, 1.0])],
    )
