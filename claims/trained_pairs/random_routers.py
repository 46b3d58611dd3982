"""Group the states of two transformers' experts by each arm's own routing and by routers drawn at random.

Few tokens set subspaces apart and narrow spectra, so that the arms and their null hold as many, and the drawn routers
send about as many tokens to their experts as the arms do: with uneven ones the smallest group would decide how many.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from claims.trained_pairs.arms import ArmLayer, Arms
from claims.trained_pairs.expert_groups import (
    DEALS,
    FEWEST_TOKENS,
    Groups,
    Measure,
    fewest,
    groups_of,
    mean_dealt,
    routed,
)
from fixtures.studies.random_routers import with_load
from metrics.arrays import Float64Array, Int64Array
from metrics.stats.sampling import Sampling


class Beside(NamedTuple):
    """Means over groups, or pairs of them, (K, 2, L), by the arms' own routing, by random groups and drawn routers.

    ``sizes`` holds the number of tokens of every group, (K, L), 0 where no group has enough.
    """

    measured: Float64Array
    random: Float64Array
    drawn: Float64Array
    sizes: Int64Array


def beside_drawn_routers(read: Arms, measure: Measure, sampling: Sampling, *, nulls: bool = True) -> Beside:
    """Measure what the experts of both arms receive of the sampled tokens, and would receive under drawn routers.

    The weights of a drawn router are independent normal numbers, the same in both arms of a layer; the mean state is
    taken off before it looks. Each token keeps the gates that it has, the largest for the expert that it ranks first.
    A shift of each expert's logits gives it a load of the arm's: as many tokens rank it among their first k, which of
    a soft arm are the k largest gates. So the drawn router is as sparse, as sharp and as even as the arm's own. The
    mean of `DEALS` routers.
    All groups of a layer and a seed hold as many tokens, some at random: as many as the smallest that has enough.

    Parameters
    ----------
    nulls : whether random groups and drawn routers are measured; NaN otherwise
    """
    shape = (len(read.layers), 2, len(read.numbers))
    measured, random, drawn = (np.full(shape, np.nan) for _ in range(3))
    found = Beside(measured, random, drawn, np.zeros(shape[::2], dtype=np.int64))
    for seed, arms in enumerate(read.layers):
        for place, pair in enumerate(zip(*arms, strict=True)):
            labels = (seed, read.numbers[place])
            own, *draws = _routings(pair, labels, sampling)
            size = fewest([len(rows) for routing in (own, *draws) for arm in routing for rows in arm.rows])
            found.sizes[seed, place] = size
            for arm, layer in enumerate(pair):
                groups = _cut(layer, own[arm], size)
                found.measured[seed, arm, place] = measure(groups)
                if nulls and groups.states.size:
                    again = [measure(_cut(layer, routing[arm], size)) for routing in draws]
                    found.drawn[seed, arm, place] = np.mean(again)
                    dealt = sampling.rng("arms", "deal", *labels)
                    found.random[seed, arm, place] = mean_dealt(groups, measure, DEALS, dealt)
    return found


def size_note(found: Beside) -> str:
    """Say how many tokens the groups hold."""
    known = found.sizes[found.sizes > 0]
    held = "no group has enough" if not known.size else f"{known.min()} to {known.max()}, median {np.median(known):.0f}"
    return f"Tokens of every group, of the arms and of their nulls alike, by layer and seed: {held}."


class _Routing(NamedTuple):
    """Which sampled tokens each expert of an arm takes, in random order, and the gates (M, E)."""

    rows: list[Int64Array]
    gates: Float64Array


def _routings(pair: Sequence[ArmLayer], labels: tuple[int, int], sampling: Sampling) -> list[list[_Routing]]:
    """Both arms' own routing, then that of every drawn router.

    Each expert takes some of its tokens at random, as it keeps its own visits: soft ones do not all take the same.
    """
    top = min(layer.used for layer in pair)
    rng = sampling.rng("arms", "own", *labels)
    orders = [rng.permutation(len(pair[0].experts.sample)) for _ in range(pair[0].count)]
    found = [[_taken(_own_gates(layer), orders) for layer in pair]]
    for draw in range(DEALS):
        rng = sampling.rng("arms", "drawn", *labels, draw)
        router = rng.standard_normal((pair[0].experts.sample.shape[1], pair[0].count))
        orders = [rng.permutation(len(pair[0].experts.sample)) for _ in range(pair[0].count)]
        found.append([_taken(_drawn_gates(layer, router, top), orders) for layer in pair])
    return found


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
    """The first tokens of every expert that has enough, under its gates."""
    kept = {number: rows[:size] for number, rows in enumerate(routing.rows) if len(rows) >= FEWEST_TOKENS}
    weights = [routing.gates[rows, number] for number, rows in kept.items()]
    return groups_of([layer.experts.sample[rows] for rows in kept.values()], weights)
