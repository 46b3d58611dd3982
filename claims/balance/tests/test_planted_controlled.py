"""Planted arms whose routers hear the mean state, or do not."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from claims.balance import test_geo_prop2_controlled
from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests, true_by_far
from claims.tests.support.heard_routers import WORLD, heard
from claims.tests.support.planted_experiments import experiment
from claims.tests.support.text_fits import predicted
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.experiments import Experiment
from fixtures.evidence.trace import Trace

controlled = test_geo_prop2_controlled.test_balance_suppression_controlled
AXES = (np.arange(WORLD.width) > 0).astype(np.float64)  # all but the first


def trained(
    seed: int, rho: tuple[float, ...], seeds: int = 6, loss: tuple[float | None, ...] | None = None, luck: float = 0.1
) -> Experiment:
    """Arms of such a rho, apart by so much luck of each seed's training, in ln rho."""
    losses = (None,) * len(rho) if loss is None else loss
    arms = ("with loss", "without") if len(rho) == 2 else tuple(f"coefficient {i}" for i in range(len(rho)))
    drawn = np.exp(luck * np.random.default_rng([7, seed]).standard_normal((seeds, len(rho))))
    return experiment(
        arms, seeds, lambda k, arm: heard(1000 * seed + 10 * k + arm, rho[arm] * drawn[k, arm], loss=losses[arm])
    )


def another_text() -> Experiment:
    """Arms that read other tokens."""
    one = trained(3, (0.2, 1.0), seeds=1)
    first, last = one.traces[0]
    return replace(one, traces=((first, replace(last, token=last.token + 1)),))


def badly_predicted() -> Experiment:
    """One checkpoint of twelve predicts its text hardly better than token frequencies do."""
    planted = trained(1, (0.2, 1.0))
    traces = tuple(tuple(predicted(trace, 2.0) for trace in seed) for seed in planted.traces)
    last = (traces[-1][0], predicted(traces[-1][1], 0.2))
    return replace(planted, traces=(*traces[:-1], last))


def blind_to_the_mean() -> Experiment:
    """The first arm's routers do not hear the mean at all, so that there is no logarithm."""
    blind = trained(5, (0.1, 1.0))

    def deafened(trace: Trace) -> Trace:
        weight = [layer.router.weight * AXES for layer in trace.layers]
        return replace(
            trace,
            layers=tuple(
                replace(layer, mean=np.eye(WORLD.width)[0], router=replace(layer.router, weight=matrix))
                for layer, matrix in zip(trace.layers, weight, strict=True)
            ),
        )

    return replace(blind, traces=tuple((deafened(first), last) for first, last in blind.traces))


def seeds_apart(by: float) -> Experiment:
    """Both arms of a training rise and fall together, by up to so much in ln rho; the loss takes 0.36."""
    level = np.exp(np.linspace(-by, by, 6))
    return experiment(
        ("with loss", "without"), 6, lambda k, arm: heard(50 + 10 * k + arm, (0.7, 1.0)[arm] * level[k], loss=None)
    )


CONTRACTS = (
    Contract(
        controlled,
        (
            Case("two arms", Verdict.SUPPORTED, loss_experiment=partial(trained, 1, (0.2, 1.0))),
            Case("five trainings", Verdict.SUPPORTED, loss_experiment=partial(trained, 1, (0.2, 1.0), seeds=5)),
            Case("a sweep", Verdict.SUPPORTED, loss_experiment=partial(trained, 1, (0.1, 0.4, 0.9, 2.0))),
            Case("an arm blind to the mean", Verdict.SUPPORTED, loss_experiment=blind_to_the_mean),
            Case(
                "a seventh less", Verdict.PARTLY, says="falls short",
                loss_experiment=partial(trained, 1, (0.86, 1.0), luck=0.01),
            ),
            Case("a twentieth less", Verdict.REFUTED, loss_experiment=partial(trained, 1, (0.95, 1.0), luck=0.02)),
            Case("arms turned round", Verdict.REFUTED, loss_experiment=partial(trained, 1, (1.0, 0.2))),
            Case("a sweep, turned round", Verdict.REFUTED, loss_experiment=partial(trained, 1, (2.0, 0.9, 0.4, 0.1))),
            Case("seeds that differ by half", Verdict.SUPPORTED, loss_experiment=partial(seeds_apart, 0.2)),
            Case("seeds that differ as much", Verdict.VACUOUS, loss_experiment=partial(seeds_apart, 0.9)),
            Case(
                "two trainings", Verdict.INCONCLUSIVE, says="^2 trainings an arm",
                loss_experiment=partial(trained, 1, (0.2, 1.0), seeds=2),
            ),
            Case(
                "one training", Verdict.INCONCLUSIVE, says="^1 training an arm",
                loss_experiment=partial(trained, 1, (0.2, 1.0), seeds=1),
            ),
            Case(
                "trainings that disagree", Verdict.INCONCLUSIVE,
                loss_experiment=partial(trained, 2, (0.8, 1.0), luck=0.5),
            ),
            Case(
                "coefficients that rise", Verdict.NOT_APPLICABLE, says=r"should fall from arm to arm, and are 0, 0\.01",
                loss_experiment=partial(trained, 3, (0.2, 1.0), loss=(0.0, 0.01)),
            ),
            Case("another text", Verdict.NOT_APPLICABLE, says="same text", loss_experiment=another_text),
            Case(
                "a checkpoint that does not model its text", Verdict.NOT_APPLICABLE, says="where it is least = 0.2",
                loss_experiment=badly_predicted,
            ),
            Case(
                "no bias", Verdict.NOT_APPLICABLE, says="no router adds a bias", variant={"bias": "included"},
                loss_experiment=partial(trained, 3, (0.2, 1.0), seeds=1),
            ),
        ),
        (
            Null("arms alike", {"loss_experiment": partial(trained, rho=(1.0, 1.0), seeds=5)}),
            Null(
                "true at its threshold plus a margin",
                {"loss_experiment": partial(trained, rho=(0.78, 1.0), seeds=5)},
                limits={Verdict.REFUTED: 0.5},
            ),
            true_by_far({"loss_experiment": partial(trained, rho=(0.5, 1.0), seeds=5)}),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_controls_tell_what_two_seeds_of_one_arm_differ_by() -> None:
    finding = finding_of(controlled, loss_experiment=trained(2, (0.2, 1.0)))
    fall, seeds = finding.headline[0].estimate, finding.controls[0].estimate
    assert fall.value == pytest.approx(np.log(0.2), abs=0.15)
    assert (fall.unit, fall.n) == ("training", 6)
    assert seeds.value == pytest.approx(0.1 * 2 / np.sqrt(np.pi), rel=0.5)  # E |x - y| of two normal values
    assert finding.excess[0].estimate.value == pytest.approx(-fall.value - seeds.value)


def test_a_sweep_reports_the_order_of_its_arms() -> None:
    finding = finding_of(controlled, loss_experiment=trained(1, (0.1, 0.4, 0.9, 2.0)))
    assert finding.reported[0].estimate.value == -1.0
