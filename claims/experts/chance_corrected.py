"""Put alignment of functions and overlap of subspaces on one scale (ASY abstract): 0 is chance, 1 one expert."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from claims.experts.alignment_variants import LayerAlignments, too_little_room
from fixtures.evidence.subspaces import LayerSubspaces, Reading, SubspaceTrace
from metrics.arrays import Float64Array

#: Ranks of the subspaces, the first that a layer's visits allow.
RANKS = ("16", "8")


@dataclass(frozen=True)
class Corrected:
    """One layer on both scales, at all blocks of sequences and without each, (R,) with R = 1 + B.

    Attributes
    ----------
    functions, subspaces : what was measured
    alignment : (mean |A_ij| - chance) / (same expert on other tokens - chance), chance that of reinitialised experts
    overlap : (mean cos^2 - r/D) / (mean cos^2 of random partitions - r/D)
    drawn : what reinitialised experts behind the same router give of ``overlap``, beside random partitions of their
        own; of inputs ``overlap`` itself, since what experts receive does not depend on them
    drawn_room : what divides ``drawn``, at all blocks
    overlap_error : standard error of ``overlap`` that owes to the draw of experts; 0 where there are all
    """

    functions: LayerAlignments
    subspaces: Reading
    alignment: Float64Array
    overlap: Float64Array
    drawn: Float64Array
    drawn_room: float
    overlap_error: float

    @property
    def number(self) -> int:
        """The model's number of the layer."""
        return self.functions.layer.layer

    @property
    def contrast(self) -> Float64Array:
        """Overlap minus alignment: how much more functions separate than representations, (R,)."""
        return self.overlap - self.alignment


def corrected_layers(
    layers: Sequence[LayerAlignments], subspaces: SubspaceTrace, side: str, thresholds: Mapping[str, float]
) -> tuple[list[Corrected], dict[int, str]]:
    """Correct the layers for chance; those for which that cannot be done come with the reason.

    Parameters
    ----------
    side : "input" or "output" of the experts, whose subspaces are compared
    thresholds : ``room`` is the least distance from chance to ceiling that may divide
    """
    others = {each.layer: each for each in subspaces.layers}
    found: list[Corrected] = []
    reasons: dict[int, str] = {}
    for layer in layers:
        corrected = _correct(layer, others.get(layer.layer.layer), side, thresholds["room"])
        if isinstance(corrected, str):
            reasons[layer.layer.layer] = corrected
        else:
            found.append(corrected)
    return found, reasons


def _correct(layer: LayerAlignments, other: LayerSubspaces | None, side: str, least: float) -> Corrected | str:
    reading = None if other is None else next(filter(None, (other.reading(side, rank) for rank in RANKS)), None)
    if other is None or reading is None:
        why = other.note if other is not None and side == "output" and other.note else "too few visits"
        return f"there are no subspaces of its experts' {side}s ({why})"
    if not np.isfinite(reading.overlap + reading.random_overlap).all():
        return f"the subspaces of its experts' {side}s hang on one block of sequences"
    blind = too_little_room(layer, least)
    if blind:
        return blind
    drawn, ceiling = _drawn(reading, side)
    if not (len(drawn) and np.isfinite(drawn + ceiling).all()):
        return "no subspaces are known of what reinitialised experts would return"
    spread, drawn_spread = reading.random_overlap - reading.floor_overlap, ceiling - reading.floor_overlap
    for name, width in (("overlap", spread), ("overlap of reinitialised experts", drawn_spread)):
        if width.min() < least:
            return f"{name} has less than {least:g} between chance and ceiling, too little to divide by"
    return Corrected(
        functions=layer,
        subspaces=reading,
        alignment=layer.share,
        overlap=(reading.overlap - reading.floor_overlap) / spread,
        drawn=(drawn - reading.floor_overlap) / drawn_spread,
        drawn_room=float(drawn_spread[0]),
        overlap_error=other.drawn_errors(reading)[1] / float(spread[0]),
    )


def _drawn(reading: Reading, side: str) -> tuple[Float64Array, Float64Array]:
    """Overlap of reinitialised experts and of random partitions of what they give, (R,) each; (0,) where not known."""
    found = (
        (reading.overlap, reading.random_overlap)
        if side == "input"
        else (reading.redrawn_overlap, reading.redrawn_random_overlap)
    )
    return np.asarray(found[0], dtype=np.float64), np.asarray(found[1], dtype=np.float64)
