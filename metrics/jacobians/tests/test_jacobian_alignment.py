"""Alignment of Jacobians: planted experts get what mathematics demands, in every reading; estimates are honest."""

from dataclasses import replace

import numpy as np
import pytest

from metrics.arrays import Float64Array
from metrics.jacobians.activation import activation, gated_unit
from metrics.jacobians.cost_model import Plan
from metrics.jacobians.expert import Expert, diagonals, local_jacobians
from metrics.jacobians.jacobian_alignment import Alignment, Fork, alignment_of_means, jacobian_alignment
from metrics.jacobians.spectra import jacobians
from metrics.jacobians.token_cosines import cosines_between_tokens, pair_cosines, probed_cosines
from metrics.jacobians.token_products import mean_alignment, mean_products
from metrics.tests.support.torch_experts import random_expert

FORKS: tuple[Fork, ...] = ("own tokens", "shared tokens", "per token")
WIDTH, INNER, TOKENS = 12, 8, 30


def align(experts: list[Expert], fork: Fork, seed: int = 0, **options: object) -> Alignment:
    """All tokens count for all experts, also under "own tokens"."""
    rng = np.random.default_rng(seed)
    states = rng.standard_normal((TOKENS, experts[0].gate.shape[1]))
    used = np.ones((TOKENS, len(experts)), dtype=bool)
    return jacobian_alignment(experts, states, fork, rng, used=used, **options)  # type: ignore[arg-type]


def linear(down: Float64Array, gate: Float64Array) -> Expert:
    """An expert whose Jacobian is D G everywhere."""
    return Expert(gate, None, down, gated_unit(activation("linear")))


@pytest.mark.parametrize("fork", FORKS)
def test_copies_and_scaled_copies_are_perfectly_aligned(fork: Fork) -> None:
    expert = random_expert(np.random.default_rng(1), WIDTH, INNER)
    experts = [expert, expert, replace(expert, down=3 * expert.down), replace(expert, down=-0.5 * expert.down)]
    found = align(experts, fork)
    assert found.pairs.tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]
    np.testing.assert_allclose(found.signed, [1, 1, -1, 1, -1, -1], atol=1e-9)
    np.testing.assert_allclose(found.absolute, 1.0, atol=1e-9)


@pytest.mark.parametrize("fork", FORKS)
def test_rotated_copies_keep_what_the_rotation_keeps(fork: Fork) -> None:
    # J' = Q J: the cosine is tr(J^T Q J) / ||J||^2, whose mean over all rotations is 0.
    rng = np.random.default_rng(2)
    down, gate = rng.standard_normal((WIDTH, INNER)), rng.standard_normal((INNER, WIDTH))
    matrix, found = down @ gate, []
    for _ in range(40):
        turn = np.linalg.qr(rng.standard_normal((WIDTH, WIDTH)))[0] * rng.choice([-1.0, 1.0], WIDTH)
        pair = align([linear(down, gate), linear(turn @ down, gate)], fork)
        expected = np.trace(matrix.T @ turn @ matrix) / (matrix**2).sum()
        assert pair.signed[0] == pytest.approx(expected, abs=1e-9)
        assert pair.absolute[0] == pytest.approx(abs(expected), abs=1e-9)
        found.append(pair.signed[0])
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(40)


@pytest.mark.parametrize("fork", FORKS)
def test_one_shared_singular_direction_shows_as_much_as_it_weighs(fork: Fork) -> None:
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
    found = align(experts, fork)
    planted = strength**2 / (1 + strength**2)
    assert np.abs(found.signed - planted).max() < 5 / width / (1 + strength**2)


@pytest.mark.parametrize("fork", FORKS)
def test_independent_gaussians_are_aligned_by_chance_alone(fork: Fork) -> None:
    # A random D_j turns J_j as it likes, so that E cos^2 = 1 / D^2, and cos is nearly normal: E |cos| = 0.8 / D.
    rng = np.random.default_rng(4)
    experts = [random_expert(rng, WIDTH, INNER) for _ in range(40)]
    found = align(experts, fork)
    assert len(found.signed) == 780
    # Of 780 nearly independent pairs, the mean of |cos| D has a standard error of 0.6 / sqrt(780) = 0.022.
    assert WIDTH * found.absolute.mean() == pytest.approx(np.sqrt(2 / np.pi), abs=0.09)
    assert WIDTH * abs(found.signed.mean()) < 4 / np.sqrt(780)
    if fork != "per token":
        assert WIDTH * np.sqrt((found.signed**2).mean()) == pytest.approx(1.0, abs=0.12)


