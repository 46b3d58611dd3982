"""Planted depth: tokens that grow alike from layer to layer, or do not, in mixtures of experts and dense models."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial

import numpy as np
import numpy.typing as npt

from fixtures.evidence.sequences import SequenceSpectrum, SequenceTrace
from fixtures.evidence.trace import Trace
from fixtures.planted.sequences import planted_sequences
from fixtures.planted.spectra import planted_spectrum
from fixtures.planted.tokens import World, planted_trace

GROWING = (0.2, 0.5, 0.8, 1.1, 1.4, 1.7)
FLAT = (1.0,) * 6


#: Down, then up beyond the start: every sequence agrees on the sign, and so do two orders of six layers in nine.
DOWN_AND_UP = (1.0, 0.4, 0.6, 0.8, 0.9, 1.1)
#: An order of six layers whose rank correlation with depth is 0.26.
SLIGHT = (0, 2, 4, 5, 3, 1)


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


def in_some_order(seed: int, layers: int) -> tuple[float, ...]:
    """Levels of growth in an order that all sequences share, and that has nothing to do with depth."""
    return tuple(np.random.default_rng([9, seed]).permutation(np.linspace(0.2, 1.7, layers)).tolist())


def rising_in(share: float, seed: int, order: Sequence[int] = range(6)) -> list[SequenceSpectrum]:
    """Spectra of sequences that have the levels in such an order with such a probability, and turned round otherwise.

    Their mean rank correlation with depth is that of the order times 2 ``share`` - 1, exactly.
    """
    world, rng = World(), np.random.default_rng(seed)
    levels = np.linspace(0.3, 0.8, len(order))[list(order)]
    rises = rng.random(world.sequences) < share
    nothing = np.full(world.sequences, np.nan)
    values = np.where(rises, levels[:, None], levels[::-1, None])
    drawn = np.full((world.sequences, 1, 2), np.nan)
    return [SequenceSpectrum(row[:, None], np.full((len(row), 1), np.nan), nothing, row, drawn) for row in values]


_any_trace = cache(partial(deep, 0, FLAT))
_any_dense = cache(partial(dense, 0, FLAT))


def with_spectra(spectra: list[SequenceSpectrum]) -> Trace:
    """A trace of these spectra, whose states are of no matter."""
    trace = _any_trace()
    layers = tuple(replace(layer, spectrum=each) for layer, each in zip(trace.layers, spectra, strict=True))
    return replace(trace, layers=layers)


def without_router(spectra: list[SequenceSpectrum], norms: str) -> SequenceTrace:
    """The same for a dense model."""
    rows = len(spectra[0].cosine)
    silent = [replace(each, router_gain=np.empty((rows, 0)), drawn=np.empty((rows, 0, 2))) for each in spectra]
    trace = _any_dense(norms)
    return replace(
        trace, layers=tuple(replace(layer, spectrum=each) for layer, each in zip(trace.layers, silent, strict=True))
    )


def swapped(spectra: list[SequenceSpectrum], *, energy: bool) -> list[SequenceSpectrum]:
    """Turn round the order of the layers for the cosine, or for the energy, alone."""
    turned = spectra[::-1]
    if energy:
        return [replace(one, cosine=other.cosine) for one, other in zip(spectra, turned, strict=True)]
    return [replace(one, energy=other.energy) for one, other in zip(spectra, turned, strict=True)]
