"""Take and draw differences of trained arms, paired by seed.

A table holds one value a seed, arm and layer, (K, A, L); NaN where an arm has none there. A difference is that of
the first arm minus the last, (K, L), or (K,) where there is one layer.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from claims.core.curves import layer_figure
from claims.core.figure_data import rounded
from claims.core.finding import Curve
from claims.core.record import Figure, Series
from metrics.arrays import Float64Array


def difference(table: Float64Array) -> Float64Array:
    """First arm minus last, (K, A, L) to (K, L)."""
    return np.asarray(table[:, 0] - table[:, -1])


def arm_curves(name: str, arms: tuple[str, ...], numbers: tuple[int, ...], table: Float64Array) -> tuple[Curve, ...]:
    """Each arm's mean over seeds by layer."""
    return tuple(
        Curve(f"{name}, {arm}", numbers, tuple(_mean_or_none(column) for column in table[:, place].T))
        for place, arm in enumerate(arms)
    )


def figure_by_layer(
    title: str, redraws: str, y_label: str, numbers: tuple[int, ...], lines: Mapping[str, Float64Array]
) -> Figure:
    """Draw tables (K, L) by layer: the mean over seeds, in a band that spans them."""
    series = [spanned(label, [float(n) for n in numbers], table) for label, table in lines.items()]
    return replace(layer_figure(title, redraws, f"{y_label}, mean over seeds", series), spread="range")


def spanned(label: str, x: list[float], table: Float64Array) -> Series:
    """Return the mean over rows and their range as a series; columns of which nothing is known are not there."""
    known = np.isfinite(table)
    there = np.flatnonzero(known.any(axis=0))
    shown, mask = table[:, there], known[:, there]
    return Series(
        label,
        [x[place] for place in there],
        rounded(np.mean(shown, axis=0, where=mask)),
        rounded(np.min(shown, axis=0, where=mask, initial=np.inf)),
        rounded(np.max(shown, axis=0, where=mask, initial=-np.inf)),
    )


def quoted(arms: tuple[str, ...]) -> str:
    """Return ``'first' minus 'last'``."""
    return f"{arms[0]!r} minus {arms[-1]!r}"


def _mean_or_none(column: Float64Array) -> float | None:
    known = column[np.isfinite(column)]
    return float(known.mean()) if len(known) else None
