"""Planted depth: tokens that grow alike from layer to layer, or do not."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from claims.balance.test_geo_fig02_shared_energy import test_shared_energy_depth as shared_energy_depth
from claims.balance.test_geo_fig12_dense import test_dense_similarity as dense_similarity
from claims.core.finding import NotApplicable
from claims.core.verdict import Verdict
from claims.tests.support.verdicts import SAMPLING, verdict
from fixtures.evidence.sequences import SequenceTrace
from fixtures.evidence.trace import Trace
from fixtures.planted.sequences import planted_sequences
from fixtures.planted.spectra import planted_spectrum
from fixtures.planted.tokens import World, planted_trace
from metrics.stats.sampling import Sampling

# The claims are imported under names that pytest does not collect.

GROWING = (0.2, 0.5, 0.8, 1.1, 1.4, 1.7)
FLAT = (1.0,) * 6


def states(world: World, rng: np.random.Generator, shares: tuple[float, ...]) -> list[npt.NDArray[np.float64]]:
    """Noise plus a direction of each sequence's own, as long as ``shares`` says at each layer."""
    own = np.repeat(rng.standard_normal((world.sequences, world.width)), world.length, axis=0)
    return [share * own + world.normal(rng) for share in shares]


def deep(seed: int, shares: tuple[float, ...], spectra: bool = True) -> Trace:
    world, rng = World(), np.random.default_rng(seed)
    return planted_trace(world, states(world, rng, shares), [world.router(rng) for _ in shares], spectra=spectra)


def dense(seed: int, shares: tuple[float, ...], norms: str) -> SequenceTrace:
    world, rng = World(), np.random.default_rng(seed)
    shape = (world.sequences, world.length, world.width)
    spectra = [planted_spectrum(layer.reshape(shape)) for layer in states(world, rng, shares)]
    nothing = np.zeros((len(shares), world.sequences, 1, 0), dtype=np.int32)
    tokens = np.full((world.sequences, 1), world.length, dtype=np.int32)
    found = planted_sequences(nothing, part_tokens=tokens, spectra=spectra, weight_energy=0.0)
    return replace(found, checkpoint={**found.checkpoint, "norms": norms})


@pytest.mark.parametrize(("shares", "expected"), [(GROWING, Verdict.SUPPORTED), (GROWING[::-1], Verdict.REFUTED)])
def test_shared_energy_depth(shares: tuple[float, ...], expected: Verdict) -> None:
    assert verdict(shared_energy_depth, trace=deep(3, shares), sampling=SAMPLING) == expected


