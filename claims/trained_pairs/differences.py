"""Measure what sets two trained arms apart, with trainings as the units: a training gives its mean over layers."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from claims.core.finding import Measured, NotApplicable
from claims.core.verdict import TRAINING
from claims.shared.paired_differences import difference
from claims.shared.trainings import over_trainings, ratio_over_trainings
from metrics.arrays import Float64Array
from metrics.stats.estimate import Estimate


class Differences(NamedTuple):
    """First arm minus second by training and layer, (K, L): after training, and before it, NaN where not known."""

    after: Float64Array
    before: Float64Array

    @property
    def gained(self) -> Float64Array:
        """What training added to the difference."""
        return self.after - self.before


def differences(after: Float64Array, before: Float64Array) -> Differences:
    """Compare two arms in tables (K, 2, L) of a measure; without a seed (0, 2, L) where it is not known before."""
    by_arms = difference(after)
    return Differences(by_arms, difference(before) if len(before) else np.full_like(by_arms, np.nan))


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """On which side of a threshold the difference of a measure is claimed to lie.

    Attributes
    ----------
    name : of the measure, as criteria call it
    direction : of the threshold, for the first arm minus the second, "<=" or ">="
    reach : the largest size of a difference
    """

    name: str
    direction: str
    threshold: str
    reach: float = math.inf

    def measured(self, name: str, values: Float64Array, threshold: str = "", times: float = 1.0) -> Measured:
        """Hold differences, or a sum of them that may be so many times as large, against a threshold."""
        return mean_difference(name, values, self.direction, threshold or self.threshold, times * self.reach)


def mean_difference(
    name: str, values: Float64Array, direction: str, threshold: str, reach: float = math.inf
) -> Measured:
    """Measure the mean over trainings of paired differences; open where none of them is known.

    Parameters
    ----------
    values : (K,) or (K, L); NaN where there is none
    reach : the largest size that a difference can have
    """
    if np.isfinite(values).any():
        estimate = over_trainings(values)
    else:
        estimate = Estimate(math.nan, math.nan, math.nan, len(values), TRAINING, "not measured")
    return Measured(name, estimate, direction, threshold, within=(-reach, reach))


def share_kept(name: str, left: Float64Array, whole: Float64Array, threshold: str) -> Measured:
    """Measure which share of a difference is left, as the ratio of two means over trainings; open where there is none.

    Parameters
    ----------
    left, whole : (K,) or (K, L), what is left of the difference and the difference itself; NaN where there is none
    """
    return Measured(name, ratio_over_trainings(left, whole), ">=", threshold)


def require_known(name: str, values: Float64Array) -> None:
    """Refuse arms that differ in nothing that could be measured.

    Raises
    ------
    NotApplicable
        When no difference is known, with their number.
    """
    if not np.isfinite(values).any():
        trainings = len(values)
        raise NotApplicable(f"{name} could not be measured in any layer of any of {trainings} trainings")


def left_out_note(values: Float64Array) -> tuple[str, ...]:
    """Say how many layers of trainings have no difference; nothing where all have one.

    Parameters
    ----------
    values : (K, L)
    """
    unknown = int(np.isnan(values).sum())
    if not unknown:
        return ()
    return (f"Left out, where an arm has nothing to measure: {unknown} of {values.size} layers of a training.",)


def arm_lines(
    arms: tuple[str, ...], table: Float64Array, suffix: str = "", *, beside: Float64Array | None = None
) -> dict[str, Float64Array]:
    """Name the arms' tables (K, L); without those of no seed, or the same as ``beside``, which they would hide."""
    return {
        f"{arm}{suffix}": table[:, place]
        for place, arm in enumerate(arms)
        if len(table) and (beside is None or not np.array_equal(table[:, place], beside[:, place], equal_nan=True))
    }
