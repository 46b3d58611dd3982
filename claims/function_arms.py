"""Controlled experiments on what experts compute: checkpoints that differ in one thing, over seeds."""

from dataclasses import dataclass

from claims.function_trace import FunctionTrace
from fixtures.expert_trace import ExpertTrace


@dataclass(frozen=True)
class TrainedArm:
    """One checkpoint of an experiment: what its experts receive and return, and their Jacobians."""

    checkpoint: str
    experts: ExpertTrace
    functions: FunctionTrace


@dataclass(frozen=True)
class FunctionExperiment:
    """The arms of one comparison, measured on one and the same text and the same sampled tokens.

    Attributes
    ----------
    name : display name
    arms : A labels, in the order in which the claim speaks of them
    trainings : for each of the K seeds, the A trained arms
    """

    name: str
    arms: tuple[str, ...]
    trainings: tuple[tuple[TrainedArm, ...], ...]

    @property
    def checkpoints(self) -> tuple[tuple[str, ...], ...]:
        """For each seed, the names of its arms' checkpoints."""
        return tuple(tuple(arm.checkpoint for arm in seed) for seed in self.trainings)
