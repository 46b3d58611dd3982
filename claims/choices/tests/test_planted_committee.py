"""Planted documents that a few experts serve in every domain, in some, or in none.  arXiv 2601.03425."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from claims.choices import test_2601_03425_committee
from claims.core.judge import judge
from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests, refused, true_by_far
from claims.tests.support.planted_domains import Library, by_domain, counts_of, drawn_documents
from claims.tests.support.verdicts import declared, finding_of
from fixtures.evidence.token_routing import TokenRouting
from metrics.arrays import Float64Array

standing_committee = test_2601_03425_committee.test_standing_committee
TEXTS = Library(documents=6, tokens=400, layers=3, experts=32)
#: For worlds of chance, which are many.
SMALL = replace(TEXTS, documents=4, layers=1)
#: So few experts that any five of them carry most of the visits.
SIX = Library(documents=6, tokens=4000, layers=1, experts=6)
#: Of the visits of a committee, the share of each member.
GRADED = (0.3, 0.22, 0.18, 0.16, 0.14)


def committee(library: Library, held: Sequence[float], moved: int = 0) -> Float64Array:
    """Profiles of documents (L, N, E): in each domain five experts hold a share, the others the rest alike.

    Parameters
    ----------
    held : share of each domain's five
    moved : how many of the five every domain has for itself, the least used ones
    """
    profile = np.empty((library.layers, library.domains, library.experts))
    for domain, share in enumerate(held):
        members = np.append(np.arange(5 - moved), 5 + moved * domain + np.arange(moved))
        profile[:, domain] = (1 - share) / (library.experts - 5)
        profile[:, domain, members] = share * np.array(GRADED)
    return by_domain(library, profile)


def served(
    held: float | Sequence[float], seed: int = 1, library: Library = TEXTS, moved: int = 0
) -> Callable[[], TokenRouting]:
    """Draw documents that committees serve."""
    shares = held if isinstance(held, Sequence) else [held] * library.domains
    return lambda: drawn_documents(library, committee(library, shares, moved), np.random.default_rng(seed))


def balanced(seed: int = 1, library: Library = TEXTS) -> TokenRouting:
    """Draw documents whose loads are balanced as a whole, each with likings of its own."""
    rng = np.random.default_rng(seed)
    shape = (library.layers, len(library.domain))
    return drawn_documents(library, rng.dirichlet(np.full(library.experts, 20.0), shape), rng)


def tied(library: Library = SMALL) -> TokenRouting:
    """Draw documents of equal usage whose fifth and sixth expert are used alike."""
    profile = np.full(library.experts, 0.2 / (library.experts - 6))
    profile[:6] = [0.2, 0.18, 0.16, 0.12, 0.07, 0.07]
    return drawn_documents(replace(library, documents=12), profile, np.random.default_rng(3))


def counted(library: Library = TEXTS) -> TokenRouting:
    """Return published counts of domains that a committee serves."""
    return counts_of(library, committee(library, [0.7] * library.domains), np.random.default_rng(0))


CONTRACTS = (
    Contract(
        standing_committee,
        (
            Case("a committee of all domains", Verdict.SUPPORTED, token_routing=served(0.7)),
            Case(
                "it holds four tenths", Verdict.PARTLY, says="falls short of what is stated: share of visits",
                token_routing=served(0.4),
            ),
            Case(
                "two of five are a domain's own", Verdict.PARTLY, says="falls short of what is stated: Jaccard",
                token_routing=served(0.9, moved=2),
            ),
            Case(
                "one domain uses it less", Verdict.PARTLY, says="a part of the sentence is refuted: their share",
                token_routing=served([0.9, 0.9, 0.35]),
            ),
            Case("balanced loads", Verdict.REFUTED, token_routing=balanced),
            Case("a committee a domain", Verdict.REFUTED, token_routing=served(0.5, moved=5)),
            Case(
                "five of six experts", Verdict.VACUOUS, says="minus that of a balanced router",
                token_routing=served(0.87, library=SIX),
            ),
            Case("at the threshold", Verdict.INCONCLUSIVE, token_routing=served(0.5)),
            Case(
                "a fifth expert like the sixth", Verdict.INCONCLUSIVE, says="^Jaccard of two domains' five",
                token_routing=tied,
            ),
            Case("counts of domains", Verdict.INCONCLUSIVE, says=r"\(1 capture\)", token_routing=counted),
            *refused(
                "token_routing",
                ("one domain", "the text is of 1 domain", served(0.7, library=replace(TEXTS, domains=1))),
                ("one document a domain", "has 1 document", served(0.7, library=replace(TEXTS, documents=1))),
                (
                    "five experts", "layers have 5 experts at most",
                    lambda: balanced(library=replace(TEXTS, experts=5)),
                ),
            ),
        ),
        (
            Null(
                "balanced loads", {"token_routing": lambda seed: balanced(seed, SMALL)}, mostly=Verdict.REFUTED,
            ),
            Null("nearly half of the visits", {"token_routing": lambda seed: served(0.48, seed, SMALL)()}),
            Null(
                "a little more than half", {"token_routing": lambda seed: served(0.51, seed, SMALL)()},
                limits={Verdict.REFUTED: 0.95, Verdict.PARTLY: 0.95},
            ),
            true_by_far({"token_routing": lambda seed: served(0.53, seed, SMALL)()}),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_the_claims_numbers() -> None:
    finding = finding_of(standing_committee, token_routing=served(0.7)())
    share, same = (measured.estimate for measured in finding.headline)
    assert share.value == pytest.approx(0.7, abs=0.02)
    assert (same.value, same.n, same.unit) == (1.0, 18, "document")
    assert finding.controls[0].estimate.value == pytest.approx(5 / 32, abs=0.03)


def test_the_median_layer_decides() -> None:
    routing = served(0.7)()
    even = balanced()
    one, two = (replace(routing, layers=(*even.layers[:count], *routing.layers[count:])) for count in (1, 2))
    found = [finding_of(standing_committee, token_routing=each).headline[0].estimate.value for each in (one, two)]
    assert found[0] > 0.65
    assert found[1] < 0.3


def test_counts_alone_have_values_and_decide_nothing() -> None:
    finding = finding_of(standing_committee, token_routing=counted())
    judged = judge(declared(standing_committee), finding, {})
    assert [criterion.holds for criterion in judged.criteria] == [None] * len(judged.criteria)
    assert finding.headline[0].estimate.value == pytest.approx(0.7, abs=0.02)
    assert {one.estimate.n for _, one in finding.by_role()} == {1}
