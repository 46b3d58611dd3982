"""The layers of the arms of an experiment on experts that can be compared, and what the arms must be first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from claims.core.finding import NotApplicable
from fixtures.evidence.experiments import FunctionExperiment, TrainedArm
from fixtures.evidence.experts import ExpertTrace, LayerExperts
from fixtures.evidence.jacobians import LayerFunctions


@dataclass(frozen=True)
class ArmLayer:
    """One layer of one checkpoint: what its experts receive, and their functions where these were studied."""

    experts: LayerExperts
    functions: LayerFunctions | None

    @property
    def count(self) -> int:
        """E."""
        return len(self.experts.visits)

    @property
    def used(self) -> int:
        """k, experts that a token uses."""
        return int(self.experts.sample_experts.shape[1])


class ArmLayers(NamedTuple):
    """Layers of the arms, side by side.

    Attributes
    ----------
    numbers : L layer numbers
    layers : for each seed and arm, its L layers
    notes : which layers were left out, if any
    """

    numbers: tuple[int, ...]
    layers: tuple[tuple[tuple[ArmLayer, ...], ...], ...]
    notes: tuple[str, ...]


Usable = Callable[[ArmLayer], str]
"""Why a layer cannot be used, or ""."""


def any_layer(_: ArmLayer) -> str:
    """What the experts receive is always known."""
    return ""


def studied(layer: ArmLayer) -> str:
    """Tell why the functions of a layer's experts are not known."""
    return "its experts were not studied" if layer.functions is None else layer.functions.note


def in_all_arms(experiment: FunctionExperiment, usable: Usable = any_layer) -> ArmLayers:
    """Return the layers that can be used in every checkpoint of an experiment of two arms.

    Raises
    ------
    NotApplicable
        When there is none, or the checkpoints did not read the same text and sample the same tokens of it.
    """
    _require_one_text([arm.experts for seed in experiment.trainings for arm in seed])
    read = [[_layers_of(arm) for arm in seed] for seed in experiment.trainings]
    there = [layers for seed in read for layers in seed]
    every = sorted(set().union(*there))
    why = {number: _why_not(number, there, usable) for number in every}
    kept = tuple(number for number in every if not why[number])
    if not kept:
        reasons = "; ".join(sorted(set(why.values()))) or "there is none"
        raise NotApplicable(f"no layer can be compared in all {len(there)} checkpoints: {reasons}")
    out = [f"{number} ({why[number]})" for number in every if why[number]]
    return ArmLayers(
        numbers=kept,
        layers=tuple(tuple(tuple(layers[number] for number in kept) for layers in seed) for seed in read),
        notes=(f"Layers left out, not comparable in all checkpoints: {', '.join(out)}.",) if out else (),
    )


def answered(read: ArmLayers) -> bool:
    """Tell whether the outputs of the experts are known in every layer of every arm."""
    return all(layer.experts.outputs is not None for seed in read.layers for arm in seed for layer in arm)


def require_soft(read: ArmLayers) -> None:
    """Refuse arms that are not sparse, the first, and fully soft, the second, of as many experts and one width.

    Raises
    ------
    NotApplicable
        With how many of its experts a token uses, or the widths, where it is not so.
    """
    _require_one_width(read)
    for seed in read.layers:
        for number, sparse, soft in zip(read.numbers, *seed, strict=True):
            if sparse.used >= sparse.count or soft.used < max(2, soft.count):
                raise NotApplicable(
                    "the first arm should use some of its experts for a token and the second all of them; in layer "
                    f"{number} they use {sparse.used} of {sparse.count} and {soft.used} of {soft.count}"
                )
            if sparse.count != soft.count:
                raise NotApplicable(
                    "the arms should differ in how many experts a token uses, and not in how many there are: in "
                    f"layer {number} {sparse.count} and {soft.count}"
                )


def require_twin(read: ArmLayers) -> None:
    """Refuse arms that are not a mixture, the first, and its dense twin of the same width, the second.

    Raises
    ------
    NotApplicable
        With the numbers of experts, or the widths, where it is not so.
    """
    _require_one_width(read)
    for seed in read.layers:
        for number, mixture, dense in zip(read.numbers, *seed, strict=True):
            if mixture.count < 2 or dense.count > 1:
                raise NotApplicable(
                    "the first arm should be a mixture of experts and the second dense; in layer "
                    f"{number} they have {mixture.count} and {dense.count} experts"
                )


def _require_one_width(read: ArmLayers) -> None:
    """Refuse arms whose experts receive states of different widths: spectra and ranks then differ by that alone."""
    for seed in read.layers:
        for number, *pair in zip(read.numbers, *seed, strict=True):
            first, second = (layer.experts.sample.shape[1] for layer in pair)
            if first != second:
                raise NotApplicable(
                    "the arms should differ in one thing, and their experts receive states of different widths: in "
                    f"layer {number} {first} and {second}"
                )


def _layers_of(arm: TrainedArm) -> dict[int, ArmLayer]:
    functions = {layer.layer: layer for layer in arm.functions.layers}
    return {layer.layer: ArmLayer(layer, functions.get(layer.layer)) for layer in arm.experts.layers}


def _why_not(number: int, there: Sequence[dict[int, ArmLayer]], usable: Usable) -> str:
    """Why a layer cannot be used in one of the checkpoints, or ""."""
    for layers in there:
        if number not in layers:
            return "not in every checkpoint"
        if reason := usable(layers[number]):
            return reason
    return ""


def _require_one_text(traces: Sequence[ExpertTrace]) -> None:
    first = traces[0]
    for other in traces[1:]:
        if first.population != other.population or not np.array_equal(first.lengths, other.lengths):
            raise NotApplicable("the checkpoints did not read the same text in the same tokens, so nothing is paired")
        if not np.array_equal(first.sample, other.sample):
            raise NotApplicable("the checkpoints sampled other tokens of the text, so they have no common split")
