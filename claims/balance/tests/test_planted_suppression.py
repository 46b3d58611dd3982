"""Planted routers that hear the mean state, or do not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from claims.balance.suppression import _form
from claims.balance.test_geo_prop2_controlled import test_balance_suppression_controlled as controlled
from claims.balance.test_geo_prop2_suppression import test_balance_suppression as balance_suppression
from claims.core.finding import NotApplicable
from claims.core.verdict import Verdict
from claims.tests.support.planted_experiments import experiment
from claims.tests.support.verdicts import SAMPLING, verdict
from fixtures.evidence.experiments import Experiment
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.routing.rule import RoutingRule
from metrics.routing.shared_direction import shared_response
from metrics.stats.sampling import Sampling

# The claims are imported under names that pytest does not collect.

IGNORED, INCLUDED = {"bias": "ignored"}, {"bias": "included"}
WORLD = World(sequences=24, experts=16)
AXES = (np.arange(WORLD.width) > 0).astype(np.float64)  # all but the first


def heard(seed: int, gain: float, layers: int = 4, loss: float | None = 0.01, **doctored: Any) -> Trace:
    """States around a mean three noises long; routers that hear the mean ``gain`` times as strongly as by chance."""
    rng = np.random.default_rng(seed)
    mean = rng.standard_normal(WORLD.width)
    mean *= 3 * np.sqrt(WORLD.width) / np.linalg.norm(mean)
    unit = mean / np.linalg.norm(mean)
    weight = [
        router + (gain - 1) * np.outer(router @ unit, unit) for router in (WORLD.router(rng) for _ in range(layers))
    ]
    trace = planted_trace(WORLD, [mean + WORLD.normal(rng) for _ in weight], weight, spectra=False, **doctored)
    return replace(trace, checkpoint={**trace.checkpoint, "balancing_loss": loss})


@pytest.mark.parametrize(("gain", "expected"), [(0.05, Verdict.SUPPORTED), (1.0, Verdict.REFUTED)])
def test_balance_suppression(gain: float, expected: Verdict) -> None:
    assert verdict(balance_suppression, trace=heard(1, gain), variant=IGNORED, sampling=SAMPLING) == expected


def test_a_random_router_is_at_chance_and_the_lowest_of_19_guards_against_luck() -> None:
    # Two experts make rho one coordinate of a random unit vector: below 0.5 more than one time in three.
    world, values = World(sequences=24, experts=2, top_k=1), []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        states = 5.0 + world.normal(rng)
        trace = planted_trace(world, [states], [world.router(rng)])
        trace = replace(trace, checkpoint={**trace.checkpoint, "balancing_loss": 0.01})
        finding = balance_suppression(trace=trace, variant=IGNORED, sampling=Sampling(seed, 99))
        values.append((finding.criteria[0].estimate.value, finding.criteria[1].estimate.value))
    rho, lead = np.array(values).T
    assert (rho < 0.5).mean() > 0.25
    assert (lead > 0).mean() < 0.15


def test_the_null_is_one_more_random_router_at_chance() -> None:
    finding = balance_suppression(trace=heard(2, 0.05), variant=IGNORED, sampling=SAMPLING)
    assert finding.null[0].estimate.value == pytest.approx(1.0, abs=0.3)


@pytest.mark.parametrize(("loss", "says"), [(None, "states no balancing loss"), (0.0, "coefficient 0")])
def test_a_checkpoint_without_the_loss_is_not_applicable_with_its_rho(loss: float | None, says: str) -> None:
    with pytest.raises(NotApplicable, match=rf"{says}; median rho = 0\.\d+ \["):
        balance_suppression(trace=heard(3, 0.9, loss=loss), variant=IGNORED, sampling=SAMPLING)


def test_an_untrained_control_is_not_applicable_whatever_its_configuration_states() -> None:
    trace = heard(3, 0.9)
    control = replace(trace, checkpoint={**trace.checkpoint, "control": True})
    with pytest.raises(NotApplicable, match=r"is untrained and never saw the loss .*; median rho = 0\.\d+ \["):
        balance_suppression(trace=control, variant=IGNORED, sampling=SAMPLING)


def test_a_bias_can_bring_back_what_the_weight_ignores() -> None:
    bias = 5.0 * np.random.default_rng(0).standard_normal(WORLD.experts)
    trace = heard(4, 0.05, bias=bias)
    assert verdict(balance_suppression, trace=trace, variant=IGNORED, sampling=SAMPLING) == Verdict.SUPPORTED
    assert verdict(balance_suppression, trace=trace, variant=INCLUDED, sampling=SAMPLING) == Verdict.REFUTED
    with pytest.raises(NotApplicable, match=r"no router adds a bias to its logits$"):
        balance_suppression(trace=heard(4, 0.05), variant=INCLUDED, sampling=SAMPLING)


def test_a_selection_bias_is_named() -> None:
    trace = heard(5, 0.05)
    rule = RoutingRule("sigmoid", np.ones(WORLD.experts), None, WORLD.top_k, "sigmoid", 1.0)
    layer = replace(trace.layers[0], router=replace(trace.layers[0].router, rule=rule))
    finding = balance_suppression(
        trace=replace(trace, layers=(layer, *trace.layers[1:])), variant=IGNORED, sampling=SAMPLING
    )
    assert finding.notes[0].startswith("The configuration states a balancing loss of coefficient 0.01.")
    assert "1 of 4 routers have a selection-only bias" in finding.notes[1]
    with pytest.raises(NotApplicable, match="no router adds a bias to its logits; 1 of 4 add one to their scores"):
        balance_suppression(
            trace=replace(trace, layers=(layer, *trace.layers[1:])), variant=INCLUDED, sampling=SAMPLING
        )


def test_rho_of_a_resample_is_that_of_its_sequences() -> None:
    # A resample of two copies of one sequence and another: the forms must agree with the mean taken directly.
    trace = heard(6, 0.7)
    times = np.zeros((1, WORLD.sequences))
    times[0, [2, 5]] = 2, 1
    layer = trace.layers[0]
    mean = (2 * layer.pooled[2] + layer.pooled[5]) / 3
    assert _form(layer, trace, "ignored")(times)[0] == pytest.approx(shared_response(layer.router.weight, mean))


def suppression_null(seed: int) -> Verdict:
    return verdict(balance_suppression, trace=heard(seed, 1.0), variant=IGNORED, sampling=Sampling(seed, 99))


def test_routers_at_chance_are_rarely_called_suppressed() -> None:
    assert [suppression_null(seed) for seed in range(200)].count(Verdict.SUPPORTED) <= 10


def trained(
    seed: int, gains: tuple[float, ...], seeds: int = 2, loss: tuple[float | None, ...] | None = None
) -> Experiment:
    """Arms whose routers hear the mean so many times as strongly as by chance."""
    losses = (None,) * len(gains) if loss is None else loss
    arms = ("with loss", "without") if len(gains) == 2 else tuple(f"coefficient {i}" for i in range(len(gains)))
    return experiment(
        arms, seeds, lambda k, arm: heard(1000 * seed + 10 * k + arm, gains[arm], layers=6, loss=losses[arm])
    )


@pytest.mark.parametrize(
    ("gains", "expected"),
    [
        ((0.2, 1.0), Verdict.SUPPORTED),
        ((1.0, 0.2), Verdict.REFUTED),
        ((0.1, 0.4, 0.9, 2.0), Verdict.SUPPORTED),
        ((2.0, 0.9, 0.4, 0.1), Verdict.REFUTED),
    ],
)
def test_controlled(gains: tuple[float, ...], expected: Verdict) -> None:
    arguments: dict[str, Any] = {"variant": IGNORED, "sampling": SAMPLING}
    assert verdict(controlled, loss_experiment=trained(1, gains), **arguments) == expected


def test_controlled_null_has_the_labels_at_random() -> None:
    # Random labels cannot tell the arms apart: the null calibrates, and holds by luck alone.
    finding = controlled(loss_experiment=trained(2, (0.2, 1.0)), variant=IGNORED, sampling=SAMPLING)
    assert finding.criteria[0].estimate.value < -0.5
    assert abs(finding.null[0].estimate.value) < 0.5
    assert finding.criteria[0].estimate.unit == "(layer, seed) pair"
    assert finding.criteria[0].estimate.n == 12


def test_controlled_refuses_what_cannot_be_paired() -> None:
    arguments: dict[str, Any] = {"variant": IGNORED, "sampling": SAMPLING}
    with pytest.raises(NotApplicable, match=r"should fall from arm to arm, and are 0, 0\.01"):
        controlled(loss_experiment=trained(3, (0.2, 1.0), loss=(0.0, 0.01)), **arguments)
    one = trained(3, (0.2, 1.0), seeds=1)
    cut = replace(one.traces[0][1], token=one.traces[0][1].token + 1)
    with pytest.raises(NotApplicable, match="same text"):
        controlled(loss_experiment=replace(one, traces=((one.traces[0][0], cut),)), **arguments)
    with pytest.raises(NotApplicable, match=r"no router adds a bias to its logits$"):
        controlled(loss_experiment=one, variant=INCLUDED, sampling=SAMPLING)


def test_controlled_needs_pairs_enough_for_an_interval() -> None:
    def build(layers: int) -> Experiment:
        return experiment(("with loss", "without"), 1, lambda _, arm: heard(arm, (0.2, 1.0)[arm], layers=layers))

    few = [replace(trace, checkpoint={}) for trace in build(3).traces[0]]
    with pytest.raises(
        NotApplicable, match=r"6 pairs of a layer and a seed are needed .* is -0\.\d+, -0\.\d+, -0\.\d+$"
    ):
        controlled(replace(build(3), traces=(tuple(few),)), IGNORED, SAMPLING)
    six = replace(build(6), traces=(tuple(replace(trace, checkpoint={}) for trace in build(6).traces[0]),))
    estimate = controlled(six, IGNORED, SAMPLING).criteria[0].estimate
    assert estimate.n == 6
    assert not estimate.draws
    assert verdict(controlled, loss_experiment=six, variant=IGNORED, sampling=SAMPLING) == Verdict.SUPPORTED


def test_seeds_that_disagree_decide_nothing() -> None:
    gains = ((0.1, 2.0), (1.3, 1.0))
    planted = experiment(
        ("with loss", "without"), 2, lambda k, arm: heard(50 + 10 * k, gains[k][arm], layers=6, loss=None)
    )
    by_pair = controlled(planted, IGNORED, SAMPLING).criteria[0].estimate
    assert by_pair.method.endswith("widened to the range of 2 trainings")
    assert verdict(controlled, loss_experiment=planted, variant=IGNORED, sampling=SAMPLING) == Verdict.INCONCLUSIVE


def test_a_router_blind_to_the_mean_has_no_ratio_and_a_verdict() -> None:
    blind = trained(5, (0.0, 1.0), seeds=1)
    layers = tuple(
        replace(layer, mean=np.eye(WORLD.width)[0], router=replace(layer.router, weight=layer.router.weight * AXES))
        for layer in blind.traces[0][0].layers
    )
    planted = replace(blind, traces=((replace(blind.traces[0][0], layers=layers), blind.traces[0][1]),))
    finding = controlled(planted, IGNORED, SAMPLING)
    assert [measured.name for measured in finding.criteria][1:] == ["the difference, mean over layers"]
    assert verdict(controlled, loss_experiment=planted, variant=IGNORED, sampling=SAMPLING) == Verdict.SUPPORTED


def controlled_null(seed: int, seeds: int) -> Verdict:
    return verdict(
        controlled,
        loss_experiment=trained(seed, (1.0, 1.0), seeds=seeds),
        variant=IGNORED,
        sampling=Sampling(seed, 199),
    )


@pytest.mark.parametrize("seeds", [1, 4])
def test_arms_alike_are_rarely_told_apart(seeds: int) -> None:
    found = [controlled_null(seed, seeds) for seed in range(200)]
    assert found.count(Verdict.SUPPORTED) <= 10
    assert found.count(Verdict.REFUTED) <= 10
