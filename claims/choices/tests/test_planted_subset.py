"""Planted likelihoods: a quarter of the experts that breaks a model, that spares it, and that nothing chose well."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from claims.choices import test_2605_06663_subset
from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests, refused, true_by_far
from claims.tests.support.text_fits import BADLY
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.ablation import CutLayer, DomainSubsets, Gates, SubsetScores
from fixtures.evidence.text_fit import TextFit
from metrics.arrays import Float64Array

domain_subset = test_2605_06663_subset.test_domain_subset
DOMAINS = ("prose", "maths", "code")
#: Predicted tokens of a document.
TOKENS = 255


def scores(
    domain: npt.NDArray[np.int16],
    whole: Float64Array,
    rng: np.random.Generator,
    *,
    on: float | tuple[float, ...] = 0.4,
    off: float = 0.6,
    random: float = 0.6,
    unsettled: float | tuple[float, ...] = 0.0,
    noise: float = 0.05,
    spread: float = 0.05,
    gates: Gates = "among kept",
) -> SubsetScores:
    """Relative rises with experts chosen on the domain, on others and at random, each document's with noise of its own.

    A document that suffers more than others does so however experts were chosen, but for a quarter of the noise.
    Experts chosen on the scored documents themselves cost ``unsettled`` less than those chosen on others of the domain.
    Each random choice rises by its own amount, which varies by ``spread``.
    """
    own, suffers = np.broadcast_to(on, len(DOMAINS))[domain], rng.normal(0, noise, len(whole))

    def risen(rise: float | Float64Array) -> Float64Array:
        return np.asarray(whole * (1 + rise + suffers + rng.normal(0, noise / 4, len(whole))))

    rows = [risen(np.where(domain == number, own, off)) for number in range(len(DOMAINS))]
    draws = [risen(random + rng.normal(0, spread)) for _ in range(8)]
    luck = np.broadcast_to(unsettled, len(DOMAINS))[domain]
    return SubsetScores(gates, np.array(rows), risen(own - luck), np.array(draws))


def planted(
    *, documents: int = 16, seed: int = 0, gain: float = 2.0, moe_layers: int = 2, keep: int = 4, **rises: Any
) -> DomainSubsets:
    """Documents of three domains, a sequence each, that the whole model predicts ``gain`` nats better than counts do.

    The model has ``moe_layers`` layers, of which two were cut; ``rises`` are those of `scores`.
    """
    rng = np.random.default_rng(seed)
    domain = np.repeat(np.arange(len(DOMAINS)), documents).astype(np.int16)
    nll = rng.uniform(2.5, 4.0, len(domain))
    visits = np.arange(3 * 16).reshape(3, 16) % 17
    return DomainSubsets(
        checkpoint={"name": "planted", "moe_layers": moe_layers},
        population={"name": "text"},
        corpus=domain,
        corpora=DOMAINS,
        documents=tuple(f"document {number}" for number in range(len(domain))),
        fit=TextFit(nll, nll + gain),
        predicted=np.full(len(domain), TOKENS),
        whole=nll * TOKENS,
        choosing=np.full(len(DOMAINS), documents),
        scores=(scores(domain, nll * TOKENS, rng, **rises),),
        layers=tuple(CutLayer(number, keep, 2, visits, visits[:, ::-1].copy()) for number in range(2)),
    )


def world(**rises: Any) -> Callable[[], DomainSubsets]:
    """What `planted` builds."""
    return partial(planted, **rises)


def worlds(name: str, *rare: Verdict, limit: float = 0.5, mostly: Verdict | None = None, **rises: Any) -> Null:
    """Worlds of these rises, in which some verdicts must be rare."""
    return Null(
        name, {"domain_subsets": lambda seed: planted(seed=seed, **rises)}, limits=dict.fromkeys(rare, limit),
        mostly=mostly,
    )  # fmt: skip


CONTRACTS = (
    Contract(
        domain_subset,
        (
            Case("it breaks", Verdict.SUPPORTED, domain_subsets=world()),
            Case("any quarter breaks it as much", Verdict.SUPPORTED, domain_subsets=world(on=0.6)),
            Case("choosing saves most of it, not enough", Verdict.SUPPORTED, domain_subsets=world(on=0.2, random=2.0)),
            Case("eight documents a domain", Verdict.SUPPORTED, domain_subsets=world(documents=8)),
            Case(
                "one domain is open", Verdict.SUPPORTED, says="open is a part of the sentence: loss rise in code",
                domain_subsets=world(on=(0.4, 0.4, 0.1)),
            ),
            Case(
                "one domain is spared", Verdict.PARTLY, says="a part of the sentence is refuted: loss rise in maths",
                domain_subsets=world(on=(0.4, 0.02, 0.4)),
            ),
            Case("experts serve domains", Verdict.REFUTED, domain_subsets=world(on=0.02, random=1.0)),
            Case("three quarters of what matters", Verdict.REFUTED, domain_subsets=world(on=0.075, random=1.0)),
            Case(
                "nothing changes at all", Verdict.REFUTED,
                domain_subsets=world(on=0.0, off=0.0, random=0.0, noise=0.0, spread=0.0),
            ),
            Case("every domain is spared but one", Verdict.REFUTED, domain_subsets=world(on=(0.16, 0.02, 0.02))),
            Case(  # without a null by nature, an untrained model alone can give it too
                "the untrained twin breaks as much", Verdict.VACUOUS, says="minus the untrained twin's = -0.0",
                domain_subsets=world(), twin={"domain_subsets": world(on=0.42, seed=1)},
            ),
            Case(
                "the untrained twin breaks half as much", Verdict.SUPPORTED,
                domain_subsets=world(), twin={"domain_subsets": world(on=0.2, seed=1)},
            ),
            Case("a tenth", Verdict.INCONCLUSIVE, domain_subsets=world(on=0.1)),
            Case(
                "whether the choice is settled is open", Verdict.INCONCLUSIVE, says="own favourites = 0.0",
                domain_subsets=world(on=0.14, unsettled=0.05),
            ),
            Case(
                "too little text chose, and yet no choice spares it", Verdict.SUPPORTED,
                domain_subsets=world(unsettled=0.2),
            ),
            Case(
                "a model that does not know the text", Verdict.NOT_APPLICABLE, says="over token frequencies = 0.3",
                domain_subsets=world(gain=BADLY[0]),
            ),
            Case(
                "too little text chose", Verdict.NOT_APPLICABLE, says="own favourites = 0.1",
                domain_subsets=world(on=0.2, unsettled=0.15),
            ),
            Case(
                "too little text chose in one domain", Verdict.NOT_APPLICABLE, says="own favourites = 0.1",
                domain_subsets=world(unsettled=(0.0, 0.0, 0.38)),
            ),
            *refused("domain_subsets", ("layers left whole", "2 of 6 were cut", world(moe_layers=6))),
        ),
        (
            worlds("exactly a tenth", Verdict.SUPPORTED, limit=0.95, on=0.1),
            worlds("exactly a tenth, eight documents a domain", Verdict.SUPPORTED, limit=0.95, documents=8, on=0.1),
            worlds("experts serve domains", Verdict.SUPPORTED, on=0.02, random=1.0, mostly=Verdict.REFUTED),
            worlds("exactly a tenth, documents differ", Verdict.SUPPORTED, on=0.1, noise=0.2),
            worlds(
                "a little more than a tenth", Verdict.REFUTED, Verdict.PARTLY, Verdict.NOT_APPLICABLE, limit=0.95,
                on=0.12,
            ),
            true_by_far({"domain_subsets": lambda seed: planted(seed=seed)}),
            true_by_far(
                {"domain_subsets": lambda seed: planted(seed=seed, on=0.25, noise=0.2)}, which="documents differ",
            ),
            worlds("a little more, documents differ", Verdict.REFUTED, limit=0.95, on=0.12, noise=0.2),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_the_claims_numbers() -> None:
    finding = finding_of(domain_subset, domain_subsets=planted(on=(0.2, 0.3, 0.4), random=0.8, noise=0.0, spread=0.0))
    values = {measured.name: measured.estimate.value for _, measured in finding.by_role()}
    assert values["loss rise, experts chosen on the domain"] == pytest.approx(0.3)
    assert [values[f"loss rise in {name}"] for name in DOMAINS] == pytest.approx([0.2, 0.3, 0.4])
    assert values["loss rise, experts chosen on another domain"] == pytest.approx(0.6)
    assert values["loss rise, random experts, mean of 8"] == pytest.approx(0.8)
    assert values["share of random experts' rise that choosing on the domain saves"] == pytest.approx(0.5 / 0.8)
    assert values["loss rise, experts chosen on another domain minus on its own"] == pytest.approx(0.3)
    assert values["nats a token gained on the text over token frequencies"] == pytest.approx(2.0)


def test_the_unit_is_the_document_whatever_its_sequences() -> None:
    whole = planted()
    names = tuple(f"document {number // 2}" for number in range(48))
    for found, counts in ((whole, (48, 16)), (replace(whole, documents=names), (24, 8))):
        finding = finding_of(domain_subset, domain_subsets=found)
        both = finding.headline[0].estimate, finding.parts[0].estimate
        assert {estimate.unit for estimate in both} == {"document"}
        assert tuple(estimate.n for estimate in both) == counts


def test_which_random_experts_were_drawn_takes_part_in_intervals() -> None:
    narrow, wide = (planted(noise=0.0, spread=spread) for spread in (0.0, 0.1))
    for found, least, most in ((narrow, 0.0, 0.001), (wide, 0.02, 0.4)):
        finding = finding_of(domain_subset, domain_subsets=found)
        random, saved = finding.controls[1].estimate, finding.reported[0].estimate
        assert all(least <= one.high - one.low <= most for one in (random, saved))
        assert finding.controls[0].estimate.high - finding.controls[0].estimate.low < 0.001


def test_both_ways_to_make_gates_are_judged_where_they_differ() -> None:
    one = planted()
    other = replace(planted(on=0.02).scores[0], gates="as routed")
    both = replace(one, scores=(*one.scores, other))
    rises = [
        finding_of(domain_subset, domain_subsets=both, variant={"gates": gates}).headline[0].estimate.value
        for gates in ("among kept", "as routed")
    ]
    assert rises == pytest.approx([0.4, 0.02], abs=0.03)
    same = finding_of(domain_subset, domain_subsets=one, variant={"gates": "as routed"})
    assert same.headline == finding_of(domain_subset, domain_subsets=one).headline
    assert "Combine weights depend on the chosen experts alone: both variants are one." in same.notes


def test_what_is_drawn_and_said() -> None:
    finding = finding_of(domain_subset, domain_subsets=planted(keep=2, noise=0.0))
    assert finding.figure is not None
    labels = ["single random choices", "chosen on the domain", "on another domain", "random, mean"]
    assert [series.label for series in finding.figure.series] == labels
    assert len(finding.figure.series[0].y) == 8 * len(DOMAINS)
    assert finding.figure.ticks == list(DOMAINS)
    assert any("In 2 of 2 layers a token uses all that is kept" in note for note in finding.notes)
    own, other = finding.layers
    whole = planted().layers[0]
    kept = np.argsort(-whole.chosen_on, axis=1, kind="stable")[:, :2]
    shares = [[whole.scored[text, kept[by]].sum() / whole.scored[text].sum() for text in range(3)] for by in range(3)]
    assert own.values == pytest.approx([np.mean(np.diag(shares))] * 2)
    assert other.values == pytest.approx([(np.sum(shares) - np.trace(shares)) / 6] * 2)
