"""Planted experts with a known relation to each other, and what the suite would know of them."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from fixtures.evidence.experts import ExpertTrace
from fixtures.evidence.jacobians import FunctionTrace
from fixtures.studies.jacobians import study_functions
from fixtures.tests.support.planted_visits import Visits, planted_layer, planted_router, planted_visits
from metrics.arrays import Float64Array
from metrics.jacobians.activation import activation, gated_unit
from metrics.jacobians.expert import Expert, diagonals
from metrics.jacobians.spectra import mean_jacobian

Kind = Literal["gaussian", "copies", "scaled", "rotated", "one direction", "weak shared"]

#: Share of a mean Jacobian's power that lies in the units which all experts share, for "weak shared".
WEAK = 0.05


class Planted(NamedTuple):
    """Evidence about planted experts: what they receive and return, and what they are as functions."""

    experts: ExpertTrace
    functions: FunctionTrace


@dataclass(frozen=True)
class World:
    """Sizes: E experts of width m on D dimensions, S sequences of so many tokens, R kept visits an expert."""

    experts: int = 8
    width: int = 32
    hidden: int = 24
    sequences: int = 32
    length: int = 8
    kept: int = 24


def planted_trace(
    kind: Kind,
    *,
    experts: int = 8,
    width: int = 32,
    hidden: int = 24,
    layers: int = 2,
    sequences: int = 32,
    seed: int = 0,
    strength: float = 1.0,
    length: int = 8,
    kept: int = 24,
) -> Planted:
    """Build layers of planted experts, and study them.

    Every sequence has a mean of its own. A Gaussian router sends each token to two experts, or to one of one.

    Parameters
    ----------
    kind : "gaussian", independent; "copies", all the same; "scaled", the same but for the size of their outputs;
        "rotated", the same but for a random rotation of the outputs of each; "one direction", independent but for
        one output and input direction that all share; "weak shared", independent but for a quarter of their units,
        which all share and which carry 5 % of their power
    strength : size of the shared direction, relative to the norm of an independent expert's mean Jacobian:
        the mean Jacobians have cosines of about s^2 / (1 + s^2)
    length : tokens of a sequence, all of which are sampled tokens
    kept : R, visits of each expert that are kept
    """
    world = World(experts, width, hidden, sequences, length, kept)
    weights, routers, found = {}, {}, []
    for layer in range(layers):
        rng = np.random.default_rng([seed, layer])
        visits = planted_visits(rng, experts, width, sequences, length)
        weights[layer] = planted_experts(kind, world, visits, rng, strength)
        routers[layer] = planted_router(layer, visits)
        found.append(planted_layer(layer, visits, weights[layer], kept, rng))
    trace = ExpertTrace(
        checkpoint={"name": kind, "architecture": "planted", "layers": layers, "experts": experts},
        population={"name": "planted", "tokens": sequences * length},
        lengths=np.full(sequences, length, dtype=np.int64),
        corpus=(np.arange(sequences) % 2).astype(np.int16),
        corpora=("corpus 0", "corpus 1"),
        documents=tuple(f"document {number}" for number in range(sequences)),
        sample=np.arange(sequences * length, dtype=np.int64),
        layers=tuple(found),
    )
    return Planted(trace, study_functions(trace, weights, routers, seed=seed))


def planted_experts(
    kind: Kind, world: World, visits: Visits, rng: np.random.Generator, strength: float
) -> list[Expert]:
    """The experts of one layer; see `planted_trace`."""
    first = _gaussian(world, rng)
    others = [_gaussian(world, rng) for _ in range(world.experts)]
    match kind:
        case "gaussian":
            return others
        case "copies":
            return [first] * world.experts
        case "scaled":
            return [_with_outputs(first, size * first.down) for size in np.geomspace(0.2, 5.0, world.experts)]
        case "rotated":
            return [_with_outputs(first, _rotation(world.width, rng) @ first.down) for _ in others]
        case "one direction":
            return _with_direction(others, visits.states, rng, strength)
        case "weak shared":
            return [_with_units_of(first, other, visits.states) for other in others]


def _gaussian(world: World, rng: np.random.Generator) -> Expert:
    def drawn(*shape: int) -> Float64Array:
        return np.asarray(rng.standard_normal(shape) / np.sqrt(shape[1]))

    inner, width = world.hidden, world.width
    return Expert(drawn(inner, width), drawn(inner, width), drawn(width, inner), gated_unit(activation("silu")))


def _with_outputs(expert: Expert, down: Float64Array) -> Expert:
    return Expert(expert.gate, expert.up, down, expert.unit)


def _rotation(width: int, rng: np.random.Generator) -> Float64Array:
    """An orthogonal matrix, every one as likely as any other."""
    basis, triangle = np.linalg.qr(rng.standard_normal((width, width)))
    return np.asarray(basis * np.sign(np.diagonal(triangle)))


def _with_units_of(first: Expert, other: Expert, states: Float64Array) -> Expert:
    """Replace a quarter of the units, and let these carry `WEAK` of the power of the mean Jacobian."""
    count = len(other.gate) // 4
    shared, rest = _units(first, slice(0, count)), _units(other, slice(count, None))
    size = np.sqrt(WEAK / (1 - WEAK)) * _norm(rest, states) / _norm(shared, states)
    assert shared.up is not None
    assert rest.up is not None
    return Expert(
        np.vstack([shared.gate, rest.gate]),
        np.vstack([shared.up, rest.up]),
        np.hstack([size * shared.down, rest.down]),
        other.unit,
    )


def _units(expert: Expert, some: slice) -> Expert:
    """The part of an expert that is some of its units."""
    assert expert.up is not None
    return Expert(expert.gate[some], expert.up[some], expert.down[:, some], expert.unit)


def _norm(expert: Expert, states: Float64Array) -> float:
    """Frobenius norm of the mean Jacobian."""
    return float(np.linalg.norm(mean_jacobian(expert, diagonals(expert, states).mean(axis=0))))


def _with_direction(
    experts: list[Expert], states: Float64Array, rng: np.random.Generator, strength: float
) -> list[Expert]:
    """Add one unit whose gate stands open, so that its part of the Jacobian is the same at every token."""
    width = states.shape[1]
    into, out = (vector / np.linalg.norm(vector) for vector in rng.standard_normal((2, width)))
    found = []
    for expert in experts:
        assert expert.up is not None
        size = strength * _norm(expert, states)
        opening = np.zeros(len(expert.gate) + 1)
        opening[-1] = 1.0
        slope = float(expert.unit.value(np.ones(1), np.ones(1))[0])
        found.append(
            Expert(
                np.vstack([expert.gate, np.zeros(width)]),
                np.vstack([expert.up, into]),
                np.hstack([expert.down, size / slope * out[:, None]]),
                expert.unit,
                gate_bias=opening,
            )
        )
    return found
