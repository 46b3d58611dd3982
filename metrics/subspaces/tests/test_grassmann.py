"""Subspaces whose angles are known: planted, at the limits, and on average over random ones."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.routing.null_space import random_subspace
from metrics.subspaces.grassmann import (
    chance_overlap,
    geodesic_distance,
    normalised_geodesic,
    pair_angles,
    pairs_of,
    principal_angles,
    random_angles,
    subspace_overlap,
)

SEEDS = st.integers(0, 2**16)


def opened(angles: list[float], width: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two subspaces with these principal angles, in bases that show nothing of it."""
    rng = np.random.default_rng(seed)
    rank, theta = len(angles), np.array(angles)
    axes = random_subspace(width, 2 * rank, rng)
    first = axes[:, :rank]
    second = np.cos(theta) * first + np.sin(theta) * axes[:, rank:]
    return first @ random_subspace(rank, rank, rng), second @ random_subspace(rank, rank, rng)


@given(st.lists(st.floats(0, np.pi / 2), min_size=1, max_size=5), st.integers(0, 9), SEEDS)
def test_planted_angles_are_found(angles: list[float], more: int, seed: int) -> None:
    found = principal_angles(*opened(angles, 2 * len(angles) + more, seed))
    np.testing.assert_allclose(found, sorted(angles), atol=5e-12)


@pytest.mark.parametrize("small", [0.0, 1e-12, 1e-8, 1e-6, 1e-4, 1e-3, 1.5e-3])
def test_small_angles_beside_large_ones_keep_their_digits(small: float) -> None:
    found = principal_angles(*opened([small, 0.7, 1.3], 12, 3))
    assert found[0] == pytest.approx(small, abs=1e-14 if small < 1.4e-3 else 5e-12)


def test_a_line_and_a_plane_have_one_angle_whichever_comes_first() -> None:
    line, plane = np.array([[0.0], [0.6], [0.8]]), np.eye(3)[:, :2]
    assert principal_angles(line, plane) == pytest.approx([np.arccos(0.6)])
    assert principal_angles(plane, line) == pytest.approx([np.arccos(0.6)])
    inside = np.eye(3)[:, :1]
    assert principal_angles(inside, plane).tolist() == principal_angles(plane, inside).tolist() == [0.0]


@pytest.mark.parametrize(
    ("angles", "geodesic", "overlap"),
    [
        ([0.0, 0.0], 0.0, 1.0),  # equal
        ([np.pi / 2, np.pi / 2], 1.0, 0.0),  # orthogonal
        ([0.0, np.pi / 2], np.sqrt(0.5), 0.5),  # one direction shared
        ([np.pi / 4, np.pi / 4], 0.5, 0.5),  # as much overlap, and less far along the arc
    ],
)
def test_hand_derived_distances(angles: list[float], geodesic: float, overlap: float) -> None:
    found = principal_angles(*opened(angles, 6, 1))
    assert normalised_geodesic(found) == pytest.approx(geodesic)
    assert subspace_overlap(found) == pytest.approx(overlap)


@given(st.integers(1, 3), st.integers(0, 5), SEEDS)
def test_rotation_of_space_and_change_of_basis_change_nothing(rank: int, more: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    width = rank + more
    first, second = random_subspace(width, rank, rng), random_subspace(width, rank, rng)
    rotation, basis = random_subspace(width, width, rng), random_subspace(rank, rank, rng)
    angles = principal_angles(first, second)
    np.testing.assert_allclose(principal_angles(rotation @ first, rotation @ second @ basis), angles, atol=5e-12)
    np.testing.assert_allclose(principal_angles(second, first), angles, atol=5e-12)


@given(st.integers(1, 3), st.integers(0, 4), SEEDS)
def test_distances_are_distances(rank: int, more: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b, c = (random_subspace(rank + more, rank, rng) for _ in range(3))
    direct = geodesic_distance(principal_angles(a, c))
    assert direct <= geodesic_distance(principal_angles(a, b)) + geodesic_distance(principal_angles(b, c)) + 1e-12


def test_overlap_is_a_norm_of_a_product_of_bases() -> None:
    rng = np.random.default_rng(4)
    a, b = random_subspace(9, 3, rng), random_subspace(9, 3, rng)
    angles = principal_angles(a, b)
    assert subspace_overlap(angles) == pytest.approx(np.linalg.norm(a.T @ b) ** 2 / 3)


def test_all_pairs_at_once_are_the_pairs_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metrics.subspaces.grassmann._CHUNK", 100)  # several blocks
    rng = np.random.default_rng(5)
    shared = random_subspace(12, 1, rng)
    bases = [np.linalg.qr(np.hstack([shared, rng.standard_normal((12, 2))]))[0] for _ in range(4)]
    bases += [random_subspace(12, 3, rng), random_subspace(12, 3, rng)]
    found = pair_angles(np.stack(bases))
    for row, (one, two) in enumerate(combinations(bases, 2)):
        np.testing.assert_allclose(found[row], principal_angles(one, two), atol=1e-14)
    assert list(zip(*(side.tolist() for side in pairs_of(6)), strict=True)) == list(combinations(range(6), 2))
    assert (found[:3, 0] < 1e-14).all()
    assert (found[-1, 0] > 0.01).all()


@pytest.mark.parametrize(("rank", "width"), [(1, 5), (3, 10), (4, 6)])
def test_chance_is_what_random_subspaces_show(rank: int, width: int) -> None:
    mean, deviation = chance_overlap(rank, width)
    draws = subspace_overlap(random_angles(width, rank, 4000, np.random.default_rng(6)))
    assert draws.mean() == pytest.approx(mean, abs=4 * deviation / np.sqrt(4000))
    assert draws.std() == pytest.approx(deviation, rel=0.1)


def test_the_whole_space_overlaps_itself_and_a_single_subspace_has_no_pair() -> None:
    assert chance_overlap(4, 4) == (1.0, 0.0)
    np.testing.assert_allclose(random_angles(3, 3, 2, np.random.default_rng(0)), 0, atol=1e-13)
    assert pair_angles(np.eye(3)[None, :, :2]).shape == (0, 2)


def test_the_distance_between_random_subspaces_of_wide_spaces() -> None:
    # For D >> r all angles crowd near pi/2: about 0.94 of the largest distance at r = 8, D = 512.
    draws = normalised_geodesic(random_angles(512, 8, 20, np.random.default_rng(7)))
    assert draws.mean() == pytest.approx(0.936, abs=0.005)
