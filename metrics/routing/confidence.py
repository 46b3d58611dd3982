"""How decided a router is about one token."""

import numpy as np

from metrics.arrays import Float64Array, FloatArray, as_float64


def softmax_confidence(logits: FloatArray) -> Float64Array:
    """Router confidence max_e softmax(z)_e (GEO Eq 12, reconstructed).

    Parameters
    ----------
    logits : float array of shape (N, E)

    Returns
    -------
    float64 array of shape (N,), in [1/E, 1]

    Examples
    --------
    >>> softmax_confidence(np.array([[0.0, 0.0], [np.log(3.0), 0.0]])).round(12).tolist()
    [0.5, 0.75]
    """
    z = as_float64(logits)
    return np.asarray(1.0 / np.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1))


def top_weight(weights: FloatArray) -> Float64Array:
    """Largest combine weight of a token over the sum of its combine weights: the model's own confidence.

    Parameters
    ----------
    weights : combine weights that the model used, float array of shape (N, k), not negative

    Returns
    -------
    float64 array of shape (N,), in [1/k, 1]

    Raises
    ------
    ValueError
        When a weight is negative or a token's weights sum to nothing (the message counts the tokens).

    Examples
    --------
    >>> top_weight(np.array([[0.1, 0.3]])).round(12).tolist()
    [0.75]
    """
    table = as_float64(weights)
    total = table.sum(axis=1)
    bad = int(np.count_nonzero((table < 0).any(axis=1) | ~(total > 0)))
    if bad:
        raise ValueError(f"{bad} of {len(table)} tokens have combine weights that are negative or sum to 0")
    return np.asarray(table.max(axis=1) / total)
