"""The combine weight of an expert as a function of the expert's own input, where that is measured to hold."""

import numpy as np

from claims.function_sums import Gate
from fixtures.expert_trace import LayerExperts
from fixtures.moe_layer import Router, RoutingRule
from fixtures.routing_rule import combine_weights, select
from metrics.arrays import Float64Array, FloatArray, as_float64
from metrics.gate_slope import gate_and_slope

#: Share of the sampled tokens' weights that the rule must give.
MOST = 0.99


def gate_of(router: Router | None, layer: LayerExperts) -> Gate | None:
    """The gate of each expert and its gradient, or None where it is not known.

    It is known where the router is linear, its rule is, and W x + b of what the EXPERTS receive gives the
    combine weights that were captured, for nearly all sampled tokens: then experts and router have the same input.
    A token that the rule would not send to the expert, after rounding, has gate and gradient 0.
    """
    rule = None if router is None else router.rule
    if router is None or rule is None or not router.linear or not _explains(router, rule, layer):
        return None
    weight = as_float64(router.weight)
    scales = np.full(len(weight), rule.scale) if rule.expert_scale is None else rule.scale * rule.expert_scale

    def gate(number: int, states: FloatArray) -> tuple[FloatArray, FloatArray]:
        logits = _logits(router, states)
        return gate_and_slope(logits, select(rule, logits), weight, number, rule.combine, float(scales[number]))

    try:
        gate(0, layer.sample[:1])
    except ValueError:  # a combine rule without a known gradient
        return None
    return gate


def _explains(router: Router, rule: RoutingRule, layer: LayerExperts) -> bool:
    """Whether the rule gives the sampled tokens' weights from the experts' inputs, up to rounding."""
    if layer.sample.shape[1] != router.weight.shape[1] or not len(layer.sample):
        return False
    logits = _logits(router, layer.sample)
    try:
        expected = combine_weights(rule, logits, np.asarray(layer.sample_experts, dtype=np.int64))
    except ValueError:
        return False
    allowed = router.tolerance * max(1.0, float(np.abs(logits).max())) * float(np.abs(layer.sample_weights).max())
    return bool((np.abs(expected - layer.sample_weights).max(axis=1) <= allowed).mean() >= MOST)


def _logits(router: Router, states: FloatArray) -> Float64Array:
    found = as_float64(states) @ as_float64(router.weight).T
    return found if router.bias is None else found + as_float64(router.bias)
