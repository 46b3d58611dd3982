"""Alignments of experts at any weights of the blocks of sequences, from products that were summed within blocks.

With weights w of the blocks the mean Jacobians have the products <J_i, J_j> = sum_bc w_b w_c P[i, b, j, c], up to
factors that a cosine does not see, so that an alignment without some block is exact and no Jacobian is computed again.
Weights are (R, B), one row a set of them.

Intervals leave out one block at a time. A bootstrap would draw some blocks twice, and with them the noise of their
Jacobians: that makes all mean Jacobians look less alike than they are, and would favour a claim that they are not.
"""

import numpy as np

from metrics.arrays import Float64Array, FloatArray, Int64Array
from metrics.jacobians.cosines import frobenius_cosines
from metrics.jacobians.token_cosines import TokenCosines
from metrics.stats.estimate import Estimate
from metrics.stats.jackknife import estimate_jackknife

#: What is left out: a block of whole sequences.
UNIT = "sequence block"


def deletions(blocks: int) -> Float64Array:
    """Weights of all blocks, then of all but one: (1 + B, B), 1 and 0.

    Examples
    --------
    >>> deletions(2).tolist()
    [[1.0, 1.0], [0.0, 1.0], [1.0, 0.0]]
    """
    return np.vstack([np.ones(blocks), 1.0 - np.eye(blocks)])


def over_blocks(replicates: Float64Array) -> Estimate:
    """Estimate a statistic from its values (1 + B,) at the weights of `deletions`.

    Examples
    --------
    >>> over_blocks(np.array([2.0, 2.0, 2.0])).high
    2.0
    """
    return estimate_jackknife(float(replicates[0]), replicates[1:], UNIT)


def upper_pairs(experts: int) -> Int64Array:
    """Return the pairs i < j, int64 (P, 2).

    Examples
    --------
    >>> upper_pairs(3).tolist()
    [[0, 1], [0, 2], [1, 2]]
    """
    return np.stack(np.triu_indices(experts, 1), axis=1).astype(np.int64)


def pair_alignments(source: FloatArray | TokenCosines, weights: Float64Array, *, absolute: bool) -> Float64Array:
    """Alignments of all pairs of experts, (R, P): of their mean Jacobians, or of those at single tokens.

    Absolute values are taken of the alignments of means, or at each token.

    Parameters
    ----------
    source : a table of products, or cosines at tokens

    Examples
    --------
    One block, two experts with products 4, 9 and -3:

    >>> table = np.array([[4.0, -3.0], [-3.0, 9.0]]).reshape(2, 1, 2, 1)
    >>> pair_alignments(table, np.ones((1, 1)), absolute=True).tolist()
    [[0.5]]
    """
    if not isinstance(source, TokenCosines):
        cosines = mean_cosines(source, weights)
        return np.abs(cosines) if absolute else cosines
    values = source.absolute if absolute else source.signed
    pairs = upper_pairs(values.shape[1])
    return _mean_over_blocks(values[:, pairs[:, 0], pairs[:, 1]], weights * source.tokens)


def mean_cosines(table: FloatArray, weights: Float64Array) -> Float64Array:
    """Frobenius cosines of the mean Jacobians of all pairs of experts (ASY, reconstructed), (R, P), in [-1, 1].

    w P_ij w / sqrt(w P_ii w  w P_jj w); NaN where an expert has no token in the weighted blocks, or a Jacobian of zero.

    Parameters
    ----------
    table : products, (E, B, E, B), as in `fixtures.evidence.jacobians.LayerFunctions`

    Examples
    --------
    >>> table = np.array([[4.0, -3.0], [-3.0, 9.0]]).reshape(2, 1, 2, 1)
    >>> mean_cosines(table, np.ones((1, 1))).tolist()
    [[-0.5]]
    """
    pairs = upper_pairs(len(table))
    power = _forms(_own(table), weights)
    joint = _forms(table.transpose(0, 2, 1, 3)[pairs[:, 0], pairs[:, 1]], weights)
    return frobenius_cosines(joint, power[:, pairs[:, 0]], power[:, pairs[:, 1]])


