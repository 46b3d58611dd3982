"""The few experts that are used most, and how much of the visits is theirs."""

import numpy as np

from metrics.arrays import BoolArray, Float64Array, FloatArray, as_float64


def most_used(profiles: FloatArray, size: int) -> BoolArray:
    """Mark the ``size`` most-used experts; of equally used ones the lower index comes first.

    Parameters
    ----------
    profiles : visits or frequencies of E experts, float array of shape (..., E)
    size : how many are marked, in 1..E

    Returns
    -------
    bool array of shape (..., E)

    Raises
    ------
    ValueError
        When there are fewer experts than are to be marked, or none is to be.

    Examples
    --------
    >>> most_used(np.array([0.1, 0.4, 0.3, 0.2]), 2).tolist()
    [False, True, True, False]
    """
    table = as_float64(profiles)
    if not 1 <= size <= table.shape[-1]:
        raise ValueError(f"{size} of {table.shape[-1]} experts cannot be the most used")
    least = np.partition(table, -size, axis=-1)[..., -size, None]
    members = table >= least
    tied = members.sum(axis=-1) != size
    if tied.any():
        members[tied] = _in_order(table[tied], size)
    return np.asarray(members)


def _in_order(table: Float64Array, size: int) -> BoolArray:
    """Mark the ``size`` most-used experts of rows (n, E) in which some are equally used."""
    members = np.zeros(table.shape, dtype=np.bool_)
    order = np.argsort(-table, axis=-1, kind="stable")[..., :size]
    np.put_along_axis(members, order, True, axis=-1)
    return members
