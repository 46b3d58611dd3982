"""How alike the experts of each layer are as functions, in one reading, with experts drawn anew and a ceiling."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from claims.block_alignment import (
    AnyFloat,
    FloatArray,
    deletions,
    known_mean,
    pair_alignments,
    same_expert,
    two_tokens,
    upper_pairs,
)
from claims.finding import NotApplicable
from claims.function_trace import FunctionTrace, LayerFunctions, TokenCosines

#: Readings: means of Jacobians over own tokens, over tokens that all experts share, or one token at a time.
OWN, SHARED, EACH, GATED = "own", "shared", "each", "own, with the gate"
#: With fewer blocks the t interval reaches more than four standard errors to either side.
FEWEST_BLOCKS = 4


@dataclass(frozen=True)
class LayerAlignments:
    """Alignments of one layer's experts, at all blocks of sequences and without each (R = 1 + B; `deletions`).

    Attributes
    ----------
    layer : the layer
    pairs, redrawn_pairs : alignments of its pairs of experts, and of experts drawn anew, (R, P); NaN: not known
    ceilings : alignment of each expert with itself on other tokens of its own, (R, E); NaN: not known
    """

    layer: LayerFunctions
    pairs: FloatArray
    redrawn_pairs: FloatArray
    ceilings: FloatArray

    @property
    def trained(self) -> FloatArray:
        """Mean over pairs, (R,)."""
        return known_mean(self.pairs)

    @property
    def redrawn(self) -> FloatArray:
        """Mean over pairs of experts drawn anew, (R,)."""
        return known_mean(self.redrawn_pairs)

    @property
    def ceiling(self) -> FloatArray:
        """Mean over experts, (R,)."""
        return known_mean(self.ceilings)

    @property
    def matrix(self) -> FloatArray:
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
    found: list[LayerAlignments] = []
    reasons: dict[int, str] = {}
    for layer in functions.layers:
        read = _read(layer, tokens, absolute, blocks)
        if isinstance(read, str):
            reasons[layer.layer] = read
        else:
            found.append(read)
    if not found:
        first = next(iter(reasons.items()), None)
        why = "there is no layer" if first is None else f"layer {first[0]}: {first[1]}"
        raise NotApplicable(f"no layer has experts to compare ({why})")
    if blocks < FEWEST_BLOCKS:
        raise NotApplicable(f"{blocks} blocks of sequences are too few for an interval; {FEWEST_BLOCKS} are needed")
    return tuple(found), (*left_out(reasons), looked_at([each.layer for each in found], tokens, blocks))


def left_out(reasons: dict[int, str]) -> tuple[str, ...]:
    """Say which layers were left out, one note a reason."""
    return tuple(
        f"Left out, layer {', '.join(str(n) for n, reason in reasons.items() if reason == each)}: {each}."
        for each in dict.fromkeys(reasons.values())
    )


def looked_at(layers: Sequence[LayerFunctions], tokens: str, blocks: int) -> str:
    """Say how many experts, pairs and tokens the alignments are of."""
    counts = sorted({len(layer.visits) for layer in layers})
    visits = np.concatenate([layer.visits.sum(axis=1) for layer in layers])
    experts, pairs = (" or ".join(map(str, each)) for each in (counts, [n * (n - 1) // 2 for n in counts]))
    said = (
        f"Layers: {len(layers)}; experts a layer: {experts}, pairs: {pairs}; own visits of an expert: median "
        f"{np.median(visits):.0f}, fewest {visits.min()}; blocks of whole sequences: {blocks}."
    )
    single = layers[0].at_token
    return f"{said} Single tokens a layer: {int(single.tokens.sum())}; {single.method}." if tokens == EACH else said


def _read(layer: LayerFunctions, tokens: str, absolute: bool, blocks: int) -> LayerAlignments | str:
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
    )
    checks: tuple[tuple[str, Callable[[], FloatArray]], ...] = (
        ("no pair of its experts has an alignment", lambda: found.trained),
        ("no pair of its experts drawn anew has an alignment", lambda: found.redrawn),
        ("no expert has visits in enough blocks of sequences", lambda: found.ceiling),
    )
    return next((reason for reason, values in checks if np.isnan(values()).any()), found)


def _tables(layer: LayerFunctions, tokens: str) -> tuple[AnyFloat | TokenCosines, AnyFloat | TokenCosines]:
    """What alignments come from, and the same of experts drawn anew: with the gate, theirs are without it."""
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


def _ceilings(layer: LayerFunctions, tokens: str, weights: FloatArray) -> FloatArray:
    """The same expert on other tokens of its own, also where experts are compared on tokens that they share."""
    if tokens == EACH:
        return two_tokens(layer.two_tokens, weights)
    table = layer.gated if tokens == GATED else layer.own
    assert table is not None
    return same_expert(table, layer.visits, weights)
