"""One gated expert as a function of its input, and its Jacobian at every token, kept as diagonals.

An expert is y = norm(D f(G x + p, U x + q) + c). Its Jacobian at x, in the expert's (normalised) input and
without the gate, is J(x) = D (diag(a) G + diag(b) U), a = df/dg and b = df/du: linear in two diagonals of
m numbers. An output norm scales it and adds a term of rank one; so does the gate. Shapes besides those of
`metrics`: m the expert's own width; s = 2 m diagonal entries, or m for an expert without U; r terms of rank one.
"""

from dataclasses import dataclass

import numpy as np

from metrics.arrays import Float64Array, FloatArray, as_float64
from metrics.jacobians.activation import Unit


@dataclass(frozen=True)
class OutputNorm:
    """y = after * v / sqrt(mean(v^2) + eps), v = before * z; ``before`` and ``after`` (D,), or None for ones."""

    before: FloatArray | None
    after: FloatArray | None
    eps: float


@dataclass(frozen=True)
class Expert:
    """Weights of one expert.

    Attributes
    ----------
    gate : G, float array of shape (m, D)
    up : U, float array of shape (m, D), or None for an expert without a gate: h = act(G x + p)
    down : D, float array of shape (D, m)
    unit : f and its slopes
    gate_bias, up_bias, down_bias : p (m,), q (m,) and c (D,), each or None
    norm : OutputNorm or None
    """

    gate: FloatArray
    up: FloatArray | None
    down: FloatArray
    unit: Unit
    gate_bias: FloatArray | None = None
    up_bias: FloatArray | None = None
    down_bias: FloatArray | None = None
    norm: OutputNorm | None = None


@dataclass(frozen=True)
class LocalJacobians:
    """Jacobians of one expert at N tokens: J_t = C (diag(a_t) G + diag(b_t) U) + sum_i left_ti right_ti^T.

    Attributes
    ----------
    diagonal : a, and b beside it where there is U; float64 array of shape (N, s)
    left, right : float64 arrays of shape (N, r, D), r = 0 for an expert without gate term and output norm

    C is D with the gains of an output norm (`factors`).
    """

    diagonal: Float64Array
    left: Float64Array
    right: Float64Array


def factors(expert: Expert) -> tuple[Float64Array, Float64Array]:
    """C (D, m) and R (s, D): D with the gains of an output norm, and G over U.

    Examples
    --------
    >>> from metrics.jacobians.activation import activation, gated_unit
    >>> linear = gated_unit(activation("linear"))
    >>> columns, rows = factors(Expert(np.ones((1, 2)), 2 * np.ones((1, 2)), np.ones((2, 1)), linear))
    >>> columns.shape, rows.tolist()
    ((2, 1), [[1.0, 1.0], [2.0, 2.0]])
    """
    columns, rows = as_float64(expert.down), as_float64(expert.gate)
    for gains in () if expert.norm is None else (expert.norm.before, expert.norm.after):
        columns = columns if gains is None else as_float64(gains)[:, None] * columns
    return columns, rows if expert.up is None else np.vstack([rows, as_float64(expert.up)])


def folded(expert: Expert, values: Float64Array) -> Float64Array:
    """Add the part of U to the part of G along the first axis: (s, ...) to (m, ...).

    Examples
    --------
    >>> from metrics.jacobians.activation import activation, gated_unit
    >>> linear = gated_unit(activation("linear"))
    >>> folded(Expert(np.ones((1, 2)), np.ones((1, 2)), np.ones((2, 1)), linear), np.array([3.0, 5.0])).tolist()
    [8.0]
    """
    inner = len(expert.gate)
    return values if expert.up is None else values[:inner] + values[inner:]


def expert_output(expert: Expert, states: FloatArray) -> Float64Array:
    """What an expert makes of tokens, float64 (N, D).

    Parameters
    ----------
    states : x, float array of shape (N, D)

    Examples
    --------
    >>> from metrics.jacobians.activation import activation, gated_unit
    >>> product = Expert(np.array([[1.0, 0]]), np.array([[0, 1.0]]), np.ones((1, 1)), gated_unit(activation("linear")))
    >>> expert_output(product, np.array([[3.0, 5.0]])).tolist()
    [[15.0]]
    """
    inner = _inner_output(expert, as_float64(states))
    if expert.norm is None:
        return inner
    scaled, size = _scaled(expert.norm, inner)
    return _times(expert.norm.after, scaled / size[:, None])


