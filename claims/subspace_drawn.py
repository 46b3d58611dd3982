"""How far apart the subspaces are of experts to which a router drawn at random sends the sampled tokens.

Any linear cuts through the states make groups whose subspaces differ. So a trained router is compared with drawn
ones on the same tokens, with as many experts of about the same load, as many of them a token, the same combine
weights and as many visits.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from claims.redrawn_experts import RedrawnExperts
from claims.sampling import Sampling
from claims.subspace_replicates import Groups, distances, some_pairs
from claims.subspace_trace import FloatArray, IntArray
from fixtures.expert_trace import LayerExperts
from metrics.arrays import Float64Array
from metrics.arrays import IntArray as AnyIntArray
from metrics.expert import Expert, expert_output
from metrics.state_subspaces import enough_tokens

#: Routers that are drawn: what one more would change is told from their spread.
DRAWS = 6
#: Steps in which a drawn router's load is brought to the router's own.
TURNS = 40
#: Experts of a drawn router that are followed through the replicates; they are alike, so that some stand for all.
FOLLOWED = 8
#: Replicates of a comparison with drawn routers, at most: there several blocks of sequences are left out together.
REPLICATES = 8


class Lead(NamedTuple):
    """Distances under the router and under drawn ones; fields as in `claims.subspace_trace.Reading`."""

    routed: FloatArray
    drawn: FloatArray
    draws: FloatArray
    visits: int
    note: str


def no_lead(why: str) -> Lead:
    """A lead that could not be measured."""
    return Lead(np.empty(0), np.empty(0), np.empty(0), 0, why)


class Visits(NamedTuple):
    """Visits of the sampled tokens, int64 (V,), (V,) and float64 (V,); those of an expert are in random order."""

    token: IntArray
    expert: IntArray
    weight: Float64Array


@dataclass(frozen=True)
class Side:
    """What one set of experts receives or returns: the sampled inputs, or what these experts make of them."""

    states: Float64Array
    experts: Sequence[Expert] | None
    removed: FloatArray | None
    own_mean: bool

    def groups(self, visits: Visits, chosen: IntArray, count: int, block: IntArray) -> Groups:
        """The first visits of each of some experts."""
        own = [np.flatnonzero(visits.expert == number)[:count] for number in chosen]
        tokens = np.array([visits.token[rows] for rows in own])
        states = self.states[tokens]
        if self.experts is not None:
            states = np.array([expert_output(self.experts[e], x) for e, x in zip(chosen, states, strict=True)])
        removed = states.mean(axis=(0, 1)) if self.own_mean else self.removed
        return Groups(states, np.array([visits.weight[rows] for rows in own]), block[tokens], removed)


@dataclass(frozen=True)
class Sample:
    """The sampled tokens of a layer under its own router and under drawn ones.

    Attributes
    ----------
    layer : its inputs and its routing
    group : of the blocks that are left out together, of each sampled token, int64 (M,)
    groups : B', how many
    routed : visits under the router
    drawn : visits under each of the drawn routers
    sampling : of every choice
    """

    layer: LayerExperts
    group: IntArray
    groups: int
    routed: Visits
    drawn: tuple[Visits, ...]
    sampling: Sampling

    def leads(
        self, ranks: Sequence[int], removed: FloatArray | None, experts: Sequence[Expert] | None = None
    ) -> dict[int, Lead]:
        """Measure d_G under the router and under drawn ones, at several ranks.

        Parameters
        ----------
        removed : direction that is taken off the states, or None
        experts : for their outputs; those behind a drawn router are drawn anew. From outputs their own mean is taken
            off, where one is to be, since experts drawn anew have another. None for inputs
        """
        states = np.asarray(self.layer.sample, dtype=np.float64)
        own_mean = removed is not None and experts is not None
        side = Side(states, experts, removed, own_mean)
        others = [replace(side, experts=self._redrawn(experts, number)) for number in range(len(self.drawn))]
        found: dict[int, Lead] = {}
        for count, same in self._by_count(ranks).items():
            if count == 0:
                found |= {rank: no_lead(self._too_few(rank)) for rank in same}
                continue
            routed = self._distances(side, self.routed, count, same)
            drawn = self._distances(others[0], self.drawn[0], count, same, most=FOLLOWED)
            draws = [
                self._distances(other, visits, count, same, blocks=0)
                for other, visits in zip(others, self.drawn, strict=True)
            ]
            for rank in same:
                again = np.array([each[rank][0] for each in draws])
                found[rank] = Lead(routed[rank], drawn[rank], again, count, "")
        return found

    def _redrawn(self, experts: Sequence[Expert] | None, number: int) -> Sequence[Expert] | None:
        """Experts drawn anew for one of the drawn routers."""
        if experts is None:
            return None
        return RedrawnExperts(experts, self.layer.layer, Sampling(self.sampling.seed + number))

    def _distances(
        self,
        side: Side,
        visits: Visits,
        count: int,
        ranks: Sequence[int],
        *,
        most: int | None = None,
        blocks: int | None = None,
    ) -> dict[int, FloatArray]:
        """Mean normalised d_G at several ranks, (1 + B',) each, of all experts with enough visits or the first."""
        chosen = np.flatnonzero(self._counts(visits) >= count)[:most]
        groups = side.groups(visits, chosen, count, self.group)
        pairs = some_pairs(len(chosen), self.sampling.rng("drawn pairs", self.layer.layer))
        measured = distances(groups, ranks, self.groups if blocks is None else blocks, pairs)
        return {rank: each.geodesic for rank, each in measured.items()}

    def _by_count(self, ranks: Sequence[int]) -> dict[int, list[int]]:
        """Ranks by the equal number of visits at which experts are compared, 0 where too few have enough."""
        found: dict[int, list[int]] = {}
        tables = [self._counts(visits) for visits in (self.routed, *self.drawn)]
        for rank in ranks:
            enough = [counts[enough_tokens(counts, rank)] for counts in tables]
            count = min(int(counts.min()) for counts in enough) if min(map(len, enough)) > 1 else 0
            found.setdefault(count, []).append(rank)
        return found

    def _counts(self, visits: Visits) -> IntArray:
        return np.bincount(visits.expert, minlength=len(self.layer.visits)).astype(np.int64)

    def _too_few(self, rank: int) -> str:
        tokens, top_k = self.layer.sample_experts.shape
        return (
            f"{tokens} sampled tokens at {top_k} experts each, of {len(self.layer.visits)}, give no two experts the "
            f"{4 * rank} visits that rank {rank} needs"
        )


def sample_of(
    layer: LayerExperts, block: IntArray, blocks: int, sampling: Sampling, of: LayerExperts | None = None
) -> Sample:
    """Send the sampled tokens of a layer through its own router and through drawn ones.

    Parameters
    ----------
    block : of the sequence of each sampled token, int64 (M,)
    blocks : B
    of : the same layer, with the first of the router's choices alone where the others are no experts
    """
    own = layer if of is None else of
    experts = len(own.visits)
    order = sampling.rng("sampled tokens", layer.layer).permutation(len(layer.sample))
    drawn = tuple(
        _visits(order, *_drawn_routing(layer, sampling.rng("drawn router", layer.layer, number)), experts)
        for number in range(DRAWS)
    )
    routed = _visits(order, layer.sample_experts, layer.sample_weights, experts)
    replicates = min(blocks, REPLICATES)
    return Sample(own, block % max(replicates, 1), replicates, routed, drawn, sampling)


def _drawn_routing(layer: LayerExperts, rng: np.random.Generator) -> tuple[IntArray, FloatArray]:
    """Experts and weights under a linear router with Gaussian rows, and a bias that gives it the router's own load.

    Without that a router with rare experts would look different from drawn ones by that alone: few tokens lie in a
    small corner. The largest of a token's own combine weights goes to the drawn expert of the largest logit, and so on.
    """
    states = np.asarray(layer.sample, dtype=np.float64)
    experts, top_k = len(layer.visits), min(layer.sample_experts.shape[1], len(layer.visits))
    own = layer.sample_experts[(layer.sample_weights > 0) & (layer.sample_experts < experts)]
    load = np.bincount(own, minlength=experts)
    logits = with_load(states @ rng.standard_normal((experts, states.shape[1])).T, load, top_k)
    return np.argsort(-logits, axis=1)[:, :top_k], -np.sort(-np.asarray(layer.sample_weights), axis=1)[:, :top_k]


def with_load(logits: FloatArray, load: IntArray, top_k: int) -> Float64Array:
    """Shift the logits of each expert until the experts are chosen by about as many tokens as ``load`` says.

    Parameters
    ----------
    logits : (M, E)
    load : tokens that are to choose the experts, (E,), in any order
    top_k : experts that a token chooses

    Returns
    -------
    float64 (M, E); the load is met to within a few tokens, not exactly
    """
    tokens, experts = logits.shape
    if not tokens or top_k >= experts:
        return np.asarray(logits, dtype=np.float64)
    shifted = np.array(logits, dtype=np.float64)
    # The largest load goes to the expert that most tokens would choose anyway, so that shifts are small.
    load = np.sort(load)[np.argsort(np.argsort(_loads(shifted, top_k), kind="stable"))]
    step = np.where(logits.std(axis=0) > 0, logits.std(axis=0), 1.0)
    for turn in range(TURNS):
        met = _loads(shifted, top_k)
        shifted += step * np.log((load + 1.0) / (met + 1.0)) / (2 + turn / 4)
    return np.asarray(shifted)


def _loads(logits: FloatArray, top_k: int) -> IntArray:
    chosen = np.argpartition(-logits, top_k - 1, axis=1)[:, :top_k]
    return np.bincount(chosen.ravel(), minlength=logits.shape[1]).astype(np.int64)


def _visits(order: IntArray, chosen: AnyIntArray, weights: FloatArray, experts: int) -> Visits:
    """Visits that count, the tokens in random order; the experts are the first of the router's choices."""
    token = np.repeat(order, chosen.shape[1])
    expert, weight = chosen[order].ravel().astype(np.int64), np.asarray(weights[order].ravel(), dtype=np.float64)
    counts = (expert >= 0) & (expert < experts) & (weight > 0) & np.isfinite(weight)
    return Visits(token[counts], expert[counts], weight[counts])