def same_expert(table: FloatArray, visits: Int64Array, weights: Float64Array) -> Float64Array:
    """Alignment of an expert's mean Jacobian with that on as many other tokens of its own, (R, E).

    The squared norm of what the tokens have in common over that of the mean: products of DIFFERENT blocks are free
    of the noise of single tokens, which the squared norm of the mean holds,

        [ sum_{b != c} w_b w_c P_bc / sum_{b != c} w_b w_c n_b n_c ]  /  [ w P w / (w n)^2 ].

    1 where all tokens have one Jacobian, near 0 where its mean is noise; NaN for an expert with visits in fewer than
    two of the weighted blocks. Reconstructed: ASY has no ceiling.

    Parameters
    ----------
    table : products over own visits, (E, B, E, B)
    visits : n, int64 (E, B)

    Examples
    --------
    Jacobians 1 and 3 in two blocks of one visit each: 1 x 3 in common, over the square of their mean 2.

    >>> table = np.outer([1.0, 3.0], [1.0, 3.0]).reshape(1, 2, 1, 2)
    >>> same_expert(table, np.array([[1, 1]]), np.ones((1, 2))).tolist()
    [[0.75]]
    """
    own, counts = _own(table), visits.T.astype(np.float64)
    power = _forms(own, weights)
    other = _forms(own * ~np.eye(own.shape[-1], dtype=np.bool_), weights)
    all_pairs = (weights @ counts) ** 2
    other_pairs = all_pairs - weights**2 @ counts**2
    known = (power > 0) & (other_pairs > 0)
    found = np.full(other.shape, np.nan)
    np.divide(other * all_pairs, power * other_pairs, out=found, where=known)
    return found


def two_tokens(cosines: FloatArray, weights: Float64Array) -> Float64Array:
    """Mean over blocks of an expert's cosine with itself at two tokens, (B, E) to (R, E); NaN where there is none.

    Examples
    --------
    >>> two_tokens(np.array([[0.5], [1.0]]), np.array([[1.0, 1.0], [0.0, 1.0]])).tolist()
    [[0.75], [1.0]]
    """
    return _mean_over_blocks(cosines, weights)


def output_correlations(products: FloatArray, weights: Float64Array) -> Float64Array:
    """Correlations of the outputs of all pairs of experts, all coordinates together, (R, P), in [-1, 1].

    sum_t <f_i - mean f_i, f_j - mean f_j> over the root of the same of each with itself; reconstructed. NaN for an
    expert whose outputs are constant.

    Parameters
    ----------
    products : (B, E, E), as ``outputs`` of `LayerFunctions`

    Examples
    --------
    >>> output_correlations(np.array([[[4.0, -3.0], [-3.0, 9.0]]]), np.ones((1, 1))).tolist()
    [[-0.5]]
    """
    pairs = upper_pairs(products.shape[1])
    power = weights @ np.diagonal(products, axis1=1, axis2=2)
    joint = weights @ products[:, pairs[:, 0], pairs[:, 1]]
    return frobenius_cosines(joint, power[:, pairs[:, 0]], power[:, pairs[:, 1]])


def _own(table: FloatArray) -> FloatArray:
    """Products of each expert with itself, (E, B, B)."""
    every = np.arange(len(table))
    return np.asarray(table.transpose(0, 2, 1, 3)[every, every])


def _forms(tables: FloatArray, weights: Float64Array) -> Float64Array:
    """Quadratic forms w T w of tables (N, B, B), (R, N)."""
    found = np.empty((len(weights), len(tables)))
    for row, each in enumerate(weights):
        found[row] = (tables @ each) @ each
    return found


def _mean_over_blocks(values: FloatArray, weights: Float64Array) -> Float64Array:
    """Weighted means over blocks of values (B, N), NaN where there is none, (R, N)."""
    known = ~np.isnan(values)
    total = weights @ np.where(known, values, 0.0).astype(np.float64)
    weight = weights @ known.astype(np.float64)
    found = np.full(total.shape, np.nan)
    np.divide(total, weight, out=found, where=weight > 0)
    return found
