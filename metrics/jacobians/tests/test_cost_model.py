"""The cost model: exact where that is affordable, else the cheaper estimate; pairs are drawn evenly."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from metrics.jacobians.cost_model import Shape, form_operations, plan_alignment, probe_operations
from metrics.jacobians.token_cosines import draw_pairs

SHAPES = st.builds(
    Shape,
    experts=st.integers(2, 256),
    inner=st.integers(1, 16384),
    width=st.integers(1, 8192),
    parts=st.sampled_from((1, 2)),
    tokens=st.integers(1, 4096),
)


@given(SHAPES, st.sampled_from((0.1, 0.01, 0.002)))
def test_the_plan_is_possible_and_none_is_cheaper(shape: Shape, error: float) -> None:
    plan = plan_alignment(shape, error)
    assert 1 <= plan.pairs <= shape.pairs
    assert 1 <= plan.tokens <= shape.tokens
    assert (plan.probes >= 2) == (plan.method == "probes")
    every = form_operations(shape, shape.pairs)
    assert plan.operations <= every
    if plan.method == "every pair":
        assert (plan.pairs, plan.tokens) == (shape.pairs, shape.tokens)
    else:
        assert every > 1e12
    assert str(plan.tokens) in plan.sentence()


@given(SHAPES)
def test_what_is_affordable_is_exact_and_a_smaller_error_never_costs_less(shape: Shape) -> None:
    assert plan_alignment(shape, affordable=float("inf")).method == "every pair"
    costs = [plan_alignment(shape, error, affordable=0.0).operations for error in (0.1, 0.03, 0.01, 0.003)]
    assert costs == sorted(costs)


def test_operations_by_hand() -> None:
    # Gated, m = 2, D = 3: a pair takes 2 * 4 * 3 for K and 2 * (4 * 4) * 3 for the inputs, then 2 * 16 a token.
    shape = Shape(experts=3, inner=2, width=3, parts=2, tokens=10)
    assert form_operations(shape, pairs=3) == (3 + 3) * (24 + 96 + 320)
    # One probe: 2 * (4 * 3 + 3 * 2) an expert, and 2 * 3 for each of 9 products.
    assert probe_operations(shape, draws=1) == 3 * 36 + 54


@given(st.integers(2, 12), st.integers(1, 80), st.integers(0, 2**16))
def test_drawn_pairs_are_different_and_spread_evenly(experts: int, count: int, seed: int) -> None:
    pairs = draw_pairs(experts, count, np.random.default_rng(seed))
    assert len(pairs) == min(count, experts * (experts - 1) // 2)
    assert (pairs[:, 0] < pairs[:, 1]).all()
    assert len({tuple(pair) for pair in pairs.tolist()}) == len(pairs)
    seen = np.bincount(pairs.ravel(), minlength=experts)
    assert seen.max() - seen.min() <= 2


def test_every_pair_is_as_likely_as_any_other() -> None:
    counts = np.zeros((6, 6))
    draws = 3000
    for seed in range(draws):
        pairs = draw_pairs(6, 7, np.random.default_rng(seed))
        counts[pairs[:, 0], pairs[:, 1]] += 1
    share = counts[np.triu_indices(6, 1)] / draws
    np.testing.assert_allclose(share, 7 / 15, atol=5 * 0.5 / np.sqrt(draws))
