"""Generated experts, each as weights and, independently, as a torch function to differentiate."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from torch.nn import functional

from metrics.arrays import Float64Array
from metrics.jacobians.activation import activation, gated_unit
from metrics.jacobians.expert import Expert, LocalJacobians, OutputNorm, factors, folded

ACTIVATIONS: dict[str, tuple[str, float, Callable[[torch.Tensor], torch.Tensor]]] = {
    "silu": ("silu", 1.0, functional.silu),
    "quick": ("silu", 1.702, lambda x: x * torch.sigmoid(1.702 * x)),
    "gelu": ("gelu", 1.0, functional.gelu),
    "gelu_tanh": ("gelu_tanh", 1.0, lambda x: functional.gelu(x, approximate="tanh")),
    "relu": ("relu", 1.0, functional.relu),
    "relu2": ("relu2", 1.0, lambda x: functional.relu(x) ** 2),
    "sigmoid": ("sigmoid", 1.0, torch.sigmoid),
    "tanh": ("tanh", 1.0, torch.tanh),
}


@dataclass(frozen=True)
class ExpertCase:
    """An expert, the same as a function of one token (D,) in torch, and tokens (N, D)."""

    expert: Expert
    function: Callable[[torch.Tensor], torch.Tensor]
    states: Float64Array

    def jacobians(self) -> Float64Array:
        """Jacobians by automatic differentiation, (N, D, D)."""
        found = torch.func.vmap(torch.func.jacrev(self.function))(torch.from_numpy(self.states))
        return np.asarray(found.numpy())


@st.composite
def expert_cases(draw: st.DrawFn, width: int | None = None, inner: int | None = None) -> ExpertCase:
    """Draw experts on 1..6 dimensions: any activation, gated or not, with biases, limits and an output norm or not."""
    d = width or draw(st.integers(1, 6), label="width")
    m = inner or draw(st.integers(1, 6), label="inner")
    rng = np.random.default_rng(draw(st.integers(0, 2**16), label="seed"))
    size = draw(st.sampled_from((0.3, 1.0, 4.0)), label="size of the tokens")
    has_up, has_bias, has_norm = (draw(st.booleans(), label=what) for what in ("gated", "biased", "output norm"))
    name = draw(st.sampled_from(sorted(ACTIVATIONS)), label="activation")
    limits = {
        "gate_max": draw(st.sampled_from((math.inf, 0.7, 2.0)), label="limit of g"),
        "act_max": draw(st.sampled_from((math.inf, 0.6)), label="limit of the activation"),
        "up_limit": draw(st.sampled_from((math.inf, 0.5, 2.0)), label="limit of u") if has_up else math.inf,
        "up_shift": draw(st.sampled_from((0.0, 1.0)), label="shift of u") if has_up else 0.0,
    }
    kind, alpha, act = ACTIVATIONS[name]
    weights: dict[str, Any] = {
        "gate": rng.standard_normal((m, d)),
        "up": rng.standard_normal((m, d)) if has_up else None,
        "down": rng.standard_normal((d, m)),
        "gate_bias": rng.standard_normal(m) if has_bias else None,
        "up_bias": rng.standard_normal(m) if has_bias and has_up else None,
        "down_bias": rng.standard_normal(d) if has_bias else None,
    }
    norm = None
    if has_norm:
        norm = OutputNorm(1 + rng.random(d), 1 + rng.random(d) if draw(st.booleans()) else None, 1e-3)
    expert = Expert(unit=gated_unit(activation(kind, alpha), **limits), norm=norm, **weights)
    states = size * rng.standard_normal((draw(st.integers(1, 5), label="tokens"), d))
    return ExpertCase(expert, _in_torch(weights, act, limits, norm), states)


def _in_torch(
    weights: dict[str, Any], act: Callable[[torch.Tensor], torch.Tensor], limits: dict[str, float], norm: Any
) -> Callable[[torch.Tensor], torch.Tensor]:
    held: Any = {name: None if value is None else torch.from_numpy(value) for name, value in weights.items()}

    def function(x: torch.Tensor) -> torch.Tensor:
        hidden = act(functional.linear(x, held["gate"], held["gate_bias"]).clamp(max=limits["gate_max"]))
        hidden = hidden.clamp(max=limits["act_max"])
        if held["up"] is not None:
            up = functional.linear(x, held["up"], held["up_bias"])
            hidden = hidden * (up.clamp(-limits["up_limit"], limits["up_limit"]) + limits["up_shift"])
        output: torch.Tensor = functional.linear(hidden, held["down"], held["down_bias"])
        if norm is None:
            return output
        scaled: torch.Tensor = output * torch.from_numpy(norm.before)
        scaled = scaled / (scaled.square().mean() + norm.eps).sqrt()
        return scaled if norm.after is None else scaled * torch.from_numpy(norm.after)

    return function


def matrices(expert: Expert, local: LocalJacobians) -> Float64Array:
    """Jacobians as matrices, (N, D, D), formed one by one."""
    columns, rows = factors(expert)
    inner = np.stack([folded(expert, diagonal[:, None] * rows) for diagonal in local.diagonal])
    return np.asarray(columns @ inner + np.einsum("nrd,nre->nde", local.left, local.right))


def random_expert(rng: np.random.Generator, width: int, inner: int) -> Expert:
    """An expert with independent Gaussian weights: gated, SiLU, without biases."""
    gate, up = rng.standard_normal((2, inner, width)) / math.sqrt(width)
    down = rng.standard_normal((width, inner)) / math.sqrt(inner)
    return Expert(gate, up, down, gated_unit(activation("silu")))
