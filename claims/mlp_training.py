"""Training the arms of the controlled MLP: all seeds of an arm at once, each on its own data, in one thread.

y = (h + sum_e g_e f_e(h)) W_out with h = gelu(x W_in) and f_e(h) = gelu(h U_e) D_e. Every expert is computed
for every token and its gate g_e decides what is used, so arms differ in nothing but their gates and widths.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

from claims.mlp_world import Arm, MlpWorld, Tokens
from claims.sampling import Sampling


class Weights(NamedTuple):
    """Weights of S trainings of an arm.

    ``enter`` (S, inputs, d), ``router`` (S, d, E), ``up`` U (S, E, d, m), ``down`` D (S, E, m, d) and
    ``leave`` (S, d, targets).
    """

    enter: torch.Tensor
    router: torch.Tensor
    up: torch.Tensor
    down: torch.Tensor
    leave: torch.Tensor


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute in one thread: sums in one order, hence the same bits every time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def initial_weights(world: MlpWorld, arm: Arm, sampling: Sampling) -> Weights:
    """Draw the weights before training; all arms of a seed have the same but for the experts', in float32."""
    rows = [_seed_weights(world, arm, sampling, seed) for seed in range(world.seeds)]
    return Weights(*(torch.from_numpy(np.stack(part)).float() for part in zip(*rows, strict=True)))


def gates(arm: Arm, logits: torch.Tensor, lots: torch.Tensor) -> torch.Tensor:
    """g_e of every token, 0 for an expert that it does not use.

    The router's softmax over all experts, of which top-k keeps the largest k as they are (Switch, OLMoE); by
    lot, the k experts drawn share a softmax among themselves.

    Parameters
    ----------
    logits, lots : (..., E)
    """
    if arm.routing == "dense":
        return torch.ones_like(logits)
    if arm.routing == "soft":
        return logits.softmax(dim=-1)
    score = logits if arm.routing == "top-k" else lots
    used = torch.zeros_like(logits).scatter(-1, score.topk(arm.top_k, dim=-1).indices, 1.0)
    if arm.routing == "top-k":
        return logits.softmax(dim=-1) * used
    return logits.masked_fill(used == 0, -torch.inf).softmax(dim=-1)


def states_and_logits(weights: Weights, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """H (S, N, d) and the router's logits (S, N, E) of tokens (S, N, inputs)."""
    h = functional.gelu(x @ weights.enter)
    return h, h @ weights.router


def predicted(weights: Weights, h: torch.Tensor, gate: torch.Tensor) -> torch.Tensor:
    """Y (S, N, targets) from states (S, N, d) and gates (S, N, E)."""
    seeds, experts, width, hidden = weights.up.shape
    # All experts side by side, as one wide layer: two products, whatever E.
    up = weights.up.transpose(1, 2).reshape(seeds, width, experts * hidden)
    down = weights.down.reshape(seeds, experts * hidden, width)
    active = functional.gelu(h @ up) * gate.repeat_interleave(hidden, dim=-1)
    return (h + active @ down) @ weights.leave


def train(world: MlpWorld, arm: Arm, sampling: Sampling, tokens: Tokens) -> Weights:
    """Train an arm on every seed's tokens; the order of the tokens is the same for all arms.

    Returns
    -------
    Weights in float32; the same bits for the same arguments
    """
    order = np.stack([_order(world, sampling, seed) for seed in range(world.seeds)], axis=1)
    x, y, lots = (torch.from_numpy(part).float() for part in (tokens.x, tokens.y, tokens.lots[..., : arm.experts]))
    rows = torch.arange(world.seeds)[:, None]
    with one_thread():
        weights = Weights(*(each.requires_grad_() for each in initial_weights(world, arm, sampling)))
        optimiser = torch.optim.Adam(weights, lr=world.rate)
        for chosen in torch.from_numpy(order):
            h, logits = states_and_logits(weights, x[rows, chosen])
            gate = gates(arm, logits, lots[rows, chosen])
            error = (predicted(weights, h, gate) - y[rows, chosen]).square().mean(dim=(1, 2))
            loss = (error + world.balance * _imbalance(arm, logits, gate)).sum()  # seeds share no weight
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
    return Weights(*(each.detach() for each in weights))


def _imbalance(arm: Arm, logits: torch.Tensor, gate: torch.Tensor) -> torch.Tensor:
    """E sum_e f_e pbar_e of each seed's batch, (S,); 0 in the arms whose router does not choose.

    f is the share of the visits, in the soft arm of the gates; it has no gradient. At least 1 for top-k.
    """
    if arm.routing not in ("top-k", "soft"):
        return torch.zeros(len(logits))
    visits = (gate > 0).float() / arm.top_k if arm.routing == "top-k" else gate
    return arm.experts * (visits.detach().mean(dim=1) * logits.softmax(dim=-1).mean(dim=1)).sum(dim=-1)


def _seed_weights(world: MlpWorld, arm: Arm, sampling: Sampling, seed: int) -> tuple[np.ndarray, ...]:
    """Draw Gaussian weights of variance 1 / (inputs of the layer)."""
    rng = sampling.rng("controlled-mlp", seed, "weights")
    enter = rng.standard_normal((world.inputs, world.width)) / np.sqrt(world.inputs)
    leave = rng.standard_normal((world.width, world.targets)) / np.sqrt(world.width)
    router = rng.standard_normal((world.width, world.experts))[:, : arm.experts] / np.sqrt(world.width)
    own = 1 if world.start == "equal" else arm.experts
    up = rng.standard_normal((own, world.width, arm.hidden)) / np.sqrt(world.width)
    down = rng.standard_normal((own, arm.hidden, world.width)) / np.sqrt(arm.hidden)
    copies = arm.experts // own
    return enter, router, np.repeat(up, copies, axis=0), np.repeat(down, copies, axis=0), leave


def _order(world: MlpWorld, sampling: Sampling, seed: int) -> np.ndarray:
    """Numbers of the tokens of every step, int64 (steps, batch)."""
    rng = sampling.rng("controlled-mlp", seed, "order")
    return rng.integers(0, world.tokens, (world.steps, world.batch))
