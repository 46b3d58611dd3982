"""Routers trained in the run: what the loss does to them, and what it does not."""

from dataclasses import replace

import numpy as np
import pytest

from claims.balance import test_geo_prop2_theorem
from claims.core.verdict import Verdict
from claims.tests.support.contract import DRAWS, NIGHTLY, Case, Contract, Null, contract_tests
from claims.tests.support.verdicts import SAMPLING
from fixtures.mlp.trained_routers import WORLD, RouterWorld, states_of, trained_responses
from metrics.arrays import Float64Array
from metrics.stats.sampling import Sampling

SHORT = replace(WORLD, seeds=10, tokens=256, batch=64, steps=60, experts=4, width=8)


CONTRACTS = (
    Contract(
        test_geo_prop2_theorem.test_balance_theorem,
        (
            Case("coefficients that rise", Verdict.SUPPORTED, router_world=SHORT),
            Case(
                "coefficients that fall", Verdict.REFUTED,
                router_world=replace(SHORT, coefficients=(0.1, 0.01, 0.001, 0.0)),
            ),
            Case(
                "a reward for imbalance", Verdict.REFUTED,
                router_world=replace(SHORT, coefficients=(0.0, -0.01, -0.1, -1.0)),
            ),
            Case(
                "a null that is balanced too", Verdict.VACUOUS,
                router_world=replace(SHORT, null_coefficients=(0.0, 0.3, 1.0, 3.0)),
            ),
            Case("one seed, no interval", Verdict.INCONCLUSIVE, router_world=replace(SHORT, seeds=1)),
        ),
        cannot={Verdict.NOT_APPLICABLE: "its routers are trained in the run"},
    ),
)  # fmt: skip

test_verdict, _ = contract_tests(CONTRACTS)


def test_training_without_the_loss_responds_to_the_mean_because_the_task_wants_it() -> None:
    # The most frequent source's mean logit must lie above the rarest one's: log-frequencies live in W mu.
    rng = np.random.default_rng(0)
    states, source = states_of(WORLD, rng)
    assert np.bincount(source, minlength=WORLD.experts).argmax() == 0
    assert np.linalg.norm(states.mean(axis=0)) > 2.0
    rho, _ = trained_responses(replace(WORLD, seeds=3), SAMPLING)
    start, _ = trained_responses(replace(WORLD, seeds=3, rate=0.0), SAMPLING)
    assert start[:, 0].mean() < 1.5
    assert (np.abs(rho[:, 0] - start[:, 0]) > 1e-3).all()


def test_arms_of_one_coefficient_are_one_router_and_the_null_has_its_own_order() -> None:
    world = replace(SHORT, seeds=2, coefficients=(0.0, 0.0))
    rho, null = trained_responses(world, SAMPLING)
    assert (rho[:, 0] == rho[:, 1]).all()
    assert (np.ptp(null, axis=1) > 0).all()


def test_the_training_is_repeated_to_the_bit() -> None:
    first, second = (trained_responses(replace(SHORT, seeds=2), Sampling(7))[0] for _ in range(2))
    assert (first == second).all()


@pytest.mark.parametrize("worlds", [DRAWS, pytest.param(NIGHTLY, marks=pytest.mark.nightly)])
def test_orders_of_the_data_are_rarely_taken_for_a_loss(worlds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arms that differ in nothing but the order of the data: the null's own arms, judged as the claim's."""

    def order_alone(world: RouterWorld, sampling: Sampling) -> tuple[Float64Array, Float64Array]:
        null = trained_responses(world, sampling)[1]
        return null, null[::-1, ::-1]

    monkeypatch.setattr(test_geo_prop2_theorem, "trained_responses", order_alone)
    quick = replace(SHORT, tokens=64, batch=16, steps=8)
    Null("order alone", {"router_world": quick}).check(test_geo_prop2_theorem.test_balance_theorem, worlds)
