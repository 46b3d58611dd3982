"""The most-used experts of a sequence, how many of them two sequences share, and how many chance makes them share."""

import numpy as np
from scipy.stats import hypergeom

from metrics.arrays import BoolArray, Float64Array, FloatArray, IntArray, as_float64

#: Entries of one chunk of pairs of set sizes x sizes of the intersection.
CHUNK = 2**20


def top_p_set(usage: FloatArray | IntArray, p: float = 0.8, ties: np.random.Generator | None = None) -> BoolArray:
    """Smallest set of most-used experts whose share of the visits exceeds p (GEO Eq 18).

    Experts are taken from the most used downwards. Of equally used ones the lower index comes first, or, with
    ``ties``, one drawn at random. Short sequences tie often, and a common order of ties makes unrelated sets share
    the experts that it puts first: sets that are compared with `expected_jaccard` need ties drawn for each.

    Parameters
    ----------
    usage : visits of each expert, or frequencies, shape (..., E), not negative. Counts make the comparison with
        p = 0.8 exact; frequencies leave it to rounding where a share equals p.
    p : in (0, 1)
    ties : source of the order of equally used experts, a new order for each sequence; None for the lower index

    Returns
    -------
    bool array of shape (..., E), at least one member in each set

    Raises
    ------
    ValueError
        When p is not in (0, 1), a number is negative or not finite, or a sequence has no visit.

    Examples
    --------
    8 of 10 visits do not exceed 0.8, so a third expert is needed, the first of two equals:

    >>> top_p_set(np.array([1, 5, 3, 1])).tolist()
    [True, True, True, False]
    """
    if not 0 < p < 1:
        raise ValueError(f"p must lie in (0, 1), not {p}")
    visits = as_float64(np.asarray(usage))
    if not (np.isfinite(visits).all() and (visits >= 0).all()):
        raise ValueError("usage must be finite and not negative")
    total = visits.sum(axis=-1, keepdims=True)
    empty = int(np.count_nonzero(total <= 0))
    if empty:
        raise ValueError(f"{empty} of {total.size} sequences have no visit, so no set of most-used experts")
    second = np.arange(visits.shape[-1]) if ties is None else ties.random(visits.shape)
    order = np.lexsort((np.broadcast_to(second, visits.shape), -visits), axis=-1)
    reached = np.cumsum(np.take_along_axis(visits, order, axis=-1), axis=-1)
    needed = np.concatenate([np.ones_like(total, dtype=np.bool_), reached[..., :-1] <= p * total], axis=-1)
    members = np.zeros(visits.shape, dtype=np.bool_)
    np.put_along_axis(members, order, needed, axis=-1)
    return members


def jaccard(a: BoolArray, b: BoolArray) -> Float64Array:
    """|A n B| / |A u B| of sets of experts (GEO Eq 19).

    Parameters
    ----------
    a, b : bool arrays of shape (..., E) that broadcast against each other

    Returns
    -------
    float64 array of shape (...), in [0, 1]; NaN for two empty sets

    Examples
    --------
    >>> float(jaccard(np.array([True, True, False]), np.array([False, True, True])).round(4))
    0.3333
    """
    first, second = np.asarray(a, dtype=np.bool_), np.asarray(b, dtype=np.bool_)
    shared = (first & second).sum(axis=-1, dtype=np.float64)
    union = (first | second).sum(axis=-1, dtype=np.float64)
    return np.asarray(np.divide(shared, union, out=np.full(np.shape(shared), np.nan), where=union > 0))


def jaccard_matrix(a: BoolArray, b: BoolArray) -> Float64Array:
    """`jaccard` of every set of one list with every set of another, through their inner products.

    Parameters
    ----------
    a, b : bool arrays of shape (m, E) and (n, E)

    Returns
    -------
    float64 array of shape (m, n), in [0, 1]; NaN for two empty sets

    Examples
    --------
    >>> sets = np.array([[True, True, False, False], [True, False, False, False]])
    >>> jaccard_matrix(sets, sets).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    first, second = (np.asarray(sets, dtype=np.float64) for sets in (a, b))
    shared = first @ second.T
    union = first.sum(axis=1)[:, None] + second.sum(axis=1) - shared
    return np.asarray(np.divide(shared, union, out=np.full_like(shared, np.nan), where=union > 0))


def expected_jaccard(sizes_a: IntArray, sizes_b: IntArray, num_experts: int) -> Float64Array:
    """Exact mean Jaccard of two sets of given sizes, the experts of one of them renamed at random.

    Under a uniformly random permutation of E names the intersection of sets of a and b experts is hypergeometric:
    drawn are b of E, of which a are marked. With I its size, the mean of I / (a + b - I) is summed over all I.

    Parameters
    ----------
    sizes_a, sizes_b : int arrays that broadcast against each other, sizes in 1..E
    num_experts : E

    Returns
    -------
    float64 array of the broadcast shape, in (0, 1]; near m / (2 E - m) for two sets of m

    Raises
    ------
    ValueError
        When a size is not in 1..E.

    Examples
    --------
    Two sets of one of four experts are the same set in one of four permutations, else disjoint; sets of three are
    the same in one of four as well, else share two of four:

    >>> expected_jaccard(np.array([1, 3]), np.array([1, 3]), 4).tolist()
    [0.25, 0.625]
    """
    first, second = np.broadcast_arrays(np.asarray(sizes_a, dtype=np.int64), np.asarray(sizes_b, dtype=np.int64))
    for sizes in (first, second):
        if sizes.size and not (sizes.min() >= 1 and sizes.max() <= num_experts):
            raise ValueError(f"set sizes must lie in 1..{num_experts}")
    codes = np.minimum(first, second) * (num_experts + 1) + np.maximum(first, second)
    distinct, place = np.unique(codes, return_inverse=True)
    small, large = np.divmod(distinct, num_experts + 1)
    step = max(1, CHUNK // (num_experts + 1))
    means = [
        _mean_jaccard(small[start : start + step], large[start : start + step], num_experts)
        for start in range(0, len(distinct), step)
    ]
    return np.concatenate([np.empty(0), *means])[place].reshape(first.shape)


def _mean_jaccard(small: IntArray, large: IntArray, num_experts: int) -> Float64Array:
    """Mean of I / (a + b - I) over the hypergeometric I, for pairs of sizes (m,)."""
    shared = np.arange(num_experts + 1)
    a, b = small[:, None], large[:, None]
    chance = hypergeom.pmf(shared, num_experts, a, b)
    return np.asarray((chance * shared / np.maximum(a + b - shared, 1)).sum(axis=1))
