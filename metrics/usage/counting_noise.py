"""Similarity of usage profiles without counting noise, which makes equal profiles of few tokens look unequal."""

import numpy as np

from metrics.arrays import Float64Array, IntArray


def squared_norm(visits: IntArray, tokens: IntArray) -> Float64Array:
    """Unbiased estimate of ||p||^2, where p_e is the share of tokens that visit expert e.

    (||N||^2 - n k) / (n (n - 1)) for the visits N of n independent tokens, each to k different experts; n k is their
    sum. It is the mean number of experts that two different tokens share (Simpson 1949, for k = 1).

    Parameters
    ----------
    visits : int array of shape (..., E), visits of each expert
    tokens : int array of shape (...), the tokens that made them

    Returns
    -------
    float64 array of shape (...), in [0, k]; NaN for fewer than two tokens

    Examples
    --------
    Three tokens with two experts each, (0, 1), (0, 1) and (0, 2): pairs of them share 2, 1 and 1 experts.

    >>> squared_norm(np.array([3, 2, 1]), np.array(3)).round(6).tolist()
    1.333333
    """
    counts, n = np.asarray(visits, dtype=np.float64), np.asarray(tokens, dtype=np.float64)
    shared, pairs = (counts * (counts - 1)).sum(axis=-1), n * (n - 1)
    return np.asarray(np.divide(shared, pairs, out=np.full(np.shape(pairs), np.nan), where=pairs > 0))


def ceiling(visits: IntArray, tokens: IntArray) -> Float64Array:
    """Cosine of usage (GEO Eq 14) with as many other tokens of the same profile, by counting noise alone.

    n^2 / ||N||^2 times `squared_norm`. The cosine of two profiles over the root of the product of their ceilings is
    (N . N' / (n n')) / (||p|| ||p'||), the cosine without counting noise: Spearman's correction for attenuation
    (1904), with the norms that Morisita (1959) uses. N . N' / (n n') and the squared norms are unbiased where all
    tokens are drawn independently; the quotient errs upward by a term of order 1 / n. Words that two texts share make
    their noise common, and it is then too high as well. Reconstructed: the paper has no such correction.

    Parameters
    ----------
    visits, tokens : as in `squared_norm`

    Returns
    -------
    float64 array of shape (...), in (0, 1]; NaN where no expert is visited twice, or tokens are fewer than two: then
    nothing tells the profile from noise

    Examples
    --------
    >>> ceiling(np.array([[3, 2, 1], [1, 1, 0]]), np.array([3, 2])).round(6).tolist()
    [0.857143, nan]
    """
    counts, n = np.asarray(visits, dtype=np.float64), np.asarray(tokens, dtype=np.float64)
    signal, length = n**2 * squared_norm(visits, tokens), (counts**2).sum(axis=-1)
    return np.asarray(np.divide(signal, length, out=np.full(np.shape(signal), np.nan), where=signal > 0))


def noiseless_cosine(
    first: IntArray, first_tokens: IntArray, second: IntArray, second_tokens: IntArray
) -> tuple[Float64Array, Float64Array]:
    """Cosine of two usage profiles without counting noise, and a bound on its standard error.

    The cosine c is that of `ceiling`. To first order a token that visits the experts m moves it by m . x / n with
    x = q / (||p|| ||q||) - c p / ||p||^2; as (m . x)^2 <= k m . x^2, the bound needs no more than the counts, whatever
    experts a token visits together. What noise adds to the counted profiles widens it further (reconstructed).

    Parameters
    ----------
    first, second : int arrays of shape (..., E), visits of each expert
    first_tokens, second_tokens : int arrays of shape (...)

    Returns
    -------
    Two float64 arrays of shape (...): the cosine, at least 0, which may exceed 1; and the bound. NaN as in `ceiling`.

    Examples
    --------
    Ten tokens each: 50 / 100 over the root of (40 / 90) (58 / 90), below 1; the plain cosine is 0.857.

    >>> cosine, error = noiseless_cosine(np.array([5, 5]), np.array(10), np.array([8, 2]), np.array(10))
    >>> float(cosine.round(4)), float(error.round(4))
    (0.9343, 0.2125)
    """
    sides = ((first, first_tokens), (second, second_tokens))
    lengths = [np.asarray(tokens, dtype=np.float64) for _, tokens in sides]
    norms = [squared_norm(visits, tokens) for visits, tokens in sides]
    with np.errstate(divide="ignore", invalid="ignore"):
        p, q = (np.asarray(visits) / n[..., None] for (visits, _), n in zip(sides, lengths, strict=True))
        product = np.where(norms[0] * norms[1] > 0, np.sqrt(norms[0] * norms[1]), np.nan)
        cosine = (p * q).sum(axis=-1) / product
        variance = np.zeros(np.shape(cosine))
        for own, other, norm, n in ((p, q, norms[0], lengths[0]), (q, p, norms[1], lengths[1])):
            move = other / product[..., None] - (cosine / norm)[..., None] * own
            variance += own.sum(axis=-1) * (move**2 * own).sum(axis=-1) / n
    return np.asarray(cosine), np.sqrt(variance)
