"""Two arms of the controlled MLP compared seed by seed: differences, what common tokens keep of them, the figure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from claims.controlled_mlp import ArmMeasures
from claims.curves import rounded
from claims.few_units import FEWEST, estimate_few
from claims.finding import Measured, NotApplicable
from claims.mlp_world import Float64
from claims.record import Figure, Series
from claims.sampling import Sampling
from metrics.estimate import Estimate


class Pair(NamedTuple):
    """One measure of two arms, (S,) each: the arm that the claim speaks of, and the one it is compared with."""

    arm: Float64
    other: Float64

    @property
    def difference(self) -> Float64:
        """The first minus the second, (S,); NaN where one of them could not be measured."""
        return self.arm - self.other


def pair(arm: ArmMeasures, other: ArmMeasures, split: str, measure: str) -> Pair:
    """Return a field of `SplitMeasures` of two arms."""
    return Pair(*(np.asarray(getattr(each.splits[split], measure)) for each in (arm, other)))


def mean_difference(difference: Float64, sampling: Sampling) -> Estimate:
    """Estimate the mean of paired differences (S,) over the seeds that have one.

    Raises
    ------
    NotApplicable
        When fewer than six seeds have one.
    """
    known = difference[np.isfinite(difference)]
    if len(known) < FEWEST:
        raise NotApplicable(
            f"{len(known)} of {len(difference)} seeds can be compared, and {FEWEST} are needed for an interval; in the "
            "others too few experts get enough tokens"
        )
    return estimate_few(known, "seed", sampling)


def share_kept(own: Float64, common: Float64, sampling: Sampling) -> Estimate | None:
    """Mean difference on common tokens over that on own tokens; None where the latter's interval holds 0."""
    both = np.stack([own, common], axis=1)
    known = both[np.isfinite(both).all(axis=1)]
    whole = mean_difference(own, sampling)
    if len(known) < FEWEST or whole.low <= 0 <= whole.high:
        return None

    def ratio(rows: Float64) -> Float64:
        means = rows.mean(axis=-2)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(means[..., 1] / means[..., 0])

    return sampling.of(known, ratio, unit="seed")


def strongest(nulls: Sequence[Measured]) -> tuple[Measured, ...]:
    """Let the null decide that comes nearest to the claim: what holds for one of its nulls is vacuous.

    Parameters
    ----------
    nulls : one measured quantity each, all claimed on the same side of the same threshold
    """

    def reach(measured: Measured) -> float:
        estimate = measured.estimate
        return estimate.low if measured.direction.startswith(">") else -estimate.high

    nearest = max(nulls, key=reach)
    return tuple(replace(measured, decides=measured is nearest) for measured in nulls)


def paired_figure(pairs: Mapping[str, Pair], *, title: str, redraws: str, x_label: str, y_label: str) -> Figure:
    """One point a seed, the other arm across and the claim's arm upwards, with the diagonal where they are equal."""
    series, ends = [], []
    for label, (arm, other) in pairs.items():
        known = np.isfinite(arm) & np.isfinite(other)
        series.append(Series(label, rounded(other[known]), rounded(arm[known])))
        ends += [*other[known], *arm[known]]
    corners = rounded([min(ends), max(ends)])
    return Figure(
        kind="scatter",
        title=title,
        redraws=redraws,
        x_label=x_label,
        y_label=y_label,
        series=series,
        reference=[Series("equal", corners, corners)],
    )
