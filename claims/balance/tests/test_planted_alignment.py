"""Planted routers that listen to chosen data directions."""

from functools import partial

import numpy as np
import pytest

from claims.balance import test_geo_fig16_alignment_spectrum
from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests, refused
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace

alignment_spectrum = test_geo_fig16_alignment_spectrum.test_alignment_spectrum
WORLD = World(sequences=8, length=32, width=24, experts=16)
LEADING = slice(1, 16)


def listening(seed: int, shared: float, leading: float, layers: int = 4, spectra: bool = True) -> Trace:
    """States with one shared axis, fifteen leading ones and weak rest; routers scaled along the first two kinds."""
    rng = np.random.default_rng(seed)
    hidden, weight = [], []
    for _ in range(layers):
        size = np.full(WORLD.width, 0.1)
        size[LEADING] = 1.0
        states = WORLD.normal(rng) * size
        states[:, 0] += 5.0
        gain = np.ones(WORLD.width)
        gain[0], gain[LEADING] = shared, leading
        hidden.append(states)
        weight.append(WORLD.router(rng) * gain)
    return planted_trace(WORLD, hidden, weight, spectra=spectra)


CONTRACTS = (
    Contract(
        alignment_spectrum,
        (
            Case("the leading directions heard alone", Verdict.SUPPORTED, trace=partial(listening, 1, 0.1, 2.0)),
            Case("the shared direction heard", Verdict.REFUTED, trace=partial(listening, 1, 3.0, 2.0)),
            Case("the leading ones not heard", Verdict.REFUTED, trace=partial(listening, 1, 0.1, 0.5)),
            Case("a share that luck gives", Verdict.VACUOUS, at={"layers": 0.0}, trace=partial(listening, 1, 0.1, 2.0)),
            Case("the leading ones near chance", Verdict.INCONCLUSIVE, trace=partial(listening, 1, 0.1, 1.0)),
            *refused(
                "trace",
                ("three layers", "needs 4 linear routers; measured: 3", partial(listening, 4, 0.1, 2.0, layers=3)),
                ("no spectra", "no spectrum", partial(listening, 4, 0.1, 2.0, spectra=False)),
            ),
        ),
        (Null("random routers", {"trace": partial(listening, shared=1.0, leading=1.0)}, resamples=99),),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_the_null_is_what_luck_gives_and_can_never_be_vacuous() -> None:
    # First direction below 1: about one in two. Median of fifteen chi-squares above its mean: fewer than one in two.
    finding = finding_of(alignment_spectrum, trace=listening(2, 0.1, 2.0))
    assert all(0.05 < measured.estimate.value < 0.45 for measured in finding.null)


def test_a_directions_alignment_is_its_own() -> None:
    # A sequence's own v_1 leans from the shared axis by the mean of its noise: 15 axes, 32 tokens, length 5.
    finding = finding_of(alignment_spectrum, trace=listening(3, 0.0, 1.0))
    first, others = (criterion.estimate.value for criterion in finding.criteria[1:])
    assert first == pytest.approx(15 / 32 / 25, rel=0.5)
    assert others == pytest.approx(24 / 23, rel=0.15)  # all that is heard is spread over 23 of 24 axes
