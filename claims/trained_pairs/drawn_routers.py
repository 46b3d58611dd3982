"""Group the sampled states of two transformers' experts by the arms' own routing, and by routers drawn at random.

Both hold as many tokens a group. Drawn routers send about as many tokens to their experts as the arms do.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from claims.trained_pairs.arms import ArmLayer, Arms
from claims.trained_pairs.expert_groups import DEALS, FEWEST_TOKENS, Groups, Measure, fewest, groups_of, routed
from fixtures.studies.random_routers import with_load
from metrics.arrays import Float64Array, Int64Array
from metrics.stats.sampling import Sampling


class Sampled(NamedTuple):
    """A measure of the groups of both arms, (K, 2, L), and how many tokens each holds, (K, L), 0 where none has enough.

    A soft expert takes some of its tokens at random, so that not all experts take the same.
    """

    measured: Float64Array
    sizes: Int64Array


def by_own_routing(read: Arms, measure: Measure, sampling: Sampling) -> Sampled:
    """Measure what the experts of both arms receive of the sampled tokens.

    All groups of a layer and a seed hold as many, some at random: as many as the smallest that has enough.
    """
    shape = (len(read.layers), 2, len(read.numbers))
    found = Sampled(np.full(shape, np.nan), np.zeros(shape[::2], dtype=np.int64))
    for seed, arms in enumerate(read.layers):
        for place, pair in enumerate(zip(*arms, strict=True)):
            orders = _orders(pair, sampling.rng("arms", "own", seed, read.numbers[place]))
            taken = [_taken(_own_gates(layer), orders) for layer in pair]
            size = fewest([len(rows) for arm in taken for rows in arm.rows])
            found.sizes[seed, place] = size
            found.measured[seed, :, place] = [
                measure(_cut(layer, arm, size)) for layer, arm in zip(pair, taken, strict=True)
            ]
    return found


def by_drawn_routers(read: Arms, sizes: Int64Array, measure: Measure, sampling: Sampling) -> Float64Array:
    """Measure what the experts would receive under drawn routers, in groups of these sizes: (K, 2, L).

    The weights of a drawn router are independent normal numbers, the same in both arms of a layer; the mean state is
    taken off before it looks. Each token keeps the gates that it has, the largest for the expert that it ranks first.
    A shift of each expert's logits gives it a load of the arm's: as many tokens rank it among their first k, which of
    a soft arm are the k largest gates. So the drawn router is as sparse, as sharp and as even as the arm's own, but
    for groups that fall short of the size, which are left out. The mean of `DEALS` routers.
    """
    found = np.full((len(read.layers), 2, len(read.numbers)), np.nan)
    for seed, arms in enumerate(read.layers):
        for place, pair in enumerate(zip(*arms, strict=True)):
            draws = (sampling.rng("arms", "drawn", seed, read.numbers[place], draw) for draw in range(DEALS))
            again = [_under_drawn(pair, int(sizes[seed, place]), measure, rng) for rng in draws]
            found[seed, :, place] = np.mean(again, axis=0)
    return found


def size_note(sizes: Int64Array) -> str:
    """Say how many tokens the groups hold."""
    known = sizes[sizes > 0]
    held = "no group has enough" if not known.size else f"{known.min()} to {known.max()}, median {np.median(known):.0f}"
    return f"Tokens of every group, of both arms alike, by layer and seed: {held}."


class _Routing(NamedTuple):
    """Which sampled tokens each expert of an arm takes, in random order, and the gates (M, E)."""

    rows: list[Int64Array]
    gates: Float64Array


def _under_drawn(pair: Sequence[ArmLayer], size: int, measure: Measure, rng: np.random.Generator) -> list[float]:
    """Measure both arms under one drawn router."""
    router = rng.standard_normal((pair[0].experts.sample.shape[1], pair[0].count))
    orders, top = _orders(pair, rng), min(layer.used for layer in pair)
    return [measure(_cut(layer, _taken(_drawn_gates(layer, router, top), orders), size)) for layer in pair]


def _orders(pair: Sequence[ArmLayer], rng: np.random.Generator) -> list[Int64Array]:
    """An order of the sampled tokens for each expert, in which it takes them."""
    return [rng.permutation(len(pair[0].experts.sample)) for _ in range(pair[0].count)]


def _taken(gates: Float64Array, orders: Sequence[Int64Array]) -> _Routing:
    return _Routing([order[gates[order, number] > 0] for number, order in enumerate(orders)], gates)


def _own_gates(layer: ArmLayer) -> Float64Array:
    """Gates (M, E) of the sampled tokens, 0 for experts that a token does not use."""
    found = np.zeros((len(layer.experts.sample), layer.count))
    np.put_along_axis(found, layer.experts.sample_experts.astype(np.int64), layer.experts.sample_weights, axis=1)
    return found


def _drawn_gates(layer: ArmLayer, router: Float64Array, top: int) -> Float64Array:
    """Gates (M, E): those that each token has, from the largest on, for the experts in the drawn router's order."""
    states = layer.experts.sample.astype(np.float64)
    load = np.bincount(routed(layer, top)[0].ravel(), minlength=layer.count)
    logits = with_load((states - states.mean(axis=0)) @ router, load, top)
    own = -np.sort(-layer.experts.sample_weights.astype(np.float64), axis=1)
    found = np.zeros((len(states), layer.count))
    ranked = np.argsort(-logits, axis=1, kind="stable")
    np.put_along_axis(found, ranked[:, : own.shape[1]], own, axis=1)
    return found


def _cut(layer: ArmLayer, routing: _Routing, size: int) -> Groups:
    """The first tokens of every expert that has so many, and enough, under its gates."""
    kept = {number: rows[:size] for number, rows in enumerate(routing.rows) if len(rows) >= max(size, FEWEST_TOKENS)}
    weights = [routing.gates[rows, number] for number, rows in kept.items()]
    return groups_of([layer.experts.sample[rows] for rows in kept.values()], weights)
