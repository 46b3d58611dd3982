"""Planted states of the arms of an experiment: set apart by their routing, by the split alone, or by nothing of it."""

from typing import Literal

import numpy as np

from claims.tests.support.planted_arms import (
    EXPERTS,
    LAYERS,
    SEEDS,
    TOKENS,
    WIDTH,
    Build,
    Pair,
    all_experts,
    experiment,
    functions,
    layer_of,
    one_expert,
)
from claims.trained_pairs.expert_groups import RANK
from fixtures.evidence.experiments import FunctionExperiment
from fixtures.studies.random_routers import with_load
from metrics.arrays import Float64Array, Int64Array

Soft = Literal["routed", "split", "cut", "wide", "narrow", "alike"]
Twin = Literal["centred", "centred experts", "narrow experts", "wide", "alike"]

UNIFORM = np.full((TOKENS, EXPERTS), 1 / EXPERTS)
FUNCTIONS = functions(np.random.default_rng(0), EXPERTS)
FUNCTION = functions(np.random.default_rng(0), 1)
#: Size of what states that lie in one subspace have beside it, where 1 is as much as in it.
BESIDE = 0.05
#: How far apart clusters lie, where 1 is as far as their states scatter.
APART = 5.0


def spread(rng: np.random.Generator, beside: float = 1.0, count: int = TOKENS) -> Float64Array:
    """States that are isotropic, or have ``beside`` times as much beside a random subspace of r dimensions as in it."""
    basis = np.linalg.qr(rng.standard_normal((WIDTH, WIDTH)))[0]
    size = np.where(np.arange(WIDTH) < RANK, 1.0, beside)
    return np.asarray((rng.standard_normal((count, WIDTH)) * size) @ basis.T)


def clusters(rng: np.random.Generator) -> Int64Array:
    """Number every token's cluster, as many of each."""
    return np.asarray(rng.permutation(np.arange(TOKENS) % EXPERTS))


def routed_arms(
    kind: Soft,
    seed: int = 0,
    *,
    seeds: int = SEEDS,
    layers: int = LAYERS,
    before: Soft = "alike",
    beside: float = BESIDE,
    beside_before: float = BESIDE,
    uneven: float = 0.2,
    outputs: bool = True,
) -> FunctionExperiment:
    """A top-k arm that routes by cluster, and a soft one.

    routed : each cluster has a narrow subspace of its own in the first arm's states; the second's are isotropic
    split : both arms have the first arm's states, so that only the split differs
    cut : as split, but the first arm routes by cuts at random of even load, which know nothing of the clusters
    wide : the first arm's states are isotropic, the second's lie in one subspace; clusters mean nothing
    narrow : the other way round
    alike : both are isotropic, and clusters mean nothing

    Parameters
    ----------
    before : the same before training
    beside, beside_before : how much the states of "wide" and "narrow" have beside their subspace
    uneven : how much larger one of a token's soft gates is, chosen at random
    """

    def build(kind: Soft, beside: float) -> Build:
        def pair(rng: np.random.Generator) -> Pair:
            cluster = clusters(rng)
            alone = kind in ("routed", "split", "cut")
            sparse = _clustered(rng, cluster) if alone else spread(rng, beside if kind == "narrow" else 1.0)
            if kind == "cut":
                logits = sparse @ rng.standard_normal((WIDTH, EXPERTS))
                cluster = np.asarray(with_load(logits, np.full(EXPERTS, TOKENS // EXPERTS), 1).argmax(axis=1))
            soft = sparse if kind in ("split", "cut") else spread(rng, beside if kind == "wide" else 1.0)
            gates = UNIFORM + uneven * np.eye(EXPERTS)[clusters(rng)]
            return (
                (layer_of(rng, one_expert(sparse, cluster), EXPERTS), FUNCTIONS),
                (layer_of(rng, all_experts(soft, gates), EXPERTS, outputs=outputs), FUNCTIONS),
            )

        return pair

    stages = build(kind, beside), build(before, beside_before)
    return experiment(("top-k", "soft"), *stages, seed=seed, seeds=seeds, layers=layers)


def twin_arms(
    kind: Twin,
    seed: int = 0,
    *,
    seeds: int = SEEDS,
    layers: int = LAYERS,
    before: Twin = "alike",
    beside: float = BESIDE,
    apart: float = APART,
) -> FunctionExperiment:
    """A mixture that routes by cluster, and a dense twin.

    centred : in both arms clusters lie far apart, in few directions, and are isotropic around their centres
    centred experts : in the mixture alone
    narrow experts : each cluster has a narrow subspace of its own in the mixture; the twin's states are isotropic
    wide : the mixture's states are isotropic, the twin's lie in one subspace; clusters mean nothing
    alike : both are isotropic, and clusters mean nothing

    Parameters
    ----------
    before : the same before training
    beside : how much the twin's states of "wide" have beside their subspace
    apart : how far apart clusters lie
    """

    def build(kind: Twin) -> Build:
        def pair(rng: np.random.Generator) -> Pair:
            cluster = clusters(rng)
            mixture = _clustered(rng, cluster) if kind == "narrow experts" else spread(rng)
            dense = spread(rng, beside if kind == "wide" else 1.0)
            centres = apart * rng.standard_normal((EXPERTS, WIDTH))[cluster]
            mixture = mixture + centres if kind in ("centred", "centred experts") else mixture
            dense = dense + centres if kind == "centred" else dense
            return (
                (layer_of(rng, one_expert(mixture, cluster), EXPERTS), FUNCTIONS),
                (layer_of(rng, one_expert(dense, np.zeros(TOKENS, np.int64)), 1), FUNCTION),
            )

        return pair

    return experiment(("MoE", "dense"), build(kind), build(before), seed=seed, seeds=seeds, layers=layers)


def _clustered(rng: np.random.Generator, cluster: Int64Array, inner: int = 3) -> Float64Array:
    """States of which each cluster has a subspace of its own, of so many dimensions, and a little noise around it."""
    found = 0.05 * rng.standard_normal((len(cluster), WIDTH))
    for number in np.unique(cluster):
        rows = np.flatnonzero(cluster == number)
        found[rows] += rng.standard_normal((len(rows), inner)) @ rng.standard_normal((inner, WIDTH)) / np.sqrt(inner)
    return found
