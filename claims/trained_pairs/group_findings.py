"""Judge and draw a claim about the states of two transformers' experts, once their groups are measured."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from claims.core.finding import Finding, Measured
from claims.shared.paired_differences import (
    SEEDS,
    arm_curves,
    by_training,
    difference,
    figure_by_layer,
    measured_difference,
    null_share_criterion,
    pair_notes,
    quoted,
    surviving,
)
from claims.trained_pairs.arms import Arms, answered, in_all_arms, parameters_note, require_soft
from claims.trained_pairs.expert_groups import SPLITS, Measure, beside_drawn_routers, gate_spread, grouped, size_note
from fixtures.evidence.experiments import FunctionExperiment
from metrics.arrays import Float64Array
from metrics.stats.sampling import Sampling

#: Gates whose entropy spreads them over this share of the experts or more are called near uniform.
UNIFORM = 0.9


class Compared(NamedTuple):
    """The measure, the claimed side of the first arm minus the second, the claim's threshold; then of the figure."""

    name: str
    direction: str
    threshold: str
    title: str
    redraws: str
    y_label: str


def null_says(why: str) -> str:
    """Say what the nulls of `finding_of_routing` are, and ``why`` groups hold one number of tokens."""
    return (
        "Routers drawn at random, on own tokens, that leave each token its gates and send as many tokens to "
        "their experts: what any routing as sparse, as sharp and as even gives. And the same states dealt out at "
        "random to groups as large, on common splits the only null. Arms and nulls hold one number of tokens a group, "
        f"since {why}. The one nearer to the claim decides: the null holds when it gives more than half "
        "of the difference for certain, the claim only when it gives less. Where the difference lies on the other side "
        "there is none to share."
    )


def finding_of_routing(
    experiment: FunctionExperiment,
    tokens: str,
    measure: Measure,
    says: Compared,
    sampling: Sampling,
    *,
    also: Mapping[str, Measure] = MappingProxyType({}),
    outputs: str = "",
) -> Finding:
    """Compare a top-k arm with a soft one in what their experts receive of the same tokens.

    On own tokens the nulls are random groups and drawn routers, and what common splits leave of the difference is
    reported; on a common split the null is random groups.

    Parameters
    ----------
    tokens : "own", or one of `SPLITS`
    also : other measures whose difference is reported, by what to call them
    outputs : what to call the same difference of the experts' outputs, reported where these are known; "" for none

    Raises
    ------
    NotApplicable
        When the arms are no such arms, or have no layer in common.
    """
    read = in_all_arms(experiment)
    require_soft(read)
    left: tuple[Measured, ...] = ()
    if tokens != "own":
        split = grouped(read, tokens, "inputs", measure, sampling)
        others = {
            name: grouped(read, tokens, "inputs", other, sampling, deals=0).measured for name, other in also.items()
        }
        table, nulls = split.measured, {"random groups": split.random}
        notes = [gate_note(read)]
    else:
        found = beside_drawn_routers(read, measure, sampling)
        others = {
            name: beside_drawn_routers(read, other, sampling, nulls=False).measured for name, other in also.items()
        }
        if outputs and answered(read):
            others[outputs] = grouped(read, tokens, "outputs", measure, sampling, deals=0).measured
        table, nulls = found.measured, {"random groups": found.random, "drawn routers": found.drawn}
        left, unclear = _left_on_splits(read, table, measure, sampling)
        notes = [gate_note(read), size_note(found), *unclear]
    other = {name: difference(values) for name, values in others.items()}
    return finding_of_groups(experiment, read, table, nulls, says, sampling, other=other, more=left, notes=tuple(notes))


def finding_of_groups(
    experiment: FunctionExperiment,
    read: Arms,
    table: Float64Array,
    nulls: Mapping[str, Float64Array],
    says: Compared,
    sampling: Sampling,
    *,
    other: Mapping[str, Float64Array] = MappingProxyType({}),
    more: tuple[Measured, ...] = (),
    notes: tuple[str, ...] = (),
) -> Finding:
    """Judge the difference of the arms, paired by layer and seed, beside what its nulls give of it.

    Parameters
    ----------
    table : (K, 2, L), the measure of both arms
    nulls : (K, 2, L) each, the same of a null, by what gives it; the one nearest to the claim decides, and is drawn
    other : (K, L) each, the difference in other variants, by what to call it; reported beside the deciding one
    more : reported as well
    """
    by_arms, name = difference(table), f"{says.name}, {quoted(experiment.arms)}"
    by_nulls = {given: difference(values) for given, values in nulls.items()}

    def measured(called: str, values: Float64Array, *, decides: bool = False) -> Measured:
        return measured_difference(called, values, says.direction, says.threshold, sampling, decides=decides)

    deciding = measured(name, by_arms, decides=True)
    sign = 1.0 if says.direction == ">" else -1.0
    nearest = max(by_nulls, key=lambda given: sign * float(np.nan_to_num(np.nanmean(by_nulls[given]), nan=-np.inf)))
    by_null = by_nulls.pop(nearest)
    less, null = null_share_criterion(
        by_null, by_arms, f"{says.name}, difference that {nearest} give", says.direction, sampling
    )
    others = {f"difference that {given} give": values for given, values in by_nulls.items()}
    return Finding(
        criteria=(
            deciding,
            *less,
            measured(f"{name}, beyond that of {nearest}", by_arms - by_null),
            *by_training(by_arms, says.direction, says.threshold, sampling),
            *(measured(f"{name}, {called}", values) for called, values in {**other, **others}.items()),
            *more,
        ),
        null=null,
        layers=arm_curves(says.name, experiment.arms, read.numbers, table),
        figure=figure_by_layer(
            says.title,
            says.redraws,
            says.y_label,
            read.numbers,
            _lines(experiment.arms, table) | _lines(experiment.arms, nulls[nearest], f", {nearest}", beside=table),
        ),
        notes=(*pair_notes(by_arms, read.notes, seeds_asked=SEEDS), *notes, *parameters_note(experiment)),
    )


def _left_on_splits(
    read: Arms, table: Float64Array, measure: Measure, sampling: Sampling
) -> tuple[tuple[Measured, ...], tuple[str, ...]]:
    """Report how much of a difference of inputs on own tokens is left on the common splits, or why that is not told."""
    left = {
        f"on {split}": difference(grouped(read, split, "inputs", measure, sampling, deals=0).measured)
        for split in SPLITS
    }
    return surviving(left, difference(table), sampling)


def gate_note(read: Arms) -> str:
    """Say how uniform the soft arm's gates are, and what follows from it."""
    spread = gate_spread([layer for seed in read.layers for layer in seed[1]])
    says = f"The soft arm's gates are spread over {spread:.0%} of its experts, by their entropy"
    if spread < UNIFORM:
        return f"{says}."
    return (
        f"{says}: they are near uniform, so that its experts take the same states under nearly the same weights, and "
        "their weighted subspaces and spectra are alike by construction. A difference on own tokens follows from that."
    )


def _lines(
    arms: tuple[str, ...], table: Float64Array, suffix: str = "", *, beside: Float64Array | None = None
) -> dict[str, Float64Array]:
    """Name the arms' tables (K, L); without those that are the same as ``beside``, which they would hide."""
    return {
        f"{arm}{suffix}": table[:, place]
        for place, arm in enumerate(arms)
        if beside is None or not np.array_equal(table[:, place], beside[:, place], equal_nan=True)
    }
