"""Upper bounds on how far two tokens' logits can lie apart (GEO Prop 1, Fig 13). All in L2 units.

Every bound is an inequality ||W dh||_2 <= bound(dh) for the difference dh of two tokens' hidden states. The
three data-aware ones are readings of a projector Pi_r that the paper's text leaves open: reconstructed.
"""

from typing import NamedTuple

import numpy as np

from metrics.arrays import Float64Array, FloatArray, as_float64


class Spectrum(NamedTuple):
    """Eigenvalues (D,) descending, clipped at 0, and eigenvectors (D, D) as columns, of a second moment.

    ``vectors`` is None where W and dh are given in the eigenvectors' coordinates, so that many differences of few
    states are turned into them once.
    """

    energy: Float64Array
    vectors: Float64Array | None

    @property
    def span(self) -> int:
        """Number of directions that hold energy beyond the rounding of float64."""
        noise = len(self.energy) * np.finfo(np.float64).eps * self.energy.max(initial=0.0)
        return int(np.count_nonzero(self.energy > noise))

    def coordinates(self, rows: FloatArray) -> Float64Array:
        """Coordinates of rows (N, D) along the eigenvectors, (N, D)."""
        given = as_float64(rows)
        return given if self.vectors is None else np.asarray(given @ self.vectors)


def spectrum(second_moment: FloatArray) -> Spectrum:
    """Decompose E[h h^T] (D, D) once; the bounds below take the result in place of the moment.

    Examples
    --------
    >>> spectrum(np.diag([1.0, 4.0])).energy.tolist()
    [4.0, 1.0]
    """
    energy, vectors = np.linalg.eigh(as_float64(second_moment))
    return Spectrum(np.maximum(energy[::-1], 0.0), vectors[:, ::-1])


def operator_norm(weight: FloatArray) -> float:
    """||W||_2, the largest singular value of W (E, D), in float64; 0 for an empty matrix.

    Examples
    --------
    >>> round(operator_norm(np.array([[3.0, 0.0], [0.0, 2.0]])), 12)
    3.0
    """
    matrix = as_float64(weight)
    return float(np.linalg.norm(matrix, 2)) if matrix.size else 0.0


def rms_lipschitz(weight: FloatArray) -> float:
    """Lipschitz constant of h -> W h between RMS distances, ||W||_2 sqrt(D/E) (GEO Eq 5, reconstructed).

    An RMS distance is ||a - b||_2 / sqrt(dim). The hidden one divides by sqrt(D), the logit one by sqrt(E):
    ||W dh||_2 / sqrt(E) <= ||W||_2 sqrt(D/E) ||dh||_2 / sqrt(D). Leaving out sqrt(D/E) breaks the bound.

    Examples
    --------
    W = 3 (1, 1) has norm 3 sqrt(2); D = 2 and E = 1 give another sqrt(2):

    >>> round(rms_lipschitz(np.array([[3.0, 3.0]])), 12)
    6.0
    """
    experts, width = weight.shape
    return operator_norm(weight) * float(np.sqrt(width / experts))


def naive_bound(weight: FloatArray, dh: FloatArray) -> Float64Array:
    """||W||_2 ||dh||_2 for each row of dh (P, D); float64 (P,).

    Examples
    --------
    >>> naive_bound(np.array([[2.0, 0.0]]), np.array([[3.0, 4.0]])).tolist()
    [10.0]
    """
    return operator_norm(weight) * _norm(dh)


def span_bound(weight: FloatArray, second_moment: FloatArray | Spectrum, dh: FloatArray) -> Float64Array:
    """Bound by reading (a) of Prop 1: ||W Pi||_2 ||dh||, Pi the projector on the exact span of the data.

    For dh in the span of the data, as the difference of two of its tokens is. A part of dh outside that
    span is charged at ||W (I - Pi)||_2, so that the number bounds every dh; inside it that term is 0.

    Parameters
    ----------
    weight : W, float array of shape (E, D)
    second_moment : E[h h^T] of the data, float array of shape (D, D), or its `spectrum`
    dh : float array of shape (P, D)

    Returns
    -------
    float64 array of shape (P,), >= ||W dh||; equal to `naive_bound` once the data span everything

    Examples
    --------
    The data live on the second axis, on which W is small:

    >>> span_bound(np.diag([9.0, 1.0]), np.diag([0.0, 4.0]), np.array([[0.0, 5.0]])).tolist()
    [5.0]
    """
    parts = _spectrum(second_moment)
    w, x, span = parts.coordinates(weight), parts.coordinates(dh), parts.span
    return operator_norm(w[:, :span]) * _norm(x) + _charge(w[:, span:], x[:, span:])


