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


def visits_by_group(visits: IntArray, group: IntArray) -> Float64Array:
    """Sum visits (..., E) over the texts, or parts of texts, of each group 0..G-1: (G, E).

    Examples
    --------
    >>> visits_by_group(np.array([[1, 2], [3, 4], [5, 6]]), np.array([1, 0, 1])).tolist()
    [[3.0, 4.0], [6.0, 8.0]]
    """
    experts = np.shape(visits)[-1]
    cell = np.asarray(group)[..., None] * experts + np.arange(experts)
    total = np.bincount(cell.ravel(), weights=np.ravel(visits)).astype(np.float64)
    return total.reshape(-1, experts)


def drawn_alike(visits: IntArray, tokens: IntArray, group: IntArray, rng: np.random.Generator) -> IntArray:
    """Draw as many tokens for each text as it has, from the pooled usage of its group: texts of equal usage.

    A token visits an expert with the share of the group's tokens that do; reconstructed: each expert is drawn by
    itself, whatever experts a token visits together. What the drawn texts have in common is a ceiling for texts so
    short. A text that would be left without a visit keeps its own.

    Parameters
    ----------
    visits : int array of shape (S, E), visits of each expert
    tokens : int array of shape (S,), the tokens that made them
    group : int array of shape (S,), numbers of groups, for example questions

    Returns
    -------
    int64 array of shape (S, E), visits

    Examples
    --------
    The first two texts use one expert for every token, so every draw does as well:

    >>> visits, tokens, group = np.array([[9, 0], [4, 0], [5, 5]]), np.array([9, 4, 10]), np.array([0, 0, 1])
    >>> drawn = drawn_alike(visits, tokens, group, np.random.default_rng(0))
    >>> drawn[:2].tolist(), bool((drawn[2] < 10).all())
    ([[9, 0], [4, 0]], True)
    """
    _, number = np.unique(group, return_inverse=True)
    pooled = visits_by_group(visits, number)
    share = pooled / np.bincount(number, weights=tokens)[:, None]
    drawn = rng.binomial(np.asarray(tokens)[:, None], share[number].clip(0.0, 1.0))
    return np.where(drawn.any(axis=1, keepdims=True), drawn, visits)
