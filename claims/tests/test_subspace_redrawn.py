"""What experts drawn anew return at the visits of a trained router: the same draw, the same visits, a known overlap."""

from dataclasses import replace

import numpy as np
import pytest

from claims.function_blocks import blocks_of_trace
from claims.redrawn_experts import RedrawnExperts
from claims.sampling import Sampling
from claims.subspace_redrawn import FOLLOWED, redrawn_visits
from claims.subspace_study import study_subspaces
from claims.subspace_trace import Reading, SubspaceTrace
from claims.tests.planted_subspaces import World, cut_at_random, expert_trace
from metrics.expert import Expert, expert_output
from metrics.gated_unit import activation, gated_unit
from metrics.grassmann import pair_angles, subspace_overlap
from metrics.state_subspaces import state_subspaces


def _reading(trace: SubspaceTrace, side: str, name: str, removed: bool = False) -> Reading:
    found = trace.layers[0].reading(side, name, removed)
    assert found is not None
    return found


def _gated(rng: np.random.Generator, width: int, inner: int) -> Expert:
    gate, up = rng.standard_normal((2, inner, width)) / np.sqrt(width)
    return Expert(gate, up, rng.standard_normal((width, inner)), gated_unit(activation("silu")))


def test_the_overlap_of_experts_drawn_anew_is_measured_at_the_same_visits() -> None:
    world, rng = World(), np.random.default_rng(16)
    tokens = cut_at_random(world, rng)
    experts = [_gated(rng, world.width, 24) for _ in range(world.experts)]
    outputs = np.stack([expert_output(expert, tokens.states) for expert in experts])
    trace = expert_trace(world, [replace(tokens, outputs=outputs)])
    blocks = blocks_of_trace(trace)
    studied_with = study_subspaces(trace, blocks, 0, {0: experts})
    found = _reading(studied_with, "output", "8")
    drawn, layer = RedrawnExperts(experts, 0, Sampling(0)), trace.layers[0]
    bases = []
    for number in found.experts:
        own = np.flatnonzero(layer.kept_token[number] >= 0)[: found.visits]
        states = expert_output(drawn[number], layer.inputs.kept[number, own])
        bases.append(state_subspaces(states, layer.kept_weight[number, own], 8))
    angles = pair_angles(np.stack(bases))
    assert found.redrawn_overlap[0] == pytest.approx(subspace_overlap(angles).mean(), rel=1e-4)
    assert len(found.redrawn_overlap) == len(found.redrawn_random_overlap) == 1 + blocks.max() + 1
    assert found.redrawn_overlap[0] < found.redrawn_random_overlap[0]
    for side, removed in (("input", False), ("output", True)):
        assert not len(_reading(studied_with, side, "16", removed).redrawn_overlap)
    unread = study_subspaces(trace, blocks, 0, {0: "no weights"})
    assert not len(_reading(unread, "output", "8").redrawn_overlap)


def test_of_many_experts_drawn_anew_some_are_followed() -> None:
    world, rng = World(experts=40, length=160), np.random.default_rng(23)
    tokens = cut_at_random(world, rng)
    expert = _gated(rng, world.width, 8)
    outputs = np.stack([expert_output(expert, tokens.states)] * world.experts)
    trace = expert_trace(world, [replace(tokens, outputs=outputs)])
    layer = trace.layers[0]
    kept = redrawn_visits(layer, [expert] * world.experts, blocks_of_trace(trace), Sampling(0))
    assert kept.states.shape == (40, world.kept, world.width)
    found = _reading(study_subspaces(trace, blocks_of_trace(trace), 0, {0: [expert] * 40}), "output", "8")
    assert len(found.experts) > FOLLOWED
    assert np.isfinite(found.redrawn_overlap).all()
