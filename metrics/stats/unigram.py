"""What token frequencies alone make of a text: the likelihood that a model of the text must beat."""

import numpy as np

from metrics.arrays import Float64Array, IntArray


def unigram_losses(token: IntArray) -> Float64Array:
    """Negative log-likelihood of each token by the frequencies of all others, in nats.

    One is added for each of the V ids that there are: a token whose id stands there c times among N has the likelihood
    c / (N - 1 + V), itself left out. Reconstructed: no paper states a baseline.

    Parameters
    ----------
    token : int array of shape (N,), ids

    Returns
    -------
    float64 array of shape (N,), not negative

    Examples
    --------
    Two of three tokens are equal, so with V = 2 their likelihood is 2 / 4, and that of the third 1 / 4:

    >>> np.exp(-unigram_losses(np.array([7, 7, 9]))).round(12).tolist()
    [0.5, 0.5, 0.25]
    """
    _, place, counts = np.unique(np.asarray(token), return_inverse=True, return_counts=True)
    return np.asarray(np.log(max(len(place) - 1 + len(counts), 1)) - np.log(counts))[place]
