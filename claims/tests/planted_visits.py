"""Planted tokens, their routing, and the layer that a capture would have left behind."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fixtures.expert_trace import LayerExperts, SharedOutputs, SideMoments
from fixtures.moe_layer import Router, RoutingRule
from fixtures.routing_rule import combine_weights, select
from metrics.arrays import Float64Array
from metrics.expert import Expert, expert_output


class Visits(NamedTuple):
    """Tokens of one layer and where they go.

    Attributes
    ----------
    states : float64 (N, D), those of a sequence one after the other
    sequence : int64 (N,)
    router : W, float64 (E, D)
    chosen : int64 (N, k)
    weights : float64 (N, k)
    """

    states: Float64Array
    sequence: np.ndarray[tuple[int], np.dtype[np.int64]]
    router: Float64Array
    chosen: np.ndarray[tuple[int, int], np.dtype[np.int64]]
    weights: Float64Array


def planted_visits(rng: np.random.Generator, experts: int, width: int, sequences: int, length: int) -> Visits:
    """Draw states, and send each to two experts, or to the only one.

    A third of a state's power is a mean that all tokens share, which the router does not see, and a third is a mean
    of its sequence.
    """
    sequence = np.repeat(np.arange(sequences), length)
    common, own = rng.standard_normal(width), rng.standard_normal((sequences, width))
    states = (common + own[sequence] + rng.standard_normal((len(sequence), width))) / np.sqrt(3)
    states = states.astype(np.float32).astype(np.float64)
    router = rng.standard_normal((experts, width)) / np.sqrt(width)
    router -= np.outer(router @ common, common) / (common @ common)
    rule = _rule(experts)
    logits = states @ router.T
    chosen = select(rule, logits)
    return Visits(states, sequence, router, chosen, combine_weights(rule, logits, chosen))


def planted_router(layer: int, visits: Visits) -> Router:
    """The card of the router."""
    return Router(
        path=f"layers.{layer}.router",
        layer=layer,
        weight=visits.router,
        bias=None,
        linear=True,
        residual=0.0,
        additivity=0.0,
        tolerance=1e-4,
        rule=_rule(len(visits.router)),
    )


def planted_layer(
    layer: int, visits: Visits, experts: Sequence[Expert], kept: int, rng: np.random.Generator
) -> LayerExperts:
    """What a capture would have left of these experts."""
    outputs = np.stack([expert_output(expert, visits.states) for expert in experts])
    members = [np.nonzero(visits.chosen == number) for number in range(len(experts))]
    order = [rng.permutation(len(rows))[:kept] for rows, _ in members]
    token = np.full((len(experts), kept), -1, dtype=np.int64)
    sequence, weight = token.copy(), np.zeros((len(experts), kept), dtype=np.float32)
    for number, (rows, places) in enumerate(members):
        some = rows[order[number]]
        token[number, : len(some)] = some
        sequence[number, : len(some)] = visits.sequence[some]
        weight[number, : len(some)] = visits.weights[rows, places][order[number]]
    gates = np.zeros((len(visits.states), len(experts)))
    np.put_along_axis(gates, visits.chosen, visits.weights, axis=1)
    every = np.broadcast_to(visits.states, outputs.shape)
    means = outputs.mean(axis=1)
    return LayerExperts(
        layer=layer,
        path=f"layers.{layer}.router",
        source="experts",
        note="",
        visits=np.bincount(visits.chosen.ravel(), minlength=len(experts)),
        weight=gates.sum(axis=0),
        squared_weight=(gates**2).sum(axis=0),
        inputs=_side(every, gates, token),
        outputs=_side(outputs, gates, token),
        kept_token=token,
        kept_sequence=sequence,
        kept_weight=weight,
        sample=visits.states.astype(np.float32),
        sample_experts=visits.chosen,
        sample_weights=visits.weights.astype(np.float32),
        shared_outputs=SharedOutputs(means, np.einsum("ind,jnd->ij", outputs, outputs) / len(visits.states)),
    )


def _rule(experts: int) -> RoutingRule:
    return RoutingRule(
        score="identity", bias=None, groups=None, top_k=min(2, experts), combine="softmax over top-k", scale=1.0
    )


def _side(
    states: Float64Array, gates: Float64Array, token: np.ndarray[tuple[int, int], np.dtype[np.int64]]
) -> SideMoments:
    """Moments and kept states of E experts' states (E, N, D) under the gates (N, E)."""
    total = gates.sum(axis=0)
    share = np.divide(gates, total, out=np.full(gates.shape, np.nan), where=total > 0).T[:, :, None]
    kept = np.take_along_axis(states, np.maximum(token, 0)[:, :, None], axis=1)
    return SideMoments(
        mean=(share * states).sum(axis=1),
        second=np.swapaxes(share * states, 1, 2) @ states,
        shared=states[(gates > 0).T].mean(axis=0),
        kept=np.where(token[:, :, None] >= 0, kept, 0.0).astype(np.float32),
    )
