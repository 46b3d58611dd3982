"""Names of the array types that the metrics share."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]
Float64Array = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.integer]
Int64Array = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def as_float64(array: FloatArray) -> Float64Array:
    """Return the array in float64, without a copy where it already is.

    Examples
    --------
    >>> as_float64(np.ones(1, dtype=np.float32)).dtype
    dtype('float64')
    """
    return np.asarray(array, dtype=np.float64)
