"""A small world of mixed clusters, and the arms that are trained on it: dense, sparse, soft and random routing.

Tokens of a cluster lie around its centre, mostly in a subspace of its own, and have a target map of their own
beside one that all clusters share. The sizes follow ASY and PRB as far as those are known (d 32 to 64, 4 to 8
experts of two layers); the task is ours.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from claims.sampling import Sampling

Float64 = npt.NDArray[np.float64]
Routing = Literal["dense", "top-k", "soft", "lots"]
Match = Literal["total", "active"]
MATCHES: tuple[Match, ...] = ("total", "active")


@dataclass(frozen=True)
class MlpWorld:
    """What is trained on, and how: the same for all arms of a seed.

    Attributes
    ----------
    seeds : trainings of each arm; a seed decides data, order and initial weights
    clusters, experts : C and E
    inputs, width, targets : dimensions of a token x, of the states h that the experts see, and of the target y
    hidden : hidden width of an expert of the top-2 arm, which both ways of matching share
    inner : dimensions of a cluster's own subspace
    shared : share of the target's variance that comes from the map of all clusters, in [0, 1]
    start : of the experts of an arm: "random", or "equal" to one another (a planted case)
    tokens, held_out : numbers of training and of measured tokens
    batch, steps, rate : of Adam
    balance : coefficient of the balancing loss E sum_e f_e pbar_e, in the arms that choose by their router
    rank : r of the subspaces
    group : tokens that a subspace is computed from, at least 4 r; experts that get fewer are left out
    jacobians : held-out tokens whose Jacobians are computed, the first ones
    spectra : of these, tokens whose own Jacobian's spectrum is computed
    """

    seeds: int = 12
    clusters: int = 8
    experts: int = 8
    inputs: int = 32
    width: int = 32
    targets: int = 16
    hidden: int = 16
    inner: int = 8
    shared: float = 0.5
    start: Literal["random", "equal"] = "random"
    tokens: int = 4096
    held_out: int = 2048
    batch: int = 128
    steps: int = 300
    rate: float = 3e-3
    balance: float = 1e-2
    rank: int = 8
    group: int = 64
    jacobians: int = 256
    spectra: int = 64

    def __post_init__(self) -> None:
        """Refuse sizes that cannot be measured."""
        if self.group < 4 * self.rank:
            raise ValueError(f"a group of {self.group} tokens is fewer than 4 x {self.rank}, the rank")
        if not self.spectra <= self.jacobians <= self.held_out:
            raise ValueError("spectra must be among the Jacobians, and these among the held-out tokens")
        if self.hidden * 2 % self.experts:
            raise ValueError(f"twice the hidden width, {2 * self.hidden}, must split among {self.experts} experts")


WORLD = MlpWorld()


class Arm(NamedTuple):
    """One way of routing: ``experts`` of ``hidden`` width each, of which a token uses ``top_k``."""

    name: str
    routing: Routing
    experts: int
    hidden: int
    top_k: int


def arms_of(world: MlpWorld, match: Match) -> tuple[Arm, ...]:
    """Return the arms of one comparison, whose experts have as many parameters in total, or as many a token.

    The router's E d parameters are not counted. "lots" are random fixed masks: which k experts a token may
    use is drawn by lot, once, whatever the token is; the router only weighs the k among themselves.
    """
    experts, hidden = world.experts, world.hidden
    if match == "total":
        whole, one, spread = experts * hidden, hidden, hidden
    else:
        whole, one, spread = 2 * hidden, 2 * hidden, 2 * hidden // experts
    return (
        Arm("dense", "dense", 1, whole, 1),
        Arm("top-1", "top-k", experts, one, 1),
        Arm("top-2", "top-k", experts, hidden, 2),
        Arm("soft", "soft", experts, spread, experts),
        Arm("random-1", "lots", experts, one, 1),
        Arm("random-2", "lots", experts, hidden, 2),
    )


class Tokens(NamedTuple):
    """Tokens of all seeds: x (S, N, inputs), y (S, N, targets), cluster (S, N), and lots (S, N, E) in [0, 1)."""

    x: Float64
    y: Float64
    cluster: npt.NDArray[np.int64]
    lots: Float64


def tokens_of(world: MlpWorld, sampling: Sampling) -> tuple[Tokens, Tokens]:
    """Draw the training and the held-out tokens of every seed."""
    drawn = [_seed_tokens(world, sampling.rng("controlled-mlp", seed)) for seed in range(world.seeds)]
    return _stacked(drawn, slice(None, world.tokens)), _stacked(drawn, slice(world.tokens, None))


def _stacked(drawn: list[Tokens], rows: slice) -> Tokens:
    """Some tokens of every seed, each (N, ...), in one."""
    return Tokens(
        x=np.stack([each.x[rows] for each in drawn]),
        y=np.stack([each.y[rows] for each in drawn]),
        cluster=np.stack([each.cluster[rows] for each in drawn]),
        lots=np.stack([each.lots[rows] for each in drawn]),
    )


def _seed_tokens(world: MlpWorld, rng: np.random.Generator) -> Tokens:
    """Draw the tokens of one seed: x = centre + own subspace + noise, y = a mixture of tanh maps of x."""
    count, clusters, inputs = world.tokens + world.held_out, world.clusters, world.inputs
    centres = rng.standard_normal((clusters, inputs))
    spans = rng.standard_normal((clusters, world.inner, inputs)) / np.sqrt(world.inner)
    common = rng.standard_normal((inputs, world.targets)) / np.sqrt(inputs)
    own = rng.standard_normal((clusters, inputs, world.targets)) / np.sqrt(inputs)
    cluster = rng.integers(0, clusters, count)
    inside = np.einsum("ni,nid->nd", rng.standard_normal((count, world.inner)), spans[cluster])
    x = centres[cluster] + inside + 0.3 * rng.standard_normal((count, inputs))
    y = np.sqrt(world.shared) * np.tanh(x @ common)
    y += np.sqrt(1 - world.shared) * np.tanh(np.einsum("nd,ndt->nt", x, own[cluster]))
    return Tokens(x, y, cluster, rng.random((count, world.experts)))
