"""Alignment of the mean Jacobians of experts: one matrix an expert, exact, whatever the number of tokens."""

from collections.abc import Callable, Sequence

import numpy as np

from metrics.arrays import Float64Array, FloatArray, as_float64
from metrics.expert import Expert, factors, folded

#: Bytes that the rows of all mean Jacobians that are held at once may take.
STACK_BYTES = 2**30

Rest = Callable[[int], Float64Array | None]
"""Mean of the rank-one terms of an expert, (D, D), or None where it has none."""


def mean_products(
    experts: Sequence[Expert], diagonals: FloatArray, rest: Rest | None = None, stack_bytes: int = STACK_BYTES
) -> Float64Array:
    """<Jbar_i, Jbar_j> of the mean Jacobians of all experts, float64 (E, E).

    Jbar = C (diag(mean a) G + diag(mean b) U), so that the means of the diagonals are all that is needed of
    the tokens. The matrices are made a block of rows at a time.

    Parameters
    ----------
    diagonals : mean diagonals, float array of shape (E, s); NaN for an expert without tokens
    rest : see `Rest`; for experts with an output norm, or with the gate
    stack_bytes : memory for the blocks of all experts together

    Returns
    -------
    NaN in the rows and columns of experts whose diagonals are NaN

    Examples
    --------
    >>> from metrics.gated_unit import activation, gated_unit
    >>> relu = gated_unit(activation("relu"))
    >>> experts = [Expert(np.eye(2), None, np.full((1, 2), size), relu) for size in (1.0, 2.0)]
    >>> mean_products(experts, np.array([[1.0, 1.0], [1.0, 0.0]])).tolist()
    [[2.0, 2.0], [2.0, 4.0]]
    """
    means = as_float64(diagonals)
    known = np.flatnonzero(~np.isnan(means).any(axis=1))
    shape = (len(experts[0].down), experts[0].gate.shape[1])
    step = max(1, min(shape[0], stack_bytes // (8 * max(1, len(known)) * shape[1])))
    found = np.full((len(experts), len(experts)), np.nan)
    total = np.zeros((len(known), len(known)))
    for start in range(0, shape[0], step):
        block = slice(start, min(start + step, shape[0]))
        stack = np.empty((len(known), (block.stop - start) * shape[1]))
        for place, number in enumerate(known.tolist()):
            stack[place] = _block(experts[number], means[number], None if rest is None else rest(number), block)
        total += stack @ stack.T
    found[np.ix_(known, known)] = (total + total.T) / 2
    return found


def mean_alignment(products: FloatArray) -> Float64Array:
    """Frobenius cosines of mean Jacobians from their products, float64 (E, E), in [-1, 1] (ASY, reconstructed).

    Returns
    -------
    NaN for experts without tokens or with a Jacobian of zero

    Examples
    --------
    >>> mean_alignment(np.array([[4.0, 3.0], [3.0, 9.0]])).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    table = as_float64(products)
    power = np.diagonal(table)
    size = np.sqrt(np.where(power > 0, power, np.nan))
    return np.clip(table / size[:, None] / size, -1.0, 1.0)


def _block(expert: Expert, diagonal: Float64Array, rest: Float64Array | None, block: slice) -> Float64Array:
    """Some rows of one mean Jacobian, flat."""
    columns, rows = factors(expert)
    found = columns[block] @ folded(expert, diagonal[:, None] * rows)
    return np.asarray(found if rest is None else found + rest[block]).ravel()
