"""Put a criterion in words: its value, what was claimed, how much more would decide it. Pure."""

import math
from collections.abc import Sequence

from claims.core.finding import Curve, Measured
from claims.core.record import Criterion
from metrics.stats.bootstrap import units_to_decide
from metrics.stats.estimate import Estimate

#: More than so many times the units that there are is no plan.
HARDLY = 100


def say(criterion: Criterion) -> str:
    """Return ``name = value [low, high], claimed > threshold (n sequences)``."""
    plural = "" if criterion.n == 1 else "s"
    return (
        f"{criterion.name} = {criterion.value:.4g}{_interval(criterion)}, claimed {criterion.direction} "
        f"{criterion.threshold:.4g} ({criterion.n} {criterion.unit}{plural})"
    )


def _interval(criterion: Criterion) -> str:
    if criterion.low == criterion.high:
        return ""
    if any(end is None or math.isnan(end) for end in (criterion.low, criterion.high)):
        return " [no interval]"
    return f" [{criterion.low:.4g}, {criterion.high:.4g}]"


def worst_layer(measured: Measured, layers: Sequence[Curve]) -> str:
    """Name the layer farthest on the wrong side, where the claim drew a curve against the same threshold."""
    for curve in layers:
        if curve.threshold == measured.threshold:
            values = [v.value if isinstance(v, Estimate) else v for v in curve.values]
            known = [(v, layer) for v, layer in zip(values, curve.layers, strict=True) if v is not None]
            worst = (min if measured.direction.startswith(">") else max)(known, default=None)
            return "" if worst is None else f"; farthest off is layer {worst[1]} with {curve.name} {worst[0]:.4g}"
    return ""


def more_units(estimate: Estimate, criterion: Criterion) -> str:
    """Say how many more units would decide, where the interval comes from resampling them and would shrink."""
    if not estimate.draws:
        return ""
    more = None if criterion.threshold is None else units_to_decide(estimate, criterion.threshold)
    if more is None:
        return ""
    if more > HARDLY * estimate.n:
        return f"; it lies at the threshold, and more {estimate.unit}s would hardly decide it"
    return f"; about {more:,} more {estimate.unit}s would decide it"
