"""Group the states of two transformers' experts in equal sizes: by own routing, by that of one arm, or at random.

Few tokens inflate distances between subspaces and shrink effective ranks, so that both arms' groups and random ones
hold as many, and groups that have fewer than 4 r of them are left out.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from claims.trained_pairs.arms import ArmLayer, Arms
from metrics.arrays import Float64Array, Int64Array
from metrics.stats.sampling import Sampling
from metrics.subspaces.effective_rank import effective_rank
from metrics.subspaces.grassmann import normalised_geodesic, pair_angles
from metrics.subspaces.principal_directions import TOKENS_A_DIRECTION, regrouped, state_spectra, state_subspaces

#: r of the subspaces; the papers' is unknown.
RANK = 8
FEWEST_TOKENS = TOKENS_A_DIRECTION * RANK
#: Random partitions, or routers, of which the mean is taken.
DEALS = 4

#: Common splits of the sampled tokens: by the first arm's routing, and by the second's.
SPLITS = ("the top-k arm's split", "the soft arm's split")


class Groups(NamedTuple):
    """G groups of n states, (G, n, D), and their weights, (G, n)."""

    states: Float64Array
    weights: Float64Array


class Grouped(NamedTuple):
    """Means over groups, or pairs of them: tables (K, 2, L) by the arms' split, and by random ones as large."""

    measured: Float64Array
    random: Float64Array


Measure = Callable[[Groups], float]


def subspace_distance(groups: Groups) -> float:
    """Mean over pairs of groups of d_G / ((pi/2) sqrt r), of their weighted principal subspaces; NaN without a pair."""
    if len(groups.states) < 2:
        return float("nan")
    return float(normalised_geodesic(pair_angles(state_subspaces(groups.states, groups.weights, RANK))).mean())


def mean_rank(groups: Groups) -> float:
    """Mean effective rank of the groups' weighted covariances, shares of the variance; NaN without a group."""
    return float(effective_rank(_spectra(groups)).mean()) if len(groups.states) else float("nan")


def mean_rank_of_deviations(groups: Groups) -> float:
    """The same with shares of the standard deviations s_k."""
    return float(effective_rank(_spectra(groups), 1).mean()) if len(groups.states) else float("nan")


def as_weighted(groups: Groups) -> Groups:
    """The groups as they are: each state counts by its weight."""
    return groups


def unweighted(groups: Groups) -> Groups:
    """The same states, each counting alike."""
    return groups._replace(weights=np.ones_like(groups.weights))


def grouped(read: Arms, tokens: str, side: str, measure: Measure, sampling: Sampling, *, deals: int = DEALS) -> Grouped:
    """Measure the groups of both arms at every seed and layer, and the same states dealt out at random.

    The draws are the same for both arms, so that a random partition of common tokens is one partition.

    Parameters
    ----------
    tokens : "own": the kept visits of each arm's experts; otherwise one of `SPLITS`: each arm's states of the
        sampled tokens, in the groups in which that arm routes them; a soft one by its largest gates, as many as the
        other uses
    side : "inputs" or "outputs" of the experts; states on a common split are inputs
    deals : random partitions; without one ``random`` is NaN
    """
    shape = (len(read.layers), 2, len(read.numbers))
    found = Grouped(np.full(shape, np.nan), np.full(shape, np.nan))
    for seed, arms in enumerate(read.layers):
        for place, pair in enumerate(zip(*arms, strict=True)):
            labels = (seed, read.numbers[place])
            rng = sampling.rng("arms", "split", *labels)
            both = _own(pair, side) if tokens == "own" else _common(pair, SPLITS.index(tokens), rng)
            for arm, groups in enumerate(both):
                found.measured[seed, arm, place] = measure(groups)
                if deals and groups.states.size:
                    dealt = sampling.rng("arms", "deal", *labels)
                    found.random[seed, arm, place] = mean_dealt(groups, measure, deals, dealt)
    return found


def gate_spread(layers: Sequence[ArmLayer]) -> float:
    """Mean over sampled tokens of exp(entropy of the gates) / E, in [1/E, 1]: 1 for gates that are uniform."""
    return float(np.mean([np.nanmean(effective_rank(x.experts.sample_weights, 1)) / x.count for x in layers]))


def routed(layer: ArmLayer, top: int) -> tuple[Int64Array, Float64Array]:
    """The experts of largest gate of each sampled token, and their gates, (M, top) each."""
    gates = layer.experts.sample_weights
    best = np.argsort(-gates, axis=1, kind="stable")[:, :top]
    found = np.take_along_axis(gates, best, axis=1).astype(np.float64)
    return np.take_along_axis(layer.experts.sample_experts, best, axis=1).astype(np.int64), found


def fewest(counts: Sequence[int]) -> int:
    """n: the fewest tokens of a group that has enough."""
    return min((count for count in counts if count >= FEWEST_TOKENS), default=0)


def groups_of(states: Sequence[npt.NDArray[np.floating]], weights: Sequence[npt.NDArray[np.floating]]) -> Groups:
    """Groups of as many states each, from those of every group."""
    return Groups(np.asarray(states, dtype=np.float64), np.asarray(weights, dtype=np.float64))


def mean_dealt(groups: Groups, measure: Measure, deals: int, rng: np.random.Generator) -> float:
    """Mean over random partitions of the same states into groups as large.

    Weights only count among those of their own group, so that they are dealt out relative to its mean.
    """
    relative = groups.weights / groups.weights.mean(axis=1, keepdims=True)
    return float(np.mean([measure(Groups(*regrouped(groups.states, relative, rng))) for _ in range(deals)]))


def _spectra(groups: Groups) -> Float64Array:
    return state_spectra(groups.states, groups.weights)


def _own(pair: Sequence[ArmLayer], side: str) -> list[Groups]:
    """Kept visits of the experts that have enough, as many of each in both arms."""
    weights = [layer.experts.kept_weight for layer in pair]
    visits = [[np.flatnonzero(row > 0) for row in each] for each in weights]
    size = fewest([len(rows) for each in visits for rows in each])
    found = []
    for layer, each, weight in zip(pair, visits, weights, strict=True):
        states = layer.experts.inputs if side == "inputs" else layer.experts.outputs
        assert states is not None
        kept = {number: rows[:size] for number, rows in enumerate(each) if len(rows) >= FEWEST_TOKENS}
        rows = [states.kept[number][places] for number, places in kept.items()]
        found.append(groups_of(rows, [weight[number][places] for number, places in kept.items()]))
    return found


def _common(pair: Sequence[ArmLayer], by: int, rng: np.random.Generator) -> list[Groups]:
    """Both arms' states of the sampled tokens, in the groups and under the gates of one of them."""
    chosen, gates = routed(pair[by], min(layer.used for layer in pair))
    order = rng.permutation(len(chosen))
    gate = [(gates * (chosen == number)).sum(axis=1) for number in range(pair[by].count)]
    members = [order[each[order] > 0] for each in gate]
    size = fewest([len(rows) for rows in members])
    kept = {number: rows[:size] for number, rows in enumerate(members) if len(rows) >= FEWEST_TOKENS}
    weights = [gate[number][rows] for number, rows in kept.items()]
    return [groups_of([layer.experts.sample[rows] for rows in kept.values()], weights) for layer in pair]
