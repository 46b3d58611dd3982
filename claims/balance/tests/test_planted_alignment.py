"""Planted routers that listen to chosen data directions."""

import numpy as np
import pytest

from claims.balance.test_geo_fig16_alignment_spectrum import test_alignment_spectrum as alignment_spectrum
from claims.core.finding import NotApplicable
from claims.core.verdict import Verdict
from claims.tests.support.verdicts import SAMPLING, verdict
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.stats.sampling import Sampling

# The claims are imported under names that pytest does not collect.

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


@pytest.mark.parametrize(
    ("shared", "leading", "expected"),
    [
        (0.1, 2.0, Verdict.SUPPORTED),
        (3.0, 2.0, Verdict.REFUTED),  # the shared direction is heard
        (0.1, 0.5, Verdict.REFUTED),  # the leading ones are not
    ],
)
def test_alignment_spectrum(shared: float, leading: float, expected: Verdict) -> None:
    assert verdict(alignment_spectrum, trace=listening(1, shared, leading), sampling=SAMPLING) == expected


def test_the_null_is_what_luck_gives_and_can_never_be_vacuous() -> None:
    # First direction below 1: about one in two. Median of fifteen chi-squares above its mean: fewer than one in two.
    finding = alignment_spectrum(trace=listening(2, 0.1, 2.0), sampling=SAMPLING)
    assert all(0.05 < measured.estimate.value < 0.45 for measured in finding.null)


def test_a_directions_alignment_is_its_own() -> None:
    # A sequence's own v_1 leans from the shared axis by the mean of its noise: 15 axes, 32 tokens, length 5.
    finding = alignment_spectrum(trace=listening(3, 0.0, 1.0), sampling=SAMPLING)
    first, others = (criterion.estimate.value for criterion in finding.criteria[1:])
    assert first == pytest.approx(15 / 32 / 25, rel=0.5)
    assert others == pytest.approx(24 / 23, rel=0.15)  # all that is heard is spread over 23 of 24 axes


def test_what_cannot_be_measured_is_not_applicable() -> None:
    with pytest.raises(NotApplicable, match="needs 4 linear routers; measured: 3"):
        alignment_spectrum(trace=listening(4, 0.1, 2.0, layers=3), sampling=SAMPLING)
    with pytest.raises(NotApplicable, match="no spectrum"):
        alignment_spectrum(trace=listening(4, 0.1, 2.0, spectra=False), sampling=SAMPLING)


def alignment_null(seed: int) -> Verdict:
    return verdict(alignment_spectrum, trace=listening(seed, 1.0, 1.0), sampling=Sampling(seed, 99))


def test_random_routers_are_rarely_said_to_listen() -> None:
    assert [alignment_null(seed) for seed in range(200)].count(Verdict.SUPPORTED) <= 10
