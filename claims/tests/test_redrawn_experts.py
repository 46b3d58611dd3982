"""Experts drawn anew: what is drawn, what stays, and that nothing but seed, layer and number decides."""

import numpy as np
import pytest

from claims.function_layer import held
from claims.redrawn_experts import RedrawnExperts
from claims.sampling import Sampling
from metrics.expert import Expert, OutputNorm
from metrics.gated_unit import activation, gated_unit

INNER, WIDTH = 60, 40


def drawn_experts() -> list[Expert]:
    """Two experts of unequal spreads, with biases and an output norm."""
    rng = np.random.default_rng(3)
    gains = OutputNorm(rng.random(WIDTH) + 0.5, rng.random(WIDTH) + 0.5, 1e-3)
    return [
        Expert(
            gate=rng.standard_normal((INNER, WIDTH)),
            up=2.0 * rng.standard_normal((INNER, WIDTH)),
            down=3.0 * rng.standard_normal((WIDTH, INNER)),
            unit=gated_unit(activation("silu")),
            gate_bias=rng.standard_normal(INNER),
            norm=gains,
        )
        for _ in range(2)
    ]


def test_redrawn_experts_keep_shapes_spread_and_gains_alone() -> None:
    experts = drawn_experts()
    redrawn = RedrawnExperts(experts, 3, Sampling(0))
    found = redrawn[1]
    assert len(redrawn) == 2
    np.testing.assert_array_equal(found.gate, redrawn[-1].gate)
    np.testing.assert_array_equal(found.gate, redrawn[1:][0].gate)
    assert not np.array_equal(found.gate, redrawn[0].gate)
    assert not np.array_equal(found.gate, RedrawnExperts(experts, 4, Sampling(0))[1].gate)
    assert not np.array_equal(found.gate, RedrawnExperts(experts, 3, Sampling(1))[1].gate)
    assert found.norm is experts[1].norm
    assert found.gate_bias is not None
    assert not found.gate_bias.any()
    for new, old in ((found.gate, experts[1].gate), (found.down, experts[1].down)):
        assert new.shape == old.shape
        assert np.std(new) == pytest.approx(np.std(old), rel=0.06)
        assert abs(np.corrcoef(new.ravel(), old.ravel())[0, 1]) < 5 / np.sqrt(new.size)


def test_experts_are_held_where_there_is_room() -> None:
    redrawn = RedrawnExperts(drawn_experts(), 0, Sampling(0))
    assert isinstance(held(redrawn), list)
    assert held(redrawn, most=8) is redrawn
    np.testing.assert_array_equal(held(redrawn)[1].up, redrawn[1].up)
