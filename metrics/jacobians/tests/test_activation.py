"""Activations and gates: their slopes are those of torch, and limits stop them."""

import math

import numpy as np
import pytest
import torch

from metrics.jacobians.activation import activation, gated_unit
from metrics.tests.support.torch_experts import ACTIVATIONS


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_values_and_slopes_are_those_of_torch(name: str) -> None:
    kind, alpha, function = ACTIVATIONS[name]
    grid = np.concatenate([np.linspace(-30, 30, 200), np.linspace(-1, 1, 100)])  # without 0, where ReLU bends
    values = torch.from_numpy(grid).requires_grad_()
    function(values).sum().backward()  # type: ignore[no-untyped-call]
    assert values.grad is not None
    found = activation(kind, alpha)
    np.testing.assert_allclose(found.value(grid), function(values).detach().numpy(), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(found.slope(grid), values.grad.numpy(), rtol=1e-10, atol=1e-14)


def test_on_a_limit_the_slope_is_the_one_inside() -> None:
    unit = gated_unit(activation("linear"), gate_max=2.0, act_max=2.0, up_limit=3.0)
    g, u = np.array([2.0, np.nextafter(2.0, 3.0)]), np.array([-3.0, np.nextafter(-3.0, -4.0)])
    a, b = unit.slopes(g, u)
    assert a.tolist() == [-3.0, 0.0]
    assert b.tolist() == [2.0, 0.0]


def test_without_limits_nothing_is_limited() -> None:
    unit = gated_unit(activation("relu"), act_max=math.inf)
    g = np.array([-1e30, 1e30])
    assert unit.value(g, np.full(2, -2.0)).tolist() == [-0.0, -2e30]
    assert unit.slopes(g, np.full(2, -2.0))[1].tolist() == [0.0, 1e30]
