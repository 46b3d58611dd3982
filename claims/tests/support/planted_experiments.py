"""What the planted experiments share: arms of planted traces, one for each seed."""

from collections.abc import Callable, Sequence

from fixtures.evidence.experiments import Experiment
from fixtures.evidence.trace import Trace

#: Builds the trace of one arm of one seed.
Arm = Callable[[int, int], Trace]


def experiment(arms: Sequence[str], seeds: int, build: Arm) -> Experiment:
    """Return an experiment of traces that ``build(seed, arm)`` made."""
    traces = tuple(tuple(build(seed, arm) for arm in range(len(arms))) for seed in range(seeds))
    names = tuple(tuple(f"{arm}-{seed}" for arm in arms) for seed in range(seeds))
    return Experiment("planted", tuple(arms), names, traces)
