"""Estimate alignments layer by layer (ASY claim A), beside ceiling and reinitialised experts, and draw them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from claims.core.curves import rounded
from claims.core.finding import Curve
from claims.core.record import Figure, Series
from claims.experts.alignment_variants import LayerAlignments
from claims.shared.widened_intervals import (
    null_pairs_halfwidth,
    widen_for_absolute_values,
    widen_for_reinitialising,
)
from metrics.jacobians.block_alignment import over_blocks
from metrics.stats.estimate import Estimate

#: Experts that a drawn alignment matrix shows at most.
SHOWN = 32


class LayerEstimates(NamedTuple):
    """One layer: mean |alignment|, that of reinitialised experts, the ceiling, and ceiling minus mean |alignment|."""

    layer: int
    trained: Estimate
    redrawn: Estimate
    ceiling: Estimate
    room: Estimate

    def cannot_tell(self, thresholds: Mapping[str, float]) -> bool:
        """Whether the measure finds an expert no closer to itself than to others, though these are not aligned.

        Where the experts ARE aligned an expert is no closer to itself either: that refutes, and blinds nothing.
        """
        return self.room.high < thresholds["ceiling"] and self.trained.low <= thresholds["near_zero"]

    def say_why(self) -> str:
        """Say it in numbers."""
        return (
            f"layer {self.layer}, where an expert's alignment with itself on other tokens is {self.ceiling.value:.3g} "
            f"and that with other experts {self.trained.value:.3g}: the measure cannot tell an expert from another"
        )


def estimate_layer(each: LayerAlignments) -> LayerEstimates:
    """Estimate one layer by itself."""
    size = np.abs(each.trained)
    return LayerEstimates(
        each.layer.layer,
        over_blocks(size),
        over_blocks(np.abs(each.redrawn)),
        _at_most_one(over_blocks(each.ceiling)),
        _at_most_one(over_blocks(each.ceiling - size)),
    )


def largest(layers: Sequence[LayerAlignments]) -> Estimate:
    """Mean alignment, in size, of the layer where it is largest; its lower end allows for the noise of estimates."""
    found = over_blocks(np.max([np.abs(each.trained) for each in layers], axis=0))
    return widen_for_absolute_values(found, max(each.noise for each in layers))


def least_room(layers: Sequence[LayerAlignments]) -> Estimate:
    """Ceiling minus mean alignment, in size, of the layer where it is least."""
    return _at_most_one(over_blocks(np.min([each.ceiling - np.abs(each.trained) for each in layers], axis=0)))


def _at_most_one(estimate: Estimate) -> Estimate:
    """Cut an interval at 1, which no cosine exceeds; estimates from few blocks, and t intervals, may."""
    if not estimate.high > 1:
        return estimate
    value, low = min(estimate.value, 1.0), min(estimate.low, 1.0)
    return replace(estimate, value=value, low=low, high=1.0, method=f"{estimate.method}, cut at 1", draws=())


def from_drawn(layers: Sequence[LayerAlignments]) -> Estimate:
    """Mean over layers of the alignment minus that of reinitialised experts; one more draw would change it as well."""
    difference = over_blocks(np.mean([each.trained - each.redrawn for each in layers], axis=0))
    luck = null_pairs_halfwidth([each.redrawn_pairs[0] for each in layers])
    found = widen_for_reinitialising(difference, math.sqrt(2) * luck)  # these experts count as one draw more
    trained, redrawn = (
        float(np.mean(each)) for each in zip(*((x.noise, x.redrawn_noise) for x in layers), strict=True)
    )
    return widen_for_absolute_values(found, trained, redrawn)


def across_layers(layers: Sequence[LayerAlignments]) -> list[float | None]:
    """Mean |cosine| over pairs of an expert of the layer and one of the next that was read; None without any."""
    tables = [np.abs(each.layer.next_layer[~np.isnan(each.layer.next_layer)]) for each in layers]
    return [float(table.mean(dtype=np.float64)) if table.size else None for table in tables]


def layer_curves(layers: Sequence[LayerAlignments], estimates: Sequence[LayerEstimates]) -> tuple[Curve, ...]:
    """Draw by layer: alignment, that of reinitialised experts, the ceiling, and across layers where there are two."""
    numbers = tuple(each.layer for each in estimates)
    curves = (
        Curve("mean alignment", numbers, tuple(each.trained for each in estimates), "near_zero"),
        Curve("reinitialised experts", numbers, tuple(each.redrawn for each in estimates)),
        Curve("same expert, other tokens", numbers, tuple(each.ceiling for each in estimates)),
    )
    across = across_layers(layers)
    known = any(value is not None for value in across)
    return (*curves, Curve("experts of the next layer", numbers, tuple(across))) if known else curves


def alignment_matrix(layers: Sequence[LayerAlignments]) -> Figure:
    """Draw the alignments of all pairs of experts of the middle layer, without the diagonal."""
    middle = layers[len(layers) // 2]
    table = middle.matrix.copy()
    np.fill_diagonal(table, np.nan)
    shown = np.unique(np.linspace(0, len(table) - 1, min(len(table), SHOWN)).round().astype(np.int64))
    some = "" if len(shown) == len(table) else f", {len(shown)} of {len(table)} experts"
    columns = [float(column) for column in shown]
    return Figure(
        kind="heat",
        title=f"alignment, layer {middle.layer.layer}{some}",
        redraws="ASY claim A",
        x_label="expert",
        y_label="expert",
        series=[Series(str(row), columns, rounded(table[row, shown])) for row in shown],
    )
