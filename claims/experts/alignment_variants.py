"""Read how alike a layer's experts are as functions (ASY claim A), in one variant, beside what chance gives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from claims.core.finding import NotApplicable
from claims.shared.widened_intervals import experts_error
from fixtures.evidence.jacobians import FunctionTrace, LayerFunctions
from fixtures.evidence.subspaces import SubspaceTrace
from metrics.arrays import Float64Array, FloatArray
from metrics.jacobians.block_alignment import deletions, pair_alignments, same_expert, two_tokens, upper_pairs
from metrics.jacobians.token_cosines import TokenCosines
from metrics.stats.known_mean import known_mean

#: Variants: means of Jacobians over own tokens, over tokens that all experts share, or one token at a time.
OWN, SHARED, EACH, GATED = "own", "shared", "each", "own, with the gate"
#: What allows for a sample of layers and experts, and what does not.
WIDENED = "Intervals over layers allow for it, those of single layers do not; --thorough compares all."
#: With fewer blocks the t interval reaches more than four standard errors to either side.
FEWEST_BLOCKS = 4


@dataclass(frozen=True)
class LayerAlignments:
    """Alignments of one layer's experts, at all blocks of sequences and without each (R = 1 + B; `deletions`).

    Attributes
    ----------
    layer : the layer
    pairs, redrawn_pairs : alignments of its pairs of experts, and of reinitialised experts, (R, P); NaN: not known
    ceilings : alignment of each expert with itself on other tokens of its own, (R, E); NaN: not known
    layer_share : share of the layers that was looked at
    """

    layer: LayerFunctions
    pairs: Float64Array
    redrawn_pairs: Float64Array
    ceilings: Float64Array
    layer_share: float = 1.0

    @property
    def trained(self) -> Float64Array:
        """Mean over pairs, (R,)."""
        return known_mean(self.pairs, axis=-1)

    @property
    def redrawn(self) -> Float64Array:
        """Mean over pairs of reinitialised experts, (R,)."""
        return known_mean(self.redrawn_pairs, axis=-1)

    @property
    def ceiling(self) -> Float64Array:
        """Mean over experts, (R,)."""
        return known_mean(self.ceilings, axis=-1)

    @property
    def size(self) -> Float64Array:
        """Mean alignment over pairs, in size, (R,)."""
        return np.abs(self.trained)

    @property
    def chance(self) -> Float64Array:
        """The same of reinitialised experts, (R,)."""
        return np.abs(self.redrawn)

    @property
    def room(self) -> Float64Array:
        """From chance to the alignment of an expert with itself on other tokens, (R,)."""
        return self.ceiling - self.chance

    @property
    def share(self) -> Float64Array:
        """Alignment corrected for chance, (R,): 0 as reinitialised experts, 1 as an expert with itself."""
        return (self.size - self.chance) / self.room

    def drawn_error(self, statistic: Callable[["LayerAlignments"], Float64Array]) -> float:
        """Standard error of a statistic (R,) of all blocks that owes to the draw of experts; 0 where there are all.

        One expert at a time is left out; of all experts that are looked at, the share takes from the error.
        """
        looked, every = len(self.layer.experts), self.layer.count
        if looked >= every:
            return 0.0
        return experts_error(np.array([statistic(self._without(place))[0] for place in range(looked)]), every)

    def _without(self, place: int) -> "LayerAlignments":
        pairs, ceilings = self.pairs[:1].copy(), self.ceilings[:1].copy()
        pairs[:, (upper_pairs(ceilings.shape[1]) == place).any(axis=1)] = np.nan
        ceilings[:, place] = np.nan
        return replace(self, pairs=pairs, ceilings=ceilings, redrawn_pairs=self.redrawn_pairs[:1])

    @property
    def matrix(self) -> Float64Array:
        """Alignments of all pairs on all blocks, (E, E); on the diagonal that of each expert with itself."""
        experts = self.ceilings.shape[1]
        first, second = upper_pairs(experts).T
        table = np.diag(self.ceilings[0])
        table[first, second] = table[second, first] = self.pairs[0]
        return table


def read_alignments(
    functions: FunctionTrace, tokens: str, *, absolute: bool
) -> tuple[tuple[LayerAlignments, ...], tuple[str, ...]]:
    """Read the alignments of a checkpoint's experts.

    Parameters
    ----------
    tokens : one of `OWN`, `SHARED`, `EACH`, `GATED`
    absolute : whether absolute values of alignments are averaged

    Returns
    -------
    The layers that have alignments, and notes: which others were left out and why, and how much was looked at

    Raises
    ------
    NotApplicable
        When no layer's experts can be read and compared, or where there are too few blocks for intervals.
    """
    blocks = int(functions.blocks.max(initial=-1)) + 1
    if functions.readable and blocks < FEWEST_BLOCKS:
        raise NotApplicable(f"too few blocks of sequences for an interval: {blocks}; {FEWEST_BLOCKS} are needed")
    found: list[LayerAlignments] = []
    reasons: dict[int, str] = {}
    for layer in functions.layers:
        read = _read(layer, tokens, absolute, blocks, functions.layer_share)
        if isinstance(read, str):
            reasons[layer.layer] = read
        else:
            found.append(read)
    if not found:
        first = next(iter(reasons.items()), None)
        why = "there is no layer" if first is None else f"layer {first[0]}: {first[1]}"
        raise NotApplicable(f"no layer has experts to compare ({why})")
    return tuple(found), (*left_out(reasons), *looked_at(found, tokens, blocks), *sampled(functions))


def too_little_room(layer: LayerAlignments, least: float) -> str:
    """Say why the measure cannot tell a layer's experts from each other, where an expert is hardly closer to itself.

    Parameters
    ----------
    least : distance of an expert's alignment with itself from chance that will do, with any block left out

    Returns
    -------
    The reason, or nothing where there is room enough
    """
    if layer.room.min() >= least:
        return ""
    return (
        f"an expert's alignment with itself on other tokens is {layer.ceiling[0]:.3g} and that of reinitialised "
        f"experts {layer.chance[0]:.3g}, which is less than {least:g} apart: the measure cannot tell experts"
    )


def left_out(reasons: dict[int, str]) -> tuple[str, ...]:
    """Say which layers were left out, one note a reason."""
    return tuple(
        f"Left out, layer {', '.join(str(n) for n, reason in reasons.items() if reason == each)}: {each}."
        for each in dict.fromkeys(reasons.values())
    )


def sampled(functions: FunctionTrace) -> tuple[str, ...]:
    """Say which sample of layers and experts was looked at; nothing where it was all."""
    some = sorted({(len(each.experts), len(each.redrawn_own), each.count) for each in functions.readable})
    experts = [
        f"{trained} of {count} experts a layer, drawn at random, and {redrawn} reinitialised ones"
        for trained, redrawn, count in some
        if min(trained, redrawn) < count
    ]
    return sample_note(functions, experts)


def sample_note(trace: FunctionTrace | SubspaceTrace, experts: Sequence[str]) -> tuple[str, ...]:
    """Say which sample of layers was looked at, and of experts; nothing where it was all."""
    share = f"{len(trace.layers)} of {trace.stands_for} layers, evenly spaced"
    parts = [*([share] * (trace.layer_share < 1)), *experts]
    return (f"A sample: {'; '.join(parts)}. {WIDENED}",) if parts else ()


def looked_at(read: Sequence[LayerAlignments], tokens: str, blocks: int) -> tuple[str, ...]:
    """Say how many experts, pairs and tokens the alignments are of, and which experts have none."""
    layers = [each.layer for each in read]
    counts = sorted({len(layer.visits) for layer in layers})
    visits = np.concatenate([layer.visits.sum(axis=1) for layer in layers])
    experts, pairs = (" or ".join(map(str, each)) for each in (counts, [n * (n - 1) // 2 for n in counts]))
    said = (
        f"Layers: {len(layers)}; experts a layer: {experts}, pairs: {pairs}; own visits of an expert: median "
        f"{np.median(visits):.0f}, fewest {visits.min()}; blocks of whole sequences: {blocks}."
    )
    without = {each.layer.layer: int(np.isnan(_off_diagonal(each.matrix)).all(axis=1).sum()) for each in read}
    listed = ", ".join(f"{count} at layer {number}" for number, count in without.items() if count)
    notes = (said, *([f"Experts left out, without an alignment with any other: {listed}."] if listed else []))
    return (*notes, *_single_tokens(layers)) if tokens == EACH else notes


def _off_diagonal(table: Float64Array) -> Float64Array:
    return np.where(np.eye(len(table), dtype=np.bool_), np.nan, table)


def _single_tokens(layers: Sequence[LayerFunctions]) -> tuple[str, ...]:
    """Say how the cosines at single tokens were computed, once for all layers where that was done alike."""
    said = {layer.layer: f"{int(layer.at_token.tokens.sum())}; {layer.at_token.method}" for layer in layers}
    return tuple(
        f"Single tokens, layer {', '.join(str(number) for number, other in said.items() if other == each)}: {each}."
        for each in dict.fromkeys(said.values())
    )


def _read(layer: LayerFunctions, tokens: str, absolute: bool, blocks: int, share: float) -> LayerAlignments | str:
    """Read one layer, or say why it has no alignment."""
    if layer.note:
        return layer.note
    if len(layer.visits) < 2:
        return "it has one expert, so there is no pair"
    if tokens == GATED and layer.gated is None:
        return "the gradient of its gate is not known"
    weights = deletions(blocks)
    source, redrawn = _tables(layer, tokens)
    found = LayerAlignments(
        layer,
        pair_alignments(source, weights, absolute=absolute),
        pair_alignments(redrawn, weights, absolute=absolute),
        _ceilings(layer, tokens, weights),
        share,
    )
    checks: tuple[tuple[str, Callable[[], Float64Array]], ...] = (
        ("no pair of its experts has an alignment", lambda: found.trained),
        ("no pair of its reinitialised experts has an alignment", lambda: found.redrawn),
        ("no expert has visits in enough blocks of sequences", lambda: found.ceiling),
    )
    return next((reason for reason, values in checks if np.isnan(values()).any()), found)


def _tables(layer: LayerFunctions, tokens: str) -> tuple[FloatArray | TokenCosines, FloatArray | TokenCosines]:
    """What alignments come from, and the same of reinitialised experts: with the gate, theirs are without it."""
    match tokens:
        case "shared":
            return layer.shared, layer.redrawn_shared
        case "each":
            return layer.at_token, layer.redrawn_at_token
        case "own, with the gate":
            assert layer.gated is not None
            return layer.gated, layer.redrawn_own
        case _:
            return layer.own, layer.redrawn_own


def _ceilings(layer: LayerFunctions, tokens: str, weights: Float64Array) -> Float64Array:
    """The same expert on other tokens of its own, also where experts are compared on tokens that they share."""
    if tokens == EACH:
        return two_tokens(layer.two_tokens, weights)
    table = layer.gated if tokens == GATED else layer.own
    assert table is not None
    return same_expert(table, layer.visits, weights)
