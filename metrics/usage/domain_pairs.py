"""How alike documents of one domain are, beside those of two, and how many are nearest to their own."""

import numpy as np

from metrics.arrays import Float64Array, FloatArray, IntArray, as_float64

#: Cosines nearer to each other than this are equal but for rounding.
TIED = 1e-12


def domain_cosines(similarity: FloatArray, domain: IntArray, times: FloatArray) -> Float64Array:
    """Mean similarity of two documents, of every domain with every domain.

    Parameters
    ----------
    similarity : symmetric float array of shape (N, N), for example `metrics.usage.profiles.cosine_matrix`
    domain : int array of shape (N,), in 0..C-1, C the largest plus one
    times : how often each document counts, float array of shape (..., N); two copies of one make no pair

    Returns
    -------
    float64 array of shape (..., C, C), within domains on its diagonal; NaN where there is no pair

    Examples
    --------
    >>> table = np.array([[1.0, 0.8, 0.1], [0.8, 1.0, 0.3], [0.1, 0.3, 1.0]])
    >>> domain_cosines(table, np.array([0, 0, 1]), np.ones(3)).round(6).tolist()
    [[0.8, 0.2], [0.2, nan]]
    """
    table, weight = as_float64(similarity).copy(), _by_domain(times, domain)
    np.fill_diagonal(table, 0.0)
    total = (weight @ table) @ np.swapaxes(weight, -1, -2)
    count = weight.sum(axis=-1)
    pairs = count[..., :, None] * count[..., None, :]
    own = np.arange(pairs.shape[-1])
    pairs[..., own, own] -= (weight**2).sum(axis=-1)
    return np.asarray(np.divide(total, pairs, out=np.full_like(total, np.nan), where=pairs > 0))


def nearest_centroid(similarity: FloatArray, domain: IntArray, times: FloatArray) -> Float64Array:
    """Share of documents nearest to the centroid of their own domain, each left out of it with all its copies.

    A centroid is the mean of the vectors whose inner products are ``similarity``; the nearest has the largest cosine,
    and a document that is equally near to several counts as a fraction. Every domain counts alike: the share is the
    mean over domains of the share of its documents.

    Parameters
    ----------
    similarity : inner products of the documents' vectors, all of length 1, float array of shape (N, N)
    domain, times : as in `domain_cosines`

    Returns
    -------
    float64 array of shape (...), in [0, 1]; NaN where a domain has fewer than two different documents. 1 / C is what
    guessing gives; labels that tell nothing give a little less, for a document is missing from its own domain alone

    Examples
    --------
    >>> table = np.array([[1.0, 0.9, 0.2, 0.1], [0.9, 1.0, 0.1, 0.2], [0.2, 0.1, 1.0, 0.8], [0.1, 0.2, 0.8, 1.0]])
    >>> float(nearest_centroid(table, np.array([0, 0, 1, 1]), np.ones(4)))
    1.0
    """
    table, weight = as_float64(similarity), _by_domain(times, domain)
    inner = weight @ table  # (..., C, N): of each centroid, times its size, with each document
    square = (inner * weight).sum(axis=-1)[..., None]
    length = square - 2 * weight * inner + weight**2  # with the document's copies left out of its own domain
    alone = weight.sum(axis=-1)[..., None] - weight <= 0
    cosine = np.full_like(inner, np.nan)
    np.divide(inner - weight, np.sqrt(np.maximum(length, 0.0)), out=cosine, where=~alone & (length > 0))
    nearest = cosine >= cosine.max(axis=-2, keepdims=True) - TIED
    right = weight * nearest / np.maximum(nearest.sum(axis=-2, keepdims=True), 1)
    count = weight.sum(axis=-1)
    share = right.sum(axis=-1) / np.maximum(count, 1.0)
    undefined = (alone & (weight > 0)).any(axis=(-1, -2)) | (count == 0).any(axis=-1)
    return np.where(undefined, np.nan, share.mean(axis=-1))


def _by_domain(times: FloatArray, domain: IntArray) -> Float64Array:
    """How often each document counts in each domain, (..., C, N), 0 in those that are not its own."""
    member = domain == np.arange(int(np.max(domain)) + 1)[:, None]
    return np.where(member, as_float64(times)[..., None, :], 0.0)
