"""Two arms of the controlled MLP, seed by seed: what they must have learned, their differences, and the figure."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from claims.core.figure_data import rounded
from claims.core.finding import Measured
from claims.core.record import Figure, Series
from claims.shared.trainings import over_trainings
from fixtures.mlp.arms import ArmMeasures
from metrics.arrays import Float64Array

#: Share of its targets' variance that an arm which learned anything leaves, at most: nine tenths.
LEFT = 0.9


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


def learned(*arms: ArmMeasures) -> tuple[Measured, ...]:
    """Return the premise that each arm learned its task: of one that did not, nothing was trained that could tell."""
    return tuple(
        Measured(
            f"share of the targets' variance that the arm {arm.arm.name!r} leaves at held-out tokens",
            over_trainings(arm.error / arm.variance),
            "<=",
            LEFT,
            within=(0.0, math.inf),
        )
        for arm in arms
    )


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
