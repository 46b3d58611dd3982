"""The pytest fixtures of what experts compute: evidence that needs both the models and the metrics."""

from collections.abc import Iterator, Mapping
from functools import cache

import pytest

from claims.expert_functions import ExpertFunctions
from claims.function_arms import FunctionExperiment, TrainedArm
from claims.function_blocks import blocks_of_trace
from claims.function_study import study_functions
from claims.function_trace import FunctionTrace
from claims.mlp_arms import MlpArms, compared_arms
from claims.mlp_world import WORLD
from claims.sampling import Sampling
from claims.subspace_study import study_subspaces
from claims.subspace_trace import SubspaceTrace
from fixtures.code_digest import code_digest
from fixtures.dense_subject import CapturedDense
from fixtures.derived import Derivation, ExpertsAtHand
from fixtures.evidence_fixtures import chosen_of, or_skip
from fixtures.gated_experts import GatedExperts
from fixtures.options import Settings
from fixtures.subject import Captured, Evidence


@pytest.fixture
def functions(subject: Evidence) -> FunctionTrace:
    """Return the experts of a checkpoint as functions: products of their Jacobians, and of their outputs."""
    return or_skip(lambda: subject.derived(_functions()))


@pytest.fixture
def subspaces(subject: Evidence) -> SubspaceTrace:
    """Return the subspaces of what the experts of a checkpoint receive and return."""
    return or_skip(lambda: subject.derived(_subspaces()))


@pytest.fixture
def mlp_arms(sampling: Sampling) -> MlpArms:
    """Return what all claims on the controlled MLP compare, trained by the first that asks."""
    return compared_arms(WORLD, sampling)


@pytest.fixture(scope="session")
def routing_experiment(request: pytest.FixtureRequest, settings: Settings) -> FunctionExperiment:
    """Return checkpoints that differ in how many experts a token uses: k of them, or all."""
    return or_skip(lambda: _measured(request, settings))


@pytest.fixture(scope="session")
def twin_experiment(request: pytest.FixtureRequest, settings: Settings) -> FunctionExperiment:
    """Return mixtures of experts beside their dense twins."""
    return or_skip(lambda: _measured(request, settings))


def _measured(request: pytest.FixtureRequest, settings: Settings) -> FunctionExperiment:
    """Read the text with every arm of every seed, one model alive at a time."""
    plan, specs = chosen_of(request).experiments[request.param]
    trainings = []
    for seed in specs:
        arms = []
        for spec, is_dense in zip(seed, plan.dense, strict=True):
            captured = CapturedDense(spec, settings) if is_dense else Captured(spec, settings)
            arms.append(TrainedArm(spec.name, captured.experts(), captured.derived(_functions())))
        trainings.append(tuple(arms))
    return FunctionExperiment(plan.name, plan.arms, tuple(trainings))


def _functions() -> Derivation[FunctionTrace]:
    return Derivation("functions", FunctionTrace, _sources(), _study_functions)


def _subspaces() -> Derivation[SubspaceTrace]:
    return Derivation("subspaces", SubspaceTrace, _sources(), _study_subspaces)


def _study_functions(at_hand: ExpertsAtHand) -> FunctionTrace:
    return study_functions(
        at_hand.trace,
        Functions(at_hand.read),
        at_hand.routers,
        seed=at_hand.seed,
        device=_device(at_hand.read),
        sources=_sources(),
    )


def _study_subspaces(at_hand: ExpertsAtHand) -> SubspaceTrace:
    blocks = blocks_of_trace(at_hand.trace)
    return study_subspaces(at_hand.trace, blocks, at_hand.seed, Functions(at_hand.read), sources=_sources())


def _device(read: Mapping[int, GatedExperts | str]) -> str:
    """Where the experts lie; the function that asks lets go of them again."""
    found = next((each for each in read.values() if not isinstance(each, str)), None)
    return "cpu" if found is None else str(found.gate[0].device)


class Functions(Mapping[int, ExpertFunctions | str]):
    """The experts of each layer as functions, or why they are none; wrapped when asked for, and not kept."""

    def __init__(self, read: Mapping[int, GatedExperts | str]) -> None:
        self._read = read

    def __getitem__(self, layer: int) -> ExpertFunctions | str:
        """Return the experts of a layer."""
        found = self._read[layer]
        return found if isinstance(found, str) else ExpertFunctions(found)

    def __iter__(self) -> Iterator[int]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)


@cache
def _sources() -> str:
    """A digest of the code that computes evidence from experts: what other code computed is never read back."""
    return code_digest("claims.function_study", "claims.subspace_study", "claims.expert_functions")
