"""Jacobians in closed form: agreement with automatic differentiation, exact means, singular values."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from metrics.jacobians.expert import LocalJacobians, diagonals, expert_output, local_jacobians
from metrics.jacobians.spectra import (
    Jacobian,
    leading_singular_values,
    mean_jacobian,
)
from metrics.tests.support.torch_experts import ExpertCase, expert_cases, matrices, random_expert

EXACT = 1e-8  # relative, in float64


def mean_rest(local: LocalJacobians) -> np.ndarray:
    """Mean over tokens of the terms of rank one."""
    return np.asarray(np.einsum("nrd,nre->de", local.left, local.right) / len(local.diagonal))


def close(found: np.ndarray, expected: np.ndarray) -> bool:
    return bool(np.abs(found - expected).max(initial=0.0) <= EXACT * max(1.0, np.abs(expected).max(initial=0.0)))


@given(expert_cases())
def test_outputs_and_jacobians_agree_with_automatic_differentiation(case: ExpertCase) -> None:
    expected = torch.func.vmap(case.function)(torch.from_numpy(case.states)).numpy()
    assert close(expert_output(case.expert, case.states), expected)
    local = local_jacobians(case.expert, case.states)
    assert close(matrices(case.expert, local), case.jacobians())


@given(expert_cases(), st.integers(0, 2**16))
def test_the_variant_with_the_gate_agrees_too(case: ExpertCase, seed: int) -> None:
    direction = torch.from_numpy(np.random.default_rng(seed).standard_normal(case.states.shape[1]))
    states = torch.from_numpy(case.states)

    def gate(x: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(x @ direction)

    def gated(x: torch.Tensor) -> torch.Tensor:
        return gate(x) * case.function(x)

    value = torch.func.vmap(gate)(states).numpy()
    slope = torch.func.vmap(torch.func.grad(gate))(states).numpy()
    expected = torch.func.vmap(torch.func.jacrev(gated))(states).numpy()
    local = local_jacobians(case.expert, case.states, (value, slope))
    assert close(matrices(case.expert, local), expected)


@given(expert_cases())
def test_the_mean_jacobian_is_exact(case: ExpertCase) -> None:
    local = local_jacobians(case.expert, case.states)
    found = mean_jacobian(case.expert, local.diagonal.mean(axis=0), mean_rest(local))
    assert close(found, case.jacobians().mean(axis=0))


@given(expert_cases())
def test_without_a_norm_the_diagonals_are_all_there_is(case: ExpertCase) -> None:
    bare = replace(case.expert, norm=None)
    local = local_jacobians(bare, case.states)
    np.testing.assert_array_equal(local.diagonal, diagonals(bare, case.states))
    assert local.left.shape[1] == local.right.shape[1] == 0


@given(expert_cases(), st.data())
def test_leading_singular_values_are_those_of_the_matrix(case: ExpertCase, data: st.DataObject) -> None:
    top = data.draw(st.integers(1, case.states.shape[1]), label="top")
    local = local_jacobians(case.expert, case.states)
    expected = np.linalg.svd(matrices(case.expert, local), compute_uv=False)[:, :top]
    found = leading_singular_values(case.expert, list(map(Jacobian, local.diagonal, local.left, local.right)), top)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-7 * expected.max(initial=1e-100))


@pytest.mark.parametrize("inner", [2, 40])
def test_leading_singular_values_of_a_mean_take_all_its_terms(inner: int) -> None:
    rng = np.random.default_rng(0)
    expert, states = random_expert(rng, width=7, inner=inner), rng.standard_normal((3, 7))
    local = local_jacobians(expert, states, (rng.random(3), rng.standard_normal((3, 7))))
    mean = mean_jacobian(expert, local.diagonal.mean(axis=0), mean_rest(local))
    asked = Jacobian(local.diagonal.mean(axis=0), local.left[:, 0] / 3, local.right[:, 0])
    (found,) = leading_singular_values(expert, [asked], 7)
    np.testing.assert_allclose(found, np.linalg.svd(mean, compute_uv=False), atol=1e-7)
