"""Which experts the documents of each domain use, and intervals of such statistics by resampling documents.

A domain is a corpus of the text. Sequences of one document are one unit, for they are no independent evidence of its
domain. Documents are resampled within their domains, so that none is ever without any, and domains count alike.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from claims.core.finding import Measured, NotApplicable
from claims.shared.position_alone import permutable
from fixtures.evidence.token_routing import TokenRouting
from fixtures.messages.progress import progress
from metrics.arrays import Float64Array, FloatArray, Int64Array, IntArray
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling
from metrics.usage.position import bands, permuted_within

#: Documents of a domain without which nothing can be resampled within it.
FEWEST = 2
#: Entries of the profiles of some draws, which should fit into a cache.
CHUNK = 1 << 18
#: Sums of whole numbers below this are exact in float32, whatever their order.
EXACT = 1 << 24
#: Maps how often each document was drawn, (b, N), to M numbers, (M, b); calls the other to say how many draws are done.
OfDraws = Callable[[Float64Array, Callable[[float], None]], Float64Array]
#: Maps the place of a layer and how often each document was drawn, (b, N), to M numbers of the layer, (M, b).
OfLayer = Callable[[int, Float64Array], Float64Array]
#: Maps the numbers of all layers, (L, M, b), to K others, (K, b).
OverLayers = Callable[[Float64Array], Float64Array]


class LayerEstimates(NamedTuple):
    """M tuples of an estimate a layer, and K estimates of all layers together."""

    each: list[tuple[Estimate, ...]]
    over: list[Estimate]


@dataclass(frozen=True)
class Domains:
    """N documents of C domains at L layers, whose numbers of experts may differ.

    Attributes
    ----------
    layers : numbers of the L layers
    names : of the C domains
    domain : int (N,), domain of each document
    usage : for each layer, visits of each expert by each document, int64 (N, E)
    by_identity : the same had every token been routed as another occurrence of its id; None without token ids
    tokens : float64 (N,), of a sequence of each document, their mean where it has several
    counts_alone : whole domains were counted, one row each, and nothing is known of their documents
    """

    layers: tuple[int, ...]
    names: tuple[str, ...]
    domain: IntArray
    usage: tuple[Int64Array, ...]
    by_identity: tuple[Int64Array, ...] | None
    tokens: Float64Array
    counts_alone: bool

    def counted(self) -> str:
        """Return how many documents each domain has, for a note."""
        documents = np.bincount(self.domain)
        each = ", ".join(f"{count} {name}" for count, name in zip(documents, self.names, strict=True))
        return f"{len(self.domain)} documents of {len(self.names)} domains ({each})"

    def permuted(self, rng: np.random.Generator, count: int) -> list[IntArray]:
        """Return the domains (N,) that documents have when their labels are permuted, ``count`` times."""
        return [rng.permutation(self.domain) for _ in range(count)]

    def permuted_by_length(self, rng: np.random.Generator, count: int) -> list[IntArray]:
        """Return the same with labels permuted among documents of the same length, to a factor of sqrt(2)."""
        return [permuted_within(self.domain, bands(self.tokens), rng) for _ in range(count)]

    def comparable(self) -> Measured:
        """Return the premise that documents of several domains are of the same length: else length tells the domain."""
        return permutable(self.domain, self.tokens, "document", "domains of documents")

    def by_layer(
        self, of_layer: OfLayer, over_layers: OverLayers, sampling: Sampling, what: str, **options: Any
    ) -> LayerEstimates:
        """Estimate numbers of every layer and of all together, resampling documents within domains, all on one draw.

        Parameters
        ----------
        of_layer, over_layers : the M numbers of a layer, and the K of all
        sampling, options : of the resampling
        what : is being done, for who waits
        """
        layers = len(self.layers)
        numbers = len(of_layer(0, np.ones((1, len(self.domain)))))

        def of_draws(times: Float64Array, step: Callable[[float], None]) -> Float64Array:
            found = []
            for place in range(layers):
                found.append(of_layer(place, times))
                step(len(times) / layers)
            table = np.stack(found)
            return np.concatenate([table.reshape(-1, len(times)), over_layers(table)])

        found = self.estimates(of_draws, sampling, what, **options)
        ends = layers * numbers
        return LayerEstimates([tuple(found[number:ends:numbers]) for number in range(numbers)], found[ends:])

    def estimates(self, of_draws: OfDraws, sampling: Sampling, what: str, **options: Any) -> list[Estimate]:
        """Estimate numbers of how often each document was drawn within its domain; no intervals where counts are all.

        Parameters
        ----------
        of_draws : maps draws (b, N), and what is told how many of them are done, to M numbers of each, (M, b)
        sampling, options : of the resampling
        what : is being done, for who waits
        """
        count = len(self.domain)
        if self.counts_alone:
            values = of_draws(np.ones((1, count)), lambda _: None)[:, 0]
            said = "counts of whole domains have no interval"
            return [Estimate(value, math.nan, math.nan, 1, "capture", said) for value in values.tolist()]
        block = max(1, CHUNK // (len(self.names) * max(usage.shape[1] for usage in self.usage)))
        left_out = count if options.get("interval") != "percentile" else 0
        with progress(what, sampling.resamples + left_out, "draws") as step:

            def of_times(times: Float64Array) -> Float64Array:
                flat = times.reshape(-1, count)
                parts = [of_draws(flat[start : start + block], step) for start in range(0, len(flat), block)]
                return np.concatenate(parts, axis=-1).reshape(-1, *times.shape[:-1])

            numbers = np.arange(count)
            return sampling.several(numbers, of_times, counted=True, unit="document", strata=self.domain, **options)


def domains_of(routing: TokenRouting) -> Domains:
    """Return the documents of a routing by domain.

    Raises
    ------
    NotApplicable
        When there are fewer than two domains, or one has fewer than two documents and not counts alone were published.
    """
    kept = np.all([layer.usage.any(axis=1) for layer in routing.layers], axis=0)
    corpus = routing.corpus[kept]
    present, domain_of_row = np.unique(corpus, return_inverse=True)
    names = tuple(routing.corpora[number] for number in present)
    if len(names) < 2:
        raise NotApplicable(f"the text is of {len(names)} domain, {', '.join(names)}; 2 are needed")
    rows = np.array([f"{c} {name}" for c, name in zip(routing.corpus, routing.documents, strict=True)])[kept]
    _, first, document = np.unique(rows, return_index=True, return_inverse=True)
    domain = domain_of_row[first]
    if not routing.counts_alone:
        _require_documents(names, np.bincount(domain))
    visits = routing.layers[0].usage[kept].sum(axis=1) / routing.layers[0].top_k
    lent = [layer.by_identity for layer in routing.layers]
    return Domains(
        layers=tuple(layer.layer for layer in routing.layers),
        names=names,
        domain=domain,
        usage=tuple(_summed(layer.usage[kept], document) for layer in routing.layers),
        by_identity=None
        if routing.counts_alone or any(one is None for one in lent)
        else tuple(_summed(one[kept], document) for one in lent if one is not None),
        tokens=np.bincount(document, weights=visits) / np.bincount(document),
        counts_alone=routing.counts_alone,
    )


def minus(estimate: Estimate, constant: float) -> Estimate:
    """Subtract a number that has no luck of its own from an estimate."""
    value, low, high = (one - constant for one in (estimate.value, estimate.low, estimate.high))
    return replace(estimate, value=value, low=low, high=high, draws=tuple(one - constant for one in estimate.draws))


def profiles(times: Float64Array, usage: Int64Array, domain: IntArray, count: int) -> Float64Array:
    """Usage frequencies of each domain, its documents pooled as often as each was drawn.

    Parameters
    ----------
    times : (..., N), how often each document was drawn
    usage : (N, E)
    domain : (N,), in 0..C-1
    count : C

    Returns
    -------
    (..., C, E), each row sums to 1; NaN for a domain of which no document was drawn
    """
    visits = np.empty((*np.shape(times)[:-1], count, usage.shape[1]))
    for number in range(count):
        own = np.flatnonzero(domain == number)
        visits[..., number, :] = exact_product(times[..., own], usage[own])
    total = visits.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(visits, total, out=np.full_like(visits, np.nan), where=total > 0))


def exact_product(times: FloatArray, counts: IntArray) -> FloatArray:
    """Product (..., E) of whole numbers (..., N) and (N, E), exact: in float32 where no sum of it is too large."""
    largest = float(np.max(np.sum(times, axis=-1), initial=0.0)) * float(counts.max(initial=0))
    dtype = np.float32 if largest < EXACT else np.float64
    return np.asarray(times.astype(dtype) @ counts.astype(dtype))


def _summed(rows: IntArray, document: IntArray) -> Int64Array:
    """Sum of the rows (m, E) of each document, (N, E)."""
    total = np.zeros((int(document.max()) + 1, rows.shape[1]), dtype=np.int64)
    np.add.at(total, document, rows)
    return total


def _require_documents(names: tuple[str, ...], documents: IntArray) -> None:
    fewest = int(documents.argmin())
    if documents[fewest] < FEWEST:
        raise NotApplicable(f"the domain {names[fewest]} has {documents[fewest]} document; {FEWEST} are needed")
