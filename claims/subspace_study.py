"""From what the experts of a checkpoint receive and return to the distances between their subspaces."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from claims.function_blocks import sequence_of_sample
from claims.sampling import Sampling
from claims.subspace_drawn import Sample, no_lead, sample_of
from claims.subspace_redrawn import beside_redrawn, redrawn_visits
from claims.subspace_side import Kept, counted, kept_visits, side_readings, wanted_readings
from claims.subspace_trace import IntArray, LayerSubspaces, Reading, SubspaceTrace
from fixtures.expert_trace import ExpertTrace, LayerExperts, SideMoments
from metrics.expert import Expert

#: Rank at which outputs are compared with those of experts drawn anew.
OUTPUT_RANK = 16
UNREAD = "the experts' weights were not read, so that there are none drawn anew to compare outputs with"


def study_subspaces(
    trace: ExpertTrace,
    blocks: IntArray,
    seed: int,
    experts: Mapping[int, Sequence[Expert] | str] | None = None,
    sources: str = "",
) -> SubspaceTrace:
    """Measure the distances between the subspaces of the experts of every layer, in every reading.

    Where an expert has too few visits for a rank it is left out, and a reading with fewer than two experts is not
    there: a layer with one expert has none. Ranks above half the width are left out.

    Parameters
    ----------
    trace : what the experts receive and return
    blocks : block of each sequence, int64 (S,), 0..B-1
    seed : of every choice
    experts : for each layer its experts, or the reason why they cannot be read; without them there are no drawn
        experts to compare outputs with. Where the router chooses among more than these, the first of its choices are
        the experts, and the others are left out
    sources : digest of the code, copied into the result

    Raises
    ------
    ValueError
        When there is not one block a sequence.
    """
    if blocks.shape != trace.lengths.shape:
        raise ValueError(f"{blocks.size} blocks for {len(trace.lengths)} sequences")
    sampling, count = Sampling(seed), int(blocks.max(initial=-1)) + 1
    sampled = blocks[sequence_of_sample(trace)]
    layers = []
    for routed in trace.layers:
        known = (experts or {}).get(routed.layer, UNREAD)
        layer = routed if isinstance(known, str) else of_experts(routed, len(known))
        sample = sample_of(routed, sampled, count, sampling, layer)
        readings: list[Reading] = []
        for side in ("input", "output"):
            read = None if side == "input" else known
            for removed in (False, True):
                kept = kept_visits(layer, side, blocks, removed=removed)
                if kept is not None:
                    taken = _side(kept, sample, read, count)
                    if not (removed or read is None or isinstance(read, str)):
                        anew = redrawn_visits(layer, read, blocks, sampling)
                        taken = beside_redrawn(taken, anew, count, sampling, layer.layer)
                    readings += taken
        layers.append(LayerSubspaces(layer.layer, layer.path, tuple(readings), counted(layer), layer.note))
    return SubspaceTrace(
        checkpoint=dict(trace.checkpoint),
        population=dict(trace.population),
        blocks=blocks,
        layers=tuple(layers),
        sources=sources,
        provenance=dict(trace.provenance),
    )


def of_experts(layer: LayerExperts, count: int) -> LayerExperts:
    """The first ``count`` of a layer's choices, its experts: what the router may choose beyond them is none."""
    if count >= len(layer.visits):
        return layer
    first = slice(count)
    return replace(
        layer,
        visits=layer.visits[first],
        weight=layer.weight[first],
        squared_weight=layer.squared_weight[first],
        inputs=_of_first(layer.inputs, first),
        outputs=None if layer.outputs is None else _of_first(layer.outputs, first),
        kept_token=layer.kept_token[first],
        kept_sequence=layer.kept_sequence[first],
        kept_weight=layer.kept_weight[first],
    )


def _of_first(side: SideMoments, first: slice) -> SideMoments:
    second = None if side.second is None else side.second[first]
    return replace(side, mean=side.mean[first], second=second, kept=side.kept[first])


def _side(kept: Kept, sample: Sample, read: Sequence[Expert] | str | None, blocks: int) -> list[Reading]:
    """Readings of one side; ``read`` is None for inputs, and for outputs the experts or why there are none."""
    wanted = wanted_readings(kept)
    ranks = {each.rank for each in wanted}
    led = ranks if read is None else ranks & {OUTPUT_RANK}
    leads = {rank: no_lead(f"outputs are compared with drawn experts at rank {OUTPUT_RANK} alone") for rank in ranks}
    if isinstance(read, str):
        leads |= {rank: no_lead(read) for rank in led}
    else:
        leads |= sample.leads(sorted(led), kept.removed, read)
    return side_readings(kept, wanted, leads, blocks, sample.sampling, sample.layer.layer)
