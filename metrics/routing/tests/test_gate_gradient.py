"""Gates and their gradients: against automatic differentiation of the rule itself."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from metrics.routing.gate_gradient import gate_and_slope

SCORES = ("softmax", "sigmoid", "sqrtsoftplus", "identity")
RULES = ["softmax over top-k", *(score + option for score in SCORES for option in ("", ", normalised"))]


def in_torch(z: torch.Tensor, chosen: torch.Tensor, rule: str) -> torch.Tensor:
    """Gates of one token, (E,)."""
    score, _, option = rule.partition(", ")
    inside = torch.zeros_like(z, dtype=torch.bool)
    inside[chosen] = True
    if score == "softmax over top-k":
        return z.masked_fill(~inside, -torch.inf).softmax(-1)
    plain = {
        "softmax": z.softmax(-1),
        "sigmoid": z.sigmoid(),
        "sqrtsoftplus": functional.softplus(z).sqrt(),
        "identity": z,
    }[score]
    kept = plain * inside
    return kept / kept.sum() if option else kept


@given(st.sampled_from(RULES), st.integers(2, 6), st.integers(1, 4), st.integers(0, 2**16))
def test_gates_and_gradients(rule: str, experts: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    weight, hidden = rng.standard_normal((experts, width)), rng.standard_normal((3, width))
    bias = 3.0 + rng.random(experts)  # keeps the sum of "identity" away from 0
    logits = hidden @ weight.T + bias
    chosen = np.argsort(-logits, axis=1)[:, : max(1, experts // 2)]
    expert = int(chosen[0, 0])
    g, slope = gate_and_slope(logits, chosen, weight, expert, rule, scale=2.5)
    for t in range(3):
        h = torch.from_numpy(hidden[t]).requires_grad_()
        z = torch.from_numpy(weight) @ h + torch.from_numpy(bias)
        value = 2.5 * in_torch(z, torch.from_numpy(chosen[t]), rule)[expert]
        (gradient,) = torch.autograd.grad(value, h)
        assert g[t] == pytest.approx(float(value.detach()), abs=1e-10)
        np.testing.assert_allclose(slope[t], gradient.numpy(), atol=1e-9 * max(1.0, float(gradient.abs().max())))


def test_an_expert_that_is_not_chosen_has_no_gate() -> None:
    g, slope = gate_and_slope(np.ones((1, 3)), np.array([[0, 1]]), np.eye(3), 2, "sigmoid")
    assert g.tolist() == [0.0]
    assert slope.tolist() == [[0.0, 0.0, 0.0]]
