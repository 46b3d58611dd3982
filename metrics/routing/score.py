"""The score functions that rank experts, and how steep they are."""

import math

import numpy as np

from metrics.arrays import Float64Array, FloatArray, as_float64

#: sup of d/dz sqrt(softplus(z)). With u = softplus(z) the slope is (1 - e^-u) / (2 sqrt(u)); it peaks where
#: 2 u = e^u - 1, at u = 1.2564312, and is 0.3190863 there. Rounded up.
SQRTSOFTPLUS_SLOPE = 0.319087
#: sup of the logistic function's derivative, at 0.
SIGMOID_SLOPE = 0.25
#: Bound on ||grad p_e|| of softmax: row e of its Jacobian is p_e (1_e - p), of norm <= sqrt(2) p_e (1 - p_e).
SOFTMAX_SLOPE = math.sqrt(2) / 4
#: How much a selection score can move when no logit moves by more than 1; softmax: |dp| <= 2 p (1 - p).
LOGIT_SLOPES = {
    "identity": 1.0,
    "softmax": 0.5,
    "sigmoid": SIGMOID_SLOPE,
    "sqrtsoftplus": SQRTSOFTPLUS_SLOPE,
}
SCORES = tuple(LOGIT_SLOPES)


def selection_score(logits: FloatArray, score: str, bias: FloatArray | None) -> Float64Array:
    """Compute selection scores score(z) + bias, before any group limit; float64 (N, E).

    Raises
    ------
    ValueError
        For an unknown score.

    Examples
    --------
    >>> selection_score(np.array([[0.0]]), "sigmoid", np.array([1.0])).tolist()
    [[1.5]]
    """
    z = as_float64(logits)
    match score:
        case "identity":
            scores = z
        case "softmax":
            scores = np.exp(z - z.max(axis=1, keepdims=True))
            scores = scores / scores.sum(axis=1, keepdims=True)
        case "sigmoid":
            scores = np.exp(-np.logaddexp(0.0, -z))
        case "sqrtsoftplus":
            scores = np.sqrt(np.logaddexp(0.0, z))
        case _:
            raise ValueError(f"unknown score {score!r}; known: {', '.join(SCORES)}")
    return scores if bias is None else scores + as_float64(bias)


def score_slopes(weight: FloatArray, score: str) -> Float64Array:
    """Lipschitz constants of the selection scores as functions of h, in L2 units.

    Parameters
    ----------
    weight : W, float array of shape (E, D)
    score : one of `SCORES`

    Returns
    -------
    float64 array of shape (E,): |s_e(h') - s_e(h)| <= L_e ||h' - h||_2

    Raises
    ------
    ValueError
        For an unknown score.

    Examples
    --------
    >>> score_slopes(np.array([[3.0, 4.0]]), "sigmoid").tolist()
    [1.25]
    """
    if score not in SCORES:
        raise ValueError(f"unknown score {score!r}; known: {', '.join(SCORES)}")
    matrix = as_float64(weight)
    if score == "softmax":
        centred = matrix - matrix.mean(axis=0)
        return np.full(len(matrix), SOFTMAX_SLOPE * np.linalg.norm(centred, 2))
    scale = {"identity": 1.0, "sigmoid": SIGMOID_SLOPE, "sqrtsoftplus": SQRTSOFTPLUS_SLOPE}[score]
    return np.asarray(scale * np.linalg.norm(matrix, axis=1))
