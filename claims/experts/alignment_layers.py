"""Estimate alignments layer by layer (ASY claim A), beside ceiling and reinitialised experts, and draw them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from claims.core.figure_data import rounded
from claims.core.finding import Curve
from claims.core.record import Figure, Series
from claims.experts.alignment_variants import LayerAlignments
from claims.shared.widened_intervals import (
    null_pairs_halfwidth,
    open_above,
    sample_halfwidth,
    widen_for_reinitialising,
    widen_for_sample,
)
from metrics.arrays import Float64Array
from metrics.jacobians.block_alignment import over_blocks
from metrics.stats.estimate import Estimate

#: A number (R,) of a layer, at all blocks of sequences and without each.
Statistic = Callable[[LayerAlignments], Float64Array]
#: Experts that a drawn alignment matrix shows at most.
SHOWN = 32


class LayerEstimates(NamedTuple):
    """One layer: mean alignment in size, that of reinitialised experts, the ceiling, and the share of it."""

    layer: int
    trained: Estimate
    redrawn: Estimate
    ceiling: Estimate
    share: Estimate


def estimate_layer(each: LayerAlignments) -> LayerEstimates:
    """Estimate one layer by itself."""
    return LayerEstimates(
        each.layer.layer,
        over_blocks(each.size),
        over_blocks(each.chance),
        _at_most_one(over_blocks(each.ceiling)),
        over_blocks(each.share),
    )


def mean_size(layers: Sequence[LayerAlignments]) -> Estimate:
    """Mean alignment, in size, mean over layers."""
    return _mean(layers, lambda each: each.size)


def mean_chance(layers: Sequence[LayerAlignments]) -> Estimate:
    """The same of reinitialised experts, with the luck of their one draw."""
    return widen_for_reinitialising(over_blocks(np.mean([each.chance for each in layers], axis=0)), _luck(layers))


def largest(layers: Sequence[LayerAlignments]) -> Estimate:
    """Mean alignment, in size, of the layer where it is largest; open above where not all were looked at."""
    found = over_blocks(np.max([each.size for each in layers], axis=0))
    reach = sample_halfwidth([0.0], [max(_errors(layers, lambda each: each.size))], 1.0)
    return open_above(widen_for_sample(found, reach), layers[0].layer_share)


def below_chance(layers: Sequence[LayerAlignments]) -> Estimate:
    """Mean over layers of the alignment of reinitialised experts minus that of these: above 0 where these are lower.

    One more draw of either would change it: these experts count as one draw more.
    """
    return widen_for_reinitialising(_mean(layers, lambda each: each.chance - each.size), math.sqrt(2) * _luck(layers))


def mean_share(layers: Sequence[LayerAlignments]) -> Estimate:
    """Mean over layers of the alignment corrected for chance; another reinitialisation would move its zero."""
    return widen_for_reinitialising(_mean(layers, lambda each: each.share), luck_of_share(layers))


def luck_of_share(layers: Sequence[LayerAlignments]) -> float:
    """By how much other reinitialised experts may change the mean over layers of the share."""
    slopes = [abs(1 - float(each.share[0])) / float(each.room[0]) for each in layers]
    return _luck(layers) * float(np.mean(slopes))


def _mean(layers: Sequence[LayerAlignments], statistic: Statistic) -> Estimate:
    """Mean over layers, over blocks of sequences; it allows for the layers and experts that were not looked at."""
    values = [statistic(each) for each in layers]
    reach = sample_halfwidth([float(each[0]) for each in values], _errors(layers, statistic), layers[0].layer_share)
    return widen_for_sample(over_blocks(np.mean(values, axis=0)), reach)


def _errors(layers: Sequence[LayerAlignments], statistic: Statistic) -> list[float]:
    return [each.drawn_error(statistic) for each in layers]


def _luck(layers: Sequence[LayerAlignments]) -> float:
    return null_pairs_halfwidth([each.redrawn_pairs[0] for each in layers])


def _at_most_one(estimate: Estimate) -> Estimate:
    """Cut an interval at 1, which no cosine exceeds; estimates from few blocks, and t intervals, may."""
    if not estimate.high > 1:
        return estimate
    value, low = min(estimate.value, 1.0), min(estimate.low, 1.0)
    return replace(estimate, value=value, low=low, high=1.0, method=f"{estimate.method}, cut at 1", draws=())


def across_layers(layers: Sequence[LayerAlignments]) -> list[float | None]:
    """Mean |cosine| over pairs of an expert of the layer and one of the next that was read; None without any."""
    tables = [np.abs(each.layer.next_layer[~np.isnan(each.layer.next_layer)]) for each in layers]
    return [float(table.mean(dtype=np.float64)) if table.size else None for table in tables]


def layer_curves(layers: Sequence[LayerAlignments], estimates: Sequence[LayerEstimates]) -> tuple[Curve, ...]:
    """Draw by layer: alignment, chance, ceiling, the share of it, and across layers where there are two."""
    numbers = tuple(each.layer for each in estimates)
    curves = (
        Curve("mean alignment", numbers, tuple(each.trained for each in estimates), "near_zero"),
        Curve("reinitialised experts", numbers, tuple(each.redrawn for each in estimates)),
        Curve("same expert, other tokens", numbers, tuple(each.ceiling for each in estimates)),
        Curve("share of the ceiling, corrected for chance", numbers, tuple(each.share for each in estimates), "share"),
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
