"""Planted depth: tokens that grow alike from layer to layer, or do not."""

from functools import partial

import numpy as np
import pytest

from claims.balance import test_geo_fig02_shared_energy
from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests, refused, true_by_far
from claims.tests.support.planted_depth import (
    DOWN_AND_UP,
    FLAT,
    GROWING,
    SLIGHT,
    deep,
    in_some_order,
    rising_in,
    with_spectra,
)
from claims.tests.support.text_fits import predicted
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace

shared_energy_depth = test_geo_fig02_shared_energy.test_shared_energy_depth


def alike_by_energy_alone() -> Trace:
    """Tokens on both sides of one line share it more and more, while what they have in common fades."""
    world, rng = World(), np.random.default_rng(4)
    side = np.tile([1.0, -1.0], world.tokens // 2)[:, None]
    line, common = np.eye(world.width)[:2]
    lengths = zip((2.0, 3.0, 4.0, 5.0, 6.0), (1.6, 1.3, 1.0, 0.7, 0.4), strict=True)
    hidden = [0.2 * world.normal(rng) + rising * side * line + fading * common for rising, fading in lengths]
    return planted_trace(world, hidden, [world.router(rng) for _ in hidden])


def chance_order(layers: int) -> Null:
    """Without the orders of the layers such trends were supported 35 to 47 times in a hundred."""
    return Null(
        f"an order of {layers} layers that all sequences share",
        {"trace": lambda seed: deep(seed, in_some_order(seed, layers))},
        resamples=99,
        limits={Verdict.SUPPORTED: 0.95},
    )


CONTRACTS = (
    Contract(
        shared_energy_depth,
        (
            Case("tokens that grow alike", Verdict.SUPPORTED, trace=partial(deep, 3, GROWING)),
            Case(
                "a twin that grows half as much", Verdict.SUPPORTED, trace=partial(deep, 3, GROWING),
                twin={"trace": partial(deep, 4, DOWN_AND_UP)},
            ),
            Case(
                "energy that grows while angles part", Verdict.PARTLY, says=r"Spearman\(layer, cosine\)",
                trace=alike_by_energy_alone,
            ),
            Case("tokens that part", Verdict.REFUTED, trace=partial(deep, 3, GROWING[::-1])),
            Case(
                "a rise of 0.26", Verdict.INCONCLUSIVE, says=r"Spearman\(layer, energy\) = 0.257",
                trace=lambda: with_spectra(rising_in(1.0, 1, SLIGHT)),
            ),
            Case(
                "a fall of 0.26", Verdict.INCONCLUSIVE, says=r"Spearman\(layer, energy\) = -0.257",
                trace=lambda: with_spectra(rising_in(0.0, 1, SLIGHT)),
            ),
            Case(
                "a twin that grows as much", Verdict.VACUOUS, trace=partial(deep, 3, GROWING),
                twin={"trace": partial(deep, 4, GROWING)},
            ),
            Case(
                "a twin that grows nearly as much", Verdict.VACUOUS, trace=partial(deep, 3, GROWING),
                twin={"trace": partial(deep, 4, (0.2, 0.5, 0.8, 1.1, 1.7, 1.4))},
            ),
            Case(
                "a trend that many orders show", Verdict.INCONCLUSIVE, says="^permutation p over layer orders",
                trace=partial(deep, 5, DOWN_AND_UP),
            ),
            Case(
                "at the threshold", Verdict.INCONCLUSIVE, says=r"Spearman\(layer, energy\) =",
                trace=lambda: with_spectra(rising_in(0.65, 1)),
            ),
            *refused(
                "trace",
                ("three layers", "measured: 3", partial(deep, 7, FLAT[:3])),
                ("no spectra", "no spectrum", partial(deep, 7, FLAT, spectra=False)),
                ("a text not modelled", "nats a token .* = 0.1, claimed", lambda: predicted(deep(3, GROWING), 0.1)),
            ),
        ),
        (
            Null("no trend", {"trace": partial(deep, shares=FLAT)}, resamples=99),
            *map(chance_order, (4, 6, 12)),
            Null(
                "true at its threshold plus a margin",
                {"trace": lambda seed: with_spectra(rising_in(0.7, seed))},
                resamples=99,
                limits={Verdict.REFUTED: 0.5},
            ),
            true_by_far({"trace": partial(deep, shares=GROWING)}, resamples=99),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_an_order_that_many_show_leaves_the_question_open_though_every_sequence_agrees() -> None:
    finding = finding_of(shared_energy_depth, trace=deep(5, DOWN_AND_UP))
    rise, orders = (measured.estimate for measured in finding.headline)
    assert rise.low > 0.3
    assert 0.05 < orders.value < 0.5
    assert orders.n == 720


def test_of_six_layers_in_order_only_the_true_one_is_as_steep() -> None:
    finding = finding_of(shared_energy_depth, trace=deep(5, GROWING))
    assert finding.headline[1].estimate.value == pytest.approx(1 / 720)


def test_retained_energy_is_the_share_after_the_router() -> None:
    trace = deep(6, GROWING)
    finding = finding_of(shared_energy_depth, trace=trace)
    curve = next(curve for curve in finding.layers if curve.name == "retained energy")
    layer, first = trace.layers[2], slice(0, World().length)
    _, singular, right = np.linalg.svd(layer.hidden[first].astype(np.float64), full_matrices=False)
    heard = (singular[:, None] * right) @ layer.router.weight.T
    assert layer.spectrum is not None
    expected = (heard[0] ** 2).sum() / (heard**2).sum()
    spectrum = layer.spectrum
    found = spectrum.energy[0, 0] * spectrum.router_gain[0, 0] / spectrum.logit_energy[0]
    assert found == pytest.approx(expected, rel=1e-4)
    assert len(curve.values) == len(GROWING)
