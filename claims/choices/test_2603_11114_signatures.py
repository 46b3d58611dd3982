"""Do documents of one domain use experts alike, and unlike those of another?  arXiv 2603.11114."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from claims.choices.domains import Domains, LayerEstimates, domains_of, minus
from claims.core.claim import Threshold, claim
from claims.core.curves import along, layer_figure
from claims.core.finding import Curve, Finding, Measured, NotApplicable
from claims.core.record import Figure
from claims.shared.premises import models_text
from fixtures.evidence.token_routing import TokenRouting
from metrics.arrays import Float64Array, Int64Array, IntArray
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling
from metrics.usage.domain_pairs import DrawnDocuments, domain_cosines, nearest_by_products, nearest_centroid, unit_rows

#: Permutations of the domains' labels; the highest value of them is what luck gives once in twenty.
PERMUTATIONS = 19
#: Of more documents than these, the nearest domains of single layers are resampled less often: it is most of the work.
MANY, RESAMPLES = 256, 999
#: Places of a layer's numbers, and how many come before the same were each token routed as its id is elsewhere.
_GAP, _WITHIN, _ACROSS, _LENT = 0, 1, 2, 3


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
    measured = _Measures(documents, sampling)
    found = measured.gaps()
    whole = _products(documents.usage)
    placed = measured.placed(whole)
    lent = None if documents.by_identity is None else _products(documents.by_identity)
    gap, every = found.over[0], np.ones(len(documents.domain))
    permuted = documents.permuted_by_length(sampling.rng("domain labels"), PERMUTATIONS)
    lucky_gap = max(_gap_of(documents.usage, domain, every) for domain in permuted)
    lucky_place = max(_placed_of(whole, domain, every) for domain in permuted)
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
        controls=() if lent is None else _by_identity(found.over[1], measured.placed(lent)),
        layers=(
            Curve("within minus across domains", documents.layers, found.each[_GAP], "gap"),
            Curve("share nearest to their own domain", documents.layers, measured.nearest()),
        ),
        figure=_figure(documents, found.each),
        notes=_notes(documents),
    )


class _Measures:
    """Estimates over documents, resampled within domains."""

    def __init__(self, documents: Domains, sampling: Sampling) -> None:
        self._documents, self._sampling = documents, sampling

    def gaps(self) -> LayerEstimates:
        """Estimate cosines layer by layer, as `_GAP` and the others number them, and the mean gap over layers.

        Then the same were each token routed as its id is elsewhere, where ids are known. The gap of whole signatures is
        the mean over layers, as their cosine is.
        """
        documents = self._documents
        tables = [documents.usage, *([] if documents.by_identity is None else [documents.by_identity])]
        vectors = [[unit_rows(usage) for usage in table] for table in tables]

        def of_layer(place: int, times: Float64Array) -> Float64Array:
            drawn = DrawnDocuments(documents.domain, times)
            return np.concatenate([_apart(drawn.cosines(drawn.sums(table[place]))) for table in vectors])

        def over_layers(table: Float64Array) -> Float64Array:
            return np.asarray(table[:, _GAP::_LENT].mean(axis=0))

        return documents.by_layer(of_layer, over_layers, self._sampling, "signatures: resampling documents")

    def nearest(self) -> tuple[Estimate, ...]:
        """Estimate the share of documents nearest to their own domain, layer by layer; of many by fewer resamples."""
        documents, sampling = self._documents, self._sampling
        options: dict[str, Any] = {}
        if len(documents.domain) > MANY:
            sampling = replace(sampling, resamples=min(sampling.resamples, RESAMPLES))
            options = {"interval": "percentile"}
        vectors = [unit_rows(usage) for usage in documents.usage]

        def of_layer(place: int, times: Float64Array) -> Float64Array:
            return nearest_centroid(vectors[place], documents.domain, times)[None]

        def nothing(table: Float64Array) -> Float64Array:
            return table[0, :0]

        what = "nearest domains of every layer: resampling documents"
        return documents.by_layer(of_layer, nothing, sampling, what, **options).each[0]

    def placed(self, whole: Float64Array) -> Estimate:
        """Estimate the share of documents nearest to their own domain, minus guessing, of products of signatures."""
        domain = self._documents.domain

        def of_draws(times: Float64Array, step: Callable[[float], None]) -> Float64Array:
            step(len(times))
            return (nearest_by_products(whole, domain, times) - _guessing(domain))[None]

        (found,) = self._documents.estimates(of_draws, self._sampling, "nearest domains: resampling documents")
        return found


def _apart(table: Float64Array) -> Float64Array:
    """Mean of cosines (..., C, C) over domains of those within, over pairs of domains of those across, and the gap."""
    within = np.diagonal(table, axis1=-2, axis2=-1).mean(axis=-1)
    across = table[..., ~np.eye(table.shape[-1], dtype=np.bool_)].mean(axis=-1)
    return np.stack([within - across, within, across])


def _products(usage: Sequence[Int64Array]) -> Float64Array:
    """Inner products (N, N) of the documents' signatures: the mean over layers of the cosine of their usage."""
    total = np.zeros((len(usage[0]), len(usage[0])))
    for layer in usage:
        rows = unit_rows(layer)
        total += rows @ rows.T
    return total / len(usage)


