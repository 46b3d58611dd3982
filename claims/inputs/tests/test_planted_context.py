"""Planted contexts: tokens that keep their experts near the input and lose them with depth."""

from dataclasses import replace
from functools import partial

import numpy as np

from claims.core.verdict import Verdict
from claims.inputs import test_geo_fig04_context
from claims.tests.support.contract import MEASURED, Case, Contract, Null, contract_tests
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.arrays import IntArray

TEXT = World(sequences=32, length=24, width=4, experts=16, top_k=2)
TYPES = 12
SPAN, SENTENCES = 8, 12
WEIGHT = np.zeros((TEXT.experts, TEXT.width))
TOKEN, SENTENCE = {"unit": "token"}, {"unit": "sentence"}
FALLING, FLAT, RISING = (1.0, 0.7, 0.4, 0.1), (0.95,) * 4, (0.8, 0.85, 0.9, 1.0)


def routed(world: World, token: IntArray, keeps: tuple[float, ...], seed: int, *, alike: bool = False) -> Trace:
    """Tokens that use the experts of their type with probability ``keeps[l]`` at layer l, else two at random.

    ``alike`` gives every type the same experts.
    """
    rng = np.random.default_rng(seed)
    own = np.stack([rng.permutation(world.experts)[: world.top_k] for _ in range(token.max() + 1)])
    chosen = []
    for keep in keeps:
        other = rng.random((world.tokens, world.experts)).argsort(axis=1)[:, : world.top_k]
        stays = rng.random(world.tokens) < keep
        chosen.append(np.where(stays[:, None], own[np.zeros_like(token) if alike else token], other))
    states = [np.zeros((world.tokens, world.width))] * len(keeps)
    return planted_trace(world, states, [WEIGHT] * len(keeps), experts=chosen, token=token, spectra=False)


def text(keeps: tuple[float, ...], seed: int = 3, *, alike: bool = False) -> Trace:
    """A text of twelve words."""
    token = np.random.default_rng(seed).integers(0, TYPES, TEXT.tokens)
    return routed(TEXT, token, keeps, seed, alike=alike)


def sentences(keeps: tuple[float, ...], seed: int = 3, contexts: int = 4) -> Trace:
    """Twelve sentences of eight words, each after four contexts."""
    world = replace(TEXT, sequences=SENTENCES * contexts)
    rng = np.random.default_rng(seed)
    before = rng.integers(0, TYPES, (world.sequences, world.length - SPAN))
    spans = np.repeat(rng.integers(0, TYPES, (SENTENCES, SPAN)), contexts, axis=0)
    trace = routed(world, np.concatenate([before, spans], axis=1).ravel(), keeps, seed)
    return replace(trace, labels={"sentence": tuple(str(i) for i in range(SENTENCES) for _ in range(contexts))})


def both_units(name: str, expected: Verdict, keeps: tuple[float, ...]) -> list[Case]:
    """Cases of tokens and of sentences that keep their experts alike."""
    return [
        Case(f"{name}, tokens", expected, read=partial(text, keeps), variant=TOKEN),
        Case(f"{name}, sentences", expected, read=partial(sentences, keeps), variant=SENTENCE),
    ]


CONTRACTS = (
    Contract(
        test_geo_fig04_context.test_context_dependence,
        (
            *both_units("experts kept near the input", Verdict.SUPPORTED, FALLING),
            *both_units("experts kept at depth", Verdict.REFUTED, RISING),
            *both_units("contexts that differ from the first layer on", Verdict.REFUTED, (0.4, 0.3, 0.2, 0.1)),
            *both_units("experts that never change", Verdict.REFUTED, (1.0,) * 4),
            Case("one set of experts for all", Verdict.VACUOUS, read=partial(text, FALLING, alike=True), variant=TOKEN),
            Case(
                "a first layer at the threshold", Verdict.INCONCLUSIVE, read=partial(text, (0.75, 0.5, 0.3, 0.1)),
                at={"first": MEASURED}, variant=TOKEN,
            ),
            Case(
                "two layers", Verdict.NOT_APPLICABLE, says="needs 3 MoE layers; measured: 2",
                read=partial(text, (1.0, 0.1)), variant=TOKEN,
            ),
            Case(
                "some of the layers", Verdict.NOT_APPLICABLE, says="4 of 9 were measured", variant=TOKEN,
                read=lambda: replace(text(FALLING), checkpoint={"moe_layers": 9}),
            ),
            Case(
                "no shared token", Verdict.NOT_APPLICABLE, variant=TOKEN,
                says="8 sequence pairs are needed for an interval: 0 of 16 pairs of sequences share two",
                read=lambda: replace(text(FALLING), token=np.arange(TEXT.tokens)),
            ),
            Case(
                "one context", Verdict.NOT_APPLICABLE, read=partial(sentences, FALLING, contexts=1), variant=SENTENCE,
                says="8 sentences are needed for an interval: 0 of 12 sentences have two",
            ),
        ),
        (
            Null("tokens that lose as much at every layer", {"read": partial(text, FLAT), "variant": TOKEN}),
            Null("sentences that lose as much at every layer", {"read": partial(sentences, FLAT), "variant": SENTENCE}),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_a_finding_says_what_was_compared() -> None:
    found = finding_of(CONTRACTS[0].claim, read=sentences(FALLING), variant=SENTENCE)
    assert {measured.estimate.unit for measured in (*found.criteria, *found.null)} == {"sentence", "order"}
    assert found.criteria[0].estimate.n == SENTENCES
    assert found.criteria[0].estimate.value == 1.0  # the first layer keeps every token's experts
    assert found.figure is not None
    assert found.figure.reference[0].y == [0.125, 0.125]
