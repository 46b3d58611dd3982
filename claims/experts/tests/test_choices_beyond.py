"""Routers that choose among more than the experts: what else they choose is compared with nothing."""

from dataclasses import replace

import numpy as np

from fixtures.evidence.subspaces import Reading, SubspaceTrace
from fixtures.studies.blocks import blocks_of_trace
from fixtures.studies.subspaces import study_subspaces
from fixtures.tests.support.planted_subspaces import World, expert_trace, partly_overlapping
from metrics.jacobians.activation import activation, gated_unit
from metrics.jacobians.expert import Expert


def _reading(trace: SubspaceTrace, side: str, name: str) -> Reading:
    found = trace.layers[0].reading(side, name)
    assert found is not None
    return found


def test_what_a_router_chooses_beyond_the_experts_is_no_expert() -> None:
    rng = np.random.default_rng(31)
    world = World(sequences=8, length=80, experts=6, width=36, kept=64)
    tokens = partly_overlapping(world, rng, 6, 5)
    maps = rng.standard_normal((6, 36, 36))
    trace = expert_trace(world, [replace(tokens, outputs=np.einsum("edh,nh->end", maps, tokens.states))])
    unit = gated_unit(activation("silu"))
    drawn = rng.standard_normal((4, 3, 36, 36)) / 6
    read = [Expert(gate, up, down, unit) for gate, up, down in drawn]
    found = study_subspaces(trace, blocks_of_trace(trace), 0, {0: read})
    every = study_subspaces(trace, blocks_of_trace(trace), 0)
    for side in ("input", "output"):
        reading = _reading(found, side, "16")
        assert max(reading.experts) < 4
        assert reading.drawn_visits, reading.drawn_note
        assert np.isfinite(reading.draws).all()
    assert len(found.layers[0].kept) == 4
    own = np.ix_(range(4), range(4))
    np.testing.assert_allclose(
        _reading(found, "input", "8").pair_overlap, _reading(every, "input", "8").pair_overlap[own], atol=0.2
    )
