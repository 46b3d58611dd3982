"""Inner products of Jacobians through m x m forms: against the matrices themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.jacobians.cosines import cosine_table, frobenius_cosines
from metrics.jacobians.expert import local_jacobians
from metrics.jacobians.token_products import inner_products
from metrics.tests.support.torch_experts import ExpertCase, expert_cases, matrices


@st.composite
def two_experts(draw: st.DrawFn) -> tuple[ExpertCase, ExpertCase, int]:
    """Two experts on the same dimensions, of any two widths."""
    width = draw(st.integers(1, 5), label="width")
    return draw(expert_cases(width=width)), draw(expert_cases(width=width)), draw(st.integers(0, 2**16))


@given(two_experts(), st.booleans())
def test_products_are_those_of_the_matrices(both: tuple[ExpertCase, ExpertCase, int], gated: bool) -> None:
    first, second, seed = both
    rng = np.random.default_rng(seed)
    states = rng.standard_normal((4, first.states.shape[1]))
    gates = [(rng.random(4), rng.standard_normal(states.shape)) if gated else None for _ in range(2)]
    one, two = (local_jacobians(case.expert, states, gate) for case, gate in zip((first, second), gates, strict=True))
    a, b = matrices(first.expert, one), matrices(second.expert, two)
    expected = (a * b).sum(axis=(1, 2))
    scale = max(1.0, np.abs(a).max() * np.abs(b).max())
    found = inner_products(first.expert, one, second.expert, two)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10 * scale)
    in_blocks = inner_products(first.expert, one, second.expert, two, form_bytes=1)
    np.testing.assert_allclose(in_blocks, expected, rtol=1e-8, atol=1e-10 * scale)


@given(expert_cases(width=4))
def test_the_same_expert_at_two_tokens(case: ExpertCase) -> None:
    expert, states = case.expert, case.states
    local, other = local_jacobians(expert, states), local_jacobians(expert, states[::-1])
    a, b = matrices(expert, local), matrices(expert, other)
    found = inner_products(expert, local, expert, other)
    np.testing.assert_allclose(found, (a * b).sum(axis=(1, 2)), rtol=1e-8, atol=1e-10 * max(1.0, (a * a).max()))


def test_cosines_stay_in_range_and_know_nothing_of_zero() -> None:
    found = frobenius_cosines(np.array([1.0 + 1e-12, -2.0, 0.0]), np.array([1.0, 1.0, 0.0]), np.ones(3))
    assert found[:2].tolist() == [1.0, -1.0]
    assert np.isnan(found[2])
    assert frobenius_cosines(np.array([1.0]), np.array([4.0]), np.array([16.0]))[0] == pytest.approx(0.125)


def test_all_pairs_come_from_the_table_of_their_products() -> None:
    rows = np.random.default_rng(1).standard_normal((2, 3, 20))
    rows[0, 2] = 0.0
    found = cosine_table(rows @ rows.swapaxes(1, 2))
    for stack, table in zip(rows, found, strict=True):
        expected = stack[0] @ stack[1] / np.linalg.norm(stack[0]) / np.linalg.norm(stack[1])
        assert table[0, 1] == table[1, 0] == pytest.approx(expected)
    assert np.isnan(found[0, 2]).all()
    np.testing.assert_allclose(np.diagonal(found[1]), 1.0)
