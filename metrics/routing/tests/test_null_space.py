"""What the router sees and what it does not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.routing.null_space import (
    EPS64,
    directions,
    kernel_part,
    random_subspace,
    reflect,
    row_part,
    row_space,
    row_squared_norm,
)

SEEDS = st.integers(0, 2**16)
SIZES = st.integers(1, 8)


def test_a_zero_router_sees_nothing() -> None:
    weight, hidden = np.zeros((2, 3)), np.ones((1, 3))
    space = row_space(weight)
    assert space.rank == 0
    np.testing.assert_array_equal(kernel_part(hidden, space.basis), hidden)
    assert row_squared_norm(np.zeros((1, 2)), weight, None).tolist() == [0.0]


def test_float32_noise_adds_no_rank() -> None:
    # A product of rank 2 rounded to float32 has singular values near 1e-7 of the largest, not 0.
    rng = np.random.default_rng(0)
    weight = (rng.standard_normal((6, 2)) @ rng.standard_normal((2, 9))).astype(np.float32)
    assert row_space(weight).rank == 2
    assert row_space(weight, eps=EPS64).rank == row_space(weight.astype(np.float64)).rank > 2


@given(SIZES, SIZES, SEEDS)
def test_the_parts_are_an_orthogonal_sum(experts: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    weight, hidden = rng.standard_normal((experts, width)), rng.standard_normal((4, width))
    space = row_space(weight)
    seen, unseen = row_part(hidden, space.basis), kernel_part(hidden, space.basis)
    np.testing.assert_allclose(seen + unseen, hidden, atol=1e-13)
    np.testing.assert_allclose((seen * unseen).sum(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(unseen @ weight.T, 0, atol=1e-12)
    np.testing.assert_allclose(row_part(seen, space.basis), seen, atol=1e-13)
    assert space.rank == min(experts, width) == np.linalg.matrix_rank(weight)
    np.testing.assert_allclose(space.singular, np.linalg.svd(weight, compute_uv=False), rtol=1e-12)


@given(SIZES, SIZES, SEEDS, st.booleans())
def test_energy_from_the_logits_is_the_projections(experts: int, width: int, seed: int, biased: bool) -> None:
    rng = np.random.default_rng(seed)
    weight, hidden = rng.standard_normal((experts, width)), rng.standard_normal((4, width))
    bias = rng.standard_normal(experts) if biased else None
    logits = hidden @ weight.T + (0.0 if bias is None else bias)
    space = row_space(weight)
    explicit = (row_part(hidden, space.basis) ** 2).sum(axis=1)
    # The logits' rounding comes back amplified by the condition number.
    tolerance = 1e-13 * (space.singular[0] / space.singular[-1]) ** 2
    np.testing.assert_allclose(row_squared_norm(logits, weight, bias), explicit, rtol=tolerance, atol=tolerance)


def test_chance_level_of_a_random_router() -> None:
    # The row space holds 3 of 12 dimensions, hence 1/4 of the energy; their mean errs by some 0.003.
    rng = np.random.default_rng(1)
    weight, hidden = rng.standard_normal((3, 12)), rng.standard_normal((4000, 12))
    share = row_squared_norm(hidden @ weight.T, weight, None) / (hidden**2).sum(axis=1)
    assert share.mean() == pytest.approx(3 / 12, abs=0.012)


def test_the_reflection_solves_its_quadratic() -> None:
    random = np.random.default_rng(0)
    space = row_space(random.standard_normal((4, 12)))
    h, gains = random.standard_normal((50, 12)), random.uniform(0.2, 2.0, 12) * random.choice([-1, 1], 12)
    other = reflect(space, h, gains)
    np.testing.assert_allclose(((other / gains) ** 2).sum(1), ((h / gains) ** 2).sum(1))  # same ellipsoid
    np.testing.assert_allclose(row_part(other, space.basis), row_part(h, space.basis), atol=1e-13)  # same seen part
    away, kernel = other - h, kernel_part(h, space.basis)
    cosine = (away * kernel).sum(1) / np.linalg.norm(away, axis=1) / np.linalg.norm(kernel, axis=1)
    np.testing.assert_allclose(np.abs(cosine), 1.0)  # along the kernel part
    assert (np.linalg.norm(away, axis=1) > 0.01).all()  # and not the token itself


def test_directions_are_units_of_their_space() -> None:
    weight = np.random.default_rng(1).standard_normal((5, 20)).astype(np.float32)
    space = row_space(weight, eps=EPS64)
    kernel = directions(space, 30, kernel=True, random=np.random.default_rng(2))
    seen = directions(space, 30, kernel=False, random=np.random.default_rng(2))
    for unit in (kernel, seen):
        np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1.0)
    assert np.abs(kernel @ weight.T).max() < 1e-14
    assert np.abs(kernel_part(seen, space.basis)).max() < 1e-14


def test_random_subspaces_are_orthonormal_and_prefer_no_direction() -> None:
    rng = np.random.default_rng(2)
    bases = [random_subspace(4, 2, rng) for _ in range(2000)]
    np.testing.assert_allclose(bases[0].T @ bases[0], np.eye(2), atol=1e-14)
    # The mean projector of a uniform subspace is (2/4) I, that of any basis vector has mean 0.
    mean = np.mean([b @ b.T for b in bases], axis=0)
    np.testing.assert_allclose(mean, np.eye(4) / 2, atol=0.03)
    np.testing.assert_allclose(np.mean(bases, axis=0), 0, atol=0.05)
