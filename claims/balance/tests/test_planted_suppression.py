"""Planted routers that hear the mean state, or do not."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from claims.balance import test_geo_prop2_suppression
from claims.balance.suppression import _form
from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests, true_by_far
from claims.tests.support.heard_routers import WORLD, heard
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.arrays import as_float64
from metrics.routing.rule import RoutingRule
from metrics.routing.shared_direction import shared_response
from metrics.stats.sampling import Sampling

balance_suppression = test_geo_prop2_suppression.test_balance_suppression

IGNORED, INCLUDED = {"bias": "ignored"}, {"bias": "included"}


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
        values.append((finding.headline[0].estimate.value, finding.excess[0].estimate.value))
    rho, lead = np.array(values).T
    assert (rho < 0.5).mean() > 0.25
    assert (lead > 0).mean() < 0.15


def test_the_excess_is_over_the_lowest_of_the_random_routers() -> None:
    finding = finding_of(balance_suppression, trace=heard(2, 0.05))
    lowest, rho, excess = (each[0].estimate.value for each in (finding.controls, finding.headline, finding.excess))
    assert lowest == pytest.approx(0.8, abs=0.15)
    assert excess == pytest.approx(lowest - rho)


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
    assert _form(layer, as_float64(layer.router.weight), trace, "ignored")(times)[0] == pytest.approx(
        shared_response(layer.router.weight, mean)
    )


NO_BIAS = r"no router adds a bias to its logits"
CONTRACTS = (
    Contract(
        balance_suppression,
        (
            Case("a mean that is hardly heard", Verdict.SUPPORTED, trace=partial(heard, 1, 0.05)),
            Case("a bias that is left out", Verdict.SUPPORTED, trace=biased),
            Case("a third less than chance", Verdict.PARTLY, says="for half", trace=partial(heard, 1, 0.66)),
            Case(
                "a little more than asked for, and less than any random router", Verdict.PARTLY, says="falls short",
                trace=partial(heard, 1, 0.82, layers=12, length=1.0, world=replace(WORLD, experts=64)),
            ),
            Case("routers at chance", Verdict.REFUTED, trace=partial(heard, 1, 1.0)),
            Case("a tenth less than chance", Verdict.REFUTED, trace=partial(heard, 1, 0.9)),
            Case("a bias that brings the mean back", Verdict.REFUTED, trace=biased, variant=INCLUDED),
            Case("as little as the lowest random router", Verdict.VACUOUS, trace=partial(heard, 1, 0.78)),
            Case("at the threshold", Verdict.INCONCLUSIVE, trace=partial(heard, 1, 0.8, length=1.0)),
            Case(
                "no loss stated", Verdict.NOT_APPLICABLE, says="states no balancing loss; its largest load is 1 times",
                trace=partial(heard, 3, 0.9, loss=None),
            ),
            Case("a loss of 0", Verdict.NOT_APPLICABLE, says="coefficient 0;", trace=partial(heard, 3, 0.9, loss=0.0)),
            Case("an untrained control", Verdict.NOT_APPLICABLE, says="is untrained", trace=partial(control, 3)),
            Case(
                "a load that is not balanced", Verdict.NOT_APPLICABLE, says=r"largest load over the mean.* = [4-8]",
                trace=partial(heard, 3, 0.9, experts=None),
            ),
            Case(
                "two layers", Verdict.NOT_APPLICABLE, says="holds 30% of the energy = 2, claimed >= 3",
                trace=partial(heard, 3, 0.9, layers=2),
            ),
            Case(
                "no dominating direction", Verdict.NOT_APPLICABLE, says="in none of 4 layers; at most 0.",
                trace=partial(heard, 3, 0.9, length=0.1),
            ),
            Case("none", Verdict.NOT_APPLICABLE, says=f"{NO_BIAS}$", trace=partial(heard, 4, 0.05), variant=INCLUDED),
            Case(
                "a bias of the scores alone", Verdict.NOT_APPLICABLE,
                says=f"{NO_BIAS}; 1 of 4 add one to their scores", trace=selecting, variant=INCLUDED,
            ),
        ),
        (
            Null("routers at chance", {"trace": partial(heard, rho=1.0)}, resamples=99),
            Null("a rho just above", {"trace": partial(heard, rho=0.81, length=1.0)}, resamples=99),
            Null(
                "true at its threshold plus a margin", {"trace": partial(heard, rho=0.79, length=1.0)}, resamples=99,
                limits={Verdict.REFUTED: 0.5},
            ),
            true_by_far({"trace": partial(heard, rho=0.3)}, resamples=99),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)
