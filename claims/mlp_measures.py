"""Alignment, subspaces and spectra of the experts of a controlled MLP, on its own and on common token splits.

A split says how much each token counts for each group, and which expert stands for the group. On its own split
an expert is measured where its router sends it; on a common one all arms are measured on the same tokens, so
that what remains of a difference is not the conditioning on one's own routing.
"""

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from claims.mlp_experts import Experts, Functions, cosines
from claims.mlp_world import Float64, MlpWorld, Tokens
from metrics.effective_rank import effective_rank, normalised_spectrum
from metrics.grassmann import normalised_geodesic, pair_angles, pairs_of, subspace_overlap
from metrics.state_subspaces import state_spectra, state_subspaces

SPLITS = ("own", "gated", "same", "clusters", "random")


class Split(NamedTuple):
    """``weights`` (N, G), how much each token counts for each group; ``expert`` (G,); ``keys`` (N, G) as below.

    The tokens of a group's subspace are those of smallest key among the ones that count at all.
    """

    weights: Float64
    expert: npt.NDArray[np.int64]
    keys: Float64
    gated: bool = False


@dataclass(frozen=True)
class SplitMeasures:
    """What is measured on one split: one value a seed, float64 (S,), means over pairs or groups.

    Attributes
    ----------
    alignment : Frobenius cosine of the groups' mean Jacobians, in [-1, 1]; NaN without a pair
    absolute : the same of its absolute value
    token_alignment : cosine of the Jacobians of two experts at one token, weighted over the tokens that count
        for both; NaN where no token does
    geodesic_inputs, geodesic_outputs : d_G / ((pi/2) sqrt(r)) of the groups' weighted principal subspaces
    overlap_inputs, overlap_outputs : mean cos^2 of the principal angles; chance is r / d
    rank_inputs, rank_outputs : effective rank of the weighted covariance
    leading : largest singular value of the groups' mean Jacobians
    token_leading : mean over tokens of the largest singular value of their Jacobians
    decay, token_decay : s_k / s_1 of the same, (S, d); at most the hidden width of them are not 0
    left_out : groups with too few tokens for a subspace, which the subspaces' measures leave out
    idle : groups to which no token counts whose Jacobian is known, which the Jacobians' measures leave out
    """

    alignment: Float64
    absolute: Float64
    token_alignment: Float64
    geodesic_inputs: Float64
    geodesic_outputs: Float64
    overlap_inputs: Float64
    overlap_outputs: Float64
    rank_inputs: Float64
    rank_outputs: Float64
    leading: Float64
    token_leading: Float64
    decay: Float64
    token_decay: Float64
    left_out: Float64
    idle: Float64


def splits_of(world: MlpWorld, tokens: Tokens, seed: int, experts: Experts, keys: Float64) -> dict[str, Split]:
    """Return the splits of one seed, in the order of `SPLITS`.

    "own": by the arm's own gates; "gated": the same tokens, and the experts with their gate. Common to all
    arms: "same", every expert on the same tokens; "clusters", the tokens of cluster c for expert c; "random",
    a random partition, whose subspaces differ by sampling alone. For a single expert the groups are all its.

    Parameters
    ----------
    keys : uniform (N, G) with G at least E and C, the same for all arms
    """
    count, own = experts.gates.shape
    every = np.arange(own)
    lots = tokens.lots[seed]
    cluster = np.eye(world.clusters)[tokens.cluster[seed]]
    random = np.eye(world.experts)[lots.argmax(axis=1)]
    return {
        "own": Split(experts.gates, every, keys[:, :own]),
        "gated": Split((experts.gates > 0).astype(np.float64), every, keys[:, :own], gated=True),
        "same": Split(np.ones((count, own)), every, np.repeat(keys[:, :1], own, axis=1)),
        "clusters": Split(cluster, np.arange(world.clusters) % own, keys[:, : world.clusters]),
        "random": Split(random, np.arange(world.experts) % own, keys[:, : world.experts]),
    }


def measured(world: MlpWorld, experts: Experts, split: Split) -> dict[str, Float64 | float]:
    """Measure one seed on one split; the keys are the fields of `SplitMeasures`."""
    functions = experts.gated if split.gated else experts.plain
    outputs = experts.gates[..., None] * experts.outputs if split.gated else experts.outputs
    groups = _groups(split, world.group)
    found: dict[str, Float64 | float] = {"left_out": float(len(split.expert) - len(groups))}
    weights = np.array([split.weights[rows, number] for number, rows in groups.items()])
    inputs = [experts.states[rows] for rows in groups.values()]
    answers = [outputs[rows, split.expert[number]] for number, rows in groups.items()]
    for side, states in (("inputs", inputs), ("outputs", answers)):
        found |= _subspaces(np.array(states), weights, world.rank, side)
    means = _mean_jacobians(functions.jacobians, split)
    found["idle"] = float(len(split.expert) - len(means))
    return found | _spectra(means) | _token_spectra(functions, split) | _alignments(means, functions, split)


