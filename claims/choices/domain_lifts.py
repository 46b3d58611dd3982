"""The largest lift of every expert of every layer, of documents drawn and permuted as often as one likes."""

from collections.abc import Sequence

import numpy as np

from claims.choices.domains import exact_product
from metrics.arrays import Float64Array, Int64Array, IntArray

#: Entries of one domain's frequencies that are worked on at a time: a few such tables fit into a cache.
CHUNK = 1 << 16


def largest_lifts(times: Float64Array, usage: Sequence[Int64Array], domain: IntArray) -> list[Float64Array]:
    """How much more a domain uses each expert than domains do on average, of the domain where that is most.

    Parameters
    ----------
    times : (..., N), how often each document was drawn
    usage : visits of each expert by each document, (N, E) a layer
    domain : (N,), in 0..C-1

    Returns
    -------
    max_d f_de / mean_d f_de, f_d the usage frequencies of domain d, domains counting alike: float64 (..., E) a layer,
    in [1, C], 1 for an expert that all use alike, C for one that a single domain uses; NaN for one that nobody uses
    """
    order = np.argsort(domain, kind="stable")
    ends = np.cumsum(np.bincount(domain))
    parts = [slice(end - size, end) for end, size in zip(ends, np.bincount(domain), strict=True)]
    drawn = times.reshape(-1, len(domain))[:, order]
    return [_lifts(drawn, layer[order], parts).reshape(*times.shape[:-1], -1) for layer in usage]


def _lifts(times: Float64Array, usage: Int64Array, parts: Sequence[slice]) -> Float64Array:
    """Largest lifts (b, E) at one layer, documents standing domain by domain."""
    found = np.empty((len(times), usage.shape[1]))
    step = max(1, CHUNK // usage.shape[1])
    for start in range(0, len(times), step):
        some = times[start : start + step]
        largest, total = np.zeros((len(some), usage.shape[1])), np.zeros((len(some), usage.shape[1]))
        for part in parts:
            visits = exact_product(some[:, part], usage[part]).astype(np.float64)
            with np.errstate(invalid="ignore"):  # a domain of which nothing was drawn has no frequencies
                visits /= visits.sum(axis=-1, keepdims=True)
            np.maximum(largest, visits, out=largest)
            total += visits
        total /= len(parts)
        own = found[start : start + step]
        own[...] = np.nan
        np.divide(largest, total, out=own, where=total > 0)
    return found
