"""The subspaces of what experts drawn anew would make of the visits that a trained router sends to each of them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from claims.redrawn_experts import RedrawnExperts
from claims.sampling import Sampling
from claims.subspace_replicates import Groups, distances, some_pairs
from claims.subspace_side import GROUPS, Kept, kept_visits, random_partition
from claims.subspace_trace import IntArray, Reading
from fixtures.expert_trace import LayerExperts
from metrics.expert import Expert, expert_output

#: Experts drawn anew that are compared: of 32 all the pairs that a reading compares at most.
FOLLOWED = 32


def redrawn_visits(layer: LayerExperts, experts: Sequence[Expert], blocks: IntArray, sampling: Sampling) -> Kept:
    """Outputs of experts drawn anew at the kept visits of the experts that they stand for, of the same weights.

    They are the same draw as that of the claims about functions (`RedrawnExperts`).

    Parameters
    ----------
    experts : E, those of the layer
    blocks : block of each sequence, int64 (S,)
    """
    received = kept_visits(layer, "input", blocks, removed=False)
    assert received is not None
    drawn = RedrawnExperts(experts, layer.layer, sampling)
    states = np.zeros((*received.states.shape[:2], len(experts[0].down)), dtype=np.float32)
    for number, count in enumerate(received.counts):
        if count:
            states[number, :count] = expert_output(drawn[number], received.states[number, :count])
    return replace(received, side="output", states=states)


def beside_redrawn(
    readings: Sequence[Reading], redrawn: Kept, blocks: int, sampling: Sampling, layer: int
) -> list[Reading]:
    """Measure the overlap of experts drawn anew, at as many visits as in each reading of outputs.

    Readings of the same experts share one decomposition, of some of the experts where they are many.

    Parameters
    ----------
    readings : of the outputs, all directions kept
    redrawn : from `redrawn_visits`
    blocks : B
    """
    found = {id(each): each for each in readings}
    for key in dict.fromkeys((tuple(each.experts.tolist()), each.visits) for each in readings):
        same = [each for each in readings if (tuple(each.experts.tolist()), each.visits) == key]
        ranks = sorted({each.rank for each in same})
        rng = sampling.rng("redrawn partitions", layer, len(key[0]))
        groups = _first_visits(redrawn.groups(np.array(key[0][:FOLLOWED])), key[1])
        own = distances(groups, ranks, blocks, some_pairs(len(groups.block), rng))
        partitions = [random_partition(groups, rng) for _ in range(-(-GROUPS // len(groups.block)))]
        random = [distances(each, ranks, blocks, some_pairs(len(each.block), rng)) for each in partitions]
        for each in same:
            ceiling = np.mean([partition[each.rank].overlap for partition in random], axis=0)
            found[id(each)] = replace(
                each, redrawn_overlap=own[each.rank].overlap, redrawn_random_overlap=np.asarray(ceiling)
            )
    return [found[id(each)] for each in readings]


def _first_visits(groups: Groups, count: int) -> Groups:
    return Groups(groups.states[:, :count], groups.weights[:, :count], groups.block[:, :count])
