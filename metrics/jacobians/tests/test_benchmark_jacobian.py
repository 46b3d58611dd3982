"""Alignment through diagonals and m x m forms against torch.func.jacrev, on the same experts and tokens.

Random weights, in float64 on both sides. The slow side does a part and is scaled up openly; times are printed, never
judged. It runs under ``make bench`` only.
"""

import resource
import time

import numpy as np
import pytest
import torch
from torch.nn import functional

from metrics.arrays import Float64Array
from metrics.jacobians.expert import Expert
from metrics.jacobians.token_cosines import draw_pairs, pair_cosines
from metrics.tests.support.torch_experts import random_expert

PAIRS = 4


@pytest.mark.benchmarks
@pytest.mark.parametrize(
    ("width", "inner", "experts", "tokens", "part"),
    [(128, 64, 16, 32, 4), (512, 256, 32, 32, 4), (2048, 768, 128, 64, 2)],
)
def test_alignment_and_jacrev(
    width: int, inner: int, experts: int, tokens: int, part: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The slow side takes one pair at ``part`` of the tokens."""
    rng = np.random.default_rng(0)
    layer = [random_expert(rng, width, inner) for _ in range(experts)]
    states, pairs = rng.standard_normal((tokens, width)), draw_pairs(experts, PAIRS, rng)
    start = time.perf_counter()
    found = pair_cosines(layer, states, pairs)
    fast = time.perf_counter() - start
    one, other = (jacrev(layer[number], states[:part]) for number in pairs[0])
    slow = (time.perf_counter() - start - fast) * PAIRS * tokens / part
    norms = np.linalg.norm(one, axis=(1, 2)) * np.linalg.norm(other, axis=(1, 2))
    error = float(np.abs(found[0, :part] - (one * other).sum(axis=(1, 2)) / norms).max())
    assert error < 1e-8
    with capsys.disabled():
        print(
            f"\nD = {width}, m = {inner}, {experts} experts: {PAIRS} pairs at {tokens} tokens, exact: {fast:.2f} s",
            f"by jacrev {slow:.1f} s, {slow / fast:.0f} times as long (from 1 pair and {part} tokens)",
            f"error {error:.0e}, peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB",
            sep="\n  ",
        )


def jacrev(expert: Expert, states: Float64Array) -> Float64Array:
    """Jacobians by automatic differentiation, one token after the other, (N, D, D)."""
    assert expert.up is not None
    gate, up, down = (torch.from_numpy(np.asarray(w, dtype=np.float64)) for w in (expert.gate, expert.up, expert.down))

    def function(x: torch.Tensor) -> torch.Tensor:
        return functional.linear(functional.silu(functional.linear(x, gate)) * functional.linear(x, up), down)

    derivative = torch.func.jacrev(function)
    return np.stack([derivative(token).numpy() for token in torch.from_numpy(states)])
