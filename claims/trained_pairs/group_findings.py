"""Judge and draw a claim about the states of two transformers' experts, once their groups are measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from claims.core.finding import Finding, Measured
from claims.shared.paired_differences import arm_curves, difference, figure_by_layer, quoted
from claims.shared.premises import all_model_text
from claims.trained_pairs.arms import Arms, Stages, answered, in_all_arms, parameters_note, require_soft
from claims.trained_pairs.differences import Claimed, arm_lines, differences, left_out_note, require_known
from claims.trained_pairs.drawn_routers import by_drawn_routers, by_own_routing, size_note
from claims.trained_pairs.expert_groups import SPLITS, Measure, gate_spread, grouped
from claims.trained_pairs.smallest_effects import BEYOND
from fixtures.evidence.experiments import FunctionExperiment
from metrics.arrays import Float64Array
from metrics.stats.sampling import Sampling

#: Gates whose entropy spreads them over this share of the experts or more are called near uniform.
UNIFORM = 0.9
#: What the null of a claim on two transformers is.
BEFORE = (
    "The same difference between the arms before training, each at the initialisation that its seed gives, reading the "
    "same text. Of checkpoints whose initialisation is not at hand that is not known, and the claim stays open."
)


@dataclass(frozen=True, kw_only=True)
class Compared(Claimed):
    """What is claimed of a measure in two arms, and of its figure the title, what it redraws and the label."""

    title: str
    redraws: str
    y_label: str


class Tables(NamedTuple):
    """A measure of both arms after training (K, 2, L), before it, and of what is drawn beside, by its name."""

    after: Float64Array
    before: Float64Array
    beside: Mapping[str, Float64Array]


def finding_of_routing(
    experiment: FunctionExperiment,
    measure: Measure,
    says: Compared,
    sampling: Sampling,
    *,
    also: Mapping[str, Measure] = MappingProxyType({}),
    outputs: str = "",
) -> Finding:
    """Compare a top-k arm with a soft one in what their experts receive of the same tokens, own and common ones.

    Parameters
    ----------
    also : other measures whose difference is reported, by what to call them
    outputs : what to call the same difference of the experts' outputs, reported where these are known; "" for none

    Raises
    ------
    NotApplicable
        When the arms are no such arms, or have no layer in common.
    """
    stages = in_all_arms(experiment)
    require_soft(stages)
    found, before = (by_own_routing(read, measure, sampling) for read in stages)
    drawn = by_drawn_routers(stages.after, found.sizes, measure, sampling)
    reported = {"under routers drawn at random": drawn}
    reported |= {called: by_own_routing(stages.after, other, sampling).measured for called, other in also.items()}
    if outputs and answered(stages.after):
        reported[outputs] = grouped(stages.after, "own", "outputs", measure, sampling, deals=0).measured
    name = f"{says.name}, {quoted(experiment.arms)}"
    parts = (
        says.measured(
            f"{name}, on {split}",
            difference(grouped(stages.after, split, "inputs", measure, sampling, deals=0).measured),
        )
        for split in SPLITS
    )
    return finding_of_groups(
        experiment,
        stages,
        Tables(found.measured, before.measured, {"under routers drawn at random": drawn}),
        says,
        sampling,
        parts=tuple(parts),
        reported=tuple(says.measured(f"{name}, {called}", difference(table)) for called, table in reported.items()),
        notes=(gate_note(stages.after), size_note(found.sizes)),
    )


def finding_of_groups(
    experiment: FunctionExperiment,
    stages: Stages,
    tables: Tables,
    says: Compared,
    sampling: Sampling,
    *,
    excess: tuple[Measured, ...] = (),
    parts: tuple[Measured, ...] = (),
    controls: tuple[Measured, ...] = (),
    reported: tuple[Measured, ...] = (),
    notes: tuple[str, ...] = (),
) -> Finding:
    """Judge the difference of the arms, and what is left of it without that before training.

    Parameters
    ----------
    excess : over other nulls than the arms before training
    controls : what such nulls give
    """
    by, name = differences(tables.after, tables.before), f"{says.name}, {quoted(experiment.arms)}"
    require_known(name, by.after)
    lines = arm_lines(experiment.arms, tables.after)
    for called, table in {**tables.beside, "before training": tables.before}.items():
        lines |= arm_lines(experiment.arms, table, f", {called}", beside=tables.after)
    return Finding(
        headline=(says.measured(name, by.after),),
        excess=(says.measured(f"{name}, less that before training", by.gained, BEYOND, times=2.0), *excess),
        parts=parts,
        premises=all_model_text(experiment.fits, sampling),
        controls=(says.measured(f"{name}, before training", by.before), *controls),
        reported=reported,
        layers=arm_curves(says.name, experiment.arms, stages.after.numbers, tables.after),
        figure=figure_by_layer(says.title, says.redraws, says.y_label, stages.after.numbers, lines),
        notes=(*stages.after.notes, *left_out_note(by.after), *notes, *parameters_note(experiment)),
    )


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
