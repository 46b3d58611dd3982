"""Do documents of one domain use experts alike, and unlike those of another?  arXiv 2603.11114."""

from collections.abc import Callable, Sequence

import numpy as np

from claims.choices.domains import Domains, domains_of, minus
from claims.core.claim import Threshold, claim
from claims.core.curves import along, layer_figure
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure
from claims.shared.premises import models_text
from fixtures.evidence.token_routing import TokenRouting
from metrics.arrays import Float64Array, IntArray
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling
from metrics.usage.domain_pairs import domain_cosines, nearest_centroid
from metrics.usage.profiles import cosine_matrix

#: Permutations of the domains' labels; the highest value of them is what luck gives once in twenty.
PERMUTATIONS = 19
#: A number of similarities (N, N), domains (N,) and how often each document was drawn (..., N).
OfPairs = Callable[[Float64Array, IntArray, Float64Array], Float64Array]


@claim(
    id="routing-signatures",
    version=2,
    group="F",
    number=3,
    title="Domains leave signatures in the routing",
    source="arXiv 2603.11114",
    figures=(),
    statement="Documents of one domain use experts more alike than documents of two domains do, so much that the "
    "experts of a document tell its domain.",
    equation="mean cos(f, f') within domains - mean cos(f, f') across domains >= 0.05;  share of documents nearest to "
    "the centroid of their own domain, left out of it, - 1 / domains >= 0.1",
    definition="reconstructed: a signature is the usage profiles of all layers, each of length 1, side by side, so "
    "that its cosine is the mean over layers of the usage cosine; a domain is a corpus of the text, domains count "
    "alike; nearest by cosine",
    means="Documents of one domain do not use experts noticeably more alike than documents of two, or do not "
    "tell their domain: on this text routing is no label of the domain.",
    check="How often routing names the domain of your own documents, beside a control in which tokens are "
    "routed as their id is elsewhere.",
    null_says=f"The same documents with their domains' labels permuted among those of the same length, to a factor of "
    f"sqrt(2), the highest of {PERMUTATIONS} values: one permutation more is higher one time in twenty. What length, "
    "and the positions that go with it, say of a document's domain is in it.",
    paper="task domains leave distinguishable signatures; no number is known to us",
    thresholds={
        "gap": Threshold(0.05, "five points of cosine: what GEO's prompts must differ by from unrelated ones, as well"),
        "gap_excess": Threshold(0.02, "two of these five points above the luckiest of 19 permutations"),
        "accuracy": Threshold(0.1, "one document in ten placed beyond what guessing places"),
        "accuracy_excess": Threshold(0.05, "one document in twenty beyond the luckiest of 19 permutations"),
    },
)
def test_routing_signatures(token_routing: TokenRouting, sampling: Sampling) -> Finding:
    """Compare documents within domains with documents across, and place each by its nearest centroid."""
    documents = domains_of(token_routing)
    if documents.counts_alone:
        raise NotApplicable("whole domains were counted, and no document by itself: there are no two to compare")
    similarity = [cosine_matrix(usage.astype(np.float64)) for usage in documents.usage]
    routed_by_id = documents.by_identity
    lent = None if routed_by_id is None else [cosine_matrix(usage.astype(np.float64)) for usage in routed_by_id]
    measured = _Measures(documents, sampling)
    whole = np.mean(similarity, axis=0)
    gap, placed = (measured.of(number, whole) for number in (_within_minus_across, _beyond_guessing))
    lucky_gap, lucky_place = (measured.highest(number, whole) for number in (_within_minus_across, _beyond_guessing))
    lucky = f"minus the highest of {PERMUTATIONS} permutations"
    return Finding(
        premises=(*models_text(token_routing, sampling), documents.comparable()),
        headline=(
            _gap("usage cosine, within minus across domains", gap, "gap"),
            _placed("nearest to their own domain, minus guessing", placed, "accuracy"),
        ),
        excess=(
            _gap(f"usage cosine, within minus across domains, {lucky}", minus(gap, lucky_gap), "gap_excess"),
            _placed(f"nearest to their own domain, {lucky}", minus(placed, lucky_place), "accuracy_excess"),
        ),
        controls=_by_identity(lent, measured),
        layers=(
            Curve(
                "within minus across domains", documents.layers, measured.each(_within_minus_across, similarity), "gap"
            ),
            Curve("share nearest to their own domain", documents.layers, measured.each(nearest_centroid, similarity)),
        ),
        figure=_figure(documents, similarity, lent, measured),
        notes=_notes(documents, whole, lent),
    )


