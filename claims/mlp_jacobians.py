"""What the trained experts of the controlled MLP do at held-out tokens: outputs, and exact Jacobians by autograd."""

import numpy as np
import torch
from torch.nn import functional

from claims.mlp_experts import Experts, functions_of
from claims.mlp_training import Weights, gates, one_thread, states_and_logits
from claims.mlp_world import Arm, Float64, MlpWorld, Tokens

_CHUNK = 64  # tokens at a time


def experts_of(world: MlpWorld, arm: Arm, weights: Weights, tokens: Tokens, seed: int) -> Experts:
    """Evaluate one seed of an arm on held-out tokens.

    Parameters
    ----------
    tokens : held-out tokens of all seeds
    """
    own = Weights(*(each[seed : seed + 1].double() for each in weights))
    x, y, lots = (torch.from_numpy(part[seed : seed + 1]) for part in (tokens.x, tokens.y, tokens.lots))
    lots = lots[..., : arm.experts]
    with one_thread(), torch.no_grad():
        h, logits = states_and_logits(own, x)
        gate = gates(arm, logits, lots)
        active = functional.gelu(torch.einsum("nd,edm->nem", h[0], own.up[0]))
        outputs = torch.einsum("nem,emd->ned", active, own.down[0])
        answer = (h + torch.einsum("ne,ned->nd", gate[0], outputs)) @ own.leave
        few = slice(0, world.jacobians)
        plain, gated = (
            functions_of(jacobians(arm, own, h[0, few], lots[0, few], gated=with_gate), world.spectra)
            for with_gate in (False, True)
        )
    return Experts(
        states=h[0].numpy(),
        gates=gate[0].numpy(),
        outputs=outputs.numpy(),
        plain=plain,
        gated=gated,
        error=float((answer - y).square().mean()),
    )


def jacobians(arm: Arm, weights: Weights, h: torch.Tensor, lots: torch.Tensor, *, gated: bool) -> Float64:
    """Exact Jacobians of all experts at each token, by reverse-mode autograd.

    Parameters
    ----------
    weights : of a single seed, (1, ...), float64
    h, lots : states (n, d) and lots (n, E)
    gated : of g_e f_e, whose Jacobian is g_e J_e + f_e (grad g_e)^T, in the place of f_e

    Returns
    -------
    float64 array of shape (n, E, d, d), output first
    """
    router, up, down = weights.router[0], weights.up[0], weights.down[0]
    one = torch.eye(arm.experts, dtype=torch.float64)

    def answer(
        state: torch.Tensor, lot: torch.Tensor, up: torch.Tensor, down: torch.Tensor, which: torch.Tensor
    ) -> torch.Tensor:
        found = functional.gelu(state @ up) @ down
        return (gates(arm, state @ router, lot) * which).sum() * found if gated else found

    # jacrev once an expert and token: of all experts together it would pull back each one's outputs through all.
    of_experts = torch.func.vmap(torch.func.jacrev(answer), in_dims=(None, None, 0, 0, 0))
    of_tokens = torch.func.vmap(of_experts, in_dims=(0, 0, None, None, None), chunk_size=_CHUNK)
    found: torch.Tensor = of_tokens(h, lots, up, down, one)
    return np.asarray(found.numpy())
