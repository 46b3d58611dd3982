"""Alignment of experts' Jacobians at single tokens: of two experts at one, and of one expert at two."""

from collections.abc import Sequence

import numpy as np

from claims.function_sums import Tokens
from claims.function_trace import FloatArray, IntArray, TokenCosines
from metrics.arrays import Float64Array
from metrics.expert import Expert, LocalJacobians, local_jacobians
from metrics.jacobian_alignment import shape_of
from metrics.jacobian_cost import Plan, plan_alignment
from metrics.jacobian_products import cosines, inner_products
from metrics.token_alignment import draw_pairs, pair_cosines, probed_cosines

#: Operations up to which every pair is computed exactly.
AFFORDABLE = 2e10
#: Wanted standard error of the mean alignment where not every pair is.
ERROR = 0.01
#: Pairs of tokens of each expert, for the ceiling.
TOKEN_PAIRS = 64


def token_cosines(
    experts: Sequence[Expert],
    states: FloatArray,
    block: IntArray,
    blocks: int,
    rng: np.random.Generator,
    affordable: float = AFFORDABLE,
) -> TokenCosines:
    """Cosines of the Jacobians of two experts at one token, of all pairs and tokens or of as many as a plan allows.

    Parameters
    ----------
    states : (N, D), inputs of the experts; the first few of them are to be spread over the blocks
    block : int64 (N,)
    blocks : B
    rng : draws pairs and probes where the plan needs them
    affordable : operations up to which every pair is computed exactly

    Returns
    -------
    NaN for pairs that were not drawn, for blocks without a token, and of an expert with itself
    """
    count = len(experts)
    signed, absolute = (np.full((blocks, count, count), np.nan, dtype=np.float32) for _ in range(2))
    if count < 2 or not len(states):
        nothing = "one expert has no pair" if count < 2 else "no token was sampled"
        return TokenCosines(signed, absolute, np.zeros(blocks, dtype=np.int64), nothing)
    plan = plan_alignment(shape_of(experts, len(states)), ERROR, affordable)
    pairs = draw_pairs(count, plan.pairs, rng).astype(np.int64)
    cosine, noise = _cosines(experts, np.asarray(states[: plan.tokens], dtype=np.float64), pairs, plan, rng)
    where = block[: plan.tokens]
    for number in np.unique(where).tolist():
        here = cosine[:, where == number]
        for table, values in ((signed, here), (absolute, np.abs(here))):
            table[number, pairs[:, 0], pairs[:, 1]] = table[number, pairs[:, 1], pairs[:, 0]] = _means(values)
    error = f", standard error of one cosine {noise:.2g}" if plan.probes else ""
    return TokenCosines(signed, absolute, np.bincount(where, minlength=blocks), plan.sentence() + error, noise)


def cosines_of_two_tokens(
    expert: Expert, tokens: Tokens, blocks: int, rng: np.random.Generator, pairs: int = TOKEN_PAIRS
) -> FloatArray:
    """Mean cosine of one expert's Jacobians at two of its tokens in different sequences, float64 (B,).

    Every pair of tokens in different sequences is as likely as any other; a pair counts for the block of its
    first token; NaN for a block without a pair.
    """
    first, second = np.nonzero(tokens.sequence[:, None] != tokens.sequence)
    if len(first) > pairs:
        some = rng.choice(len(first), pairs, replace=False)
        first, second = first[some], second[some]
    found = np.full(blocks, np.nan)
    if not len(first):
        return found
    cosine = _cosines_of_rows(expert, tokens.states, first, second)
    for number in np.unique(tokens.block[first]).tolist():
        found[number] = _means(cosine[None, tokens.block[first] == number])[0]
    return found


def _cosines_of_rows(expert: Expert, states: FloatArray, first: IntArray, second: IntArray) -> Float64Array:
    """Cosines of the Jacobians at two rows each, (N,): products and norms from one making of the expert's forms."""
    local = local_jacobians(expert, states)
    one, other = (
        LocalJacobians(*(part[rows] for part in (local.diagonal, local.left, local.right)))
        for rows in (np.concatenate([first, first, second]), np.concatenate([second, first, second]))
    )
    product, *powers = inner_products(expert, one, expert, other).reshape(3, -1)
    norms = [np.sqrt(np.maximum(power, 0.0)) for power in powers]
    return cosines(product, *norms)


def _cosines(
    experts: Sequence[Expert], states: Float64Array, pairs: IntArray, plan: Plan, rng: np.random.Generator
) -> tuple[Float64Array, float]:
    """Cosines (P, N), exact or through probes, and the mean standard error of one, NaN where none is known."""
    if not plan.probes:
        return pair_cosines(experts, states, pairs), 0.0
    found = probed_cosines(experts, states, pairs, plan.probes, rng)
    return found.cosine, float(_means(found.error.reshape(1, -1))[0])


def _means(values: Float64Array) -> Float64Array:
    """Mean of each row over what is known; NaN where nothing is."""
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.asarray(np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0))
