"""Routers trained in the run: what the loss does to them, and what it does not."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from claims.balance import test_geo_prop2_theorem
from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests, true_by_far
from claims.tests.support.verdicts import SAMPLING
from fixtures.mlp.trained_routers import WORLD, RouterWorld, states_of, trained_routers
from metrics.stats.sampling import Sampling

theorem = test_geo_prop2_theorem.test_balance_theorem
#: Few tokens and steps; coefficients of which the largest matters beside the task.
SHORT = replace(WORLD, seeds=8, tokens=512, batch=64, steps=100, experts=4, width=32, coefficients=(0.0, 0.1, 1.0, 3.0))
#: Too few directions for the shared one to dominate by much.
NARROW = replace(SHORT, width=16, shared=3.0, experts=8)
#: Coefficients of which even the smallest balances: without the loss there is nothing.
BALANCED = replace(SHORT, uneven=0.0, coefficients=(3.0, 3.1, 3.2, 3.3))


def drawn(seed: int, shared: float) -> RouterWorld:
    """Return few seeds of so long a shared direction that rho is about 0.61 over its length."""
    return replace(SHORT, seeds=6, tokens=256, batch=16, steps=30, experts=8, width=24, shared=shared)


CONTRACTS = (
    Contract(
        theorem,
        (
            Case("a loss that matters beside the task", Verdict.SUPPORTED, router_world=SHORT),
            Case(
                "a loss that takes a twentieth beside the task", Verdict.PARTLY, says="at 0.1 over at 0",
                router_world=replace(SHORT, coefficients=(0.0, 1e-3, 1e-2, 1e-1)),
            ),
            Case(
                "a loss so strong that training with it swings", Verdict.PARTLY, says=r"refuted: .*Spearman",
                router_world=replace(SHORT, coefficients=(0.0, 0.6, 100.0, 300.0)),
            ),
            Case("too few directions", Verdict.PARTLY, says="falls short", router_world=NARROW),
            Case(
                "too few directions, and balance without the loss", Verdict.REFUTED,
                router_world=replace(BALANCED, width=16, shared=3.0, experts=8),
            ),
            Case("balance without the loss", Verdict.VACUOUS, router_world=BALANCED),
            Case("four seeds", Verdict.INCONCLUSIVE, says="4 trainings", router_world=replace(SHORT, seeds=4)),
            Case(
                "a training that stops short", Verdict.NOT_APPLICABLE, says=r"\|L - 1\|",
                router_world=replace(SHORT, most_steps=1),
            ),
            Case(
                "a shared direction that does not dominate", Verdict.NOT_APPLICABLE, says="share of the states' energy",
                router_world=replace(SHORT, shared=3.0),
            ),
        ),
        (
            Null("rho about 0.106", {"router_world": partial(drawn, shared=5.8)}),
            Null(
                "true at its threshold plus a margin", {"router_world": partial(drawn, shared=6.8)},
                limits={Verdict.REFUTED: 0.5, Verdict.PARTLY: 0.5},
            ),
            true_by_far({"router_world": replace(SHORT, seeds=6, tokens=256, steps=60)}),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_equal_loads_leave_what_the_spread_of_the_experts_needs() -> None:
    # The response that is left is 1 / (2 ||mu||), where a random router's is 1.
    near, far = (trained_routers(replace(WORLD, shared=shared, steps=0, seeds=8), SAMPLING) for shared in (4.0, 8.0))
    for shared, found in ((4.0, near), (8.0, far)):
        assert (found.excess_loss <= WORLD.tolerance).all()
        assert found.alone.mean() == pytest.approx(1 / (2 * shared), rel=0.3)


def test_an_expert_that_hardly_any_token_could_choose_is_starved() -> None:
    # No gradient reaches it, so that the loss stays above its minimum: the premise tells.
    world = replace(SHORT, seeds=20, experts=8, shared=12.0, steps=0, tokens=256, most_steps=100)
    found = trained_routers(world, SAMPLING)
    starved = found.excess_loss > 0.1
    assert starved.any()
    assert found.alone[starved].min() > found.alone[~starved].max()


def test_the_task_wants_the_mean_state() -> None:
    # The most frequent source's mean logit must lie above the rarest one's: log-frequencies live in W mu.
    states, source = states_of(WORLD, np.random.default_rng(0))
    assert np.bincount(source, minlength=WORLD.experts).argmax() == 0
    mean = states.mean(axis=0)
    assert mean @ mean == pytest.approx(WORLD.shared**2, rel=0.1)
    uneven, even = (trained_routers(replace(SHORT, seeds=3, uneven=power), SAMPLING).beside[:, 0] for power in (1, 0))
    assert uneven.mean() > 1.5 * even.mean()


def test_arms_of_one_coefficient_are_one_router() -> None:
    found = trained_routers(replace(SHORT, seeds=2, coefficients=(0.0, 0.0)), SAMPLING)
    assert (found.beside[:, 0] == found.beside[:, 1]).all()


def test_the_training_is_repeated_to_the_bit() -> None:
    first, second = (trained_routers(replace(SHORT, seeds=2), Sampling(7)) for _ in range(2))
    assert (first.alone == second.alone).all()
    assert (first.beside == second.beside).all()
