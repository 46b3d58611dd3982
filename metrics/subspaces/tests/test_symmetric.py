"""Check the fast eigenvalues and singular values, and the distances made of them, against numpy's plain ones."""

import numpy as np
import pytest

from metrics.arrays import Float64Array
from metrics.subspaces.grassmann import normalised_geodesic, pairs_of, principal_angles, subspace_overlap
from metrics.subspaces.jackknife_distances import Groups, distances, group_variances
from metrics.subspaces.symmetric import eigh, eigvalsh, singular_values

BLOCKS = 4


def _plain(groups: Groups, rank: int, left_out: int) -> tuple[Float64Array, Float64Array]:
    """Mean normalised d_G and mean cos^2 of all pairs without one block, by numpy, each moment from its own visits."""
    bases = []
    for states, weights, block in zip(groups.states.astype(np.float64), groups.weights, groups.block, strict=True):
        kept = block != left_out
        share = weights[kept] / weights[kept].sum()
        centred = states[kept] - share @ states[kept]
        values, vectors = np.linalg.eigh((share[:, None] * centred).T @ centred)
        if values[-rank] > 1e-12 * values[-1]:
            bases.append(vectors[:, -rank:])
    left, right = pairs_of(len(bases))
    stack = np.array(bases)
    angles = principal_angles(stack[left], stack[right])
    return normalised_geodesic(angles).mean(), subspace_overlap(angles).mean()


def _groups(count: int, visits: int, width: int, seed: int) -> Groups:
    rng = np.random.default_rng(seed)
    states = rng.standard_normal((count, visits, width)) * np.arange(1, width + 1) ** -0.7 + 3.0
    return Groups(states, rng.uniform(0.1, 1.0, (count, visits)), rng.integers(0, BLOCKS, (count, visits)))


def _agree(groups: Groups, ranks: list[int]) -> None:
    measured = distances(groups, ranks, BLOCKS, pairs_of(len(groups.states)))
    for rank in ranks:
        plain = np.array([_plain(groups, rank, left_out) for left_out in range(-1, BLOCKS)])
        np.testing.assert_allclose(measured[rank].geodesic, plain[:, 0], rtol=0, atol=1e-10)
        np.testing.assert_allclose(measured[rank].overlap, plain[:, 1], rtol=0, atol=1e-10)


@pytest.mark.parametrize("visits", [40, 100])
def test_distances_without_a_block_are_the_plain_ones(visits: int) -> None:
    """In frames, with fewer visits than dimensions, and without."""
    _agree(_groups(5, visits, 60, 0), [3, 8])


def test_a_block_with_most_of_the_variance_is_left_out_without_loss() -> None:
    """What stays is then not a small rest of a large sum; its mean stays near that of all."""
    groups = _groups(4, 64, 20, 1)
    large = 1e5 * (groups.states[:, :8] - 3.0)
    states = np.concatenate([groups.states[:, 16:] - 3.0, large, -large], axis=1)
    weights = np.concatenate([groups.weights[:, 16:], np.ones((4, 16))], axis=1)
    _agree(Groups(states, weights, np.tile(np.repeat([0, 1, 2, 3], 16), (4, 1))), [4])


def test_groups_that_span_too_few_directions_are_left_out() -> None:
    """One group spans two directions, one none, and one too few without one of the blocks."""
    groups = _groups(6, 40, 12, 2)
    groups.states[0, :, 2:] = 0.0
    groups.states[1] = 1.0
    groups.states[2, groups.block[2] != 1, 3:] = 3.0
    assert distances(groups, [4], BLOCKS, pairs_of(6))[4].known.tolist() == [False, False, True, True, True, True]
    _agree(groups, [2, 4])


def test_the_span_of_tied_variances_is_found() -> None:
    """Four directions of one variance: no basis of their span is the true one, the span is."""
    axes = np.concatenate([np.eye(8)[:4], -np.eye(8)[:4]] * BLOCKS) * 2.0
    rest = np.random.default_rng(3).standard_normal((3, len(axes), 8)) * 0.01
    states = axes + rest * (np.arange(8) > 3)
    turn = np.linalg.qr(np.random.default_rng(4).standard_normal((3, 8, 8)))[0]
    _agree(Groups(states @ turn, np.ones((3, len(axes))), np.tile(np.repeat(np.arange(BLOCKS), 8), (3, 1))), [4])


def test_variances_are_those_of_the_moment() -> None:
    """Those of rounding are 0."""
    groups = _groups(3, 50, 10, 5)
    groups.states[..., 7:] = 0.0
    share = groups.weights / groups.weights.sum(axis=1, keepdims=True)
    off = groups.states - (share[..., None] * groups.states).sum(axis=1, keepdims=True)
    plain = np.linalg.eigvalsh(np.swapaxes(off * share[..., None], 1, 2) @ off)[:, ::-1]
    found = group_variances(groups)
    np.testing.assert_allclose(found, plain, rtol=0, atol=1e-14)
    assert (found[:, 7:] == 0).all()
    np.testing.assert_array_equal(distances(groups, [2], 0, pairs_of(3))[2].variances[:, 7:], 0.0)


@pytest.mark.parametrize("shape", [(7, 5, 5), (3, 4, 6), (3, 6, 4), (6, 4), (0, 3, 3)])
def test_singular_values_are_those_of_the_plain_decomposition(shape: tuple[int, ...]) -> None:
    """Of stacks of any shape: to 1e-11 however small they are, 0 included, and equal ones too."""
    rng = np.random.default_rng(6)
    rank = min(shape[-2:])
    for values in (np.linspace(1.0, 0.1, rank), 10.0 ** -np.arange(0, 3 * rank, 3), np.ones(rank), np.zeros(rank)):
        left, _, right = np.linalg.svd(rng.standard_normal(shape), full_matrices=False)
        matrices = left * values @ right
        plain = np.linalg.svd(matrices, compute_uv=False)
        np.testing.assert_allclose(singular_values(matrices), plain, rtol=0, atol=1e-11)


def test_eigenvalues_and_vectors_are_those_of_numpy() -> None:
    """Ties included: there the vectors differ, and what they make up does not."""
    rng = np.random.default_rng(7)
    basis = np.linalg.qr(rng.standard_normal((4, 9, 9)))[0]
    matrices = basis * np.array([0.0, 0.0, 1.0, 1.0, 1.0, 2.0, 3.0, 3.0, 9.0]) @ np.swapaxes(basis, 1, 2)
    values, vectors = eigh(matrices)
    np.testing.assert_allclose(values, np.linalg.eigvalsh(matrices), atol=1e-13)
    np.testing.assert_allclose(eigvalsh(matrices), values, atol=1e-13)
    np.testing.assert_allclose(vectors * values[:, None] @ np.swapaxes(vectors, 1, 2), matrices, atol=1e-13)
