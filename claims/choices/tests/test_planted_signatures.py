"""Planted documents whose experts tell their domain, or do not.  arXiv 2603.11114."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.optimize import brentq

from claims.choices import test_2603_11114_signatures
from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests, refused, true_by_far
from claims.tests.support.planted_domains import Library, by_domain, counts_of, drawn_documents, mixed, routing_of
from claims.tests.support.planted_places import LENGTHS_ALONE, TOLD_BY_LENGTH, UNLIKE_LENGTHS
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.token_routing import TokenRouting
from metrics.arrays import Float64Array
from metrics.stats.sampling import Sampling
from metrics.usage.profiles import cosine_matrix

routing_signatures = test_2603_11114_signatures.test_routing_signatures
TEXTS = Library()
#: For worlds of chance, which are many.
SMALL = replace(TEXTS, layers=1, documents=10)
#: So few documents that permuted labels are often the true ones.
FEW = Library(domains=2, documents=4, tokens=2000)


def domain_profiles(library: Library, share: float) -> Float64Array:
    """Profiles of domains (L, C, E), which have a share of their own; the same in every world."""
    known, even = np.random.default_rng(0), np.ones(library.experts)
    common = known.dirichlet(even, (library.layers, 1))
    return mixed(common, known.dirichlet(even, (library.layers, library.domains)), share)


@cache
def share_of(gap: float, library: Library) -> float:
    """Return the share of their own with which domains' profiles have cosines that lie so far below 1."""

    def beyond(share: float) -> float:
        across = ~np.eye(library.domains, dtype=np.bool_)
        cosines = [cosine_matrix(profile)[across].mean() for profile in domain_profiles(library, share)]
        return float(1 - np.mean(cosines) - gap)

    return float(brentq(beyond, 0.0, 1.0)) if gap else 0.0


def texts(gap: float, seed: int = 1, library: Library = TEXTS) -> TokenRouting:
    """Draw documents around the profiles of their domains, whose cosines lie by ``gap`` below 1."""
    rng = np.random.default_rng(seed)
    several = library if library.domains > 1 else TEXTS
    profile = by_domain(library, domain_profiles(library, share_of(gap, several)))
    own = np.array([[rng.dirichlet(200 * row + 1e-3) for row in layer] for layer in profile])
    return drawn_documents(library, own, rng, identity=None if library is SMALL else own)


def many(gap: float) -> dict[str, Callable[[int], TokenRouting]]:
    """Return worlds in which the cosines of domains lie by ``gap`` below 1."""
    return {"token_routing": lambda seed: texts(gap, seed, SMALL)}


def one_document_each(library: Library = TEXTS) -> TokenRouting:
    """Sequences of a domain that are all of one document."""
    routing = texts(0.2, library=library)
    return replace(routing, documents=tuple("the only one" for _ in routing.documents))


CONTRACTS = (
    Contract(
        routing_signatures,
        (
            Case("domains apart", Verdict.SUPPORTED, token_routing=lambda: texts(0.2)),
            Case("a little apart", Verdict.PARTLY, says="falls short", token_routing=lambda: texts(0.035)),
            Case("alike", Verdict.REFUTED, token_routing=lambda: texts(0.0)),
            Case(
                "permuted labels that are the true ones", Verdict.VACUOUS, says="highest of 19 permutations",
                token_routing=lambda: texts(0.3, library=FEW), sampling=Sampling(3, 499),
            ),
            Case("at the threshold", Verdict.INCONCLUSIVE, token_routing=lambda: texts(0.05)),
            Case(
                "two documents a domain", Verdict.INCONCLUSIVE,
                token_routing=lambda: texts(0.2, library=replace(TEXTS, documents=2)),
            ),
            UNLIKE_LENGTHS,
            *TOLD_BY_LENGTH,
            *refused(
                "token_routing",
                ("one domain", "the text is of 1 domain", lambda: texts(0.2, library=replace(TEXTS, domains=1))),
                (
                    "one document a domain", "the domain domain 0 has 1 document; 2 are needed",
                    lambda: texts(0.2, library=replace(TEXTS, documents=1)),
                ),
                ("sequences of one document", "the domain domain 0 has 1 document", one_document_each),
                (
                    "counts of domains", "whole domains were counted",
                    lambda: counts_of(TEXTS, by_domain(TEXTS, domain_profiles(TEXTS, 0.5)), np.random.default_rng(0)),
                ),
            ),
        ),
        (
            Null("domains alike", many(0.0), mostly=Verdict.REFUTED),
            LENGTHS_ALONE,
            Null("nearly so far apart", many(0.04)),
            Null(
                "a little more than asked for", many(0.06),
                limits={Verdict.REFUTED: 0.95, Verdict.PARTLY: 0.95},
            ),
            true_by_far(many(0.1)),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_the_claims_numbers() -> None:
    routing = texts(0.2)
    finding = finding_of(routing_signatures, token_routing=routing)
    gap, placed = (measured.estimate for measured in finding.headline)
    usage = [cosine_matrix(layer.usage.astype(np.float64)) for layer in routing.layers]
    same = TEXTS.domain[:, None] == TEXTS.domain
    apart = np.mean([table[~same].mean() for table in usage])
    within = np.mean([table[same & ~np.eye(len(same), dtype=np.bool_)].mean() for table in usage])
    assert gap.value == pytest.approx(within - apart)
    assert gap.value == pytest.approx(0.2, abs=0.04)
    assert placed.value == pytest.approx(2 / 3)
    assert (gap.n, gap.unit) == (36, "document")
    assert len(finding.controls) == 2


def test_sequences_of_one_document_are_one_unit() -> None:
    routing = texts(0.2)
    pairs = tuple(f"document {number // 2}" for number in range(len(routing.documents)))
    found = finding_of(routing_signatures, token_routing=replace(routing, documents=pairs)).headline[0].estimate
    usage = np.stack([layer.usage for layer in routing.layers])
    halves = replace(TEXTS, documents=TEXTS.documents // 2)
    whole = routing_of(halves, usage.reshape(TEXTS.layers, -1, 2, TEXTS.experts).sum(axis=2))
    assert found.n == 18
    assert found.value == pytest.approx(finding_of(routing_signatures, token_routing=whole).headline[0].estimate.value)


def test_without_token_ids_there_is_no_control() -> None:
    routing = texts(0.2)
    bare = replace(routing, layers=tuple(replace(layer, by_identity=None) for layer in routing.layers))
    finding = finding_of(routing_signatures, token_routing=bare)
    assert finding.controls == ()
    assert len(finding.notes) == 1
