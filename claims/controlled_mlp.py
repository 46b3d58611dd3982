"""The controlled MLP of ASY and PRB: arms that differ in their routing alone, trained here and measured exactly.

Dense twin, top-1, top-2, fully soft and random fixed masks of the same sparsities, with as many parameters in
total or as many a token; several seeds, paired over arms. The setting is reconstructed (ASY, arXiv 2605.16349v1;
PRB, arXiv 2601.11616): neither paper's sizes, seeds or task are known.
"""

from dataclasses import dataclass

import numpy as np

from claims.mlp_measures import SPLITS, SplitMeasures, measured, splits_of, together
from claims.mlp_world import MATCHES, Arm, Float64, Match, MlpWorld, Tokens, arms_of, tokens_of
from claims.sampling import Sampling

__all__ = ["ArmMeasures", "SplitMeasures", "controlled_mlps"]


@dataclass(frozen=True)
class ArmMeasures:
    """One arm of the controlled MLP, one value a seed.

    Attributes
    ----------
    arm : what it is
    error : mean squared error on held-out tokens, float64 (S,)
    variance : of their targets, about 0.5, float64 (S,): the error of the best constant answer
    gate : mean over held-out tokens of the largest gate, float64 (S,); 1 / E for soft gates that are uniform
    usage : share of the gates that each expert gets, float64 (S, E)
    splits : for each name in `SPLITS` what is measured on that split
    """

    arm: Arm
    error: Float64
    variance: Float64
    gate: Float64
    usage: Float64
    splits: dict[str, SplitMeasures]


def controlled_mlps(
    world: MlpWorld,
    sampling: Sampling,
    *,
    matches: tuple[Match, ...] = MATCHES,
    names: tuple[str, ...] = (),
    trained: bool = True,
) -> dict[Match, dict[str, ArmMeasures]]:
    """Train and measure the arms of each matching; an arm that two of them share is trained once.

    Parameters
    ----------
    names : the arms that are wanted, all by default
    trained : False for the null: the same arms before training

    Returns
    -------
    for each matching the arms by name, in the order of `arms_of`; the same bits for the same arguments

    Raises
    ------
    ValueError
        When a name is none of an arm.
    """
    train_tokens, held_out = tokens_of(world, sampling)
    keys = _keys(world, sampling)
    done: dict[Arm, ArmMeasures] = {}
    for match in matches:
        arms = arms_of(world, match)
        unknown = sorted(set(names) - {arm.name for arm in arms})
        if unknown:
            raise ValueError(f"There is no arm {unknown[0]!r}; the arms are {', '.join(arm.name for arm in arms)}.")
        for arm in arms:
            if arm not in done and (not names or arm.name in names):
                done[arm] = _measure(world, arm, sampling, train_tokens if trained else None, held_out, keys)
    return {match: {arm.name: done[arm] for arm in arms_of(world, match) if arm in done} for match in matches}


def _measure(
    world: MlpWorld, arm: Arm, sampling: Sampling, tokens: Tokens | None, held_out: Tokens, keys: Float64
) -> ArmMeasures:
    """Train all seeds of an arm, unless there are no tokens to train on, and measure them one by one."""
    # These load torch, which collecting the claims should not.
    from claims.mlp_jacobians import experts_of
    from claims.mlp_training import initial_weights, train

    weights = initial_weights(world, arm, sampling) if tokens is None else train(world, arm, sampling, tokens)
    rows: dict[str, list[dict[str, Float64 | float]]] = {name: [] for name in SPLITS}
    error, gate, usage = [], [], []
    for seed in range(world.seeds):
        experts = experts_of(world, arm, weights, held_out, seed)
        for name, split in splits_of(world, held_out, seed, experts, keys[seed]).items():
            rows[name].append(measured(world, experts, split))
        error.append(experts.error)
        gate.append(experts.gates.max(axis=1).mean())
        usage.append(experts.gates.sum(axis=0) / experts.gates.sum())
    return ArmMeasures(
        arm=arm,
        error=np.array(error),
        variance=held_out.y.var(axis=1).mean(axis=-1),
        gate=np.array(gate),
        usage=np.array(usage),
        splits={name: together(found) for name, found in rows.items()},
    )


def _keys(world: MlpWorld, sampling: Sampling) -> Float64:
    """Draw what decides which tokens a subspace is computed from, the same for all arms: (S, N, G)."""
    groups = max(world.experts, world.clusters)
    shape = (world.held_out, groups)
    return np.stack([sampling.rng("controlled-mlp", seed, "groups").random(shape) for seed in range(world.seeds)])
