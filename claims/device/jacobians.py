"""Jacobians of experts on a device against automatic differentiation, and against the model's own module."""

import copy
from typing import Any, NamedTuple

import numpy as np
import torch

from claims.device.wide import Wide
from fixtures.experts.float64 import ExpertFunctions
from fixtures.experts.gated import expert_output
from fixtures.experts.read import read_experts
from metrics.arrays import Float64Array
from metrics.jacobians.expert import Expert, LocalJacobians, factors, folded, local_jacobians

TOKENS = 2
_STEP = 1e-4


class Agreement(NamedTuple):
    """Largest error, relative to the largest entry: against jacrev, and against differences of the module itself.

    The latter is None where the module takes no float64.
    """

    jacrev: float
    module: float | None


def jacobian_agreement(found: Wide, device: str) -> Agreement:
    """Compare three experts of the first layer at a few random tokens."""
    held = read_experts(found.model, [found.cards[0]])[0]
    # MPS has no float64: what is compared there is compared on the CPU.
    place = torch.device("cpu" if device == "mps" else device)
    states = torch.randn(TOKENS, held.width, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    functions, module = ExpertFunctions(held), _in_float64(found)
    worst, own = 0.0, 0.0
    for number in (0, held.count // 2, held.count - 1):
        expert = functions[number]
        closed = _dense(expert, local_jacobians(expert, states.numpy()))
        derive: Any = torch.func.jacrev
        slow = [
            derive(lambda x, n=number: expert_output(held, n, x[None])[0])(x).cpu().numpy() for x in states.to(place)
        ]
        worst = max(worst, float(np.abs(closed - np.array(slow)).max() / np.abs(closed).max()))
        try:
            own = max(own, _off_module(module, number, states, closed))
        except (RuntimeError, NotImplementedError):
            module = None
    return Agreement(worst, own if module is not None else None)


def _dense(expert: Expert, local: LocalJacobians) -> Float64Array:
    """The matrices themselves, (N, D, D)."""
    columns, rows = factors(expert)
    inner = [columns @ folded(expert, diagonal[:, None] * rows) for diagonal in local.diagonal]
    return np.asarray(np.array(inner) + np.einsum("nri,nrj->nij", local.left, local.right))


def _in_float64(found: Wide) -> Any:
    """A float64 copy of the module that holds the experts, on the CPU."""
    module: Any = copy.deepcopy(found.model.get_submodule(str(found.cards[0].site.experts))).cpu().double()
    if hasattr(module, "config"):
        module.config = copy.deepcopy(module.config)
        module.config._experts_implementation = "eager"
    return module


def _off_module(module: Any, number: int, states: torch.Tensor, closed: Float64Array) -> float:
    """Error of the first Jacobian along a random direction, over the module's own slope."""
    away = torch.randn(states.shape[1], dtype=torch.float64, generator=torch.Generator().manual_seed(number))
    index, weight = torch.full((1, 1), number), torch.ones(1, 1, dtype=torch.float64)
    with torch.inference_mode():
        ahead, behind = (module.forward((states[0] + s * _STEP * away)[None], index, weight)[0] for s in (1, -1))
    slope = ((ahead - behind) / (2 * _STEP)).numpy()
    return float(np.linalg.norm(closed[0] @ away.numpy() - slope) / np.linalg.norm(slope))
