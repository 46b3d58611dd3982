"""Planted topics: sequences whose pooled states tell which experts they use, or do not."""

from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest
from scipy.optimize import brentq

from claims.core.verdict import Verdict
from claims.inputs.test_geo_fig05_sequences import test_sequence_similarity as sequence_similarity
from claims.tests.support.contract import Case, Contract, Null, contract_tests, true_by_far
from claims.tests.support.text_fits import predicted
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.stats.sampling import Sampling

LONG = World(sequences=40, length=48, width=8, experts=8, top_k=1)
MANY = replace(LONG, sequences=120)
RAW, CENTRED = {"states": "raw"}, {"states": "centred"}


def topical(
    world: World, seed: int = 11, *, ignored: float = 0.0, by_corpus: tuple[float, float] | None = None, bases: int = 2
) -> Trace:
    """Tokens point at experts drawn from their sequence's topic, and use them.

    Sequences of two corpora have topics around one of ``bases`` base topics, so that with two pairs across corpora lie
    lower. Of the sequences a share ``ignored``, or one for each corpus, uses the experts of topics of other sequences.
    """
    rng, known = np.random.default_rng(seed), np.random.default_rng(0)  # the base topics are those of every world
    base = np.repeat(known.dirichlet(np.full(world.experts, 0.5), bases), world.sequences // bases, axis=0)
    topic = np.stack([rng.dirichlet(20 * row / row.sum() + 0.05) for row in base])
    drawn = np.concatenate([rng.choice(world.experts, world.length, p=row) for row in topic])
    hidden = np.eye(world.experts)[drawn] + 0.05 * rng.standard_normal((world.tokens, world.experts))
    share = np.repeat(by_corpus or (ignored, ignored), world.sequences // 2)
    chosen = np.where(rng.random(world.tokens) < np.repeat(share, world.length), rng.permutation(drawn), drawn)
    return planted_trace(world, [hidden], [np.eye(world.experts)], experts=[chosen[:, None]], corpora=2, spectra=False)


def sliding(
    seed: int = 1,
    *,
    own: float = 0.0,
    lengths: tuple[int, ...] = (24, 96, 384),
    width: int = 16,
    sequences: int = 48,
) -> Trace:
    """Sequences of unlike length: tokens point at experts of a window that slides with the place, and use them.

    Parameters
    ----------
    own : share of the tokens that point at experts of the sequence's own topic instead
    lengths : of sequence i the one at i modulo their number
    """
    rng = np.random.default_rng(seed)
    tokens = np.array(lengths)[np.arange(sequences) % len(lengths)]
    owner = np.repeat(np.arange(sequences, dtype=np.int32), tokens)
    place = np.arange(len(owner)) - np.repeat(tokens.cumsum() - tokens, tokens)
    topic = rng.dirichlet(np.full(width, 0.3), sequences)
    slid = (place * 0.75 * width / max(lengths) + rng.normal(0.0, 1.0, len(owner))).astype(int) % width
    drawn = np.concatenate([rng.choice(width, count, p=row) for count, row in zip(tokens, topic, strict=True)])
    chosen = np.where(rng.random(len(owner)) < own, drawn, slid)
    hidden = np.eye(width)[chosen] + 0.05 * rng.standard_normal((len(owner), width))
    one = World(sequences=1, length=len(owner), width=width, experts=width, top_k=1)
    whole = planted_trace(one, [hidden], [np.eye(width)], experts=[chosen[:, None]], spectra=False)
    pooled = np.stack([hidden[owner == number].mean(axis=0) for number in range(sequences)])
    return replace(
        whole,
        sequence=owner,
        position=place.astype(np.int32),
        corpus=np.zeros(sequences, dtype=np.int16),
        documents=tuple(f"document {number}" for number in range(sequences)),
        layers=tuple(replace(layer, pooled=pooled) for layer in whole.layers),
    )


@cache
def ignoring(correlation: float, *, within: bool) -> float:
    """Return the share of tokens that must ignore their topic for a correlation, on average over many worlds.

    It is the correlation over all pairs, or the mean of those within the two corpora.
    """

    def beyond(share: float) -> float:
        found = []
        for seed in range(1000, 1010):
            one = finding_of(
                sequence_similarity, trace=topical(LONG, seed, ignored=share), variant=RAW, sampling=Sampling(0, 9)
            )
            found += [each.estimate.value for each in (one.parts[:2] if within else one.headline)]
        return float(np.mean(found)) - correlation

    return float(brentq(beyond, 0.0, 1.0, xtol=1e-2))


def at(seed: int, correlation: float, *, within: bool) -> Trace:
    """A world of such a correlation, but for chance."""
    return topical(LONG, seed, ignored=ignoring(correlation, within=within))


CONTRACTS = (
    Contract(
        sequence_similarity,
        (
            *(
                Case(f"topical sequences, {how}", Verdict.SUPPORTED, trace=partial(topical, LONG), variant=variant)
                for how, variant in (("raw", RAW), ("centred", CENTRED))
            ),
            Case(
                "topics that most tokens of one corpus ignore", Verdict.PARTLY, variant=RAW,
                says="part of the sentence is refuted: Spearman, within corpus 1",
                trace=partial(topical, MANY, by_corpus=(0.0, 0.9)),
            ),
            Case(
                "corpora of the same topics", Verdict.PARTLY, variant=RAW, says="usage similarity, across minus within",
                trace=partial(topical, MANY, ignored=0.3, bases=1),
            ),
            Case(
                "a weak relation", Verdict.PARTLY, variant=RAW, says="falls short of what is stated: Spearman, all",
                trace=partial(topical, MANY, ignored=0.68),
            ),
            Case(
                "a relation too weak to matter", Verdict.REFUTED, variant=RAW,
                trace=partial(topical, MANY, ignored=0.95),
            ),
            Case("topics ignored", Verdict.REFUTED, trace=partial(topical, LONG, ignored=1.0), variant=CENTRED),
            Case(
                "lengths alone", Verdict.VACUOUS, says="minus the same with usage permuted = 0.0", variant=RAW,
                trace=sliding,
            ),
            *(
                Case(name, Verdict.SUPPORTED, variant=RAW, trace=partial(sliding, own=0.6, lengths=lengths))
                for name, lengths in (("topics, equal lengths", (96,)), ("topics and lengths", (24, 96, 384)))
            ),
            Case(
                "hardly two sequences of the same length", Verdict.NOT_APPLICABLE, variant=RAW,
                says="sequences that change when permuted within lengths, .* = 0.26",
                trace=partial(sliding, own=1.0, sequences=16, lengths=tuple(int(24 * 2 ** (n / 2)) for n in range(12))),
            ),
            Case(
                "a correlation at the threshold", Verdict.INCONCLUSIVE, variant=RAW,
                trace=partial(topical, LONG, ignored=0.6),
            ),
            Case(
                "a few sequences", Verdict.NOT_APPLICABLE, says="4 sequences make too few pairs", variant=RAW,
                trace=partial(topical, replace(LONG, sequences=4)),
            ),
            Case(
                "a text that is not modelled", Verdict.NOT_APPLICABLE, says="a premise is not met: nats a token",
                variant=RAW, trace=lambda: predicted(topical(LONG), 0.3),
            ),
        ),
        (
            Null("lengths alone", {"trace": sliding, "variant": RAW}, 99),
            Null("topics ignored", {"trace": partial(topical, LONG, ignored=1.0), "variant": RAW}),
            Null(
                "a correlation at the threshold",
                {"trace": partial(at, correlation=0.5, within=False), "variant": RAW},
            ),
            Null(
                "true at its threshold plus a margin",
                {"trace": partial(at, correlation=0.65, within=True), "variant": RAW},
                limits={Verdict.REFUTED: 0.5, Verdict.PARTLY: 0.95},
            ),
            true_by_far({"trace": partial(topical, LONG), "variant": RAW}),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_the_excess_is_the_headline_minus_its_control() -> None:
    found = finding_of(sequence_similarity, trace=topical(LONG), variant=RAW)
    (headline,), (excess,), (control,) = found.headline, found.excess, found.controls
    assert excess.estimate.value == pytest.approx(headline.estimate.value - control.estimate.value)
    assert abs(control.estimate.value) < 0.1
    (curve,) = found.layers
    assert curve.values == (headline.estimate,)  # the one layer is the middle one
