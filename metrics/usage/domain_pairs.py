"""How alike documents of one domain are, beside those of two, and how many are nearest to their own."""

from collections.abc import Callable

import numpy as np

from metrics.arrays import Float64Array, FloatArray, IntArray, as_float64

#: Cosines nearer to each other than this are equal but for rounding.
TIED = 1e-12
#: Entries of one table of centroids and documents, which should fit into a cache.
CHUNK = 1 << 19


def unit_rows(usage: FloatArray | IntArray) -> Float64Array:
    """Rows (N, D), each divided by its length; NaN for a row of zeros, which has no direction.

    Examples
    --------
    >>> unit_rows(np.array([[3, 4], [0, 2]])).tolist()
    [[0.6, 0.8], [0.0, 1.0]]
    """
    rows = as_float64(np.asarray(usage))
    norm = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.divide(rows, norm, out=np.full_like(rows, np.nan), where=norm > 0))


def domain_cosines(vectors: FloatArray, domain: IntArray, times: FloatArray) -> Float64Array:
    """Mean cosine of two documents, of every domain with every domain.

    Parameters
    ----------
    vectors : of the documents, each of length 1, float array of shape (N, D), for example `unit_rows` of their usage
    domain : int array of shape (N,), in 0..C-1, C the largest plus one
    times : how often each document counts, float array of shape (..., N); two copies of one make no pair

    Returns
    -------
    float64 array of shape (..., C, C), within domains on its diagonal; NaN where there is no pair

    Examples
    --------
    >>> rows = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
    >>> domain_cosines(rows, np.array([0, 0, 1]), np.ones(3)).round(6).tolist()
    [[0.8, 0.3], [0.3, nan]]
    """
    drawn = DrawnDocuments(domain, times)
    return drawn.cosines(drawn.sums(vectors))


def nearest_centroid(vectors: FloatArray, domain: IntArray, times: FloatArray) -> Float64Array:
    """Share of documents nearest to the centroid of their own domain, each left out of it with all its copies.

    A centroid is the mean of its documents' vectors; the nearest has the largest cosine, and a document that is equally
    near to several counts as a fraction. Every domain counts alike: the share is the mean over domains of the share of
    its documents.

    Parameters
    ----------
    vectors, domain, times : as in `domain_cosines`

    Returns
    -------
    float64 array of shape (...), in [0, 1]; NaN where a domain has fewer than two different documents. 1 / C is what
    guessing gives; labels that tell nothing give a little less, for a document is missing from its own domain alone

    Examples
    --------
    >>> rows = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0], [0.28, 0.96]])
    >>> float(nearest_centroid(rows, np.array([0, 0, 1, 1]), np.ones(4)))
    1.0
    """
    drawn = DrawnDocuments(domain, times)
    return drawn.nearest(drawn.sums(vectors), vectors)


def nearest_by_products(products: FloatArray, domain: IntArray, times: FloatArray) -> Float64Array:
    """`nearest_centroid` of documents that are known by the inner products (N, N) of their vectors, of length 1.

    Of vectors longer than documents are many this is the cheaper way.

    Examples
    --------
    >>> table = np.array([[1.0, 0.9, 0.2, 0.1], [0.9, 1.0, 0.1, 0.2], [0.2, 0.1, 1.0, 0.8], [0.1, 0.2, 0.8, 1.0]])
    >>> float(nearest_by_products(table, np.array([0, 0, 1, 1]), np.ones(4)))
    1.0
    """
    return DrawnDocuments(domain, times).nearest_by_products(products)


