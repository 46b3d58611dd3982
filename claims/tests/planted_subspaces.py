"""Planted tokens whose experts' subspaces are known, and the expert trace that a capture would have left."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from claims.subspace_trace import IntArray
from fixtures.expert_trace import ExpertTrace, LayerExperts, SideMoments

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """Sizes: S sequences of ``length`` tokens, E experts, width D, R kept visits."""

    sequences: int = 16
    length: int = 40
    experts: int = 4
    width: int = 40
    kept: int = 128

    @property
    def tokens(self) -> int:
        """N."""
        return self.sequences * self.length


@dataclass(frozen=True)
class Tokens:
    """States (N, D) of one layer, the experts that each token goes to (N, k), and with what weights (N, k).

    ``outputs`` (E, N, D) is what each expert makes of each token, or None.
    """

    states: FloatArray
    chosen: IntArray
    weights: FloatArray
    outputs: FloatArray | None = None


def sent(states: FloatArray, chosen: IntArray, rng: np.random.Generator, outputs: FloatArray | None = None) -> Tokens:
    """Tokens with combine weights between 0.5 and 1."""
    return Tokens(states, chosen, rng.uniform(0.5, 1.0, chosen.shape), outputs)


def partly_overlapping(world: World, rng: np.random.Generator, shared: int, own: int) -> Tokens:
    """Expert e receives states of a subspace of some directions that all share and some of its own, in any basis.

    Shared and own directions are orthonormal: two experts' subspaces share exactly ``shared`` directions.
    """
    chosen = rng.integers(0, world.experts, (world.tokens, 1))
    basis = np.linalg.qr(rng.standard_normal((world.width, shared + world.experts * own)))[0]
    common = rng.standard_normal((world.tokens, shared)) @ basis[:, :shared].T
    columns = shared + chosen * own + np.arange(own)
    private = np.einsum("no,dno->nd", rng.standard_normal((world.tokens, own)), basis[:, columns])
    return sent(common + private + 0.01 * rng.standard_normal(common.shape), chosen, rng)


def alike(world: World, rng: np.random.Generator) -> Tokens:
    """Every expert receives states of one distribution, whose variances decay and whose sequences have means."""
    states = _decaying(world, rng)
    return sent(states, rng.integers(0, world.experts, (world.tokens, 1)), rng)


def copies(world: World, rng: np.random.Generator) -> Tokens:
    """Every expert receives every token, with one weight."""
    every = np.tile(np.arange(world.experts), (world.tokens, 1))
    return Tokens(_decaying(world, rng), every, np.ones(every.shape))


def cut_at_random(world: World, rng: np.random.Generator, *, clusters: int = 12, even: bool = True) -> Tokens:
    """Clusters with subspaces of their own, dealt to experts by a random linear router, of even load or of its own."""
    number = rng.integers(0, clusters, world.tokens)
    centres = 3 * rng.standard_normal((clusters, world.width))
    bases = rng.standard_normal((clusters, 6, world.width))
    states = centres[number] + np.einsum("no,nod->nd", rng.standard_normal((world.tokens, 6)), bases[number])
    logits = states @ rng.standard_normal((world.width, world.experts))
    if even:
        logits = (logits - logits.mean(axis=0)) / logits.std(axis=0)
    return sent(states, logits.argmax(axis=1)[:, None], rng)


def rotated(tokens: Tokens, rng: np.random.Generator) -> Tokens:
    """The same tokens in another orthonormal basis."""
    turn = np.linalg.qr(rng.standard_normal((tokens.states.shape[1],) * 2))[0]
    outputs = None if tokens.outputs is None else tokens.outputs @ turn
    return Tokens(tokens.states @ turn, tokens.chosen, tokens.weights, outputs)


def expert_trace(world: World, layers: Sequence[Tokens], seed: int = 0) -> ExpertTrace:
    """The trace of a capture that keeps R visits of each expert, and samples every token."""
    lengths = np.full(world.sequences, world.length)
    return ExpertTrace(
        checkpoint={"name": "planted"},
        population={},
        lengths=lengths,
        corpus=np.zeros(world.sequences, dtype=np.int64),
        corpora=("planted",),
        documents=tuple(f"document {number}" for number in range(world.sequences)),
        sample=np.arange(world.tokens),
        layers=tuple(_layer(world, number, tokens, seed) for number, tokens in enumerate(layers)),
    )


def _layer(world: World, number: int, tokens: Tokens, seed: int) -> LayerExperts:
    token = np.full((world.experts, world.kept), -1, dtype=np.int64)
    weight = np.zeros(token.shape, dtype=np.float32)
    gates = np.zeros((world.tokens, world.experts))
    np.put_along_axis(gates, tokens.chosen, tokens.weights, axis=1)
    for expert in range(world.experts):
        # One order for all experts: copies of the tokens keep the same visits.
        order = np.random.default_rng([seed, number]).permutation(world.tokens)
        some = order[(tokens.chosen[order] == expert).any(axis=1)][: world.kept]
        token[expert, : len(some)] = some
        weight[expert, : len(some)] = gates[some, expert]
    sequence = np.where(token >= 0, token // world.length, -1)
    inputs = np.broadcast_to(tokens.states, (world.experts, *tokens.states.shape))
    return LayerExperts(
        layer=number,
        path=f"layers.{number}.router",
        source="experts",
        note="" if tokens.outputs is not None else "outputs were not planted",
        visits=(gates > 0).sum(axis=0),
        weight=gates.sum(axis=0),
        squared_weight=np.square(gates).sum(axis=0),
        inputs=_side(inputs, gates, token),
        outputs=None if tokens.outputs is None else _side(tokens.outputs, gates, token),
        kept_token=token,
        kept_sequence=sequence,
        kept_weight=weight,
        sample=tokens.states.astype(np.float32),
        sample_experts=tokens.chosen,
        sample_weights=tokens.weights.astype(np.float32),
        shared_outputs=None,
    )


def _side(states: FloatArray, gates: FloatArray, token: IntArray) -> SideMoments:
    kept = np.take_along_axis(states, np.maximum(token, 0)[..., None], axis=1)
    return SideMoments(
        mean=np.einsum("ne,end->ed", gates, states) / np.maximum(gates.sum(axis=0), 1e-12)[:, None],
        second=None,
        shared=states[(gates > 0).T].mean(axis=0),
        kept=np.where((token >= 0)[..., None], kept, 0.0).astype(np.float32),
    )


def _decaying(world: World, rng: np.random.Generator) -> FloatArray:
    scale = np.exp(-np.arange(world.width) / 8)
    sequence = np.repeat(np.arange(world.sequences), world.length)
    own = rng.standard_normal((world.sequences, world.width))
    return np.asarray((rng.standard_normal((world.tokens, world.width)) + 0.5 * own[sequence]) * scale)
