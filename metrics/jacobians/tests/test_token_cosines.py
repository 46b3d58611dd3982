"""Alignment at single tokens: planted experts get what mathematics demands, and estimates are honest."""

from dataclasses import replace

import numpy as np
import pytest

from metrics.arrays import Float64Array
from metrics.jacobians.activation import activation, gated_unit
from metrics.jacobians.expert import Expert, local_jacobians
from metrics.jacobians.token_cosines import pair_cosines, probed_cosines
from metrics.tests.support.torch_experts import matrices, random_expert

WIDTH, INNER, TOKENS = 12, 8, 30


def align(experts: list[Expert]) -> Float64Array:
    """Cosines of all pairs at random tokens, (P, N)."""
    states = np.random.default_rng(0).standard_normal((TOKENS, experts[0].gate.shape[1]))
    return pair_cosines(experts, states, np.stack(np.triu_indices(len(experts), 1), axis=1))


def linear(down: Float64Array, gate: Float64Array) -> Expert:
    """An expert whose Jacobian is D G everywhere."""
    return Expert(gate, None, down, gated_unit(activation("linear")))


def test_copies_and_scaled_copies_are_perfectly_aligned() -> None:
    expert = random_expert(np.random.default_rng(1), WIDTH, INNER)
    found = align([expert, expert, replace(expert, down=3 * expert.down), replace(expert, down=-0.5 * expert.down)])
    np.testing.assert_allclose(found, np.tile([[1], [1], [-1], [1], [-1], [-1]], TOKENS), atol=1e-9)


def test_rotated_copies_keep_what_the_rotation_keeps() -> None:
    # J' = Q J: the cosine is tr(J^T Q J) / ||J||^2, whose mean over all rotations is 0.
    rng = np.random.default_rng(2)
    down, gate = rng.standard_normal((WIDTH, INNER)), rng.standard_normal((INNER, WIDTH))
    matrix, found = down @ gate, []
    for _ in range(40):
        turn = np.linalg.qr(rng.standard_normal((WIDTH, WIDTH)))[0] * rng.choice([-1.0, 1.0], WIDTH)
        cosines = align([linear(down, gate), linear(turn @ down, gate)])
        expected = np.trace(matrix.T @ turn @ matrix) / (matrix**2).sum()
        np.testing.assert_allclose(cosines, expected, atol=1e-9)
        found.append(cosines[0, 0])
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(40)


def test_one_shared_singular_direction_shows_as_much_as_it_weighs() -> None:
    # J_i = R_i + s u v^T with ||R_i|| = 1 and R_i orthogonal to u v^T: the cosine is s^2 / (1 + s^2) + <R_i, R_j> / ...
    rng = np.random.default_rng(3)
    width, strength = 64, 1.5
    u, v = (vector / np.linalg.norm(vector) for vector in rng.standard_normal((2, width)))
    experts = []
    for _ in range(6):
        down, gate = rng.standard_normal((width, INNER)), rng.standard_normal((INNER, width))
        down -= np.outer(u, u @ down)
        down /= np.linalg.norm(down @ gate)
        experts.append(linear(np.column_stack([down, strength * u]), np.vstack([gate, v])))
    planted = strength**2 / (1 + strength**2)
    assert np.abs(align(experts) - planted).max() < 5 / width / (1 + strength**2)


def test_independent_gaussians_are_aligned_by_chance_alone() -> None:
    # A random D_j turns J_j as it likes, so that E cos^2 = 1 / D^2, and cos is nearly normal: E |cos| = 0.8 / D.
    rng = np.random.default_rng(4)
    found = align([random_expert(rng, WIDTH, INNER) for _ in range(40)])
    assert len(found) == 780
    # Of 780 nearly independent pairs, the mean of |cos| D has a standard error of 0.6 / sqrt(780) = 0.022.
    assert WIDTH * np.abs(found).mean() == pytest.approx(np.sqrt(2 / np.pi), abs=0.09)
    assert WIDTH * abs(found.mean()) < 4 / np.sqrt(780)


def test_exact_cosines_are_those_of_the_matrices_and_unknown_without_a_jacobian() -> None:
    rng = np.random.default_rng(5)
    experts = [random_expert(rng, WIDTH, INNER) for _ in range(4)]
    experts[3] = replace(experts[3], down=np.zeros((WIDTH, INNER)))
    states, pairs = rng.standard_normal((TOKENS, WIDTH)), np.array([[0, 1], [0, 2], [1, 2], [2, 3]])
    whole = [matrices(expert, local_jacobians(expert, states)) for expert in experts]
    norms = [np.linalg.norm(each, axis=(1, 2)) for each in whole]
    expected = [(whole[i] * whole[j]).sum(axis=(1, 2)) / norms[i] / norms[j] for i, j in pairs[:3]]
    found = pair_cosines(experts, states, pairs)
    np.testing.assert_allclose(found[:3], expected, atol=1e-9)
    assert np.isnan(found[3]).all()
    probed = probed_cosines(experts, states, pairs, 4, rng)
    assert np.isnan(probed.cosine).all(axis=1).tolist() == [False, False, False, True]


def test_probes_miss_by_as_much_as_they_say() -> None:
    rng = np.random.default_rng(9)
    experts = [random_expert(rng, WIDTH, INNER) for _ in range(4)]
    states, pairs = rng.standard_normal((200, WIDTH)), np.argwhere(np.triu(np.ones((4, 4)), 1))
    exact = pair_cosines(experts, states, pairs)
    probed = probed_cosines(experts, states, pairs, 64, rng, probe_bytes=1)
    score = (probed.cosine - exact) / probed.error
    # 1200 scores; those of one token share their probes, so the standard error of their mean is at most 1 / sqrt(200).
    assert abs(score.mean()) < 4 / np.sqrt(200)
    assert np.sqrt((score**2).mean()) == pytest.approx(1.0, abs=0.15)
