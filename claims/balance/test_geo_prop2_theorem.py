"""Does the balancing loss teach a router to ignore the shared direction?  GEO Prop. 2, on routers trained here."""

import numpy as np
import pytest

from claims.core.claim import Threshold, claim
from claims.core.figure_data import rounded
from claims.core.finding import Finding, Measured
from claims.core.record import Figure, Series
from claims.core.verdict import TRAINING
from claims.shared.trainings import over_trainings
from fixtures.mlp.trained_routers import WORLD, RouterWorld, TrainedRouters, trained_routers
from metrics.stats.bootstrap import exact
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
    title="At a minimiser of the balancing loss a router ignores the shared direction",
    source="GEO (arXiv 2604.09780v1), Prop. 2",
    figures=("GEO Prop. 2",),
    statement="A linear router that is trained on the balancing loss alone until it is minimal hardly responds to the "
    "state that all tokens share; beside a task that wants that state, the more of the loss, the less response.",
    equation="h = mu + eps, L = E sum_e f_e pbar_e, rho = ||Pi_e W mu|| / (||Pi_e W||_F ||mu|| / sqrt(D));  L alone, "
    "until |L - 1| <= 0.001: rho <= 0.1;  task + c L, c in {0, 0.001, 0.01, 0.1}: rho(0.1) <= 0.8 rho(0), and rho "
    "falls with c",
    definition="reconstructed: loads are held constant in the gradient, as training holds them, so that a minimiser is "
    "where they are equal. Data, task (cross-entropy to the token's source, sources of uneven frequency) and plain "
    "gradient descent are ours",
    means="Routers trained on the balancing loss alone still respond to the state that all tokens share: in "
    "this experiment a minimal loss does not by itself make a router ignore it.",
    check="How near the loss comes to its minimum in your training, and how much of the states' energy lies "
    "along their mean.",
    null_says="The same start trained on the task without the loss, paired by seed.",
    paper="a theorem near a minimiser of the loss; no experiment on generated data",
    thresholds={
        "minimal": Threshold(1e-3, "|L - 1|: L is 1 where loads are equal; a random router's is off by a half"),
        "dominates": Threshold(0.3, "share of the energy along mu: the proposition assumes that it dominates"),
        "ignored": Threshold(0.1, "a tenth of a random router's response"),
        "beyond": Threshold(0.1, "a tenth of a random router's response, less than without the loss"),
        "less": Threshold(0.8, "a fifth of the response, which a loss that matters beside a task should take"),
        "order": Threshold(-0.8, "of four coefficients one pair of neighbours out of order"),
    },
)
def test_balance_theorem(sampling: Sampling, router_world: RouterWorld) -> Finding:
    """Train on the loss alone, and beside a task with every coefficient, all from the same start; seeds are units."""
    world = router_world
    found = trained_routers(world, sampling)
    first, last = (f"{coefficient:g}" for coefficient in (world.coefficients[0], world.coefficients[-1]))
    coefficients = np.broadcast_to(np.array(world.coefficients), found.beside.shape)
    order = np.nan_to_num(row_spearman(coefficients, found.beside))  # equal responses have no order
    off, on = found.beside[:, 0], found.beside[:, -1]
    return Finding(
        headline=(
            Measured(
                "response to the mean state (1 = random router), trained on the loss alone",
                over_trainings(found.alone),
                "<=",
                "ignored",
            ),
        ),
        excess=(
            Measured(
                f"response beside a task at coefficient {first}, minus that on the loss alone",
                over_trainings(off - found.alone),
                ">=",
                "beyond",
            ),
        ),
        parts=(
            Measured(f"response beside a task, at {last} over at {first}", over_trainings(on / off), "<=", "less"),
            Measured(
                "Spearman(coefficient, response) beside a task",
                over_trainings(order),
                "<=",
                "order",
                within=(-1.0, 1.0),
            ),
        ),
        premises=(
            Measured(
                "largest |L - 1| that training on the loss alone reached",
                exact(found.excess_loss.max(), world.seeds, TRAINING),
                "<=",
                "minimal",
            ),
            Measured(
                "smallest share of the states' energy along their mean",
                exact(found.energy.min(), world.seeds, TRAINING),
                ">=",
                "dominates",
            ),
        ),
        controls=(
            Measured("response of the random routers at the start", over_trainings(found.start), "<=", "ignored"),
        ),
        figure=_figure(found, [f"{coefficient:g}" for coefficient in world.coefficients]),
        notes=(
            f"{world.seeds} seeds, each of its own data and initialisation; {world.experts} experts, width "
            f"{world.width}, top-{world.top_k}, {world.tokens} tokens. On the loss alone up to {world.most_steps} "
            f"steps on all tokens; beside the task {world.steps} steps of {world.batch} tokens.",
            "Equal loads do not need W mu to be constant: it makes up for how differently the experts' logits spread "
            "over the tokens. What is left of rho is about 1 / (2 ||mu||), in standard deviations of the noise along "
            "one axis, and vanishes as mu dominates.",
        ),
    )


def _figure(found: TrainedRouters, coefficients: list[str]) -> Figure:
    """How far training takes rho from where it started, seed by seed: beside the task, and on the loss alone."""
    columns = [column - found.start for column in (*found.beside.T, found.alone)]
    estimates = [over_trainings(column) for column in columns]
    ends = ([e.value for e in estimates], [e.low for e in estimates], [e.high for e in estimates])
    places = [float(place) for place in range(len(columns))]
    each = Series("each seed", [x for x in places for _ in found.start], rounded(np.concatenate(columns)))
    return Figure(
        kind="dots",
        title="response to the mean state, minus that of the random router at the start (1)",
        redraws="ours (GEO Prop. 2)",
        x_label="coefficient of the balancing loss",
        y_label="change of rho, paired by seed",
        series=[each, Series("mean over seeds", places, *(rounded(end) for end in ends))],
        reference=[Series("no change", [-0.5, len(columns) - 0.5], [0.0, 0.0])],
        ticks=[*(f"task + {coefficient}" for coefficient in coefficients), "loss alone"],
        units=f"{len(found.start)} trainings",
    )