class _Measures:
    """Estimates over documents, resampled within domains."""

    def __init__(self, documents: Domains, sampling: Sampling) -> None:
        self._documents, self._sampling = documents, sampling
        self._permuted = documents.permuted_by_length(sampling.rng("domain labels"), PERMUTATIONS)

    def of(self, number: OfPairs, similarity: Float64Array) -> Estimate:
        """Estimate a number."""
        domain = self._documents.domain
        return self._documents.estimate(lambda times: number(similarity, domain, times), self._sampling)

    def highest(self, number: OfPairs, similarity: Float64Array) -> float:
        """Return the highest value that the number has for all documents with their labels permuted."""
        every = np.ones(len(self._documents.domain))
        return max(float(number(similarity, domain, every)) for domain in self._permuted)

    def each(self, number: OfPairs, tables: Sequence[Float64Array]) -> tuple[Estimate, ...]:
        """Estimate a number of one table a layer."""
        return tuple(self.of(number, table) for table in tables)


def _within(similarity: Float64Array, domain: IntArray, times: Float64Array) -> Float64Array:
    """Mean over domains of the cosine within."""
    table = domain_cosines(similarity, domain, times)
    return np.asarray(np.diagonal(table, axis1=-2, axis2=-1).mean(axis=-1))


def _across(similarity: Float64Array, domain: IntArray, times: Float64Array) -> Float64Array:
    """Mean over pairs of domains of the cosine across."""
    table = domain_cosines(similarity, domain, times)
    return np.asarray(table[..., ~np.eye(table.shape[-1], dtype=np.bool_)].mean(axis=-1))


def _within_minus_across(similarity: Float64Array, domain: IntArray, times: Float64Array) -> Float64Array:
    return _within(similarity, domain, times) - _across(similarity, domain, times)


def _gap(name: str, estimate: Estimate, threshold: str) -> Measured:
    return Measured(name, estimate, ">=", threshold, within=(-1.0, 1.0))


def _placed(name: str, estimate: Estimate, threshold: str) -> Measured:
    return Measured(f"share of documents {name}", estimate, ">=", threshold, within=(-1.0, 1.0))


def _beyond_guessing(similarity: Float64Array, domain: IntArray, times: Float64Array) -> Float64Array:
    """Share of documents nearest to their own domain, minus one over the number of domains."""
    return nearest_centroid(similarity, domain, times) - 1 / (int(domain.max()) + 1)


def _by_identity(lent: Sequence[Float64Array] | None, measured: _Measures) -> tuple[Measured, ...]:
    """The same were each token routed as its id is elsewhere: what the words of a domain give by themselves."""
    if lent is None:
        return ()
    whole, said = np.mean(lent, axis=0), ", each token routed as its id is elsewhere"
    return (
        _gap(f"usage cosine, within minus across domains{said}", measured.of(_within_minus_across, whole), "gap"),
        _placed(f"nearest to their own domain, minus guessing{said}", measured.of(_beyond_guessing, whole), "accuracy"),
    )


def _figure(
    documents: Domains, similarity: Sequence[Float64Array], lent: Sequence[Float64Array] | None, measured: _Measures
) -> Figure:
    """Draw cosines within and across domains by layer, and the same were each token routed as its id is."""
    lines = [("within domains", _within, similarity), ("across domains", _across, similarity)]
    if lent is not None:
        lines += [("within, tokens routed as their ids are", _within, lent)]
        lines += [("across, tokens routed as their ids are", _across, lent)]
    series = [along(name, documents.layers, measured.each(number, tables)) for name, number, tables in lines]
    return layer_figure("two documents, by their domains", "ours", "cosine of expert usage", series)


def _notes(documents: Domains, whole: Float64Array, lent: Sequence[Float64Array] | None) -> tuple[str, ...]:
    """Say what was compared, and what the words of a domain give by themselves."""
    ones = np.ones(len(documents.domain))

    def pair(table: Float64Array) -> str:
        within, across = (float(number(table, documents.domain, ones)) for number in (_within, _across))
        return f"{within:.3f} within domains and {across:.3f} across"

    said = f"{documents.counted()}: cosines are {pair(whole)}, mean over layers."
    if lent is None:
        return (said,)
    return (
        said,
        f"Were each token routed as its id is elsewhere, they would be {pair(np.mean(lent, axis=0))}: texts of one "
        "domain share words, and one word is routed alike wherever it stands. What is beyond that is context.",
    )