def test_readings_are_those_of_the_matrices() -> None:
    rng = np.random.default_rng(5)
    experts = [random_expert(rng, WIDTH, INNER) for _ in range(4)]
    states, used = rng.standard_normal((TOKENS, WIDTH)), rng.random((TOKENS, 4)) < 0.4
    gates = [(rng.random(TOKENS), rng.standard_normal((TOKENS, WIDTH))) for _ in experts]
    whole = np.stack([jacobians(e, local_jacobians(e, states, gate)) for e, gate in zip(experts, gates, strict=True)])
    pairs = [(i, j) for i in range(4) for j in range(i + 1, 4)]

    def cosine(a: Float64Array, b: Float64Array) -> float:
        return float((a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b))

    per_token = np.array([[cosine(whole[i, t], whole[j, t]) for t in range(TOKENS)] for i, j in pairs])
    found = jacobian_alignment(experts, states, "per token", rng, gate=gates.__getitem__)
    np.testing.assert_allclose(found.signed, per_token.mean(axis=1), atol=1e-9)
    np.testing.assert_allclose(found.absolute, np.abs(per_token).mean(axis=1), atol=1e-9)
    np.testing.assert_allclose(found.signed_at, per_token.mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(found.absolute_at, np.abs(per_token).mean(axis=0), atol=1e-9)
    assert (found.error, found.noise, found.left_out) == (0.0, 0.0, ())

    shared = [cosine(whole[i].mean(axis=0), whole[j].mean(axis=0)) for i, j in pairs]
    found = jacobian_alignment(experts, states, "shared tokens", rng, gate=gates.__getitem__)
    np.testing.assert_allclose(found.signed, shared, atol=1e-9)
    own = [whole[e][used[:, e]].mean(axis=0) for e in range(4)]
    found = jacobian_alignment(experts, states, "own tokens", rng, used=used, gate=gates.__getitem__)
    np.testing.assert_allclose(found.signed, [cosine(own[i], own[j]) for i, j in pairs], atol=1e-9)
    np.testing.assert_allclose(found.absolute, np.abs(found.signed), atol=0)


def test_means_made_in_pieces_give_the_same_alignment() -> None:
    rng = np.random.default_rng(6)
    experts = [random_expert(rng, WIDTH, INNER) for _ in range(3)]
    states = rng.standard_normal((TOKENS, WIDTH))
    streamed = np.stack([sum(diagonals(e, part).sum(axis=0) for part in np.split(states, 5)) / TOKENS for e in experts])
    found = alignment_of_means(experts, streamed)
    expected = jacobian_alignment(experts, states, "shared tokens", rng)
    np.testing.assert_allclose(found.signed, expected.signed, atol=1e-12)
    in_rows = mean_alignment(mean_products(experts, streamed, stack_bytes=1))
    np.testing.assert_allclose(in_rows[np.triu_indices(3, 1)], expected.signed, atol=1e-12)


def test_experts_without_tokens_or_without_a_jacobian_are_left_out_and_named() -> None:
    rng = np.random.default_rng(7)
    experts = [random_expert(rng, WIDTH, INNER) for _ in range(4)]
    experts[3] = replace(experts[3], down=np.zeros((WIDTH, INNER)))
    states, used = rng.standard_normal((TOKENS, WIDTH)), np.ones((TOKENS, 4), dtype=bool)
    used[:, 1] = False
    found = jacobian_alignment(experts, states, "own tokens", rng, used=used)
    assert found.pairs.tolist() == [[0, 2]]
    assert found.left_out == (1, 3)
    found = jacobian_alignment(experts, states, "per token", rng)
    assert found.pairs.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert found.left_out == (3,)
    probed = jacobian_alignment(experts, states, "per token", rng, plan=Plan("probes", 6, TOKENS, 4, 0.0))
    assert probed.left_out == (3,)
    assert np.isfinite([probed.error, probed.noise]).all()


def test_the_same_expert_at_two_tokens_is_the_ceiling() -> None:
    rng = np.random.default_rng(8)
    expert, states, others = random_expert(rng, WIDTH, INNER), *rng.standard_normal((2, TOKENS, WIDTH))
    a, b = (jacobians(expert, local_jacobians(expert, part)) for part in (states, others))
    expected = (a * b).sum(axis=(1, 2)) / np.linalg.norm(a, axis=(1, 2)) / np.linalg.norm(b, axis=(1, 2))
    np.testing.assert_allclose(cosines_between_tokens(expert, states, others), expected, atol=1e-9)
    np.testing.assert_allclose(cosines_between_tokens(expert, states, states), 1.0, atol=1e-9)


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
    mean_score = (probed.cosine - exact).mean(axis=0) / probed.mean_error
    assert np.sqrt((mean_score**2).mean()) == pytest.approx(1.0, abs=0.25)


@pytest.mark.parametrize("plan", [Plan("some pairs", 20, TOKENS, 0, 0.0), Plan("probes", 45, 10, 16, 0.0)])
def test_a_part_of_the_work_misses_the_whole_by_as_much_as_it_says(plan: Plan) -> None:
    rng = np.random.default_rng(10)
    experts = [random_expert(rng, WIDTH, INNER) for _ in range(10)]
    states = rng.standard_normal((TOKENS, WIDTH))
    exact = jacobian_alignment(experts, states, "per token", rng).signed.mean()
    scores = []
    for seed in range(60):
        found = jacobian_alignment(experts, states, "per token", np.random.default_rng(seed), plan=plan)
        assert (len(found.pairs), len(found.tokens)) == (plan.pairs, plan.tokens)
        assert found.error > 0
        assert (found.noise > 0) == (plan.method == "probes")
        assert found.method == plan.sentence()
        scores.append((found.signed.mean() - exact) / found.error)
    # Of 60 scores, the root mean square has a standard error of about 0.1.
    assert 0.6 < np.sqrt(np.mean(np.square(scores))) < 1.4


def test_what_cannot_be_computed_is_refused() -> None:
    rng = np.random.default_rng(0)
    experts, states = [random_expert(rng, 4, 2) for _ in range(2)], rng.standard_normal((3, 4))
    with pytest.raises(ValueError, match="unknown fork 'mean'"):
        jacobian_alignment(experts, states, "mean", rng)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="own tokens are not known"):
        jacobian_alignment(experts, states, "own tokens", rng)
    with pytest.raises(ValueError, match="a token"):
        jacobian_alignment(experts, states[:0], "per token", rng)
    with pytest.raises(ValueError, match="two probes"):
        probed_cosines(experts, states, np.array([[0, 1]]), 1, rng)
