"""Turn tables of one value a layer and sequence, and estimates, into curves over layers and series of figures."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from claims.core.figure_data import rounded
from claims.core.finding import Curve
from claims.core.record import Figure, Series
from fixtures.evidence.trace import LayerTrace
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling


def by_layer(
    name: str,
    layers: Sequence[LayerTrace],
    table: npt.NDArray[np.float64],
    sampling: Sampling,
    threshold: str | float | None = None,
) -> Curve:
    """Return the mean over sequences at each layer of a trace, with its interval; as `by_number`."""
    return by_number(name, [layer.router.layer for layer in layers], table, sampling, threshold)


def by_number(
    name: str,
    numbers: Sequence[int],
    table: npt.NDArray[np.float64],
    sampling: Sampling,
    threshold: str | float | None = None,
) -> Curve:
    """Return the mean over sequences at each layer, with its interval.

    Parameters
    ----------
    numbers : of the L layers
    table : (L, S), one value a layer and sequence; NaN where a sequence has none
    threshold : as in `Curve`
    """
    known = [row[~np.isnan(row)] for row in table]
    values = tuple(sampling.mean(row) if len(row) else None for row in known)
    return Curve(name, tuple(numbers), values, threshold)


def exact_by_layer(
    name: str, layers: Sequence[LayerTrace], values: Sequence[float], threshold: str | float | None = None
) -> Curve:
    """Return one exact number a layer."""
    return Curve(name, tuple(layer.router.layer for layer in layers), tuple(values), threshold)


def along(label: str, x: Sequence[float], estimates: Sequence[Estimate]) -> Series:
    """Return estimates as a series of a figure, with their intervals as the band."""
    return Series(
        label,
        [float(value) for value in x],
        rounded([e.value for e in estimates]),
        rounded([e.low for e in estimates]),
        rounded([e.high for e in estimates]),
    )


def layer_figure(
    title: str, redraws: str, y_label: str, series: Sequence[Series], level: tuple[str, float] | None = None
) -> Figure:
    """Return series by layer as a figure; ``level``, a name and a value, is a guide across all layers."""
    layers = [layer for each in series for layer in each.x]
    guides = [] if level is None else [Series(level[0], [min(layers), max(layers)], [level[1]] * 2)]
    return Figure("lines", title, redraws, "layer", y_label, list(series), guides)
