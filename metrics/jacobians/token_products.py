"""Inner products <J_i, J_j> of Jacobians at every token, through m x m forms of the weights.

With J = C (diag(a) G + diag(b) U), tr(J_i^T J_j) is a_i^T (K o G_i G_j^T) a_j and three more such terms, with
K = C_i^T C_j and o the product entry by entry. The four forms are made once for a pair, whatever the
number of tokens; no matrix is D x D. Terms of rank one (gate, output norm) are added exactly.
"""

import numpy as np

from metrics.arrays import Float64Array
from metrics.jacobians.expert import Expert, LocalJacobians, factors, folded

#: Bytes that the forms of one pair may take at once; they are made in blocks of rows beyond that.
FORM_BYTES = 2**28


def inner_products(
    first: Expert, local: LocalJacobians, second: Expert, other: LocalJacobians, form_bytes: int = FORM_BYTES
) -> Float64Array:
    """<J_i(x_t), J_j(x'_t)> at N pairs of tokens, float64 (N,).

    Parameters
    ----------
    first, second : two experts, or the same one twice
    local, other : their Jacobians at N tokens each, the t-th with the t-th
    form_bytes : memory for the forms at once

    Examples
    --------
    J_i = (5, 3) and J_j = (4, 6):

    >>> from metrics.jacobians.activation import activation, gated_unit
    >>> relu = gated_unit(activation("relu"))
    >>> one, two = (Expert(np.eye(2), None, np.full((1, 2), size), relu) for size in (1.0, 2.0))
    >>> at = lambda a, b: LocalJacobians(np.array([[a, b]]), np.zeros((1, 0, 1)), np.zeros((1, 0, 2)))
    >>> inner_products(one, at(5.0, 3.0), two, at(2.0, 3.0)).tolist()
    [38.0]
    """
    columns, rows = _by_part(first)
    other_columns, other_rows = _by_part(second)
    weights = local.diagonal.reshape(-1, *rows.shape[:2])
    found = np.zeros(len(weights))
    step = max(1, form_bytes // (8 * 2 * len(rows) * other_rows[..., 0].size))
    for start in range(0, columns.shape[1], step):
        block = slice(start, start + step)
        form = np.tensordot(rows[:, block], other_rows, axes=(2, 2))  # (parts, block, parts, m)
        form *= (columns[:, block].T @ other_columns)[None, :, None, :]
        heard = np.tensordot(weights[:, :, block], form, axes=((1, 2), (0, 1)))
        found += (heard.reshape(len(found), -1) * other.diagonal).sum(axis=1)
    found += _crossed(second, other, local) + _crossed(first, local, other)
    lefts = np.einsum("nrd,nqd->nrq", local.left, other.left)
    rights = np.einsum("nre,nqe->nrq", local.right, other.right)
    return np.asarray(found + (lefts * rights).sum(axis=(1, 2)))


def _by_part(expert: Expert) -> tuple[Float64Array, Float64Array]:
    """C (D, m), and G and U as (parts, m, D)."""
    columns, rows = factors(expert)
    return columns, rows.reshape(-1, columns.shape[1], rows.shape[1])


def _crossed(expert: Expert, local: LocalJacobians, terms: LocalJacobians) -> Float64Array:
    """<C (diag(a) G + diag(b) U), sum_r left right^T> at every token, (N,)."""
    if terms.left.shape[1] == 0:
        return np.zeros(len(local.diagonal))
    columns, rows = factors(expert)
    heard = local.diagonal[:, None, :] * (terms.right @ rows.T)  # (N, r, s)
    inner = np.moveaxis(folded(expert, np.moveaxis(heard, 2, 0)), 0, 2)
    return np.asarray(np.einsum("nrd,nrd->n", terms.left, inner @ columns.T))
