"""What a record says of a controlled experiment, in the place of a checkpoint."""

from typing import Any

from fixtures.evidence.experiments import Experiment, FunctionExperiment
from fixtures.evidence.jacobians import FunctionTrace
from fixtures.evidence.trace import Trace


def read_in(experiment: Experiment | FunctionExperiment) -> list[Trace] | list[FunctionTrace]:
    """Return the evidence of every arm of every seed."""
    if isinstance(experiment, Experiment):
        return [trace for seed in experiment.traces for trace in seed]
    return [arm.functions for seed in experiment.trainings for arm in seed]


def checkpoint_of(experiment: Experiment | FunctionExperiment) -> dict[str, Any]:
    """Return the facts of an experiment and of the checkpoints that it compares (JSON values)."""
    traces = read_in(experiment)
    sizes = [trace.checkpoint.get("parameters") for trace in traces]
    return {
        "kind": "experiment",
        "name": experiment.name,
        "arms": list(experiment.arms),
        "checkpoints": [list(names) for names in experiment.checkpoints],
        "revision": ", ".join(str(trace.checkpoint.get("revision")) for trace in traces),
        "architecture": ", ".join(sorted({str(trace.checkpoint.get("architecture")) for trace in traces})),
        "parameters": max((size for size in sizes if isinstance(size, int)), default=None),
        "layers": traces[0].checkpoint.get("layers"),
        "experts": traces[0].checkpoint.get("experts"),
        "top_k": traces[0].checkpoint.get("top_k"),
    }