def _mean_apart(usage: Sequence[Int64Array], domain: IntArray, times: Float64Array) -> Float64Array:
    """Gap, within and across (3,), mean over layers."""
    found = [_apart(domain_cosines(unit_rows(layer), domain, times)) for layer in usage]
    return np.asarray(np.mean(found, axis=0))


def _gap_of(usage: Sequence[Int64Array], domain: IntArray, times: Float64Array) -> float:
    return float(_mean_apart(usage, domain, times)[0])


def _placed_of(whole: Float64Array, domain: IntArray, times: Float64Array) -> float:
    return float(nearest_by_products(whole, domain, times) - _guessing(domain))


def _guessing(domain: IntArray) -> float:
    return 1 / (int(domain.max()) + 1)


def _gap(name: str, estimate: Estimate, threshold: str) -> Measured:
    return Measured(name, estimate, ">=", threshold, within=(-1.0, 1.0))


def _placed(name: str, estimate: Estimate, threshold: str) -> Measured:
    return Measured(f"share of documents {name}", estimate, ">=", threshold, within=(-1.0, 1.0))


def _by_identity(gap: Estimate, placed: Estimate) -> tuple[Measured, ...]:
    """The same were each token routed as its id is elsewhere: what the words of a domain give by themselves."""
    said = ", each token routed as its id is elsewhere"
    return (
        _gap(f"usage cosine, within minus across domains{said}", gap, "gap"),
        _placed(f"nearest to their own domain, minus guessing{said}", placed, "accuracy"),
    )


def _figure(documents: Domains, each: Sequence[tuple[Estimate, ...]]) -> Figure:
    """Draw cosines within and across domains by layer, and the same were each token routed as its id is."""
    lines = [("within domains", _WITHIN), ("across domains", _ACROSS)]
    if len(each) > _LENT:
        lines += [("within, tokens routed as their ids are", _LENT + _WITHIN)]
        lines += [("across, tokens routed as their ids are", _LENT + _ACROSS)]
    series = [along(name, documents.layers, each[number]) for name, number in lines]
    return layer_figure("two documents, by their domains", "ours", "cosine of expert usage", series)


def _notes(documents: Domains) -> tuple[str, ...]:
    """Say what was compared, and what the words of a domain give by themselves."""

    def pair(usage: Sequence[Int64Array]) -> str:
        _, within, across = _mean_apart(usage, documents.domain, np.ones(len(documents.domain)))
        return f"{within:.3f} within domains and {across:.3f} across"

    said = f"{documents.counted()}: cosines are {pair(documents.usage)}, mean over layers."
    if documents.by_identity is None:
        return (said,)
    return (
        said,
        f"Were each token routed as its id is elsewhere, they would be {pair(documents.by_identity)}: texts of one "
        "domain share words, and one word is routed alike wherever it stands. What is beyond that is context.",
    )
