"""The gate of an expert as a function of the expert's input: what it is, and where it is not known."""

from dataclasses import replace

import numpy as np
import pytest

from claims.function_gates import gate_of
from claims.tests.planted_visits import planted_layer, planted_router, planted_visits
from fixtures.expert_trace import LayerExperts
from fixtures.moe_layer import Router, RoutingRule
from fixtures.routing_rule import combine_weights, select
from metrics.arrays import Float64Array
from metrics.expert import Expert
from metrics.gated_unit import activation, gated_unit

WIDTH, EXPERTS = 6, 4
VISITS = planted_visits(np.random.default_rng(0), EXPERTS, WIDTH, 7, 6)


def routed(rule: RoutingRule, bias: Float64Array | None = None) -> tuple[Router, LayerExperts]:
    """A router with that rule, and a layer whose sampled tokens it routed."""
    logits = VISITS.states @ VISITS.router.T + (0.0 if bias is None else bias)
    chosen = select(rule, logits)
    seen = VISITS._replace(chosen=chosen, weights=combine_weights(rule, logits, chosen))
    linear = gated_unit(activation("linear"))
    experts = [Expert(np.ones((1, WIDTH)), None, np.ones((WIDTH, 1)), linear)] * EXPERTS
    router = replace(planted_router(0, VISITS), rule=rule, bias=bias)
    return router, planted_layer(0, seen, experts, 8, np.random.default_rng(1))


RULES = {
    "softmax": RoutingRule("identity", None, None, 2, "softmax over top-k", 1.0),
    "soft": RoutingRule("identity", None, None, EXPERTS, "softmax", 1.0),
    "sigmoid": RoutingRule("sigmoid", np.linspace(-0.2, 0.2, EXPERTS), None, 2, "sigmoid, normalised", 2.5),
    "scales": RoutingRule("identity", None, None, 2, "sigmoid", 1.0, np.linspace(0.5, 2.0, EXPERTS)),
}


@pytest.mark.parametrize("name", RULES)
def test_the_gate_and_its_gradient_are_those_of_the_rule(name: str) -> None:
    rule, bias = RULES[name], np.linspace(-0.3, 0.3, EXPERTS)
    router, layer = routed(rule, bias)
    gate = gate_of(router, layer)
    assert gate is not None
    logits = VISITS.states @ VISITS.router.T + bias
    chosen = select(rule, logits)
    step = 1e-6
    for number in range(EXPERTS):
        value, slope = gate(number, VISITS.states)
        at = [
            np.where(chosen == number, combine_weights(rule, moved, chosen), 0.0).sum(axis=1)
            for moved in (logits, *(logits + sign * step * VISITS.router[:, 2] for sign in (1, -1)))
        ]
        np.testing.assert_allclose(value, at[0], atol=1e-12)
        np.testing.assert_allclose(slope[:, 2], (at[1] - at[2]) / (2 * step), atol=1e-7)


def test_the_gate_is_not_known_where_the_experts_do_not_receive_what_the_router_does() -> None:
    router, layer = routed(RULES["softmax"])
    assert gate_of(router, layer) is not None
    assert gate_of(router, replace(layer, sample=np.float32(1.5) * layer.sample)) is None
    assert gate_of(router, replace(layer, sample=layer.sample[:, :5])) is None
    assert gate_of(router, replace(layer, sample=layer.sample[:0])) is None


def test_the_gate_is_not_known_without_a_linear_router_and_its_rule() -> None:
    router, layer = routed(RULES["softmax"])
    without = [replace(router, linear=False), replace(router, rule=None), None]
    without += [replace(router, rule=replace(RULES["softmax"], combine=name)) for name in ("", "unheard of")]
    assert [gate_of(card, layer) for card in without] == [None] * 5
