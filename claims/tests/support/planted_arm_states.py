"""Planted states of the arms of an experiment: set apart by their routing, by the split alone, or by nothing of it."""

from typing import Literal

import numpy as np

from claims.tests.support.planted_arms import (
    EXPERTS,
    TOKENS,
    WIDTH,
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
Twin = Literal["centred", "narrow experts", "wide", "alike"]

UNIFORM = np.full((TOKENS, EXPERTS), 1 / EXPERTS)
FUNCTIONS = functions(np.random.default_rng(0), EXPERTS)
FUNCTION = functions(np.random.default_rng(0), 1)


def spread(rng: np.random.Generator, inner: int = WIDTH, count: int = TOKENS) -> Float64Array:
    """States in a random subspace of so many dimensions, and a little noise around it."""
    span = rng.standard_normal((inner, WIDTH)) / np.sqrt(inner)
    return np.asarray(rng.standard_normal((count, inner)) @ span + 0.05 * rng.standard_normal((count, WIDTH)))


def clusters(rng: np.random.Generator) -> Int64Array:
    """Number every token's cluster, as many of each."""
    return np.asarray(rng.permutation(np.arange(TOKENS) % EXPERTS))


def routed_arms(
    kind: Soft, seed: int = 0, seeds: int = 2, *, uneven: float = 0.2, outputs: bool = True
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
    uneven : how much larger one of a token's soft gates is, chosen at random
    """

    def build(rng: np.random.Generator) -> Pair:
        cluster = clusters(rng)
        alone = kind in ("routed", "split", "cut")
        sparse = _clustered(rng, cluster, 3) if alone else spread(rng, _inner(kind == "narrow"))
        if kind == "cut":
            logits = sparse @ rng.standard_normal((WIDTH, EXPERTS))
            cluster = np.asarray(with_load(logits, np.full(EXPERTS, TOKENS // EXPERTS), 1).argmax(axis=1))
        soft = sparse if kind in ("split", "cut") else spread(rng, _inner(kind == "wide"))
        gates = UNIFORM + uneven * np.eye(EXPERTS)[clusters(rng)]
        return (
            (layer_of(rng, one_expert(sparse, cluster), EXPERTS), FUNCTIONS),
            (layer_of(rng, all_experts(soft, gates), EXPERTS, outputs=outputs), FUNCTIONS),
        )

    return experiment(("top-k", "soft"), build, seed=seed, seeds=seeds)


def twin_arms(kind: Twin, seed: int = 0, seeds: int = 2) -> FunctionExperiment:
    """A mixture that routes by cluster, and a dense twin.

    centred : in both arms clusters lie far apart, in few directions, and are isotropic around their centres
    narrow experts : each cluster has a narrow subspace of its own in the mixture; the twin's states are isotropic
    wide : the mixture's states are isotropic, the twin's lie in one subspace; clusters mean nothing
    alike : both are isotropic, and clusters mean nothing
    """

    def build(rng: np.random.Generator) -> Pair:
        cluster = clusters(rng)
        mixture = _clustered(rng, cluster, 3) if kind == "narrow experts" else spread(rng)
        dense = spread(rng, _inner(kind == "wide"))
        if kind == "centred":
            centres = 5 * rng.standard_normal((EXPERTS, WIDTH))
            mixture, dense = mixture + centres[cluster], dense + centres[cluster]
        return (
            (layer_of(rng, one_expert(mixture, cluster), EXPERTS), FUNCTIONS),
            (layer_of(rng, one_expert(dense, np.zeros(TOKENS, np.int64)), 1), FUNCTION),
        )

    return experiment(("MoE", "dense"), build, seed=seed, seeds=seeds)


def _inner(narrow: bool) -> int:
    return RANK if narrow else WIDTH


def _clustered(rng: np.random.Generator, cluster: Int64Array, inner: int) -> Float64Array:
    """States of which each cluster has a subspace of its own."""
    found = np.empty((len(cluster), WIDTH))
    for number in np.unique(cluster):
        found[cluster == number] = spread(rng, inner, int((cluster == number).sum()))
    return found
