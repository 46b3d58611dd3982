"""Leading singular values of experts' Jacobians: mean Jacobians as matrices, any as operators that are never formed.

J_e(x) = C (diag(a) G + diag(b) U) + sum_i left_i right_i^T (see `metrics.jacobians.expert`).
That J_e = dE_e/dx is taken at the expert's input is reconstructed (CLAIMS.md); the gate is in it when the local
Jacobians were made with one.
"""

from collections.abc import Sequence

import numpy as np
from scipy.linalg import eigh, qr, svdvals
from scipy.sparse.linalg import LinearOperator, svds

from metrics.arrays import Float64Array, FloatArray, as_float64
from metrics.jacobians.expert import Expert, factors, folded


def mean_jacobian(expert: Expert, diagonal: FloatArray, rest: FloatArray | None = None) -> Float64Array:
    """Mean Jacobian over any number of tokens from the mean of their diagonals, exactly; float64 (D, D).

    Parameters
    ----------
    diagonal : mean over tokens of the diagonals, float array of shape (s,)
    rest : mean of the rank-one terms, float array of shape (D, D), where there are any

    Examples
    --------
    >>> from metrics.jacobians.activation import activation, gated_unit
    >>> expert = Expert(np.eye(2), None, np.ones((1, 2)), gated_unit(activation("relu")))
    >>> mean_jacobian(expert, np.array([2.0, 3.0])).tolist()
    [[2.0, 3.0]]
    """
    columns, rows = factors(expert)
    found = columns @ folded(expert, as_float64(diagonal)[:, None] * rows)
    return np.asarray(found if rest is None else found + as_float64(rest))


def jacobian_operator(
    expert: Expert, diagonal: FloatArray, left: FloatArray | None = None, right: FloatArray | None = None
) -> LinearOperator:
    """One Jacobian, or a mean one, as an operator that is never formed.

    Parameters
    ----------
    diagonal : of a token, or its mean over tokens, float array of shape (s,)
    left, right : vectors of the rank-one terms, float arrays of shape (r, D); of a mean over N tokens all
        N r of them, the left ones divided by N

    Examples
    --------
    >>> from metrics.jacobians.activation import activation, gated_unit
    >>> expert = Expert(np.eye(2), None, np.ones((1, 2)), gated_unit(activation("relu")))
    >>> jacobian_operator(expert, np.array([2.0, 3.0])).rmatvec(np.ones(1)).tolist()
    [2.0, 3.0]
    """
    columns, rows = factors(expert)
    scale = as_float64(diagonal)[:, None]
    lefts = np.zeros((0, len(columns))) if left is None else as_float64(left)
    rights = np.zeros((0, rows.shape[1])) if right is None else as_float64(right)
    copies = len(rows) // columns.shape[1]

    def forward(block: Float64Array) -> Float64Array:
        return np.asarray(columns @ folded(expert, scale * (rows @ block)) + lefts.T @ (rights @ block))

    def backward(block: Float64Array) -> Float64Array:
        pulled = np.tile(columns.T @ block, (copies, 1))
        return np.asarray(rows.T @ (scale * pulled) + rights.T @ (lefts @ block))

    return LinearOperator(
        shape=(len(columns), rows.shape[1]),
        dtype=np.dtype(np.float64),
        matvec=lambda vector: forward(vector.reshape(-1, 1)).ravel(),
        rmatvec=lambda vector: backward(vector.reshape(-1, 1)).ravel(),
        matmat=forward,
        rmatmat=backward,
    )


def inner_singular_values(
    expert: Expert, jacobians: Sequence[tuple[FloatArray, FloatArray, FloatArray]], top: int
) -> Float64Array:
    """Leading singular values of an expert's Jacobians through m x m Gram matrices, largest first; float64 (N, top).

    With J = A B, A = (C, left^T) = Q R and B the inner matrix over ``right``, they are the roots of the eigenvalues of
    R B B^T R^T, which is (m + r) x (m + r): cheap where that is less than D.

    Parameters
    ----------
    jacobians : diagonal (s,), left and right (r, D) of each, as in `jacobian_operator`
    top : how many, at most m; values beyond m + r are 0

    Examples
    --------
    >>> from metrics.jacobians.activation import activation, gated_unit
    >>> expert = Expert(np.eye(2, 3), None, np.eye(3, 2), gated_unit(activation("relu")))
    >>> none = np.zeros((0, 3))
    >>> inner_singular_values(expert, [(np.array([2.0, 3.0]), none, none)], 2).round(6).tolist()
    [[3.0, 2.0]]
    """
    columns, rows = factors(expert)
    plain = qr(columns, mode="r", check_finite=False)[0][: columns.shape[1]]
    found = np.zeros((len(jacobians), top))
    for number, (diagonal, left, right) in enumerate(jacobians):
        inner = np.vstack([folded(expert, as_float64(diagonal)[:, None] * rows), as_float64(right)])
        some = len(left) > 0
        outer = qr(np.hstack([columns, left.T]), mode="r", check_finite=False)[0][: len(inner)] if some else plain
        gram = outer @ (inner @ inner.T) @ outer.T
        size = len(gram)
        values = eigh(gram, eigvals_only=True, subset_by_index=[max(0, size - top), size - 1], check_finite=False)
        found[number, : len(values)] = np.sqrt(np.maximum(values, 0.0))[::-1]
    return found


def leading_singular_values(operator: LinearOperator, top: int, rng: np.random.Generator) -> Float64Array:
    """Leading singular values by ARPACK (scipy), largest first; float64 (top,).

    Parameters
    ----------
    operator : of `jacobian_operator`
    top : how many, 1..D; where it is all of them the operator is formed after all
    rng : draws the start vector; the values do not depend on it but for rounding

    Raises
    ------
    ValueError
        Unless 1 <= top <= D.

    Examples
    --------
    >>> from metrics.jacobians.activation import activation, gated_unit
    >>> expert = Expert(np.eye(3), None, np.eye(3), gated_unit(activation("relu")))
    >>> operator = jacobian_operator(expert, np.array([2.0, 3.0, 1.0]))
    >>> leading_singular_values(operator, 2, np.random.default_rng(0)).round(6).tolist()
    [3.0, 2.0]
    """
    size = min(operator.shape)
    if not 1 <= top <= size:
        raise ValueError(f"cannot take {top} of {size} singular values")
    if top == size:
        return np.asarray(svdvals(operator @ np.eye(operator.shape[1])))
    start = rng.standard_normal(size)
    found = svds(operator, k=top, v0=start, return_singular_vectors=False, solver="arpack")
    return np.sort(np.asarray(found, dtype=np.float64))[::-1]
