"""How alike the directions of a router's rows are."""

import numpy as np

from metrics.arrays import Float64Array, FloatArray, as_float64


def mean_row_cosine(weight: FloatArray) -> float:
    """Mean over pairs of different rows of their cosine, with its sign.

    Of E unit rows, 1/E + (1 - 1/E) c is the squared length of their mean: c is, up to 1/E, the share of the rows'
    energy that lies in what all of them share.

    Parameters
    ----------
    weight : W, float array of shape (E, D)

    Returns
    -------
    In [-1/(E - 1), 1]; 0 on average for directions drawn at random; NaN for a single row, and where one is zero

    Examples
    --------
    Of three rows two are one, and the third is at a right angle to both:

    >>> mean_row_cosine(np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]])).__round__(12)
    0.333333333333
    """
    count = len(weight)
    if count < 2:
        return float("nan")
    shared = float((_directions(weight).sum(axis=0) ** 2).sum())
    return (shared - count) / (count * (count - 1))


def mean_absolute_row_cosine(weight: FloatArray) -> float:
    """Mean over pairs of different rows of their cosine without its sign.

    Parameters
    ----------
    weight : W, float array of shape (E, D)

    Returns
    -------
    In [0, 1]; about sqrt(2 / (pi D)) for directions drawn at random; NaN as for `mean_row_cosine`

    Examples
    --------
    >>> mean_absolute_row_cosine(np.array([[1.0, 0.0], [-2.0, 0.0], [0.0, 3.0]])).__round__(12)
    0.333333333333
    """
    count = len(weight)
    if count < 2:
        return float("nan")
    unit = _directions(weight)
    return float(np.abs((unit @ unit.T)[np.triu_indices(count, 1)]).mean())


def random_rows(rng: np.random.Generator, experts: int, width: int) -> Float64Array:
    """Draw rows whose cosines are those of E independent directions, uniform in D dimensions.

    The lower triangular factor of a Gaussian matrix, drawn by itself (Bartlett 1933): a rotation, which changes no
    cosine, takes it to E rows of D values, and nothing so wide has to be drawn.

    Parameters
    ----------
    experts, width : E and D, positive

    Returns
    -------
    float64 array of shape (E, min(E, D))

    Examples
    --------
    >>> random_rows(np.random.default_rng(0), 3, 100).shape
    (3, 3)
    """
    rank = min(experts, width)
    rows = np.tril(rng.standard_normal((experts, rank)), -1)
    rows[np.arange(rank), np.arange(rank)] = np.sqrt(rng.chisquare(width - np.arange(rank)))
    return rows


def _directions(weight: FloatArray) -> Float64Array:
    """Rows of length 1; NaN for one of zeros."""
    rows = as_float64(weight)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.divide(rows, length, out=np.full_like(rows, np.nan), where=length > 0))
