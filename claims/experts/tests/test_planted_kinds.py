"""The planted experts have the relation to each other that they are planted with."""

from functools import cache

import numpy as np
import pytest

from claims.tests.support.planted_functions import Kind, planted_trace
from fixtures.evidence.jacobians import LayerFunctions
from metrics.arrays import FloatArray

DRAWS = 8


@cache
def layers(kind: Kind, strength: float) -> tuple[LayerFunctions, ...]:
    """One layer of each of some draws."""
    traces = [planted_trace(kind, seed=seed, strength=strength, layers=1) for seed in range(DRAWS)]
    return tuple(trace.functions.layers[0] for trace in traces)


def mean_alignment(table: FloatArray) -> float:
    """Mean cosine of different experts' mean Jacobians over all blocks."""
    whole = table.sum(axis=(1, 3)).astype(np.float64)
    size = np.sqrt(np.diagonal(whole))
    return float((whole / size[:, None] / size)[np.triu_indices(len(whole), 1)].mean())


def alignments(kind: Kind, name: str, strength: float = 1.0) -> FloatArray:
    """Mean alignment of each draw, in the table of that name."""
    return np.array([mean_alignment(getattr(layer, name)) for layer in layers(kind, strength)])


@pytest.mark.parametrize("kind", ["copies", "scaled"])
def test_copies_are_aligned_at_the_same_tokens_and_nearly_so_at_their_own(kind: Kind) -> None:
    np.testing.assert_allclose(alignments(kind, "shared"), 1.0, atol=1e-5)
    own = alignments(kind, "own")
    assert own.min() > 0.6
    assert own.max() < 0.99


@pytest.mark.parametrize("kind", ["gaussian", "rotated"])
@pytest.mark.parametrize("name", ["own", "shared", "gated", "redrawn_own"])
def test_independent_and_rotated_experts_are_not_aligned(kind: Kind, name: str) -> None:
    assert abs(alignments(kind, name).mean()) < 0.02


@pytest.mark.parametrize("strength", [0.5, 1.0, 2.0])
def test_a_shared_direction_aligns_as_its_strength_says(strength: float) -> None:
    found = alignments("one direction", "shared", strength)
    np.testing.assert_allclose(found, strength**2 / (1 + strength**2), atol=0.05)


@pytest.mark.parametrize("name", ["own", "shared", "weighted"])
def test_a_weak_common_part_shows_against_reinitialised_experts(name: str) -> None:
    found = alignments("weak shared", name)
    assert 0.03 < found.mean() < 0.07
    assert found.min() > np.abs(alignments("weak shared", "redrawn_own")).max()


def test_everything_is_there_for_a_claim_to_read() -> None:
    planted = planted_trace("gaussian", layers=3)
    found = planted.functions.layers
    assert [layer.next_layer.shape for layer in found] == [(8, 8), (8, 8), (8, 0)]
    assert all(layer.gated is not None and not layer.note for layer in found)
    assert planted.functions.blocks.max() == 15
    for layer in planted.experts.layers:
        assert layer.outputs is not None
        assert layer.kept.min() > 8
        assert layer.visits.sum() == 2 * planted.experts.lengths.sum()
