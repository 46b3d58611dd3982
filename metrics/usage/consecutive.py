"""How often a token uses the experts of the token before it, and how often chance makes it do so."""

from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.stats import hypergeom

from metrics.arrays import Float64Array, IntArray


class Repeats(NamedTuple):
    """Shares of the n - 1 pairs of neighbouring tokens, float64 (L,) each, in [0, 1]; NaN where there is no pair.

    Attributes
    ----------
    first : whose best experts are the same one
    first_by_chance : the same over random orders of the sequence's tokens: the exact mean, which keeps its loads
    any : that share an expert at least
    any_by_chance : the same in one random order of the tokens
    """

    first: Float64Array
    first_by_chance: Float64Array
    any: Float64Array
    any_by_chance: Float64Array


def repeats(experts: IntArray, num_experts: int, rng: np.random.Generator) -> Repeats:
    """Compare the experts of neighbouring tokens of one sequence (Mixtral, arXiv 2401.04088, Table 5).

    Parameters
    ----------
    experts : int array of shape (n, L, k), experts of n tokens in a row at L layers, ids in 0..E-1, best first
    num_experts : E
    rng : source of the random order

    Returns
    -------
    Repeats

    Examples
    --------
    Three tokens, one layer, one expert each; of the three pairs of tokens one has the same expert:

    >>> found = repeats(np.array([4, 4, 2])[:, None, None], 8, np.random.default_rng(0))
    >>> found.first.tolist(), found.first_by_chance.round(3).tolist()
    ([0.5], [0.333])
    """
    rows = np.asarray(experts)
    tokens, layers, _ = rows.shape
    if tokens < 2:
        nothing = np.full(layers, np.nan)
        return Repeats(nothing, nothing, nothing, nothing)
    chosen = np.ascontiguousarray(rows.transpose(2, 0, 1))
    best = chosen[0]
    place = best + num_experts * np.arange(layers)
    visits = np.bincount(place.ravel(), minlength=layers * num_experts).reshape(layers, num_experts)
    alike = (visits * (visits - 1)).sum(axis=1) / (tokens * (tokens - 1))
    return Repeats(
        first=(best[1:] == best[:-1]).mean(axis=0),
        first_by_chance=alike,
        any=_shares_any(chosen),
        any_by_chance=_shares_any(chosen[:, rng.permutation(tokens)]),
    )


def uniform_chance(num_experts: int, chosen: int) -> float:
    """Probability that two tokens share an expert, were each given its experts at random, all alike.

    Parameters
    ----------
    num_experts : E
    chosen : experts a token, in 1..E

    Returns
    -------
    In (0, 1]; 1 / E for one expert

    Examples
    --------
    The two numbers that Mixtral's table of repetitions (arXiv 2401.04088, Table 5) is compared with:

    >>> uniform_chance(8, 1), round(uniform_chance(8, 2), 3)
    (0.125, 0.464)
    """
    return float(hypergeom.sf(0, num_experts, chosen, chosen))


def _shares_any(chosen: IntArray) -> Float64Array:
    """Share of neighbours that share an expert, (L,), of experts (k, n, L)."""
    found = np.zeros((chosen.shape[1] - 1, chosen.shape[2]), dtype=np.bool_)
    for one, other in product(chosen, chosen):  # a pair of choices at a time: no table of all of them
        found |= one[1:] == other[:-1]
    return np.asarray(found.mean(axis=0))
