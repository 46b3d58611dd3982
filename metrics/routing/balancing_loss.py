"""Gradient of the load-balancing loss, with the loads held constant as training holds them."""

import numpy as np

from metrics.arrays import Float64Array, FloatArray, as_float64
from metrics.routing.rule import score


def balancing_logit_gradient(logits: FloatArray, loads: FloatArray) -> Float64Array:
    """Gradient in the logits of the load-balancing loss L = E sum_e f_e pbar_e (GEO Prop 2, as in Switch Transformers).

    pbar is the mean over tokens of p = softmax(z). The loads f are constants, as no gradient passes through a count:
    dL / dz_t = (E / N) (diag(p_t) - p_t p_t^T) f. The gradient in W is its transpose times the states, that
    in a bias its sum over the tokens.

    Parameters
    ----------
    logits : z, float array of shape (..., N, E)
    loads : f, share of the visits that each expert got, float array of shape (..., E), summing to 1

    Returns
    -------
    float64 array of shape (..., N, E), each token's summing to 0

    Examples
    --------
    Two experts, all load on the first: its logit must fall.

    >>> balancing_logit_gradient(np.zeros((1, 2)), np.array([1.0, 0.0])).tolist()
    [[0.5, -0.5]]
    """
    share = score("softmax", logits)
    tokens, experts = share.shape[-2:]
    load = as_float64(loads)[..., None, :]
    expected = (share * load).sum(axis=-1, keepdims=True)
    return np.asarray(experts / tokens * share * (load - expected))