def truncated_bound(
    weight: FloatArray,
    second_moment: FloatArray | Spectrum,
    dh: FloatArray,
    energy: float = 0.9,
    *,
    measured_remainder: bool = False,
) -> Float64Array:
    """Bound by reading (b) of Prop 1: ||W Pi_r||_2 ||Pi_r dh|| + ||W (I - Pi_r)||_2 ||(I - Pi_r) dh||.

    Pi_r projects on the fewest leading directions that hold the share ``energy`` of the second moment.
    Valid for every dh. Reconstructed: neither the rank nor the treatment of the remainder is the paper's.
    With ``measured_remainder`` the second term is ||W (I - Pi_r) dh||, what the remainder really adds.

    Parameters
    ----------
    weight, second_moment, dh : as in `span_bound`
    energy : share of the second moment's trace, in (0, 1]

    Raises
    ------
    ValueError
        When ``energy`` is not in (0, 1].

    Examples
    --------
    The first axis holds 9 of 10 parts: 1 x 3 + 9 x 4, where the naive bound is 9 x 5.

    >>> truncated_bound(np.diag([1.0, 9.0]), np.diag([9.0, 1.0]), np.array([[3.0, 4.0]])).tolist()
    [39.0]
    """
    if not 0 < energy <= 1:
        raise ValueError(f"energy is a share in (0, 1], not {energy}")
    parts = _spectrum(second_moment)
    held = np.cumsum(parts.energy)
    # The slack keeps a share that is met exactly, but for rounding, from costing one more direction.
    rank = 1 + int(np.count_nonzero(held < energy * held[-1] * (1 - 1e-12)))
    w, x = parts.coordinates(weight), parts.coordinates(dh)
    leading = _charge(w[:, :rank], x[:, :rank])
    if measured_remainder:
        return leading + _norm(x[:, rank:] @ w[:, rank:].T)
    return leading + _charge(w[:, rank:], x[:, rank:])


def whitened_bound(weight: FloatArray, second_moment: FloatArray | Spectrum, dh: FloatArray) -> Float64Array:
    """Bound by reading (c) of Prop 1: ||W M^(1/2)||_2 ||M^(-1/2) dh||, M the second moment.

    M^(-1/2) is the pseudo-inverse on the span. As in `span_bound`, a part of dh outside
    the span is charged at ||W (I - Pi)||_2.

    Parameters
    ----------
    weight, second_moment, dh : as in `span_bound`

    Examples
    --------
    M^(1/2) = diag(3, 1/3) takes the unit router to norm 3 and dh = (3, 0) to norm 1:

    >>> whitened_bound(np.eye(2), np.diag([9.0, 1 / 9]), np.array([[3.0, 0.0]])).round(12).tolist()
    [3.0]
    """
    parts = _spectrum(second_moment)
    w, x, span = parts.coordinates(weight), parts.coordinates(dh), parts.span
    root = np.sqrt(parts.energy[:span])
    return operator_norm(w[:, :span] * root) * _norm(x[:, :span] / root) + _charge(w[:, span:], x[:, span:])


def _spectrum(second_moment: FloatArray | Spectrum) -> Spectrum:
    return second_moment if isinstance(second_moment, Spectrum) else spectrum(second_moment)


def _charge(weight: Float64Array, dh: Float64Array) -> Float64Array:
    """||W B||_2 ||B^T dh|| from coordinates W B (E, r) and B^T dh (P, r) along an orthonormal B, r possibly 0."""
    return operator_norm(weight) * _norm(dh)


def _norm(rows: FloatArray) -> Float64Array:
    return np.asarray(np.linalg.norm(as_float64(rows), axis=1))