class DrawnDocuments:
    """N documents of C domains, each as often as it was drawn, (..., N): what all tables of vectors have in common."""

    def __init__(self, domain: IntArray, times: FloatArray) -> None:
        self._shape = np.shape(times)[:-1]
        self._times = as_float64(times).reshape(-1, np.shape(times)[-1])
        self._own = [np.flatnonzero(domain == number) for number in range(int(np.max(domain)) + 1)]
        self._order = np.concatenate(self._own)
        self._weights = [self._times[:, own] for own in self._own]
        self._count = np.stack([weight.sum(axis=-1) for weight in self._weights], axis=-1)
        self._copies = np.stack([(weight**2).sum(axis=-1) for weight in self._weights], axis=-1)

    def sums(self, rows: FloatArray) -> Float64Array:
        """Sum of the rows (N, D) of each domain, each as often as its document was drawn, (..., C, D)."""
        table = as_float64(rows)
        found = np.empty((len(self._times), len(self._own), table.shape[1]))
        for number, (own, weight) in enumerate(zip(self._own, self._weights, strict=True)):
            found[:, number] = weight @ table[own]
        return found.reshape(*self._shape, *found.shape[1:])

    def cosines(self, sums: Float64Array) -> Float64Array:
        """Return `domain_cosines`, given the sums of vectors."""
        flat = sums.reshape(-1, *sums.shape[-2:])
        total = flat @ flat.swapaxes(-1, -2)
        pairs = self._count[:, :, None] * self._count[:, None, :]
        own = np.arange(total.shape[-1])
        total[:, own, own] -= self._copies
        pairs[:, own, own] -= self._copies
        found = np.divide(total, pairs, out=np.full_like(total, np.nan), where=pairs > 0)
        return np.asarray(found.reshape(*self._shape, *total.shape[1:]))

    def nearest(self, sums: Float64Array, vectors: FloatArray) -> Float64Array:
        """Return `nearest_centroid`, given the sums of vectors."""
        flat, columns = sums.reshape(-1, *sums.shape[-2:]), as_float64(vectors)[self._order].T
        length = np.linalg.norm(flat, axis=-1)
        _, domains, size = flat.shape

        def cosines(part: slice) -> tuple[Float64Array, Float64Array]:
            with np.errstate(invalid="ignore", divide="ignore"):
                centroids = flat[part] / length[part][..., None]
            return (centroids.reshape(-1, size) @ columns).reshape(len(centroids), domains, -1), length[part]

        return self._nearest(cosines)

    def nearest_by_products(self, products: FloatArray) -> Float64Array:
        """Return `nearest_by_products`."""
        table = as_float64(products)[:, self._order]
        ends = np.cumsum([0, *map(len, self._own)])

        def cosines(part: slice) -> tuple[Float64Array, Float64Array]:
            weights = [weight[part] for weight in self._weights]
            inner = np.stack([weight @ table[own] for weight, own in zip(weights, self._own, strict=True)], axis=1)
            square = [
                (inner[:, number, ends[number] : ends[number + 1]] * weight).sum(axis=-1)
                for number, weight in enumerate(weights)
            ]
            length = np.sqrt(np.maximum(np.stack(square, axis=-1), 0.0))
            with np.errstate(invalid="ignore", divide="ignore"):
                inner /= length[..., None]
            return inner, length

        return self._nearest(cosines)

    def _nearest(self, cosines: Callable[[slice], tuple[Float64Array, Float64Array]]) -> Float64Array:
        """Share of documents nearest to their own domain, some draws at a time.

        ``cosines`` gives, of some draws, the cosine of every domain's centroid with each document, domain by domain,
        (b, C, N), and the length of every sum of vectors, (b, C).
        """
        step = max(1, CHUNK // (len(self._own) * len(self._order)))
        parts = [slice(start, start + step) for start in range(0, len(self._times), step)]
        return np.concatenate([self._share(part, *cosines(part)) for part in parts]).reshape(self._shape)

    def _share(self, part: slice, table: Float64Array, length: Float64Array) -> Float64Array:
        found, end = np.zeros(len(table)), 0
        for number, own in enumerate(self._own):
            start, end = end, end + len(own)
            weight, count = self._weights[number][part], self._count[part, number]
            near = _own_is_nearest(table[..., start:end], number, length[:, number, None], weight)
            found += (weight * near).sum(axis=-1) / np.maximum(count, 1.0)
            found[(count == 0) | ((count[:, None] - weight <= 0) & (weight > 0)).any(axis=-1)] = np.nan
        return found / len(self._own)


def _own_is_nearest(table: Float64Array, number: int, length: Float64Array, weight: Float64Array) -> Float64Array:
    """Whether documents of one domain are nearest to it, (b, m), as a fraction where several are as near.

    Parameters
    ----------
    table : cosines with all centroids, (b, C, m); it is written to
    number : of the domain
    length : of its sum of vectors, (b, 1)
    weight : how often each document counts, (b, m)
    """
    inner = table[:, number] * length
    square = length**2 - 2 * weight * inner + weight**2  # with the document's copies left out of it
    own = np.full_like(inner, np.nan)
    np.divide(inner - weight, np.sqrt(np.maximum(square, 0.0)), out=own, where=square > 0)
    best = np.full_like(inner, -np.inf)
    for other in range(table.shape[1]):
        if other != number:
            np.maximum(best, table[:, other], out=best)
    near = (own >= best - TIED).astype(np.float64)
    tied = np.nonzero((near > 0) & (best >= own - TIED))
    if len(tied[0]):
        table[:, number] = own
        each = table[tied[0], :, tied[1]]
        near[tied] = 1 / (each >= each.max(axis=1, keepdims=True) - TIED).sum(axis=1)
    return near
