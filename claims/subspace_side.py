"""The readings of one side of the experts of a layer: which ranks and experts its visits allow, and what they show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from claims.sampling import Sampling
from claims.subspace_drawn import Lead
from claims.subspace_replicates import Distances, Groups, distances, group_variances, overlap_table, some_pairs
from claims.subspace_trace import FloatArray, IntArray, Reading
from fixtures.expert_trace import LayerExperts
from metrics.arrays import Float64Array
from metrics.grassmann import normalised_geodesic, random_angles
from metrics.state_subspaces import TOKENS_A_DIRECTION, enough_tokens, regrouped
from metrics.weighted_pca import rank_for_share

#: Ranks of the readings with all directions, and of those without the corpus mean's.
RANKS, RANKS_REMOVED = (8, 16, 32), (16,)
#: Name and share of variance of one more reading; experts with visits enough for this rank decide its rank.
SHARE_NAME, SHARE, SHARE_FROM = "90 %", 0.9, 16
#: Groups of random partitions: several partitions where experts are few; groups are alike, so that some stand for all.
GROUPS = 8
#: Pairs of random subspaces that the floor is computed from.
FLOOR_DRAWS = 64


@dataclass(frozen=True)
class Kept:
    """Kept visits of the E experts of a layer, on one side, less the direction ``removed`` where that is not None.

    Attributes
    ----------
    side : "input" or "output"
    states, weights, block : (E, R, D), (E, R) and (E, R); of each expert the visits that count come first
    counts : int64 (E,), how many do
    removed : (D,) or None
    """

    side: str
    states: FloatArray
    weights: FloatArray
    block: IntArray
    counts: IntArray
    removed: FloatArray | None

    def groups(self, experts: IntArray) -> Groups:
        """Visits of some experts, of each as many as the one with the fewest has."""
        count = int(self.counts[experts].min())
        weights = self.weights[experts, :count].astype(np.float64)
        return Groups(self.states[experts, :count], weights, self.block[experts, :count], self.removed)


class Wanted(NamedTuple):
    """A reading that the visits allow: its name, its rank and the experts that have enough for it."""

    name: str
    rank: int
    experts: tuple[int, ...]


def kept_visits(layer: LayerExperts, side: str, blocks: IntArray, *, removed: bool) -> Kept | None:
    """Return the kept visits of one side; None where there are none, or no mean direction to take off.

    Visits of weight 0 do not count: no weighted subspace sees them.
    """
    moments = layer.inputs if side == "input" else layer.outputs
    if moments is None or (removed and not np.linalg.norm(moments.shared) > 0):
        return None
    order = np.argsort(~_counting(layer), axis=1, kind="stable")
    return Kept(
        side,
        np.take_along_axis(moments.kept, order[..., None], axis=1),
        np.take_along_axis(layer.kept_weight, order, axis=1),
        blocks[np.take_along_axis(layer.kept_sequence, order, axis=1)],
        counted(layer),
        moments.shared if removed else None,
    )


def counted(layer: LayerExperts) -> IntArray:
    """Kept visits of each expert that count, int64 (E,)."""
    return np.asarray(_counting(layer).sum(axis=1), dtype=np.int64)


def wanted_readings(kept: Kept) -> list[Wanted]:
    """Return the readings that at least two experts have visits enough for, of ranks up to half the width."""
    most = kept.states.shape[-1] // 2
    ranks = RANKS if kept.removed is None else RANKS_REMOVED
    found = [Wanted(str(rank), rank, _enough(kept, rank)) for rank in ranks if rank <= most]
    chosen = _enough(kept, SHARE_FROM)
    if kept.removed is None and len(chosen) > 1:
        groups = kept.groups(np.array(chosen))
        variances = group_variances(groups)
        varied = variances[variances[:, 0] > 0]
        if len(varied):
            rank = int(np.median(rank_for_share(varied, SHARE)))
            rank = min(rank, most, groups.weights.shape[1] // TOKENS_A_DIRECTION)
            found.append(Wanted(SHARE_NAME, rank, chosen))
    return [each for each in found if len(each.experts) > 1]


def side_readings(
    kept: Kept, wanted: Sequence[Wanted], leads: Mapping[int, Lead], blocks: int, sampling: Sampling, layer: int
) -> list[Reading]:
    """Measure readings beside random partitions, the ceiling, and random subspaces, the floor.

    Readings of the same experts share one decomposition. One that turns out to have fewer than two experts whose
    visits span its rank is left out.
    """
    found: dict[Wanted, Reading] = {}
    for experts in dict.fromkeys(each.experts for each in wanted):
        same = [each for each in wanted if each.experts == experts]
        ranks = sorted({each.rank for each in same})
        groups = kept.groups(np.array(experts))
        rng = sampling.rng("random partitions", layer, kept.side, len(experts))
        real = distances(groups, ranks, blocks, some_pairs(len(experts), rng))
        partitions = [random_partition(groups, rng) for _ in range(-(-GROUPS // len(experts)))]
        random = [distances(each, ranks, blocks, some_pairs(len(each.block), rng)) for each in partitions]
        shares = _variance_shares(groups)
        for each in same:
            known = real[each.rank].known
            if known.sum() > 1:
                share = float(shares[known, each.rank - 1].mean())
                references = [partition[each.rank] for partition in random]
                reading = _reading(kept, each, real[each.rank], references, share, sampling.seed)
                found[each] = _with_lead(reading, leads[each.rank])
    return [found[each] for each in wanted if each in found]


def random_partition(groups: Groups, rng: np.random.Generator) -> Groups:
    """Deal the visits out at random, each with its weight and its block, and keep some of the groups."""
    numbered = np.concatenate([groups.states, groups.block[..., None]], axis=-1, dtype=np.float64)
    dealt, weights = regrouped(numbered, groups.weights, rng)
    some = slice(GROUPS)
    return Groups(dealt[some, :, :-1], weights[some], dealt[some, :, -1].astype(np.int64), groups.removed)


def _reading(
    kept: Kept, wanted: Wanted, real: Distances, random: Sequence[Distances], share: float, seed: int
) -> Reading:
    width = kept.states.shape[-1] - (kept.removed is not None)
    floor = floor_angles(width, wanted.rank, seed)
    experts = np.array(wanted.experts, dtype=np.int64)
    return Reading(
        side=kept.side,
        rank=wanted.rank,
        reading=wanted.name,
        removed=kept.removed is not None,
        experts=experts[real.known],
        left_out=len(kept.counts) - int(real.known.sum()),
        visits=int(kept.counts[experts].min()),
        share=share,
        geodesic=real.geodesic,
        overlap=real.overlap,
        random_geodesic=np.mean([each.geodesic for each in random], axis=0),
        random_overlap=np.mean([each.overlap for each in random], axis=0),
        partitions=len(random),
        redrawn_overlap=np.empty(0),
        redrawn_random_overlap=np.empty(0),
        floor_geodesic=float(normalised_geodesic(floor).mean()),
        width=width,
        pair_overlap=overlap_table(real.bases[real.known]),
        angles=real.angles,
        random_angles=np.mean([each.angles for each in random], axis=0),
        floor_angles=floor.mean(axis=0),
        routed_geodesic=np.empty(0),
        drawn_geodesic=np.empty(0),
        draws=np.empty(0),
        drawn_visits=0,
        drawn_note="",
    )


def _with_lead(reading: Reading, lead: Lead) -> Reading:
    return replace(
        reading,
        routed_geodesic=lead.routed,
        drawn_geodesic=lead.drawn,
        draws=lead.draws,
        drawn_visits=lead.visits,
        drawn_note=lead.note,
    )


@cache
def floor_angles(width: int, rank: int, seed: int) -> Float64Array:
    """Principal angles of pairs of random subspaces, (draws, r); the same for every layer."""
    return random_angles(width, rank, FLOOR_DRAWS, Sampling(seed).rng("random subspaces", width, rank))


def _counting(layer: LayerExperts) -> npt.NDArray[np.bool_]:
    return np.asarray((layer.kept_token >= 0) & (layer.kept_weight > 0))


def _enough(kept: Kept, rank: int) -> tuple[int, ...]:
    return tuple(np.flatnonzero(enough_tokens(kept.counts, rank)).tolist())


def _variance_shares(groups: Groups) -> Float64Array:
    """Share of each group's variance that its leading directions hold, cumulative, (G, c); 0 without variance."""
    held = group_variances(groups).cumsum(axis=1)
    return np.asarray(np.divide(held, held[:, -1:], out=np.zeros_like(held), where=held[:, -1:] > 0))
