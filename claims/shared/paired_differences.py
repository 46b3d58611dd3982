"""Judge and draw differences of trained arms, paired by layer and seed or by seed.

A table holds one value a seed, arm and layer, (K, A, L); NaN where an arm has none there. A difference is that of
the first arm minus the last, (K, L), or (K,) where there is one layer.
"""

from collections.abc import Mapping

import numpy as np

from claims.core.curves import layer_figure, rounded
from claims.core.finding import Curve, Measured, NotApplicable
from claims.core.record import Figure, Series
from metrics.arrays import Float64Array
from metrics.stats.estimate import Estimate
from metrics.stats.few_units import FEWEST, estimate_few, spanning
from metrics.stats.sampling import Sampling

#: Layers of one training share its text and its accidents; the interval treats them as independent, and says so.
PAIR = "(layer, seed) pair"


def difference(table: Float64Array) -> Float64Array:
    """First arm minus last, (K, A, L) to (K, L)."""
    return np.asarray(table[:, 0] - table[:, -1])


def estimate_pairs(values: Float64Array, name: str, sampling: Sampling) -> Estimate:
    """Estimate the mean of paired differences over what is known of them, no surer than the trainings agree.

    Parameters
    ----------
    values : (K, L), or (K,) where seeds are the pairs; NaN for a pair that has none
    name : what they are, for the message

    Raises
    ------
    NotApplicable
        When there are fewer pairs than any interval needs, with what was measured.
    """
    known = values[np.isfinite(values)]
    if len(known) < FEWEST:
        listed = ", ".join(f"{value:.3g}" for value in known) or "known of none"
        units = "seeds" if values.ndim == 1 else "pairs of a layer and a seed"
        raise NotApplicable(f"{FEWEST} {units} are needed for an interval; {name} is {listed}")
    if values.ndim == 1:
        return estimate_few(known, "seed", sampling)
    return spanning(estimate_few(known, PAIR, sampling), np.array([row.mean() for row in _known_rows(values)]))


def measured_difference(
    name: str, values: Float64Array, direction: str, threshold: str, sampling: Sampling, *, decides: bool = True
) -> Measured:
    """Measure the mean of paired differences, as `estimate_pairs`."""
    return Measured(name, estimate_pairs(values, name, sampling), direction, threshold, decides)


def pair_notes(values: Float64Array, left_out: tuple[str, ...], *, seeds_asked: int = 0) -> tuple[str, ...]:
    """Say what the units of an interval over differences (K, L) are, and what was left out of it.

    Parameters
    ----------
    left_out : notes on layers that were left out
    seeds_asked : seeds that there should be at least
    """
    seeds, pairs = len(values), int(np.isfinite(values).sum())
    notes = [
        f"Intervals are over {pairs} pairs of a layer and a seed, from {seeds} training{'s' if seeds > 1 else ''} of "
        f"each arm{', and hold what each seed gives by itself' if seeds > 1 else ''}. Layers of one training are not "
        "independent of one another, so another seed may differ by more than the interval says."
    ]
    if seeds < seeds_asked:
        notes.append(f"The catalogue asks for {seeds_asked} seeds of a controlled training; these are {seeds}.")
    if pairs < values.size:
        notes.append(f"Left out, where an arm has nothing to measure: {values.size - pairs} of {values.size} pairs.")
    return (*notes, *left_out)


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
    return layer_figure(title, redraws, f"{y_label}, mean and range over seeds", series)


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


def _known_rows(values: Float64Array) -> list[Float64Array]:
    """What is known of each row, without the rows of which nothing is."""
    rows = [row[np.isfinite(row)] for row in values]
    return [row for row in rows if len(row)]


def _mean_or_none(column: Float64Array) -> float | None:
    known = column[np.isfinite(column)]
    return float(known.mean()) if len(known) else None
