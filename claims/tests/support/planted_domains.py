"""Planted documents of several domains: which experts they use, with known truth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fixtures.evidence.token_routing import LayerRouting, TokenRouting
from metrics.arrays import Float64Array, IntArray


@dataclass(frozen=True)
class Library:
    """Sizes of planted documents: as many of each domain, of as many tokens."""

    domains: int = 3
    documents: int = 12
    tokens: int = 200
    layers: int = 2
    experts: int = 16
    top_k: int = 2

    @property
    def domain(self) -> IntArray:
        """Domain of each document, (N,)."""
        return np.repeat(np.arange(self.domains), self.documents)


def drawn_documents(
    library: Library,
    profile: Float64Array,
    rng: np.random.Generator,
    identity: Float64Array | None = None,
    tokens: IntArray | None = None,
) -> TokenRouting:
    """Draw the experts of every document from its profile, visit by visit.

    Parameters
    ----------
    profile : broadcasts to (L, N, E)
    identity : the profiles were each token routed as another occurrence of its id, or None
    tokens : of each document, (N,); as many of each by default
    """
    usage = _drawn(library, profile, rng, tokens)
    return routing_of(library, usage, None if identity is None else _drawn(library, identity, rng, tokens))


def routing_of(
    library: Library,
    usage: npt.NDArray[np.integer],
    by_identity: npt.NDArray[np.integer] | None = None,
    *,
    documents: Sequence[str] | None = None,
    counts_alone: bool = False,
) -> TokenRouting:
    """Build what is known where visits (L, S, E) alone are.

    Parameters
    ----------
    documents : name of each sequence's document; by default each is one of its own
    """
    domain = np.arange(library.domains) if counts_alone else library.domain
    return TokenRouting(
        checkpoint={"name": "planted", "architecture": "planted"},
        population={"name": "text"},
        corpus=domain.astype(np.int16),
        corpora=tuple(f"domain {number}" for number in range(library.domains)),
        documents=tuple(documents or (f"document {number}" for number in range(len(domain)))),
        block=np.zeros(len(domain), dtype=np.int16),
        stride=1,
        layers=tuple(
            LayerRouting(
                layer=number,
                top_k=library.top_k,
                usage=visits.astype(np.int64),
                by_identity=None if by_identity is None else by_identity[number].astype(np.int64),
            )
            for number, visits in enumerate(usage)
        ),
        counts_alone=counts_alone,
    )


def counts_of(library: Library, profile: Float64Array, rng: np.random.Generator) -> TokenRouting:
    """Return what is known where the visits of whole domains were published, and nothing of their documents.

    Parameters
    ----------
    profile : broadcasts to (L, N, E)
    """
    usage = _drawn(library, profile, rng)
    shape = (library.layers, library.domains, library.documents, library.experts)
    return routing_of(library, usage.reshape(shape).sum(axis=2), counts_alone=True)


def by_domain(library: Library, profile: Float64Array) -> Float64Array:
    """Give every document the profile of its domain: (L, C, E) to (L, N, E)."""
    return np.asarray(profile[:, library.domain])


def mixed(first: Float64Array, second: Float64Array, share: float | Float64Array) -> Float64Array:
    """Mix two profiles: the second with a share, which broadcasts to them."""
    return (1 - share) * first + share * second


def _drawn(
    library: Library, profile: Float64Array, rng: np.random.Generator, tokens: IntArray | None = None
) -> npt.NDArray[np.int64]:
    shape = (library.layers, len(library.domain), library.experts)
    table = np.broadcast_to(profile, shape)
    visits = library.top_k * (library.tokens if tokens is None else tokens)
    drawn = rng.multinomial(visits, table / table.sum(axis=-1, keepdims=True))
    return np.asarray(drawn)
