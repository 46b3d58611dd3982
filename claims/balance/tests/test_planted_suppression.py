"""Planted routers that hear the mean state, or do not."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from claims.balance import test_geo_prop2_controlled, test_geo_prop2_suppression
from claims.balance.suppression import _form
from claims.core.verdict import Verdict
from claims.tests.support.contract import MEASURED, Case, Contract, Null, contract_tests
from claims.tests.support.planted_experiments import experiment
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.experiments import Experiment
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.routing.rule import RoutingRule
from metrics.routing.shared_direction import shared_response
from metrics.stats.sampling import Sampling

balance_suppression = test_geo_prop2_suppression.test_balance_suppression
controlled = test_geo_prop2_controlled.test_balance_suppression_controlled

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


def control(seed: int) -> Trace:
    """An untrained control, whatever its configuration states."""
    trace = heard(seed, 0.9)
    return replace(trace, checkpoint={**trace.checkpoint, "control": True})


def selecting() -> Trace:
    """Routers of which the first has a selection-only bias."""
    trace = heard(5, 0.05)
    rule = RoutingRule("sigmoid", np.ones(WORLD.experts), None, WORLD.top_k, "sigmoid", 1.0)
    layer = replace(trace.layers[0], router=replace(trace.layers[0].router, rule=rule))
    return replace(trace, layers=(layer, *trace.layers[1:]))


def biased() -> Trace:
    """Routers whose bias brings back what the weight ignores."""
    return heard(4, 0.05, bias=5.0 * np.random.default_rng(0).standard_normal(WORLD.experts))


def test_a_random_router_is_at_chance_and_the_lowest_of_19_guards_against_luck() -> None:
    # Two experts make rho one coordinate of a random unit vector: below 0.5 more than one time in three.
    world, values = World(sequences=24, experts=2, top_k=1), []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        states = 5.0 + world.normal(rng)
        trace = planted_trace(world, [states], [world.router(rng)])
        trace = replace(trace, checkpoint={**trace.checkpoint, "balancing_loss": 0.01})
        finding = finding_of(balance_suppression, trace=trace, sampling=Sampling(seed, 99))
        values.append((finding.criteria[0].estimate.value, finding.criteria[1].estimate.value))
    rho, lead = np.array(values).T
    assert (rho < 0.5).mean() > 0.25
    assert (lead > 0).mean() < 0.15


def test_the_null_is_one_more_random_router_at_chance() -> None:
    finding = finding_of(balance_suppression, trace=heard(2, 0.05))
    assert finding.null[0].estimate.value == pytest.approx(1.0, abs=0.3)


def test_a_selection_bias_is_named() -> None:
    finding = finding_of(balance_suppression, trace=selecting())
    assert finding.notes[0].startswith("The configuration states a balancing loss of coefficient 0.01.")
    assert "1 of 4 routers have a selection-only bias" in finding.notes[1]


def test_rho_of_a_resample_is_that_of_its_sequences() -> None:
    # A resample of two copies of one sequence and another: the forms must agree with the mean taken directly.
    trace = heard(6, 0.7)
    times = np.zeros((1, WORLD.sequences))
    times[0, [2, 5]] = 2, 1
    layer = trace.layers[0]
    mean = (2 * layer.pooled[2] + layer.pooled[5]) / 3
    assert _form(layer, trace, "ignored")(times)[0] == pytest.approx(shared_response(layer.router.weight, mean))


def trained(
    seed: int, gains: tuple[float, ...], seeds: int = 2, loss: tuple[float | None, ...] | None = None
) -> Experiment:
    """Arms whose routers hear the mean so many times as strongly as by chance."""
    losses = (None,) * len(gains) if loss is None else loss
    arms = ("with loss", "without") if len(gains) == 2 else tuple(f"coefficient {i}" for i in range(len(gains)))
    return experiment(
        arms, seeds, lambda k, arm: heard(1000 * seed + 10 * k + arm, gains[arm], layers=6, loss=losses[arm])
    )


def another_text() -> Experiment:
    """Arms that read other tokens."""
    one = trained(3, (0.2, 1.0), seeds=1)
    first, last = one.traces[0]
    return replace(one, traces=((first, replace(last, token=last.token + 1)),))


def of_layers(layers: int) -> Experiment:
    """One training of each arm, of so many layers, whose checkpoints state nothing."""
    return experiment(
        ("with loss", "without"), 1,
        lambda _, arm: replace(heard(arm, (0.2, 1.0)[arm], layers=layers), checkpoint={}),
    )  # fmt: skip


def disagreeing() -> Experiment:
    """Two trainings of which one says the contrary."""
    gains = ((0.1, 2.0), (1.3, 1.0))
    return experiment(
        ("with loss", "without"), 2, lambda k, arm: heard(50 + 10 * k, gains[k][arm], layers=6, loss=None)
    )


def blind_to_the_mean() -> Experiment:
    """The first arm's routers do not hear the mean at all, so that there is no ratio."""
    blind = trained(5, (0.0, 1.0), seeds=1)
    first, last = blind.traces[0]
    layers = tuple(
        replace(layer, mean=np.eye(WORLD.width)[0], router=replace(layer.router, weight=layer.router.weight * AXES))
        for layer in first.layers
    )
    return replace(blind, traces=((replace(first, layers=layers), last),))