def diagonals(expert: Expert, states: FloatArray) -> Float64Array:
    """Slopes a = df/dg, and b = df/du if there is U, side by side: float64 (N, s).

    Their mean over tokens gives the mean Jacobian exactly (without gate term and output norm).

    Examples
    --------
    The product of the two coordinates moves with one by the other:

    >>> from metrics.jacobians.activation import activation, gated_unit
    >>> product = Expert(np.array([[1.0, 0]]), np.array([[0, 1.0]]), np.ones((1, 1)), gated_unit(activation("linear")))
    >>> diagonals(product, np.array([[3.0, 5.0]])).tolist()
    [[5.0, 3.0]]
    """
    gate, up = _preactivations(expert, as_float64(states))
    a, b = expert.unit.slopes(gate, up)
    return np.asarray(a if expert.up is None else np.hstack([a, b]))


def local_jacobians(
    expert: Expert, states: FloatArray, gate: tuple[FloatArray, FloatArray] | None = None
) -> LocalJacobians:
    """Jacobians of an expert at every token, in the form that needs no D x D matrix.

    Parameters
    ----------
    states : x, float array of shape (N, D)
    gate : g (N,) and its gradient in x (N, D), for the variant with the gate (CLAIMS.md):
        d(g E)/dx = g J + E (grad g)^T

    Examples
    --------
    >>> from metrics.jacobians.activation import activation, gated_unit
    >>> product = Expert(np.array([[1.0, 0]]), np.array([[0, 1.0]]), np.ones((1, 1)), gated_unit(activation("linear")))
    >>> local_jacobians(product, np.array([[3.0, 5.0]])).diagonal.tolist()
    [[5.0, 3.0]]
    """
    points = as_float64(states)
    diagonal = diagonals(expert, points)
    lefts: list[Float64Array] = []
    rights: list[Float64Array] = []
    if expert.norm is not None:
        norm = expert.norm
        scaled, size = _scaled(norm, _inner_output(expert, points))
        plain, rows = as_float64(expert.down), factors(expert)[1]
        pulled = _times(norm.before, scaled) @ plain  # (N, m): D^T (before * v)
        pulled = pulled if expert.up is None else np.hstack([pulled, pulled])
        rights.append((diagonal * pulled) @ rows)
        lefts.append(-_times(norm.after, scaled) / (scaled.shape[1] * size**3)[:, None])
        diagonal = diagonal / size[:, None]
    if gate is not None:
        value, slope = as_float64(gate[0])[:, None], as_float64(gate[1])
        diagonal, lefts = value * diagonal, [value * left for left in lefts]
        lefts.append(expert_output(expert, points))
        rights.append(slope)
    return LocalJacobians(diagonal, _terms(lefts, len(points), len(expert.down)), _terms(rights, *points.shape))


def _terms(parts: list[Float64Array], tokens: int, width: int) -> Float64Array:
    """Vectors of the rank-one terms, (N, r, D)."""
    return np.stack(parts, axis=1) if parts else np.zeros((tokens, 0, width))


def _preactivations(expert: Expert, states: Float64Array) -> tuple[Float64Array, Float64Array]:
    """g and u, (N, m) each; u is all ones for an expert without U."""
    gate = states @ as_float64(expert.gate).T + _bias(expert.gate_bias)
    if expert.up is None:
        return gate, np.ones_like(gate)
    return gate, states @ as_float64(expert.up).T + _bias(expert.up_bias)


def _inner_output(expert: Expert, states: Float64Array) -> Float64Array:
    """D h + c, before any norm."""
    hidden = expert.unit.value(*_preactivations(expert, states))
    return np.asarray(hidden @ as_float64(expert.down).T + _bias(expert.down_bias))


def _scaled(norm: OutputNorm, inner: Float64Array) -> tuple[Float64Array, Float64Array]:
    """v (N, D), and sqrt(mean(v^2) + eps) (N,)."""
    scaled = _times(norm.before, inner)
    return scaled, np.sqrt((scaled**2).mean(axis=1) + norm.eps)


def _times(gains: FloatArray | None, values: Float64Array) -> Float64Array:
    return values if gains is None else np.asarray(as_float64(gains) * values)


def _bias(bias: FloatArray | None) -> Float64Array:
    return np.zeros(1) if bias is None else as_float64(bias)
