"""How much of a difference between logits is rounding, so that a near tie is never taken for a finding."""

import numpy as np

from metrics.arrays import Float64Array, FloatArray, as_float64


def logit_error(hidden: FloatArray, weight: FloatArray, bias: FloatArray | None, eps: float = 2.0**-52) -> Float64Array:
    """Bound on |computed - exact| of z = W h + b, whatever the order of summation.

    gamma_n (|W| |h| + |b|) with gamma_n = n u / (1 - n u), u = eps / 2 (Higham 2002, section 3.1); n = D + 3
    covers the D products and sums, the bias, and one rounding of h and of W themselves.

    Parameters
    ----------
    hidden : h, float array of shape (N, D)
    weight : W, float array of shape (E, D)
    bias : b, float array of shape (E,), or None
    eps : machine epsilon of the arithmetic; float64's unless said otherwise

    Returns
    -------
    float64 array of shape (N, E), in logit units

    Raises
    ------
    ValueError
        When n u >= 1: so coarse an arithmetic bounds nothing.

    Examples
    --------
    One product of 1 and 1 with eps = 0.2: n u = 4 x 0.1, hence 0.4 / 0.6.

    >>> logit_error(np.ones((1, 1)), np.ones((1, 1)), None, eps=0.2).round(6).tolist()
    [[0.666667]]
    """
    steps = (weight.shape[1] + 3) * eps / 2
    if steps >= 1:
        raise ValueError(f"{weight.shape[1]} terms at eps = {eps} leave no correct digit")
    size = np.abs(as_float64(hidden)) @ np.abs(as_float64(weight)).T
    total = size if bias is None else size + np.abs(as_float64(bias))
    return np.asarray(steps / (1 - steps) * total)
