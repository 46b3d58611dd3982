"""Planted depth: tokens that grow alike from layer to layer, or do not."""

from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt
import pytest

from claims.balance import test_geo_fig02_shared_energy, test_geo_fig12_dense
from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.sequences import SequenceTrace
from fixtures.evidence.trace import Trace
from fixtures.planted.sequences import planted_sequences
from fixtures.planted.spectra import planted_spectrum
from fixtures.planted.tokens import World, planted_trace

shared_energy_depth = test_geo_fig02_shared_energy.test_shared_energy_depth
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
    found = planted_sequences(nothing, part_tokens=tokens, spectra=spectra)
    return replace(found, checkpoint={**found.checkpoint, "norms": norms})


def alike_by_energy_alone() -> Trace:
    """Tokens on both sides of one line share it more and more, while what they have in common fades."""
    world, rng = World(), np.random.default_rng(4)
    side = np.tile([1.0, -1.0], world.tokens // 2)[:, None]
    line, common = np.eye(world.width)[:2]
    lengths = zip((2.0, 3.0, 4.0, 5.0, 6.0), (1.6, 1.3, 1.0, 0.7, 0.4), strict=True)
    hidden = [0.2 * world.normal(rng) + rising * side * line + fading * common for rising, fading in lengths]
    return planted_trace(world, hidden, [world.router(rng) for _ in hidden])


def in_some_order(seed: int, layers: int) -> tuple[float, ...]:
    """Levels of growth in an order that all sequences share, and that has nothing to do with depth."""
    return tuple(np.random.default_rng([9, seed]).permutation(np.linspace(0.2, 1.7, layers)).tolist())


#: Down, then up beyond the start: every sequence agrees on the sign, and so do two orders of six layers in nine.
DOWN_AND_UP = (1.0, 0.4, 0.6, 0.8, 0.9, 1.1)


def chance_order(layers: int) -> Null:
    """Without the null such trends were supported 35 to 47 times in a hundred."""
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
            Case("tokens that part", Verdict.REFUTED, trace=partial(deep, 3, GROWING[::-1])),
            Case("energy that grows while angles part", Verdict.REFUTED, trace=alike_by_energy_alone),
            Case("a trend that many orders show", Verdict.VACUOUS, trace=partial(deep, 5, DOWN_AND_UP)),
            Case("no trend", Verdict.INCONCLUSIVE, trace=partial(deep, 3, FLAT)),
            Case("three layers", Verdict.NOT_APPLICABLE, says="measured: 3", trace=partial(deep, 7, FLAT[:3])),
            Case("no spectra", Verdict.NOT_APPLICABLE, says="no spectrum", trace=partial(deep, 7, FLAT, spectra=False)),
        ),
        (Null("no trend", {"trace": partial(deep, shares=FLAT)}), *map(chance_order, (4, 6, 12))),
    ),
    Contract(
        test_geo_fig12_dense.test_dense_similarity,
        (
            Case("pre-norm, growing", Verdict.SUPPORTED, dense=partial(dense, 8, GROWING, "pre")),
            Case("post-norm, growing", Verdict.SUPPORTED, dense=partial(dense, 8, GROWING, "post")),
            Case("sandwich, parting", Verdict.SUPPORTED, dense=partial(dense, 8, GROWING[::-1], "sandwich")),
            Case("pre-norm, parting", Verdict.REFUTED, dense=partial(dense, 8, GROWING[::-1], "pre")),
            Case("sandwich, growing", Verdict.REFUTED, dense=partial(dense, 8, GROWING, "sandwich")),
            Case("a trend that many orders show", Verdict.VACUOUS, dense=partial(dense, 5, DOWN_AND_UP, "pre")),
            Case("no trend", Verdict.INCONCLUSIVE, dense=partial(dense, 3, FLAT, "pre")),
            Case(
                "unknown norms", Verdict.NOT_APPLICABLE, says="which are unknown; the energy goes from",
                dense=partial(dense, 9, GROWING, "unknown"),
            ),
        ),
        (Null("no trend", {"dense": partial(dense, shares=FLAT, norms="sandwich")}),),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_a_vacuous_trend_holds_in_every_criterion() -> None:
    finding = finding_of(shared_energy_depth, trace=deep(5, DOWN_AND_UP))
    assert all(measured.estimate.low > 0 for measured in finding.criteria)
    assert 0.05 < finding.null[0].estimate.value < 0.5
    assert finding.null[0].estimate.n == 720
    energy, cosine = finding_of(shared_energy_depth, trace=alike_by_energy_alone()).criteria
    assert energy.estimate.low > 0 > cosine.estimate.high


def test_of_six_layers_in_order_only_the_true_one_is_as_steep() -> None:
    finding = finding_of(shared_energy_depth, trace=deep(5, GROWING))
    assert finding.null[0].estimate.value == pytest.approx(1 / 720)


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
