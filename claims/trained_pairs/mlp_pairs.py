"""Two arms of the controlled MLP, seed by seed: what they must have learned, their differences, and the figure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from claims.core.curves import rounded
from claims.core.finding import Measured, NotApplicable
from claims.core.record import Figure, Series
from fixtures.mlp.arms import ArmMeasures
from metrics.arrays import Float64Array


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


def require_learned(*arms: ArmMeasures) -> None:
    """Refuse arms that learned nothing: on average no better at held-out tokens than the best constant answer.

    Raises
    ------
    NotApplicable
        With the error and the variance.
    """
    for arm in arms:
        error, variance = float(arm.error.mean()), float(arm.variance.mean())
        if not error < variance:
            raise NotApplicable(
                f"the arm {arm.arm.name!r} learned nothing: its mean squared error at held-out tokens is {error:.3g}, "
                f"and the variance of their targets {variance:.3g}"
            )


def errors_note(*arms: ArmMeasures) -> str:
    """Say how well the arms learned, over how many seeds."""
    listed = ", ".join(f"{arm.arm.name} {(arm.error / arm.variance).mean():.3g}" for arm in arms)
    return (
        f"{len(arms[0].error)} seeds, each of its own data and initial weights, the same for all arms. Share of the "
        f"targets' variance that is left at held-out tokens: {listed}."
    )


def soft_gates_note(soft: ArmMeasures, differ: str) -> str:
    """Say how far the soft gates are from uniform, and what follows where they are near it.

    Parameters
    ----------
    differ : what near-uniform gates make equal by construction
    """
    gate, uniform = float(soft.gate.mean()), 1 / soft.arm.experts
    said = f"Largest soft gate of a token: {gate:.3g} on average, {uniform:.3g} where all are equal."
    if gate < 2 * uniform:  # no expert weighs twice its even share: every group is nearly all the tokens
        said += f" The soft gates are near uniform, and that by itself makes {differ} nearly equal."
    return said
