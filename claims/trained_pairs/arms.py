"""Line up the layers of transformers trained as arms of an experiment, and refuse arms that are not comparable."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from claims.core.finding import NotApplicable
from claims.shared.arm_layers import OTHER_TEXT, ArmLayers, line_up
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

    def unstudied(self, *, gates: bool) -> str:
        """Why the functions of its experts, or ``gates`` as functions too, are not known, or ""."""
        if self.functions is None:
            return "its experts were not studied"
        unknown = gates and self.functions.layer_leading is None
        return self.functions.note or ("no gradient of its gates is known" if unknown else "")


Arms = ArmLayers[ArmLayer]


class Stages(NamedTuple):
    """The same layers of the same arms after training and before it; no seed before, where that is not known."""

    after: Arms
    before: Arms


def in_all_arms(experiment: FunctionExperiment, *, studied: bool = False, gates: bool = False) -> Stages:
    """Return the layers that can be used in every checkpoint of an experiment of two arms, and before training.

    Parameters
    ----------
    studied : whether the functions of the experts must be known; what the experts receive always is
    gates : whether, of those that are studied, the layer's function must be known with its gates

    Raises
    ------
    NotApplicable
        When there is none, or the checkpoints did not read the same text and sample the same tokens of it.
    """
    seeds = (*experiment.trainings, *experiment.untrained)
    _require_one_text([arm.experts for seed in seeds for arm in seed])

    def known(arm: TrainedArm) -> dict[int, ArmLayer | str]:
        functions = {layer.layer: layer for layer in arm.functions.layers}
        found = {layer.layer: ArmLayer(layer, functions.get(layer.layer)) for layer in arm.experts.layers}
        return {number: (studied and layer.unstudied(gates=gates)) or layer for number, layer in found.items()}

    read = line_up([[known(arm) for arm in seed] for seed in seeds])
    trained = len(experiment.trainings)
    return Stages(replace(read, layers=read.layers[:trained]), replace(read, layers=read.layers[trained:]))


def parameters_note(experiment: FunctionExperiment) -> tuple[str, ...]:
    """State the parameters of the arms, where they are known."""
    sizes = [arm.experts.checkpoint.get("parameters") for arm in experiment.trainings[0]]
    if any(size is None for size in sizes):
        return ()
    return (f"Parameters in total: {' and '.join(f'{int(size or 0):,}' for size in sizes)}.",)


def answered(read: Arms) -> bool:
    """Tell whether the outputs of the experts are known in every layer of every arm."""
    return all(layer.experts.outputs is not None for seed in read.layers for arm in seed for layer in arm)


def require_soft(stages: Stages) -> None:
    """Refuse arms that are not sparse, the first, and fully soft, the second, of as many experts and one width.

    Raises
    ------
    NotApplicable
        With how many of its experts a token uses, or the widths, where it is not so.
    """
    read = stages.after
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


def require_twin(stages: Stages) -> None:
    """Refuse arms that are not a mixture, the first, and its dense twin of the same width, the second.

    Raises
    ------
    NotApplicable
        With the numbers of experts, or the widths, where it is not so.
    """
    read = stages.after
    _require_one_width(read)
    for seed in read.layers:
        for number, mixture, dense in zip(read.numbers, *seed, strict=True):
            if mixture.count < 2 or dense.count > 1:
                raise NotApplicable(
                    "the first arm should be a mixture of experts and the second dense; in layer "
                    f"{number} they have {mixture.count} and {dense.count} experts"
                )


def _require_one_width(read: Arms) -> None:
    """Refuse arms whose experts receive states of different widths: spectra and ranks then differ by that alone."""
    for seed in read.layers:
        for number, *pair in zip(read.numbers, *seed, strict=True):
            first, second = (layer.experts.sample.shape[1] for layer in pair)
            if first != second:
                raise NotApplicable(
                    "the arms should differ in one thing, and their experts receive states of different widths: in "
                    f"layer {number} {first} and {second}"
                )


def _require_one_text(traces: Sequence[ExpertTrace]) -> None:
    first = traces[0]
    for other in traces[1:]:
        if first.population != other.population or not np.array_equal(first.lengths, other.lengths):
            raise NotApplicable(OTHER_TEXT)
        if not np.array_equal(first.sample, other.sample):
            raise NotApplicable("the checkpoints sampled other tokens of the text, so they have no common split")
