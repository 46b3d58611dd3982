"""How many data directions decide the routing (GEO Figs 24-25)."""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.linalg import eigh

from metrics.arrays import Float32Array, Float64Array, FloatArray, IntArray, as_float64


def leading_directions(second_moment: FloatArray, top: int) -> Float64Array:
    """Leading eigenvectors of the uncentred second moment: the right singular vectors v_1.. of the data.

    Parameters
    ----------
    second_moment : E[h h^T], float array of shape (D, D)
    top : how many, 1..D

    Returns
    -------
    float64 array of shape (top, D), orthonormal rows, most energy first; each with its largest
    component positive, so that equal inputs give equal signs

    Raises
    ------
    ValueError
        Unless 1 <= top <= D.

    Examples
    --------
    >>> leading_directions(np.diag([1.0, 4.0]), 1).tolist()
    [[0.0, 1.0]]
    """
    moment = as_float64(second_moment)
    width = len(moment)
    if not 1 <= top <= width:
        raise ValueError(f"cannot take {top} of {width} directions")
    _, vectors = eigh(moment, subset_by_index=[width - top, width - 1])
    rows = np.asarray(vectors).T[::-1]
    largest = np.take_along_axis(rows, np.abs(rows).argmax(axis=1)[:, None], axis=1)
    return np.asarray(np.where(largest < 0, -rows, rows))


def rank_agreement(
    hidden: FloatArray,
    directions: FloatArray,
    weight: FloatArray,
    bias: FloatArray | None,
    experts_rule: Callable[[Float64Array], IntArray],
    ks: Sequence[int],
) -> Float32Array:
    """Whether the m-th expert stays when h is replaced by its projection on the first K directions.

    agree_m(K) of GEO Figs 24-25 is the mean over tokens. The reference is the rule applied to W h + b in
    float64, not the captured choice, so that rounding alone never counts as disagreement.

    Parameters
    ----------
    hidden : h, float array of shape (M, D)
    directions : orthonormal rows, float array of shape (K_max, D)
    weight, bias : W (E, D) and b (E,) or None
    experts_rule : maps logits (M, E) to experts (M, k), best first
    ks : numbers of directions, each in 0..K_max, in any order

    Returns
    -------
    float32 array of shape (len(ks), k, M) of 0 and 1; all 1 for K_max = D

    Raises
    ------
    ValueError
        When a K is outside 0..K_max.

    Examples
    --------
    The first axis alone gives logits (1, 0), both give (1, 5): the first expert is settled by the second.

    >>> top1 = lambda z: z.argmax(axis=1)[:, None]
    >>> h, axes = np.array([[1.0, 5.0]]), np.eye(2)
    >>> rank_agreement(h, axes, np.eye(2), None, top1, [1, 2])[:, 0, 0].tolist()
    [0.0, 1.0]
    """
    if any(not 0 <= k <= len(directions) for k in ks):
        raise ValueError(f"ks must lie in 0..{len(directions)}: {list(ks)}")
    states, axes, router = as_float64(hidden), as_float64(directions), as_float64(weight)
    offset = np.zeros(len(router)) if bias is None else as_float64(bias)
    truth = experts_rule(states @ router.T + offset)
    coordinates, heard = states @ axes.T, axes @ router.T
    logits = np.tile(offset, (len(states), 1))
    same = np.empty((len(ks), truth.shape[1], len(states)), dtype=np.float32)
    done = 0
    for row in sorted(range(len(ks)), key=lambda i: ks[i]):
        logits = logits + coordinates[:, done : ks[row]] @ heard[done : ks[row]]
        done = ks[row]
        same[row] = (experts_rule(logits) == truth).T
    return same
