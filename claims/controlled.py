"""What a record says of a controlled experiment, in the place of a checkpoint."""

from typing import Any

from fixtures.experiments import Experiment


def checkpoint_of(experiment: Experiment) -> dict[str, Any]:
    """Return the facts of an experiment and of the checkpoints that it compares (JSON values)."""
    traces = [trace for seed in experiment.traces for trace in seed]
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