def alike(seeds: int) -> Null:
    """Arms that hear the mean as chance does, in so many trainings."""
    return Null(
        f"arms alike, {seeds} training(s)", {"loss_experiment": partial(trained, gains=(1.0, 1.0), seeds=seeds)},
        limits={Verdict.SUPPORTED: 0.5, Verdict.REFUTED: 0.5},
    )  # fmt: skip


NO_BIAS = r"no router adds a bias to its logits"
CONTRACTS = (
    Contract(
        balance_suppression,
        (
            Case("a mean that is hardly heard", Verdict.SUPPORTED, trace=partial(heard, 1, 0.05)),
            Case("a bias that is left out", Verdict.SUPPORTED, trace=biased),
            Case("routers at chance", Verdict.REFUTED, trace=partial(heard, 1, 1.0)),
            Case("a bias that brings the mean back", Verdict.REFUTED, trace=biased, variant=INCLUDED),
            Case(
                "bounds that a random router meets", Verdict.VACUOUS, at={"ignored": 9.0, "luck": -9.0},
                trace=partial(heard, 1, 0.05),
            ),
            Case("at the threshold", Verdict.INCONCLUSIVE, at={"ignored": MEASURED}, trace=partial(heard, 1, 0.05)),
            Case(
                "no loss stated", Verdict.NOT_APPLICABLE, says=r"states no balancing loss; median rho = 0\.\d+ \[",
                trace=partial(heard, 3, 0.9, loss=None),
            ),
            Case(
                "a loss of 0", Verdict.NOT_APPLICABLE, says=r"coefficient 0; median rho = 0\.\d+ \[",
                trace=partial(heard, 3, 0.9, loss=0.0),
            ),
            Case(
                "an untrained control", Verdict.NOT_APPLICABLE,
                says=r"is untrained and never saw the loss .*; median rho = 0\.\d+ \[", trace=partial(control, 3),
            ),
            Case("none", Verdict.NOT_APPLICABLE, says=f"{NO_BIAS}$", trace=partial(heard, 4, 0.05), variant=INCLUDED),
            Case(
                "a bias of the scores alone", Verdict.NOT_APPLICABLE,
                says=f"{NO_BIAS}; 1 of 4 add one to their scores", trace=selecting, variant=INCLUDED,
            ),
        ),
        (Null("routers at chance", {"trace": partial(heard, gain=1.0)}, resamples=99),),
    ),
    Contract(
        controlled,
        (
            Case("two arms", Verdict.SUPPORTED, loss_experiment=partial(trained, 1, (0.2, 1.0))),
            Case("a sweep", Verdict.SUPPORTED, loss_experiment=partial(trained, 1, (0.1, 0.4, 0.9, 2.0))),
            Case("six pairs", Verdict.SUPPORTED, loss_experiment=partial(of_layers, 6)),
            Case("an arm blind to the mean", Verdict.SUPPORTED, loss_experiment=blind_to_the_mean),
            Case("two arms, turned round", Verdict.REFUTED, loss_experiment=partial(trained, 1, (1.0, 0.2))),
            Case("a sweep, turned round", Verdict.REFUTED, loss_experiment=partial(trained, 1, (2.0, 0.9, 0.4, 0.1))),
            Case(
                "a bound that labels at random meet", Verdict.VACUOUS, at={"falls": 9.0},
                loss_experiment=partial(trained, 1, (0.2, 1.0)),
            ),
            Case("trainings that disagree", Verdict.INCONCLUSIVE, loss_experiment=disagreeing),
            Case(
                "coefficients that rise", Verdict.NOT_APPLICABLE, says=r"should fall from arm to arm, and are 0, 0\.01",
                loss_experiment=partial(trained, 3, (0.2, 1.0), loss=(0.0, 0.01)),
            ),
            Case("another text", Verdict.NOT_APPLICABLE, says="same text", loss_experiment=another_text),
            Case(
                "no bias", Verdict.NOT_APPLICABLE, says=f"{NO_BIAS}$", variant=INCLUDED,
                loss_experiment=partial(trained, 3, (0.2, 1.0), seeds=1),
            ),
            Case(
                "three pairs", Verdict.NOT_APPLICABLE,
                says=r"6 pairs of a layer and a seed are needed .* is -0\.\d+, -0\.\d+, -0\.\d+$",
                loss_experiment=partial(of_layers, 3),
            ),
        ),
        (alike(1), alike(4)),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_controlled_null_has_the_labels_at_random() -> None:
    # Random labels cannot tell the arms apart: the null calibrates, and holds by luck alone.
    finding = finding_of(controlled, loss_experiment=trained(2, (0.2, 1.0)))
    assert finding.criteria[0].estimate.value < -0.5
    assert abs(finding.null[0].estimate.value) < 0.5
    assert finding.criteria[0].estimate.unit == "(layer, seed) pair"
    assert finding.criteria[0].estimate.n == 12


def test_six_pairs_have_an_interval_without_draws() -> None:
    estimate = finding_of(controlled, loss_experiment=of_layers(6)).criteria[0].estimate
    assert estimate.n == 6
    assert not estimate.draws


def test_trainings_that_disagree_widen_the_interval() -> None:
    by_pair = finding_of(controlled, loss_experiment=disagreeing()).criteria[0].estimate
    assert by_pair.method.endswith("widened to the range of 2 trainings")


def test_a_router_blind_to_the_mean_has_no_ratio() -> None:
    finding = finding_of(controlled, loss_experiment=blind_to_the_mean())
    assert [measured.name for measured in finding.criteria][1:] == ["the difference, mean over layers"]
