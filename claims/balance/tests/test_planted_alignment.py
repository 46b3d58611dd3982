"""Planted routers that listen to chosen data directions."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from claims.balance import test_geo_fig16_alignment_spectrum
from claims.core.finding import NotApplicable
from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests, refused, true_by_far
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.arrays import Float64Array
from metrics.stats.estimate import Estimate

alignment_spectrum = test_geo_fig16_alignment_spectrum.test_alignment_spectrum
WORLD = World(sequences=8, length=32, width=24, experts=16)
LEADING = slice(1, 16)


def listening(
    seed: int, shared: float, *leading: float, loss: float | None = 0.01, common: float = 5.0, **doctored: Any
) -> Trace:
    """States with one shared axis, fifteen leading ones and weak rest; one router for each gain of the leading ones.

    Every axis is heard as loudly as any other but for its gain; the load is balanced, whatever the routers say.
    """
    gains = [axes(1.0, LEADING, heard) for heard in leading]
    for gain in gains:
        gain[0] = shared
    return heard_by(seed, axes(0.1, LEADING, 1.0), common, gains, loss, **doctored)


def second_unheard(seed: int) -> Trace:
    """The second direction, the longest axis but the shared one, is heard least of all."""
    size, gain = axes(0.1, LEADING, 1.0), axes(1.0, slice(2, 16), 2.0)
    size[1], gain[0], gain[1] = 3.0, 1.2, 0.02
    return heard_by(seed, size, 8.0, [gain] * 4, 0.01)


def in_three_dimensions(seed: int) -> Trace:
    """18 layers of 24 are as claimed, in three dimensions: where a_1 is below 1, the mean of a_2 and a_3 is above.

    Both experts hear one direction, either from its own side. So the router, turned at random, is as claimed wherever
    that direction is far enough from the shared one: in 58 % of all cases.
    """
    world = replace(WORLD, width=3, experts=2, top_k=1)
    gains = [np.array([shared, 1.0, 1.0]) for shared in (0.3,) * 18 + (3.0,) * 6]
    return heard_by(seed, np.ones(3), 50.0, gains, 0.01, world, opposite=True)


def axes(rest: float, some: slice, value: float) -> Float64Array:
    """A number for each axis: one value for some, another for the rest."""
    found = np.full(WORLD.width, rest)
    found[some] = value
    return found


def heard_by(
    seed: int,
    size: Float64Array,
    common: float,
    gains: list[Float64Array],
    loss: float | None,
    world: World = WORLD,
    *,
    opposite: bool = False,
    **doctored: Any,
) -> Trace:
    """A layer for each gain of the axes, its states of this size along them, moved along the first one."""
    rng = np.random.default_rng(seed)
    hidden, weight = [], []
    for gain in gains:
        states = world.normal(rng) * size
        states[:, 0] += common
        hidden.append(states)
        router = world.router(rng)
        router = np.stack([router[0], -router[0]]) if opposite else router
        weight.append(router / np.linalg.norm(router, axis=0) * gain)
    balanced = [np.arange(world.top_k * world.tokens).reshape(-1, world.top_k) % world.experts for _ in weight]
    trace = planted_trace(world, hidden, weight, **{"experts": balanced, **doctored})
    return replace(trace, checkpoint={**trace.checkpoint, "balancing_loss": loss})


HEARD = (2.0,) * 4
CONTRACTS = (
    Contract(
        alignment_spectrum,
        (
            Case("the leading directions heard alone", Verdict.SUPPORTED, trace=partial(listening, 1, 0.1, *HEARD)),
            Case("in six layers of seven", Verdict.SUPPORTED, trace=partial(listening, 1, 0.1, *HEARD, 2.0, 2.0, 0.5)),
            Case(
                "in three layers of five", Verdict.PARTLY, says="falls short",
                trace=partial(listening, 1, 0.1, 2.0, 0.5, 2.0, 0.5, 2.0),
            ),
            Case("the second one heard least", Verdict.PARTLY, says="a_1 < a_2", trace=partial(second_unheard, 1)),
            Case("the shared direction heard", Verdict.REFUTED, trace=partial(listening, 1, 3.0, *HEARD)),
            Case("the leading ones not heard", Verdict.REFUTED, trace=partial(listening, 1, 0.1, 0.5, 0.5, 0.5, 0.5)),
            Case("in one layer of four", Verdict.REFUTED, trace=partial(listening, 1, 0.1, 2.0, 0.5, 0.5, 0.5)),
            Case(
                "so few directions that luck gives more than half of the layers", Verdict.VACUOUS,
                trace=partial(in_three_dimensions, 1),
            ),
            Case("near chance", Verdict.INCONCLUSIVE, trace=partial(listening, 1, 0.9, 1.02, 1.02, 1.02)),
            *refused(
                "trace",
                ("two layers", "layers whose shared .* = 2, claimed >= 3", partial(listening, 4, 0.1, 2.0, 2.0)),
                ("no common axis", "in none of 4 layers; at most 0.", partial(listening, 4, 0.1, *HEARD, common=0.0)),
                ("an unbalanced load", "largest load", partial(listening, 4, 3.0, *HEARD, experts=None)),
                ("no loss", "states no .*; its largest load is 1 times", partial(listening, 4, 0.1, *HEARD, loss=None)),
                ("no spectra", "no spectrum", partial(listening, 4, 0.1, *HEARD, spectra=False)),
            ),
        ),
        (
            Null("all directions alike", {"trace": lambda seed: listening(seed, 1.0, *(1.0,) * 4)}, resamples=99),
            Null(
                "true at its threshold plus a margin",
                {"trace": lambda seed: listening(seed, 0.9, 1.1, 1.1, 1.1, 1.1)},
                resamples=99,
                limits={Verdict.REFUTED: 0.5, Verdict.PARTLY: 0.5},
            ),
            true_by_far({"trace": lambda seed: listening(seed, 0.1, *HEARD)}, resamples=99),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_luck_gives_few_layers() -> None:
    # First direction below 1: about one in two. Median of fifteen chi-squares above its mean: fewer than one in two.
    finding = finding_of(alignment_spectrum, trace=listening(2, 0.1, *HEARD))
    for measured in finding.controls:
        assert 0.05 < measured.estimate.value < 0.45
        assert (measured.estimate.n, measured.estimate.unit) == (32, "draw")
        assert measured.estimate.low < measured.estimate.value
    assert all("widened for the luck of the draws" in measured.estimate.method for measured in finding.excess)


def test_a_directions_alignment_is_its_own() -> None:
    # A sequence's own v_1 leans from the shared axis by the mean of its noise: 15 axes, 32 tokens, length 5.
    finding = finding_of(alignment_spectrum, trace=listening(3, 0.0, 1.0, 1.0, 1.0, 1.0))
    first, others = (
        np.mean([each.value for each in curve.values if isinstance(each, Estimate)]) for curve in finding.layers[:2]
    )
    assert first == pytest.approx(15 / 32 / 25, rel=0.5)
    assert others == pytest.approx(24 / 23, rel=0.15)  # all that is heard is spread over 23 of 24 axes


def test_the_figure_shows_both_curves_and_the_singular_values() -> None:
    trace = listening(3, 0.5, *HEARD)
    figure = finding_of(alignment_spectrum, trace=trace).figure
    assert figure is not None
    first, _, _, values = figure.panels
    assert first.y_log
    assert values.y_log
    heard, singular = first.series[0], values.series[0]
    spectrum, weight = trace.layers[0].spectrum, trace.layers[0].router.weight
    assert spectrum is not None
    assert heard.y[3] == pytest.approx(spectrum.router_gain[:, 3].mean(), rel=1e-3)
    assert singular.y[0] == 1.0
    assert singular.y[3] == pytest.approx(np.sqrt(spectrum.energy[:, 3] / spectrum.energy[:, 0]).mean(), rel=1e-3)
    (chance,) = first.reference
    assert chance.y[0] == pytest.approx((weight**2).sum() / WORLD.width, rel=1e-3)
    assert [panel.title.split(":")[0] for panel in figure.panels[:3]] == ["first", "middle", "last"]


def test_the_curves_are_drawn_where_no_loss_is_stated() -> None:
    trace = listening(3, 0.5, *HEARD)
    trace = replace(trace, checkpoint={**trace.checkpoint, "balancing_loss": None})
    with pytest.raises(NotApplicable, match="states no balancing loss") as why:
        finding_of(alignment_spectrum, trace=trace)
    assert why.value.figure is not None
    assert len(why.value.figure.panels) == 4
