"""Mean Jacobians of experts as matrices, and leading singular values of any.

J_e(x) = C (diag(a) G + diag(b) U) + sum_i left_i right_i^T (see `metrics.jacobians.expert`).
That J_e = dE_e/dx is taken at the expert's input is reconstructed (CLAIMS.md); the gate is in it when the local
Jacobians were made with one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh, qr

from metrics.arrays import Float64Array, FloatArray, as_float64
from metrics.jacobians.expert import Expert, factors, folded


class Jacobian(NamedTuple):
    """One Jacobian of an expert, or a mean one: its diagonal (s,), and its terms of rank one, (r, D) each."""

    diagonal: FloatArray
    left: FloatArray
    right: FloatArray


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


def leading_singular_values(expert: Expert, jacobians: Sequence[Jacobian], top: int) -> Float64Array:
    """Leading singular values of Jacobians of an expert, or of mean ones, largest first; float64 (N, top).

    They are the roots of the eigenvalues of a Gram matrix: of J^T J, D x D, or, where its inner width m and r terms of
    rank one are fewer than D, through those. With J = A B, A = (C, left^T) = Q R and B the inner matrix over
    ``right``, that is R B B^T R^T, and no matrix is D x D. The absolute error is near 1e-8 of the largest at worst.

    Parameters
    ----------
    jacobians : of a token, or the mean over N tokens: then ``left`` and ``right`` are the N r terms of all, the left
        ones divided by N
    top : how many, 1..D; values beyond m + r are 0

    Raises
    ------
    ValueError
        Unless 1 <= top <= D.

    Examples
    --------
    >>> from metrics.jacobians.activation import activation, gated_unit
    >>> expert = Expert(np.eye(2, 3), None, np.eye(3, 2), gated_unit(activation("relu")))
    >>> none = np.zeros((0, 3))
    >>> leading_singular_values(expert, [Jacobian(np.array([2.0, 3.0]), none, none)], 2).round(6).tolist()
    [[3.0, 2.0]]
    """
    width = expert.gate.shape[1]
    if not 1 <= top <= width:
        raise ValueError(f"cannot take {top} of {width} singular values")
    inner = _InnerGram(expert)
    found = np.zeros((len(jacobians), top))
    for number, each in enumerate(jacobians):
        if len(expert.gate) + len(each.left) > width:
            formed = mean_jacobian(expert, each.diagonal, each.left.T @ each.right)
            gram = formed.T @ formed
        else:
            gram = inner(each)
        size = len(gram)
        values = eigh(gram, eigvals_only=True, subset_by_index=[max(0, size - top), size - 1], check_finite=False)
        found[number, : len(values)] = np.sqrt(np.maximum(values, 0.0))[::-1]
    return found


@dataclass(frozen=True)
class _InnerGram:
    """R B B^T R^T of Jacobians of one expert; the R of those without terms of rank one is the same for all."""

    expert: Expert

    def __call__(self, jacobian: Jacobian) -> Float64Array:
        """Return that of one, (m + r, m + r)."""
        columns, rows = self._factors
        slopes = folded(self.expert, as_float64(jacobian.diagonal)[:, None] * rows)
        inner = np.vstack([slopes, as_float64(jacobian.right)])
        outer = _triangle(np.hstack([columns, jacobian.left.T])) if len(jacobian.left) else self._plain
        return np.asarray(outer @ (inner @ inner.T) @ outer.T)

    @cached_property
    def _factors(self) -> tuple[Float64Array, Float64Array]:
        return factors(self.expert)

    @cached_property
    def _plain(self) -> Float64Array:
        return _triangle(self._factors[0])


def _triangle(columns: Float64Array) -> Float64Array:
    """R of the QR decomposition of a tall matrix, without the rows that are 0."""
    return np.asarray(qr(columns, mode="r", check_finite=False)[0][: columns.shape[1]])
