"""Judge differences of trained arms, paired by layer and seed or by seed, and what of them a null gives.

A table holds one value a seed, arm and layer, (K, A, L); NaN where an arm has none there. A difference is that of
the first arm minus the last, (K, L), or (K,) where there is one layer.
"""

from collections.abc import Mapping

import numpy as np

from claims.core.curves import layer_figure, rounded
from claims.core.finding import Curve, Measured, NotApplicable
from claims.core.record import Figure, Series
from claims.core.verdict import holds
from metrics.arrays import Float64Array
from metrics.stats.estimate import Estimate
from metrics.stats.few_units import FEW, FEWEST, estimate_few, spanning
from metrics.stats.sampling import Sampling

#: Layers of one training share its text and its accidents; the interval treats them as independent, and says so.
PAIR = "(layer, seed) pair"
#: A null that gives more than this share of a difference stands for it: most of the difference is then the null's.
HALF = 0.5
#: Seeds that the catalogue asks of a controlled training.
SEEDS = 5


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


def by_training(values: Float64Array, direction: str, threshold: str, sampling: Sampling) -> tuple[Measured, ...]:
    """Report the mean over layers with trainings as the units, which are the only independent ones."""
    seeds = np.array([row.mean() for row in _known_rows(values)])
    if len(seeds) < 2:
        return ()
    name = "the difference, mean over layers"
    return (Measured(name, estimate_few(seeds, "seed", sampling), direction, threshold, decides=False),)


def null_share_criterion(
    by_null: Float64Array, by_arms: Float64Array, name: str, direction: str, sampling: Sampling
) -> tuple[tuple[Measured, ...], tuple[Measured, ...]]:
    """Judge how much of a difference a null gives: of by_null - by_arms / 2 the null, and its mirror as a criterion.

    The null stands when it gives more than half of the difference for certain, and the claim then says nothing.
    The claim stands only when the null gives less than half for certain; between the two nothing is decided. Of a
    difference that lies on the other side no null gives a share: both are then left out.

    Parameters
    ----------
    by_null, by_arms : differences (K, L)
    name : of the null's difference
    direction : claimed side of the arms' difference

    Returns
    -------
    the criterion, and the null; or nothing
    """
    mirror = {"<": ">", ">": "<"}[direction]
    whole = estimate_pairs(by_arms, "the arms' difference", sampling)
    if holds(whole.low, whole.high, 0.0, direction) is False:
        return (), ()
    called = f"{name}, less {HALF:g} of the arms' difference"
    part = estimate_pairs(by_null - HALF * by_arms, called, sampling)
    stands = holds(part.low, part.high, 0.0, direction) is True
    criterion = Measured(called, part, mirror, 0.0, decides=not stands)
    return (criterion,), (Measured(called, part, direction, 0.0),)


def surviving(
    left: Mapping[str, Float64Array], whole: Float64Array, sampling: Sampling, threshold: str | float = 0.0
) -> tuple[tuple[Measured, ...], tuple[str, ...]]:
    """Report the share of a difference that is left on common splits, and note where it has no interval, and why.

    Parameters
    ----------
    left : differences on each split, by what to call it
    whole : the difference on the arms' own tokens
    threshold : that a share is reported beside
    """
    known = whole[np.isfinite(whole)]
    if len(known) < FEWEST:
        return (), ()
    all_of_it = estimate_pairs(whole, "the difference on own tokens", sampling)
    if not (all_of_it.low > 0 or all_of_it.high < 0):
        return (), ("On own tokens there is no clear difference of which a share could be left on common ones.",)
    found, notes = [], []
    for split, values in left.items():
        name, share = f"share of the difference on own tokens that is left {split}", _share(values, whole, sampling)
        if isinstance(share, Estimate):
            found.append(Measured(name, share, ">", threshold, decides=False))
        else:
            notes.append(f"The {name} is {share:.2f}, from too few pairs for an interval.")
    return tuple(found), tuple(notes)


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


def _share(left: Float64Array, whole: Float64Array, sampling: Sampling) -> Estimate | float:
    """Ratio of the means over pairs; without an interval where these are too few to resample."""
    both = np.isfinite(left) & np.isfinite(whole)
    rows = np.stack([left[both], whole[both]], axis=1)
    if len(rows) < FEW:
        return float(rows[:, 0].mean() / rows[:, 1].mean()) if len(rows) else float("nan")
    unit = "seed" if whole.ndim == 1 else PAIR
    share = sampling.of(rows, lambda pairs: pairs[..., 0].mean(axis=-1) / pairs[..., 1].mean(axis=-1), unit=unit)
    if whole.ndim == 1:
        return share
    seeds = [(left[seed, known], whole[seed, known]) for seed, known in enumerate(both) if known.any()]
    return spanning(share, np.array([part.mean() / every.mean() for part, every in seeds]))
