"""Does the balancing loss teach a router to ignore the shared direction?  GEO Prop. 2, on routers trained here."""

import numpy as np
import pytest

from claims.core.claim import Threshold, claim
from claims.core.curves import rounded
from claims.core.finding import Finding, Measured
from claims.core.record import Figure, Series
from fixtures.mlp.trained_routers import WORLD, RouterWorld, trained_responses
from metrics.arrays import Float64Array
from metrics.stats.bootstrap import estimate_mean
from metrics.stats.estimate import Estimate
from metrics.stats.rank_correlation import row_spearman
from metrics.stats.sampling import Sampling


@pytest.fixture
def router_world() -> RouterWorld:
    """Return what the routers are trained on."""
    return WORLD


@claim(
    id="balance-theorem",
    group="B",
    number=2,
    title="The more balancing loss, the less a trained router responds to the shared direction",
    source="GEO (arXiv 2604.09780v1), Prop. 2",
    figures=("GEO Prop. 2",),
    statement="Linear routers trained on the same states, with a task that makes them want the mean state, respond to "
    "it less and less as the coefficient of the balancing loss rises.",
    equation="L = task + c E sum_e f_e pbar_e, c in {0, 0.001, 0.01, 0.1};  rho = ||Pi_e W mu|| / "
    "(||Pi_e W||_F ||mu|| / sqrt(D));  Spearman(c, rho) < 0 and rho falls between neighbouring c",
    definition="reconstructed: Prop. 2 speaks of minimisers of the loss; here of how far training with it goes. Data, "
    "task (cross-entropy to the token's source, sources of uneven frequency) and plain gradient descent are ours",
    null_says="Four arms of coefficient 0 that differ in the order of the data alone.",
    paper="a theorem near a minimiser of the loss; no experiment on generated data",
    thresholds={
        "falls": Threshold(0.0, "the claim is about the sign of paired differences"),
        "ignored": Threshold(0.5, "as in balance-suppression: half of a random router's response; reported only"),
    },
)
def test_balance_theorem(sampling: Sampling, router_world: RouterWorld) -> Finding:
    """Train every coefficient from the same start on the same batches; seeds are resampled."""
    world = router_world
    rho, null = trained_responses(world, sampling)
    names = [f"{coefficient:g}" for coefficient in world.coefficients]
    strongest = Measured(f"rho at {names[-1]}", _mean(rho[:, -1], sampling), "<", "ignored", decides=False)
    return Finding(
        criteria=(*_falls(rho, names, sampling), strongest),
        null=_falls(null, [f"the null's arm {i + 1}" for i in range(null.shape[1])], sampling),
        figure=_figure(rho, null, names, sampling),
        notes=(
            f"{world.seeds} seeds, each of its own data and initialisation; {world.experts} experts, width "
            f"{world.width}, top-{world.top_k}, {world.steps} steps of {world.batch} tokens. Loads are held constant "
            "in the gradient, as training holds them.",
        ),
    )


def _falls(rho: Float64Array, names: list[str], sampling: Sampling) -> tuple[Measured, ...]:
    """Rank correlation over the arms of a seed, and each neighbour's paired difference; ``rho`` is (seeds, A)."""
    order = np.broadcast_to(np.arange(rho.shape[1], dtype=np.float64), rho.shape)
    trend = row_spearman(order, rho)
    steps = np.diff(rho, axis=1).T
    return (
        Measured(
            f"Spearman over {names[0]} to {names[-1]}",
            _mean(np.where(np.isnan(trend), 0.0, trend), sampling),
            "<",
            "falls",
        ),
        *(
            Measured(f"rho at {after} minus at {before}", _mean(step, sampling), "<", "falls")
            for before, after, step in zip(names[:-1], names[1:], steps, strict=True)
        ),
    )


def _mean(values: Float64Array, sampling: Sampling) -> Estimate:
    return estimate_mean(values, seed=sampling.seed, unit="seed", resamples=sampling.resamples)


def _figure(rho: Float64Array, null: Float64Array, names: list[str], sampling: Sampling) -> Figure:
    """Rho against the coefficient, beside the null's arms."""
    x = [float(index) for index in range(rho.shape[1])]
    series = []
    for label, table in (("with the coefficient", rho), ("coefficient 0, other data order", null)):
        found = [_mean(column, sampling) for column in table.T]
        ends = ([e.value for e in found], [e.low for e in found], [e.high for e in found])
        series.append(Series(label, x, *(rounded(end) for end in ends)))
    return Figure(
        kind="bars",
        title="response of trained routers to the shared direction",
        redraws="ours (GEO Prop. 2)",
        x_label="coefficient of the balancing loss",
        y_label="rho",
        series=series,
        ticks=names,
    )
