"""Routers trained in the run: what the loss does to them, and what it does not."""

from dataclasses import replace

import numpy as np
import pytest

from claims.balance.test_geo_prop2_theorem import test_balance_theorem as balance_theorem
from claims.core.verdict import Verdict
from claims.tests.support.verdicts import SAMPLING, verdict
from fixtures.mlp.trained_routers import WORLD, RouterWorld, states_of, trained_responses
from metrics.stats.sampling import Sampling

# The claims are imported under names that pytest does not collect.

SHORT = replace(WORLD, seeds=10, tokens=256, batch=64, steps=60, experts=4, width=8)


@pytest.mark.parametrize(
    ("world", "expected"),
    [
        (SHORT, Verdict.SUPPORTED),
        (replace(SHORT, coefficients=(0.1, 0.01, 0.001, 0.0)), Verdict.REFUTED),
        (replace(SHORT, coefficients=(0.0, -0.01, -0.1, -1.0)), Verdict.REFUTED),  # a reward for imbalance
        (replace(SHORT, null_coefficients=(0.0, 0.3, 1.0, 3.0)), Verdict.VACUOUS),  # a null that is balanced too
    ],
)
def test_balance_theorem(world: RouterWorld, expected: Verdict) -> None:
    assert verdict(balance_theorem, router_world=world, sampling=SAMPLING) == expected


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


def order_null(seed: int) -> Verdict:
    """Arms that differ in nothing but the order of the data: the null's own arms, judged as the claim's."""
    world = replace(SHORT, tokens=64, batch=16, steps=8)
    sampling = Sampling(seed, 199)
    null = trained_responses(world, sampling)[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("claims.balance.test_geo_prop2_theorem.trained_responses", lambda *_: (null, null[::-1, ::-1]))
        return verdict(balance_theorem, router_world=world, sampling=sampling)


def test_orders_of_the_data_are_rarely_taken_for_a_loss() -> None:
    assert [order_null(seed) for seed in range(200)].count(Verdict.SUPPORTED) <= 10
