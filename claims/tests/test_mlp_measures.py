"""Measures on planted experts: copies, opposites, a shared direction, subspaces that are given, idle groups."""

import numpy as np
import pytest

from claims.mlp_experts import Experts, cosines, functions_of
from claims.mlp_measures import Split, measured, splits_of, together
from claims.mlp_world import Float64, MlpWorld, Tokens

COUNT, WIDTH, EXPERTS = 200, 10, 2
WORLD = MlpWorld(
    seeds=1, clusters=2, experts=EXPERTS, width=WIDTH, hidden=8, held_out=COUNT, rank=2, group=40, jacobians=COUNT
)
RANDOM = np.random.default_rng(0)


def planted(first: Float64, second: Float64, states: Float64 | None = None, gates: Float64 | None = None) -> Experts:
    """Two linear experts x -> J x with these Jacobians."""
    h = RANDOM.standard_normal((COUNT, WIDTH)) if states is None else states
    both = np.stack([first, second])
    jacobians = np.broadcast_to(both, (COUNT, EXPERTS, WIDTH, WIDTH)).copy()
    functions = functions_of(jacobians, WORLD.spectra)
    gate = np.full((COUNT, EXPERTS), 0.5) if gates is None else gates
    return Experts(h, gate, np.einsum("eod,nd->neo", both, h), functions, functions, 0.0)


def same() -> Split:
    keys = np.repeat(RANDOM.random((COUNT, 1)), EXPERTS, axis=1)
    return Split(np.ones((COUNT, EXPERTS)), np.arange(EXPERTS), keys)


def orthogonal(seed: int) -> Float64:
    return np.asarray(np.linalg.qr(np.random.default_rng(seed).standard_normal((WIDTH, WIDTH)))[0])


J = np.random.default_rng(1).standard_normal((WIDTH, WIDTH))
U, V = np.eye(WIDTH)[0], np.eye(WIDTH)[1]


@pytest.mark.parametrize(
    ("second", "alignment"),
    [
        (J, 1.0),
        (3.0 * J, 1.0),  # a scaled copy
        (-J, -1.0),
        (np.linalg.svd(J)[0][:, ::-1] @ np.diag(np.linalg.svd(J)[1]) @ np.linalg.svd(J)[2], None),  # the same spectrum
    ],
)
def test_copies_are_aligned_and_spectra_alone_do_not_align(second: Float64, alignment: float | None) -> None:
    found = measured(WORLD, planted(J, second), same())
    if alignment is None:
        expected = float((J * second).sum() / (J**2).sum())
        assert abs(expected) < 0.3
    else:
        expected = alignment
    assert found["alignment"] == pytest.approx(expected)
    assert found["token_alignment"] == pytest.approx(expected)
    assert found["absolute"] == pytest.approx(abs(expected))


def test_rotated_copies_decorrelate_and_keep_their_spectra() -> None:
    found = measured(WORLD, planted(J, orthogonal(2) @ J @ orthogonal(3)), same())
    assert abs(float(found["alignment"])) < 0.3
    assert found["leading"] == pytest.approx(np.linalg.norm(J, 2))
    np.testing.assert_allclose(found["decay"], found["token_decay"])
    np.testing.assert_allclose(found["decay"], np.linalg.svd(J)[1] / np.linalg.norm(J, 2))


def test_one_shared_direction_aligns_by_its_share_of_the_energy() -> None:
    # J_i = 2 u v^T + o_i with o_1, o_2 of norm 1, orthogonal to one another and to u v^T: 4 / (4 + 1).
    first, second = np.zeros((2, WIDTH, WIDTH))
    first[2, 2] = second[3, 3] = 1.0
    shared = 2.0 * np.outer(U, V)
    found = measured(WORLD, planted(shared + first, shared + second), same())
    assert found["alignment"] == pytest.approx(0.8)
    assert found["leading"] == pytest.approx(2.0)


