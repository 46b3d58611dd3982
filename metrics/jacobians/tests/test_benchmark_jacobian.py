"""Alignment through diagonals and m x m forms against torch.func.jacrev, on the same experts and tokens.

Random float32 weights, computed in float64 on both sides. The slow side does a part and is scaled up openly;
times are printed, never judged. It runs under ``make bench`` only.
"""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pytest
import torch
from torch.nn import functional

from metrics.arrays import Float64Array
from metrics.jacobians.activation import activation, gated_unit
from metrics.jacobians.expert import Expert
from metrics.jacobians.token_cosines import draw_pairs, pair_cosines

T = TypeVar("T")


@dataclass(frozen=True)
class Size:
    """A layer, the tokens, and what the slow side does: experts, pairs and tokens."""

    width: int
    inner: int
    experts: int
    tokens: int = 32
    pairs: int = 4
    slow_tokens: int = 4


SIZES = [
    Size(128, 64, 16),
    Size(512, 256, 32),
    Size(2048, 768, 128, tokens=64, slow_tokens=2),
]


@pytest.mark.benchmarks
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"d{size.width}-m{size.inner}-E{size.experts}")
def test_alignment_and_jacrev(size: Size, capsys: pytest.CaptureFixture[str]) -> None:
    experts = layer(size)
    states = np.random.default_rng(1).standard_normal((size.tokens, size.width))
    lines = of_tokens(size, experts, states)
    with capsys.disabled():
        print(f"\n{size}", *lines, f"peak memory {peak():.1f} GB", sep="\n  ")


def of_tokens(size: Size, experts: list[Expert], states: Float64Array) -> list[str]:
    """Alignments of some pairs at some tokens; the slow side on one pair and some of the tokens."""
    pairs = draw_pairs(size.experts, size.pairs, np.random.default_rng(3))
    found, fast = timed(lambda: pair_cosines(experts, states, pairs))
    (i, j), part = pairs[0], states[: size.slow_tokens]
    slow, once = timed(lambda: cosine(jacrev(experts[i], part), jacrev(experts[j], part)))
    error = float(np.abs(found[0, : size.slow_tokens] - slow).max())
    assert error < 1e-8
    whole = once * size.pairs * size.tokens / size.slow_tokens
    return [
        f"{size.pairs} pairs at {size.tokens} tokens, exact: {fast:.2f} s",
        f"by jacrev {whole:.1f} s, {whole / fast:.0f} times as long "
        f"(from {once:.2f} s for 1 pair and {size.slow_tokens} tokens); error {error:.0e}",
    ]


def layer(size: Size) -> list[Expert]:
    """Experts with Gaussian weights in float32."""
    rng, unit = np.random.default_rng(0), gated_unit(activation("silu"))
    found = []
    for _ in range(size.experts):
        gate, up = rng.standard_normal((2, size.inner, size.width), dtype=np.float32) / size.width**0.5
        down = rng.standard_normal((size.width, size.inner), dtype=np.float32) / size.inner**0.5
        found.append(Expert(gate, up, down, unit))
    return found


def jacrev(expert: Expert, states: Float64Array) -> Float64Array:
    """Jacobians by automatic differentiation, one token after the other, (N, D, D)."""
    assert expert.up is not None
    gate, up, down = (torch.from_numpy(np.asarray(w, dtype=np.float64)) for w in (expert.gate, expert.up, expert.down))

    def function(x: torch.Tensor) -> torch.Tensor:
        return functional.linear(functional.silu(functional.linear(x, gate)) * functional.linear(x, up), down)

    derivative = torch.func.jacrev(function)
    return np.stack([derivative(token).numpy() for token in torch.from_numpy(states)])


def cosine(a: Float64Array, b: Float64Array) -> Float64Array:
    """Frobenius cosines of matrices, (N,)."""
    norms = np.linalg.norm(a, axis=(1, 2)) * np.linalg.norm(b, axis=(1, 2))
    return np.asarray((a * b).sum(axis=(1, 2)) / norms)


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What some work gives, and how many seconds it took."""
    start = time.perf_counter()
    found = work()
    return found, time.perf_counter() - start


def peak() -> float:
    """Most memory that this process has held so far, GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