def together(rows: list[dict[str, Float64 | float]]) -> SplitMeasures:
    """Put the measures of all seeds together."""
    return SplitMeasures(**{each.name: np.array([row[each.name] for row in rows]) for each in fields(SplitMeasures)})


def _groups(split: Split, size: int) -> dict[int, npt.NDArray[np.int64]]:
    """Return the tokens that each group's subspace is computed from; groups with fewer are not there."""
    found = {}
    for number in range(len(split.expert)):
        members = np.flatnonzero(split.weights[:, number] > 0)
        if len(members) >= size:
            found[number] = members[np.argsort(split.keys[members, number])[:size]]
    return found


def _subspaces(states: Float64, weights: Float64, rank: int, side: str) -> dict[str, Float64 | float]:
    """Distance, overlap and effective rank of G groups of n states, (G, n, d)."""
    if not len(states):
        return {f"{name}_{side}": np.nan for name in ("geodesic", "overlap", "rank")}
    angles = pair_angles(state_subspaces(states, weights, rank))
    return {
        f"geodesic_{side}": _mean(normalised_geodesic(angles)),
        f"overlap_{side}": _mean(subspace_overlap(angles)),
        f"rank_{side}": _mean(effective_rank(state_spectra(states, weights))),
    }


def _mean_jacobians(jacobians: Float64, split: Split) -> Float64:
    """Mean Jacobian of each group that has a token, under the split's weights, (G', d, d)."""
    weights = split.weights[: len(jacobians)]
    total = weights.sum(axis=0)
    live = np.flatnonzero(total > 0)
    found = [np.tensordot(weights[:, g] / total[g], jacobians[:, split.expert[g]], axes=1) for g in live]
    return np.array(found).reshape(len(live), *jacobians.shape[2:])


def _alignments(means: Float64, functions: Functions, split: Split) -> dict[str, Float64 | float]:
    """Cosines of the groups' mean Jacobians, and of two groups' experts at the tokens that count for both."""
    of_means = cosines(means.reshape(len(means), means[0].size if len(means) else 0))[pairs_of(len(means))]
    weights = split.weights[: len(functions.cosines)]
    first, second = pairs_of(len(split.expert))
    both = weights[:, first] * weights[:, second]
    total = both.sum(axis=0)
    of_tokens = (both * functions.cosines[:, split.expert[first], split.expert[second]]).sum(axis=0)
    return {
        "alignment": _mean(of_means),
        "absolute": _mean(np.abs(of_means)),
        "token_alignment": _mean(of_tokens[total > 0] / total[total > 0]),
    }


def _spectra(means: Float64) -> dict[str, Float64 | float]:
    """Mean over groups of s_1 and of s_k / s_1 of their mean Jacobians."""
    if not len(means):
        return {"leading": np.nan, "decay": np.full(means.shape[-1], np.nan)}
    singular = np.asarray(np.linalg.svd(means, compute_uv=False), dtype=np.float64)
    return {"leading": _mean(singular[:, 0]), "decay": normalised_spectrum(singular).mean(axis=0)}


def _token_spectra(functions: Functions, split: Split) -> dict[str, Float64 | float]:
    """Mean over groups of the weighted mean over tokens of s_1 and of s_k / s_1."""
    singular = functions.spectra
    weights = split.weights[: len(singular)]
    total = weights.sum(axis=0)
    live = np.flatnonzero(total > 0)
    if not len(live):
        return {"token_leading": np.nan, "token_decay": np.full(singular.shape[-1], np.nan)}
    leading, decay = np.empty(len(live)), np.empty((len(live), singular.shape[-1]))
    for row, group in enumerate(live):
        used = np.flatnonzero(weights[:, group] > 0)
        share = weights[used, group] / total[group]
        own = singular[used, split.expert[group]]
        leading[row], decay[row] = share @ own[:, 0], share @ normalised_spectrum(own)
    return {"token_leading": _mean(leading), "token_decay": decay.mean(axis=0)}


def _mean(values: Float64) -> float:
    """Mean, NaN of nothing."""
    return float(values.mean()) if values.size else float("nan")