@pytest.mark.parametrize(("turn", "distance"), [(0.0, 0.0), (np.pi / 4, 0.5), (np.pi / 2, 1.0)])
def test_groups_in_given_subspaces(turn: float, distance: float) -> None:
    # Two groups, each in a plane of its own; the planes open by one angle in both directions.
    basis = orthogonal(4)
    planes = [basis[:, :2], np.cos(turn) * basis[:, :2] + np.sin(turn) * basis[:, 2:4]]
    group = np.arange(COUNT) % 2
    states = np.stack([RANDOM.standard_normal(2) @ planes[g].T for g in group])
    own = Split(np.eye(2)[group], np.arange(2), RANDOM.random((COUNT, 2)))
    found = measured(WORLD, planted(np.eye(WIDTH), np.eye(WIDTH), states), own)
    assert found["geodesic_inputs"] == pytest.approx(distance, abs=1e-7)
    assert found["overlap_inputs"] == pytest.approx(np.cos(turn) ** 2)
    assert found["geodesic_outputs"] == pytest.approx(distance, abs=1e-7)  # the experts are the identity
    assert 1.5 < float(found["rank_inputs"]) <= 2.0


def test_uniform_soft_gates_make_own_subspaces_the_same_by_construction() -> None:
    # Two clusters in orthogonal planes, one four times as wide: whoever takes tokens of both finds the wide plane.
    basis, cluster = orthogonal(4), np.arange(COUNT) % 2
    planes = [4.0 * basis[:, :2], basis[:, 2:4]]
    states = np.stack([RANDOM.standard_normal(2) @ planes[c].T for c in cluster])
    experts = planted(J, orthogonal(5), states)
    nothing = np.zeros((1, COUNT, 1))
    tokens = Tokens(nothing, nothing, cluster[None], RANDOM.random((1, COUNT, 2)))
    splits = splits_of(WORLD, tokens, 0, experts, RANDOM.random((COUNT, EXPERTS)))
    distance = {name: measured(WORLD, experts, split)["geodesic_inputs"] for name, split in splits.items()}
    assert distance["clusters"] == pytest.approx(1.0)
    assert distance["same"] == pytest.approx(0.0, abs=1e-12)
    assert max(distance[name] for name in ("own", "gated", "random")) < 0.15


def test_groups_with_too_few_tokens_are_left_out_and_counted() -> None:
    weights = np.zeros((COUNT, 2))
    weights[:, 0] = 1.0
    weights[:39, 1] = 1.0
    found = measured(WORLD, planted(J, J), Split(weights, np.arange(2), RANDOM.random((COUNT, 2))))
    assert found["left_out"] == 1
    assert np.isnan(found["geodesic_inputs"])
    assert found["alignment"] == pytest.approx(1.0)
    assert found["idle"] == 0
    weights[:, 1] = 0.0
    found = measured(WORLD, planted(J, J), Split(weights, np.arange(2), RANDOM.random((COUNT, 2))))
    assert found["idle"] == found["left_out"] == 1
    assert np.isnan(found["alignment"])
    assert np.isnan(found["token_alignment"])
    assert found["leading"] == pytest.approx(np.linalg.norm(J, 2))


def test_nobody_is_measured_as_nothing() -> None:
    found = measured(WORLD, planted(J, J), Split(np.zeros((COUNT, 2)), np.arange(2), np.zeros((COUNT, 2))))
    assert found["idle"] == found["left_out"] == 2
    row = together([found])
    assert all(
        np.isnan(getattr(row, name)).all() for name in ("alignment", "leading", "decay", "token_decay", "rank_outputs")
    )


def test_weights_decide_the_mean_jacobian() -> None:
    experts = planted(J, -J)
    varied = experts.plain.jacobians.copy()
    varied[: COUNT // 2, 0] *= -1.0
    experts = experts._replace(plain=functions_of(varied, WORLD.spectra))
    for share, expected in ((1.0, 1.0), (0.0, -1.0)):
        weights = np.ones((COUNT, 2))
        weights[: COUNT // 2, 0], weights[COUNT // 2 :, 0] = share, 1.0 - share
        found = measured(WORLD, experts, Split(weights, np.arange(2), RANDOM.random((COUNT, 2))))
        assert found["alignment"] == pytest.approx(expected)


def test_a_jacobian_of_zeros_is_aligned_with_nothing() -> None:
    assert cosines(np.array([[1.0, 0.0], [0.0, 0.0]])).tolist() == [[1.0, 0.0], [0.0, 0.0]]
