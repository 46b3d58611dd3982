"""Two arms of the controlled MLP compared seed by seed: differences, what common tokens keep of them, the figure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from claims.core.curves import rounded
from claims.core.finding import Measured, NotApplicable
from claims.core.record import Figure, Series
from fixtures.mlp.arms import ArmMeasures
from metrics.arrays import Float64Array
from metrics.stats.estimate import Estimate
from metrics.stats.few_units import FEWEST, estimate_few
from metrics.stats.sampling import Sampling


class Pair(NamedTuple):
    """One measure of two arms, (S,) each: the arm that the claim speaks of, and the one it is compared with."""

    arm: Float64Array
    other: Float64Array

    @property
    def difference(self) -> Float64Array:
        """The first minus the second, (S,); NaN where one of them could not be measured."""
        return self.arm - self.other


def pair(arm: ArmMeasures, other: ArmMeasures, split: str, measure: str) -> Pair:
    """Return a field of `SplitMeasures` of two arms."""
    return Pair(*(np.asarray(getattr(each.splits[split], measure)) for each in (arm, other)))


def mean_difference(difference: Float64Array, sampling: Sampling) -> Estimate:
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


def share_kept(own: Float64Array, common: Float64Array, sampling: Sampling) -> Estimate | None:
    """Mean difference on common tokens over that on own tokens; None where the latter's interval holds 0."""
    both = np.stack([own, common], axis=1)
    known = both[np.isfinite(both).all(axis=1)]
    whole = mean_difference(own, sampling)
    if len(known) < FEWEST or whole.low <= 0 <= whole.high:
        return None

    def ratio(rows: Float64Array) -> Float64Array:
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


def last_compared(moe: ArmMeasures, dense: ArmMeasures) -> int:
    """Return m, the largest k whose s_k neither arm's hidden width forces to 0."""
    width: int = dense.splits["own"].decay.shape[-1]
    return min(width, moe.arm.hidden, dense.arm.hidden)


def leading_and_decay(moe: ArmMeasures, dense: ArmMeasures, split: str, jacobian: str) -> tuple[Pair, Pair]:
    """Compare s_1, and the mean over k = 2..m of s_k / s_1 (smaller: faster decay), one value a seed.

    Parameters
    ----------
    jacobian : "token", means over tokens of their Jacobians' spectra, or "mean", spectra of mean Jacobians
    """
    last = last_compared(moe, dense)
    spectra = [_spectrum(arm, split, jacobian) for arm in (moe, dense)]
    leading = Pair(*(first for first, _ in spectra))
    return leading, Pair(*(ratios[:, 1:last].mean(axis=1) for _, ratios in spectra))


def rank_note(moe: ArmMeasures, dense: ArmMeasures) -> tuple[str, ...]:
    """Say how much of a faster decay the narrower experts bring with them."""
    width = dense.splits["own"].decay.shape[-1]
    narrow, wide = min(width, moe.arm.hidden), min(width, dense.arm.hidden)
    if narrow >= wide:
        return (f"{moe.arm.name} and dense: either may have rank {wide}, so that their decay compares at equal rank.",)
    return (
        f"{moe.arm.name} and dense: an expert has rank {narrow} at most, the twin {wide}. A spectrum that must end at "
        f"{narrow} decays faster by construction, also before it ends.",
    )


def spectra_figure(arms: Mapping[str, ArmMeasures], split: str, jacobian: str) -> Figure:
    """Spectra of the arms, s_1 times s_k / s_1: mean and range over seeds."""
    series = []
    for label, arm in arms.items():
        leading, ratios = _spectrum(arm, split, jacobian)
        table = leading[:, None] * ratios
        known = table[np.isfinite(table).all(axis=1)]
        ends = (known.mean(axis=0), known.min(axis=0), known.max(axis=0))
        series.append(Series(label, [float(k + 1) for k in range(table.shape[1])], *map(rounded, ends)))
    return Figure(
        kind="lines",
        title=f"singular values of expert Jacobians, {jacobian} Jacobian",
        redraws="PRB finding i",
        x_label="k",
        y_label="s_k, mean and range over seeds",
        series=series,
    )


def _spectrum(arm: ArmMeasures, split: str, jacobian: str) -> tuple[Float64Array, Float64Array]:
    """s_1 (S,) and s_k / s_1 (S, d)."""
    found = arm.splits[split]
    return (found.leading, found.decay) if jacobian == "mean" else (found.token_leading, found.token_decay)
