"""What the trained experts of the controlled MLP do at held-out tokens: outputs, and exact Jacobians by autograd."""

import torch
from torch.nn import functional

from claims.mlp_experts import Experts, functions_of
from claims.mlp_training import Weights, gates, one_thread, states_and_logits
from claims.mlp_world import Arm, MlpWorld, Tokens

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
        plain = jacobians(own, h[0, few])
        slopes = gate_slopes(arm, own, h[0, few], lots[0, few])
        gated = gate[0, few, :, None, None] * plain + outputs[few, :, :, None] * slopes[:, :, None, :]
    return Experts(
        states=h[0].numpy(),
        gates=gate[0].numpy(),
        outputs=outputs.numpy(),
        plain=functions_of(plain.numpy(), world.spectra),
        gated=functions_of(gated.numpy(), world.spectra),
        error=float((answer - y).square().mean()),
    )


def jacobians(weights: Weights, h: torch.Tensor) -> torch.Tensor:
    """Exact Jacobians J_e of all experts f_e at each token, by reverse-mode autograd.

    Parameters
    ----------
    weights : of a single seed, (1, ...), float64
    h : states (n, d)

    Returns
    -------
    float64 of shape (n, E, d, d), output first
    """

    def answer(state: torch.Tensor, up: torch.Tensor, down: torch.Tensor) -> torch.Tensor:
        return functional.gelu(state @ up) @ down

    # jacrev once an expert and token: of all experts together it would pull back each one's outputs through all.
    of_experts = torch.func.vmap(torch.func.jacrev(answer), in_dims=(None, 0, 0))
    of_tokens = torch.func.vmap(of_experts, in_dims=(0, None, None), chunk_size=_CHUNK)
    found: torch.Tensor = of_tokens(h, weights.up[0], weights.down[0])
    return found


def gate_slopes(arm: Arm, weights: Weights, h: torch.Tensor, lots: torch.Tensor) -> torch.Tensor:
    """Exact gradients grad g_e of the gates, (n, E, d), so that g_e f_e has the Jacobian g_e J_e + f_e (grad g_e)^T.

    Parameters
    ----------
    h, lots : states (n, d) and lots (n, E)
    """

    def gate(state: torch.Tensor, lot: torch.Tensor) -> torch.Tensor:
        return gates(arm, state @ weights.router[0], lot)

    found: torch.Tensor = torch.func.vmap(torch.func.jacrev(gate), chunk_size=_CHUNK)(h, lots)
    return found
