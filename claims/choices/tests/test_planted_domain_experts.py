"""Planted experts that serve one domain, or every domain alike.  arXiv 2604.05267."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from claims.choices import test_2604_05267_domain_experts
from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests, refused, true_by_far
from claims.tests.support.planted_domains import Library, by_domain, counts_of, drawn_documents
from claims.tests.support.planted_places import LENGTHS_ALONE, TOLD_BY_LENGTH, UNLIKE_LENGTHS
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.token_routing import TokenRouting
from metrics.arrays import Float64Array

domain_experts = test_2604_05267_domain_experts.test_domain_experts
TEXTS = Library(documents=8, tokens=500, layers=2, experts=50)
MANY = replace(TEXTS, documents=16, layers=1, experts=500, tokens=20000)
#: For worlds of chance, which are many.
SMALL = replace(TEXTS, layers=1, experts=100, tokens=1000)


def serving(library: Library, experts: int) -> Float64Array:
    """Profiles of documents (L, N, E): so many experts serve one domain 2.4 times as much, the others all alike."""
    profile = np.ones((library.layers, library.domains, library.experts))
    for expert in range(experts):
        profile[:, :, expert] = 0.3
        profile[:, expert % library.domains, expert] = 2.4
    return by_domain(library, profile)


def served(experts: int, seed: int = 1, library: Library = TEXTS, spread: float = 20.0) -> Callable[[], TokenRouting]:
    """Draw documents that have likings of their own besides: the smaller ``spread``, the more."""

    def build() -> TokenRouting:
        rng = np.random.default_rng(seed)
        own = serving(library, experts) * rng.gamma(spread, 1 / spread, (library.layers, len(library.domain), 1))
        own = own * rng.gamma(spread, 1 / spread, own.shape)
        return drawn_documents(library, own, rng, identity=None if library is SMALL else own)

    return build


def many(experts: int) -> dict[str, Callable[[int], TokenRouting]]:
    """Return worlds in which so many of a hundred experts serve one domain."""
    return {"token_routing": lambda seed: served(experts, seed, SMALL)()}


CONTRACTS = (
    Contract(
        domain_experts,
        (
            Case("a fifth of the experts", Verdict.SUPPORTED, token_routing=served(10)),
            Case(
                "33 of 500", Verdict.PARTLY, says="falls short", token_routing=served(33, library=MANY, spread=300.0),
            ),
            Case("none", Verdict.REFUTED, token_routing=served(0)),
            Case("at the threshold", Verdict.INCONCLUSIVE, token_routing=served(5)),
            UNLIKE_LENGTHS,
            *TOLD_BY_LENGTH,
            *refused(
                "token_routing",
                ("one domain", "the text is of 1 domain", served(10, library=replace(TEXTS, domains=1))),
                ("one document a domain", "has 1 document", served(10, library=replace(TEXTS, documents=1))),
                (
                    "counts of domains", "there is nothing to permute",
                    lambda: counts_of(TEXTS, serving(TEXTS, 10), np.random.default_rng(0)),
                ),
            ),
        ),
        (
            Null("documents alike", many(0), mostly=Verdict.REFUTED),
            LENGTHS_ALONE,
            Null("six of a hundred", many(6)),
            Null("twelve of a hundred", many(12), limits={Verdict.REFUTED: 0.95, Verdict.PARTLY: 0.95}),
            true_by_far(many(20)),
        ),
        {
            Verdict.VACUOUS: "permuted documents exceed the highest of 99 permutations once in a hundred, by "
            "construction: the null does not give a tenth",
        },
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_the_claims_numbers() -> None:
    finding = finding_of(domain_experts, token_routing=served(10)())
    share, excess = finding.headline[0].estimate, finding.excess[0].estimate
    assert share.value == pytest.approx(0.2, abs=0.03)
    assert share.value - excess.value == pytest.approx(0.01, abs=0.01)
    assert (share.n, share.unit) == (24, "document")
    assert finding.reported[0].estimate.value == pytest.approx(0.2, abs=0.03)
    assert finding.layers[0].values == pytest.approx([share.value] * 2, abs=0.05)
    assert len(finding.controls) == 1


def test_a_liking_of_single_documents_is_no_domains() -> None:
    # A quarter of the experts are liked by one document alone: large lifts, which permuted documents give as well.
    rng = np.random.default_rng(2)
    own = np.ones((1, len(SMALL.domain), SMALL.experts))
    own[:, np.arange(24), np.arange(24)] = 40.0
    finding = finding_of(domain_experts, token_routing=drawn_documents(SMALL, own, rng))
    assert finding.headline[0].estimate.value <= 0.04
