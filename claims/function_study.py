"""From what the experts of a checkpoint receive, and their weights, to what they compute as functions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from claims.function_blocks import blocks_of_trace, sequence_of_sample, some_of_sample, spread_over_blocks
from claims.function_grams import products
from claims.function_layer import Setting, Studied, study_layer, unread_layer
from claims.function_sums import JacobianSums
from claims.function_trace import FloatArray, FunctionTrace
from claims.sampling import Sampling
from fixtures.expert_trace import ExpertTrace
from fixtures.moe_layer import Router
from metrics.expert import Expert

#: Sampled tokens that all experts are asked about.
SHARED = 1024
#: Those of them that are looked at one by one.
SINGLE = 256


def study_functions(
    trace: ExpertTrace,
    experts: Mapping[int, Sequence[Expert] | str],
    routers: Mapping[int, Router] | None = None,
    *,
    seed: int,
    device: str = "cpu",
    sources: str = "",
) -> FunctionTrace:
    """Study the experts of every layer as functions.

    Parameters
    ----------
    trace : what they receive
    experts : for each layer its experts, or the reason why they cannot be read; where the router chooses among
        more than these, the first of its choices are the experts
    routers : for each layer its router, for the Jacobians with the gate (`claims.function_gates.gate_of`)
    seed : of every choice
    device : where product tables are computed; in float64 on the CPU, in float32 elsewhere
    sources : digest of the code, copied into the result
    """
    sampling, block = Sampling(seed), blocks_of_trace(trace)
    shared = some_of_sample(trace, SHARED, sampling)
    sequence = sequence_of_sample(trace)[shared]
    single = spread_over_blocks(block[sequence], SINGLE)
    setting = Setting(block, shared, sequence, single, sampling, device)
    known = {} if routers is None else routers
    layers = []
    last: Studied | None = None
    for layer in trace.layers:
        read = experts.get(layer.layer, "its experts were not read")
        if isinstance(read, str):
            layers.append(unread_layer(layer, read, setting.blocks))
            continue
        found = study_layer(layer, read, known.get(layer.layer), setting)
        layers.append(found.functions)
        if found.own is None:
            continue
        if last is not None and last.own is not None and last.own.width == found.own.width:
            place = next(n for n, each in enumerate(layers) if each is last.functions)
            layers[place] = replace(layers[place], next_layer=mean_cosines(last.own, found.own, device))
        last = found
    return FunctionTrace(
        checkpoint=dict(trace.checkpoint),
        population=dict(trace.population),
        blocks=block,
        layers=tuple(layers),
        sources=sources,
        provenance=dict(trace.provenance),
    )


def mean_cosines(one: JacobianSums, other: JacobianSums, device: str = "cpu") -> FloatArray:
    """Cosines of the mean Jacobians of two layers' experts, float32 (E, E'); NaN with a Jacobian of zero."""
    first, second = one.together, other.together
    table = products(first, second, device)[:, 0, :, 0]
    norms = [_norms(each, device) for each in (first, second)]
    return np.clip(table / norms[0][:, None] / norms[1], -1.0, 1.0).astype(np.float32)


def _norms(sums: JacobianSums, device: str) -> FloatArray:
    """Frobenius norm of each expert's sum, NaN where it is 0."""
    power = np.diagonal(products(sums, device=device)[:, 0, :, 0])
    return np.sqrt(np.where(power > 0, power, np.nan))
