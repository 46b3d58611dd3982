"""Hold a difference of two arms against what two seeds of one arm differ by: the luck of a training."""

import numpy as np

from claims.core.finding import Measured
from claims.shared.trainings import over_trainings
from metrics.arrays import Float64Array


def between_seeds(values: Float64Array) -> Float64Array:
    """By how much each training differs from other seeds of its arm, mean over both arms and all other seeds.

    Parameters
    ----------
    values : (K, A, L), one value a seed, arm and layer, K > 1

    Returns
    -------
    (K,), absolute differences of means over layers

    Examples
    --------
    >>> between_seeds(np.array([[[1.0], [5.0]], [[2.0], [5.0]], [[4.0], [5.0]]])).tolist()
    [1.0, 0.75, 1.25]
    """
    mean = values.mean(axis=2)
    apart = np.abs(mean[:, None] - mean[None]).mean(axis=2)
    return np.asarray(apart.sum(axis=1) / (len(mean) - 1))


def beyond_seeds(
    name: str, claimed: Float64Array, values: Float64Array, smallest: float
) -> tuple[tuple[Measured, ...], tuple[Measured, ...]]:
    """Return the excess of a difference over `between_seeds`, against the threshold ``beyond``, and that as a control.

    Nothing for one training, which has no other seed.

    Parameters
    ----------
    name : the difference that is claimed
    claimed : (K,), of each training, positive as claimed
    values : as of `between_seeds`
    smallest : the smallest difference that matters, which two seeds should not reach
    """
    if len(claimed) < 2:
        return (), ()
    seeds = between_seeds(values)
    return (
        (
            Measured(
                f"{name}, minus what two seeds of one arm differ by", over_trainings(claimed - seeds), ">=", "beyond"
            ),
        ),
        (Measured("what two seeds of one arm differ by", over_trainings(seeds), ">=", smallest),),
    )
