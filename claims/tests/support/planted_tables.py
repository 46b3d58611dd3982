"""Evidence about experts built from their Jacobians alone, one a block of sequences: small, and quick to draw."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from fixtures.evidence.jacobians import FunctionTrace, LayerFunctions
from fixtures.evidence.subspaces import LayerSubspaces, Reading, SubspaceTrace
from metrics.arrays import Float64Array
from metrics.jacobians.token_cosines import TokenCosines

Kind = Literal["gaussian", "copies", "scaled", "rotated", "one direction", "weak shared", "last opposite", "orthogonal"]

#: Visits of an expert in a block.
VISITS = 8


def planted_means(kind: Kind, experts: int, width: int, rng: np.random.Generator) -> Float64Array:
    """Mean Jacobians (E, D, D) with a known relation to each other."""
    first, own = rng.standard_normal((width, width)), rng.standard_normal((experts, width, width))
    match kind:
        case "gaussian":
            return own
        case "copies":
            return np.repeat(first[None], experts, axis=0)
        case "scaled":
            return np.asarray(first * np.geomspace(0.2, 5.0, experts)[:, None, None])
        case "rotated":
            left, right = (np.linalg.qr(rng.standard_normal((experts, width, width)))[0] for _ in range(2))
            return np.asarray(left @ first @ right)
        case "one direction":
            return np.asarray(own + 2 * width * np.outer(_unit(width, rng), _unit(width, rng)))
        case "weak shared":
            return np.asarray(np.sqrt(0.06) * first + np.sqrt(0.94) * own)
        case "orthogonal":
            return np.asarray(width * np.linalg.qr(own.reshape(experts, -1).T)[0].T.reshape(own.shape))
        case "last opposite":
            sign = np.where(np.arange(experts) == experts - 1, -2.0, 2.0)
            return np.asarray(own + sign[:, None, None] * first)


def trace_of(layers: Sequence[LayerFunctions]) -> FunctionTrace:
    """A trace of these layers."""
    blocks = layers[0].visits.shape[1]
    return FunctionTrace({"name": "planted"}, {"name": "planted"}, np.arange(blocks, dtype=np.int64), tuple(layers))


def planted_layer(
    means: Float64Array,
    drawn: Float64Array,
    rng: np.random.Generator,
    *,
    number: int = 0,
    blocks: int = 16,
    noise: float = 0.5,
) -> LayerFunctions:
    """A layer of experts with these mean Jacobians (E, D, D), and of reinitialised experts.

    In each block the Jacobians have noise of their own, of ``noise`` times the power of the mean. A block is also a
    single token, and inputs are white, so that outputs are correlated as Jacobians are.
    """
    own, redrawn = (_noisy(each, blocks, noise, rng) for each in (means, drawn))
    shared, redrawn_shared = (_noisy(each, blocks, noise, rng) for each in (means, drawn))
    experts, products = len(means), _products(own)
    return LayerFunctions(
        layer=number,
        path=f"layers.{number}",
        note="",
        experts=np.arange(experts),
        count=experts,
        visits=np.full((experts, blocks), VISITS, dtype=np.int64),
        own=products,
        weighted=products,
        gated=products,
        shared=_products(shared),
        redrawn_own=_products(redrawn),
        redrawn_shared=_products(redrawn_shared),
        at_token=_cosines(shared),
        redrawn_at_token=_cosines(redrawn_shared),
        two_tokens=_itself(own),
        outputs=np.einsum("ibk,jbk->bij", shared, shared),
        next_layer=np.zeros((experts, 0), dtype=np.float32),
        leading=np.zeros((experts, 1), dtype=np.float32),
        token_leading=np.zeros((0, 1), dtype=np.float32),
        layer_leading=None,
        layer_token_leading=None,
    )


def planted_trace(
    kind: Kind,
    seed: int,
    *,
    experts: int = 8,
    width: int = 48,
    layers: int = 2,
    blocks: int = 16,
    noise: float = 0.5,
) -> FunctionTrace:
    """Layers of one kind, beside independent Gaussian reinitialised experts."""
    rng = np.random.default_rng(seed)
    return trace_of(
        [
            planted_layer(
                planted_means(kind, experts, width, rng),
                planted_means("gaussian", experts, width, rng),
                rng,
                number=number,
                blocks=blocks,
                noise=noise,
            )
            for number in range(layers)
        ]
    )


def with_token_cosines(
    layer: LayerFunctions, *, alignment: Float64Array, drawn: Float64Array, ceiling: Float64Array
) -> LayerFunctions:
    """Replace what is measured at single tokens: one value a block (B,), for all pairs or experts."""
    experts = len(layer.visits)

    def cosines(values: Float64Array) -> TokenCosines:
        table = np.repeat(values[:, None, None], experts, axis=1).repeat(experts, axis=2).astype(np.float32)
        return TokenCosines(table, np.abs(table), np.ones(len(values), dtype=np.int64), "planted")

    itself = np.repeat(ceiling[:, None], experts, axis=1).astype(np.float32)
    return replace(layer, at_token=cosines(alignment), redrawn_at_token=cosines(drawn), two_tokens=itself)


def planted_subspaces(
    functions: FunctionTrace,
    overlap: Float64Array,
    random_overlap: Float64Array,
    *,
    rank: int = 16,
    width: int = 64,
    drawn: Float64Array | None = None,
) -> SubspaceTrace:
    """Both sides of every layer with one overlap a block (B,), beside random partitions with another.

    Parameters
    ----------
    drawn : overlap of what reinitialised experts return, (B,); that of random subspaces by default
    """
    redrawn = np.full(len(overlap), rank / width) if drawn is None else drawn
    layers = []
    for layer in functions.layers:
        sides = (("input", np.zeros(0)), ("output", without_each(redrawn)))
        readings = tuple(
            replace(
                _reading(side, len(layer.visits), rank, width, overlap, random_overlap),
                redrawn_overlap=anew,
                redrawn_random_overlap=without_each(random_overlap) if len(anew) else anew,
            )
            for side, anew in sides
        )
        kept = layer.visits.sum(axis=1)
        layers.append(LayerSubspaces(layer.layer, layer.path, readings, kept, np.arange(len(kept)), ""))
    return SubspaceTrace(functions.checkpoint, functions.population, functions.blocks, tuple(layers))


def _reading(
    side: str, experts: int, rank: int, width: int, overlap: Float64Array, random_overlap: Float64Array
) -> Reading:
    angles = np.full(rank, np.nan)
    measured = without_each(overlap)
    return Reading(
        side=side,
        rank=rank,
        reading=str(rank),
        removed=False,
        experts=np.arange(experts),
        left_out=0,
        visits=100,
        share=0.9,
        geodesic=np.full(len(measured), np.nan),
        overlap=measured,
        error=np.zeros(2),
        random_geodesic=np.full(len(measured), np.nan),
        random_overlap=without_each(random_overlap),
        partitions=4,
        redrawn_overlap=np.zeros(0),
        redrawn_random_overlap=np.zeros(0),
        floor_geodesic=0.9,
        width=width,
        pair_overlap=np.full((experts, experts), overlap.mean(), dtype=np.float32),
        angles=angles,
        random_angles=angles,
        floor_angles=angles,
        routed_geodesic=np.zeros(0),
        drawn_geodesic=np.zeros(0),
        draws=np.zeros(0),
        drawn_visits=0,
        drawn_note="planted",
    )


def without_each(values: Float64Array) -> Float64Array:
    """Mean over blocks (B,), then without each: (1 + B,)."""
    return np.append(values.mean(), (values.sum() - values) / (len(values) - 1))


def _unit(width: int, rng: np.random.Generator) -> Float64Array:
    vector = rng.standard_normal(width)
    return np.asarray(vector / np.linalg.norm(vector))


def _noisy(means: Float64Array, blocks: int, noise: float, rng: np.random.Generator) -> Float64Array:
    """Jacobians of every block, (E, B, D D)."""
    flat = means.reshape(len(means), 1, -1)
    size = np.sqrt(noise * (flat**2).mean(axis=-1, keepdims=True))
    return np.asarray(flat + size * rng.standard_normal((len(means), blocks, flat.shape[-1])))


def _products(jacobians: Float64Array) -> npt.NDArray[np.float32]:
    sums = VISITS * jacobians
    return np.tensordot(sums, sums, axes=(2, 2)).astype(np.float32)


def _cosines(jacobians: Float64Array) -> TokenCosines:
    units = jacobians / np.linalg.norm(jacobians, axis=-1, keepdims=True)
    table = np.einsum("ibk,jbk->bij", units, units).astype(np.float32)
    return TokenCosines(table, np.abs(table), np.ones(len(table), dtype=np.int64), "every pair")


def _itself(jacobians: Float64Array) -> npt.NDArray[np.float32]:
    units = jacobians / np.linalg.norm(jacobians, axis=-1, keepdims=True)
    return np.asarray(np.einsum("ibk,ibk->bi", units, np.roll(units, 1, axis=1)), dtype=np.float32)