def test_energy_alone_does_not_make_tokens_alike() -> None:
    # Tokens on both sides of one line share it more and more, while what they have in common fades.
    world, rng = World(), np.random.default_rng(4)
    side = np.tile([1.0, -1.0], world.tokens // 2)[:, None]
    line, common = np.eye(world.width)[:2]
    lengths = zip((2.0, 3.0, 4.0, 5.0, 6.0), (1.6, 1.3, 1.0, 0.7, 0.4), strict=True)
    hidden = [0.2 * world.normal(rng) + rising * side * line + fading * common for rising, fading in lengths]
    trace = planted_trace(world, hidden, [world.router(rng) for _ in hidden])
    energy, cosine = shared_energy_depth(trace=trace, sampling=SAMPLING).criteria
    assert energy.estimate.low > 0 > cosine.estimate.high
    assert verdict(shared_energy_depth, trace=trace, sampling=SAMPLING) == Verdict.REFUTED


def in_some_order(seed: int, layers: int) -> tuple[float, ...]:
    """Levels of growth in an order that all sequences share, and that has nothing to do with depth."""
    return tuple(np.random.default_rng([9, seed]).permutation(np.linspace(0.2, 1.7, layers)).tolist())


def test_a_trend_that_many_orders_of_the_layers_show_is_vacuous() -> None:
    # Down, then up beyond the start: every sequence agrees on the sign, and so do two orders of six layers in nine.
    trace = deep(5, (1.0, 0.4, 0.6, 0.8, 0.9, 1.1))
    finding = shared_energy_depth(trace=trace, sampling=SAMPLING)
    assert all(measured.estimate.low > 0 for measured in finding.criteria)
    assert 0.05 < finding.null[0].estimate.value < 0.5
    assert finding.null[0].estimate.n == 720
    assert verdict(shared_energy_depth, trace=trace, sampling=SAMPLING) == Verdict.VACUOUS


def test_of_six_layers_in_order_only_the_true_one_is_as_steep() -> None:
    assert shared_energy_depth(trace=deep(5, GROWING), sampling=SAMPLING).null[0].estimate.value == pytest.approx(
        1 / 720
    )


def test_retained_energy_is_the_share_after_the_router() -> None:
    trace = deep(6, GROWING)
    finding = shared_energy_depth(trace=trace, sampling=SAMPLING)
    curve = next(curve for curve in finding.layers if curve.name == "retained energy")
    layer, first = trace.layers[2], slice(0, World().length)
    _, singular, right = np.linalg.svd(layer.hidden[first].astype(np.float64), full_matrices=False)
    heard = (singular[:, None] * right) @ layer.router.weight.T
    assert layer.spectrum is not None
    expected = (heard[0] ** 2).sum() / (heard**2).sum()
    spectrum = layer.spectrum
    found = spectrum.energy[0, 0] * spectrum.heard[0, 0] / spectrum.logit_energy[0]
    assert found == pytest.approx(expected, rel=1e-4)
    assert len(curve.values) == len(GROWING)


def test_few_layers_and_missing_spectra_are_not_applicable() -> None:
    with pytest.raises(NotApplicable, match="needs 4 layers; measured: 3"):
        shared_energy_depth(trace=deep(7, GROWING[:3]), sampling=SAMPLING)
    with pytest.raises(NotApplicable, match="no spectrum"):
        shared_energy_depth(trace=deep(7, GROWING, spectra=False), sampling=SAMPLING)


@pytest.mark.parametrize(
    ("norms", "shares", "expected"),
    [
        ("pre", GROWING, Verdict.SUPPORTED),
        ("post", GROWING, Verdict.SUPPORTED),
        ("pre", GROWING[::-1], Verdict.REFUTED),
        ("sandwich", GROWING[::-1], Verdict.SUPPORTED),
        ("sandwich", GROWING, Verdict.REFUTED),
    ],
)
def test_dense_similarity(norms: str, shares: tuple[float, ...], expected: Verdict) -> None:
    assert verdict(dense_similarity, dense=dense(8, shares, norms), sampling=SAMPLING) == expected


def test_unknown_norms_say_nothing_about_the_sign() -> None:
    with pytest.raises(NotApplicable, match="which are unknown; the energy goes from"):
        dense_similarity(dense=dense(9, GROWING, "unknown"), sampling=SAMPLING)


def test_depth_without_a_trend_is_rarely_called_growth() -> None:
    found = [verdict(shared_energy_depth, trace=deep(seed, FLAT), sampling=Sampling(seed, 199)) for seed in range(200)]
    assert found.count(Verdict.SUPPORTED) <= 10


@pytest.mark.parametrize("layers", [4, 6, 12])
def test_an_order_of_chance_that_all_sequences_share_is_rarely_called_growth(layers: int) -> None:
    found = [
        verdict(shared_energy_depth, trace=deep(seed, in_some_order(seed, layers)), sampling=Sampling(seed, 99))
        for seed in range(100)
    ]
    assert found.count(Verdict.SUPPORTED) <= 9  # 5 % of 100 and two deviations; without the null it was 35 to 47


def test_dense_depth_without_a_trend_is_rarely_called_no_growth() -> None:
    found = [
        verdict(dense_similarity, dense=dense(seed, FLAT, "sandwich"), sampling=Sampling(seed, 199))
        for seed in range(200)
    ]
    assert found.count(Verdict.SUPPORTED) <= 10
