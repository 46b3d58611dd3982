"""The weight with which an expert is combined, and its gradient in the router's input, in closed form."""

import numpy as np
from scipy.special import expit

from metrics.arrays import Float64Array, FloatArray, IntArray, as_float64
from metrics.routing.rule import SCORES, score


def gate_and_slope(
    logits: FloatArray, chosen: IntArray, weight: FloatArray, expert: int, combine: str, scale: float = 1.0
) -> tuple[Float64Array, Float64Array]:
    """g_e(h) and its gradient in h, the choice of experts held fixed as it is around almost every h.

    Parameters
    ----------
    logits : z = W h + b, float array of shape (N, E)
    chosen : experts that each token uses, integer array of shape (N, k)
    weight : W, float array of shape (E, D)
    expert : e; the gate of a token that does not use it is 0, and so is the gradient
    combine : "softmax over top-k", or "softmax", "sigmoid", "sqrtsoftplus" or "identity", each alone or
        followed by ", normalised": divided by its sum over the chosen experts
    scale : constant factor of the gates

    Returns
    -------
    float64 arrays of shape (N,) and (N, D)

    Raises
    ------
    ValueError
        For another combine rule.

    Examples
    --------
    Two equal logits under a softmax: half each, and 1/4 more of one for each unit of its logit.

    >>> g, slope = gate_and_slope(np.zeros((1, 2)), np.array([[0, 1]]), np.eye(2), 0, "softmax over top-k")
    >>> g.tolist(), slope.tolist()
    ([0.5], [[0.25, -0.25]])
    """
    z = as_float64(logits)
    inside = np.zeros(z.shape, dtype=bool)
    np.put_along_axis(inside, np.asarray(chosen), True, axis=1)
    kind, _, option = combine.partition(", ")
    if kind == "softmax over top-k":
        z, kind = np.where(inside, z, -np.inf), "softmax"
    if kind not in SCORES or option not in ("", "normalised"):
        raise ValueError(f"no gradient is known for the combine rule {combine!r}")
    scores = score(kind, z)
    wanted = np.zeros(z.shape)
    wanted[:, expert] = 1.0
    value = scores[:, expert]
    if option:
        total = np.where(inside, scores, 0.0).sum(axis=1)
        value = value / total
        wanted = (wanted - value[:, None] * inside) / total[:, None]
    slope = _pulled(kind, as_float64(logits), scores, wanted) @ as_float64(weight)
    used = inside[:, expert]
    return np.where(used, scale * value, 0.0), np.where(used[:, None], scale * slope, 0.0)


def _pulled(kind: str, z: Float64Array, scores: Float64Array, weights: Float64Array) -> Float64Array:
    """Gradient in the logits of the sum of weights times scores, (N, E)."""
    if kind == "softmax":
        return np.asarray(scores * (weights - (weights * scores).sum(axis=1, keepdims=True)))
    if kind == "sigmoid":
        return np.asarray(weights * scores * (1.0 - scores))
    if kind == "sqrtsoftplus":
        return np.asarray(weights * expit(z) / (2.0 * scores))
    return weights
