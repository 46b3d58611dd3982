"""Planted contexts: tokens that keep their experts near the input and lose them with depth."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from claims.core.finding import Finding
from claims.core.verdict import Verdict
from claims.inputs.test_geo_fig04_context import test_context_dependence as context_dependence
from claims.tests.support.contract import Case, Contract, Null, contract_tests, true_by_far
from claims.tests.support.text_fits import BADLY, text_with_gain
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from fixtures.routing.chosen_experts import ChosenExperts, chosen_in
from metrics.arrays import IntArray

TEXT = World(sequences=32, length=24, width=4, experts=16, top_k=2)
TYPES = 12
SPAN, SENTENCES = 8, 12
WEIGHT = np.zeros((TEXT.experts, TEXT.width))
TOKEN, SENTENCE = {"unit": "token"}, {"unit": "sentence"}
FALLING, FLAT, RISING = (1.0, 0.7, 0.4, 0.1), (0.95,) * 4, (0.8, 0.85, 0.9, 1.0)
#: The same token shares 0.64 of its experts in the first layer, a little more than the threshold.
ABOVE = (0.77, 0.5, 0.3, 0.1)


def routed(world: World, token: IntArray, keeps: tuple[float, ...], seed: int, *, alike: float = 0.0) -> Trace:
    """Tokens that use the experts of their type with probability ``keeps[l]`` at layer l, else two at random.

    ``alike`` is the share of the types that have the same experts.
    """
    rng = np.random.default_rng(seed)
    own = np.stack([rng.permutation(world.experts)[: world.top_k] for _ in range(token.max() + 1)])
    own[: round(alike * len(own))] = np.arange(world.top_k)
    chosen = []
    for keep in keeps:
        other = rng.random((world.tokens, world.experts)).argsort(axis=1)[:, : world.top_k]
        stays = rng.random(world.tokens) < keep
        chosen.append(np.where(stays[:, None], own[token], other))
    return choosing(world, token, chosen)


def choosing(world: World, token: IntArray, chosen: list[IntArray]) -> Trace:
    """Tokens that use these experts, (N, k) a layer."""
    states = [np.zeros((world.tokens, world.width))] * len(chosen)
    return planted_trace(world, states, [WEIGHT] * len(chosen), experts=chosen, token=token, spectra=False)


def words(seed: int) -> IntArray:
    """A text of twelve words."""
    return np.random.default_rng(seed).integers(0, TYPES, TEXT.tokens)


def text(keeps: tuple[float, ...], seed: int = 3, *, alike: float = 0.0) -> ChosenExperts:
    """A text of twelve words that keep their experts so often."""
    return chosen_in(routed(TEXT, words(seed), keeps, seed, alike=alike))


def losing_what_all_share(keeps: tuple[float, ...], seed: int = 3) -> ChosenExperts:
    """Words with one expert of their own at every layer; the other is one for all, the less often the deeper."""
    rng, token = np.random.default_rng(seed), words(seed)
    others = rng.integers(TYPES + 1, TEXT.experts, (len(keeps), TEXT.tokens))
    first = np.where(rng.random(others.shape) < np.array(keeps)[:, None], TYPES, others)
    return chosen_in(choosing(TEXT, token, [np.stack([row, token], axis=1) for row in first]))


def sentences(keeps: tuple[float, ...], seed: int = 3, contexts: int = 4) -> ChosenExperts:
    """Twelve sentences of eight words, each after four contexts."""
    world = replace(TEXT, sequences=SENTENCES * contexts)
    rng = np.random.default_rng(seed)
    before = rng.integers(0, TYPES, (world.sequences, world.length - SPAN))
    spans = np.repeat(rng.integers(0, TYPES, (SENTENCES, SPAN)), contexts, axis=0)
    trace = routed(world, np.concatenate([before, spans], axis=1).ravel(), keeps, seed)
    named = tuple(str(i) for i in range(SENTENCES) for _ in range(contexts))
    return chosen_in(replace(trace, labels={"sentence": named}))


USUAL = partial(text, FALLING)


def badly_modelled(read: Callable[[], ChosenExperts]) -> ChosenExperts:
    """The same choices, by a model that does not model the text."""
    return replace(read(), fit=text_with_gain(BADLY).fit)


def of_tokens(name: str, expected: Verdict, read: Callable[[], ChosenExperts], **asked: object) -> Case:
    """A case of tokens; nothing tells how well their text is modelled."""
    return Case(name, expected, choices=read, variant=TOKEN, **asked)  # type: ignore[arg-type]


def both_units(name: str, expected: Verdict, keeps: tuple[float, ...], says: str = "") -> list[Case]:
    """Cases of tokens and of sentences that keep their experts alike."""
    return [
        of_tokens(f"{name}, tokens", expected, partial(text, keeps), says=says),
        Case(f"{name}, sentences", expected, says=says, choices=partial(sentences, keeps), variant=SENTENCE),
    ]


CONTRACTS = (
    Contract(
        context_dependence,
        (
            *both_units("experts kept near the input", Verdict.SUPPORTED, FALLING),
            *both_units("a little more than the first layer needs", Verdict.SUPPORTED, (0.85, 0.5, 0.3, 0.1)),
            *both_units(
                "a little less than the first layer needs", Verdict.PARTLY, (0.65, 0.5, 0.3, 0.1),
                says="falls short of what is stated: expert overlap in the first layer, same token",
            ),
            of_tokens("different tokens share half as much", Verdict.SUPPORTED, partial(text, FALLING, alike=0.75)),
            *both_units("experts kept at depth", Verdict.REFUTED, RISING, says=r"Spearman\(layer, overlap\), same"),
            *both_units("hardly any expert kept, from the first layer on", Verdict.REFUTED, (0.25, 0.2, 0.15, 0.1)),
            *both_units("experts that never change", Verdict.INCONCLUSIVE, (1.0,) * 4),
            of_tokens("one set of experts for all", Verdict.VACUOUS, partial(text, FALLING, alike=1.0)),
            of_tokens(
                "different tokens lose as much", Verdict.VACUOUS, partial(losing_what_all_share, (1.0, 0.8, 0.6, 0.3)),
                says="so does its null: same minus different tokens, first minus last layer",
            ),
            of_tokens(
                "a fall too small to matter", Verdict.VACUOUS, partial(text, (1.0, 0.99, 0.98, 0.97)),
                says="so does its null: same minus different tokens, first minus last layer",
            ),
            of_tokens(
                "a first layer at the threshold", Verdict.INCONCLUSIVE, partial(text, (0.73, 0.5, 0.3, 0.1)),
            ),
            of_tokens(
                "three layers, which fall by luck one time in six", Verdict.INCONCLUSIVE,
                partial(text, (1.0, 0.5, 0.1)), says="permutation p over layer orders",
            ),
            of_tokens(
                "two layers", Verdict.NOT_APPLICABLE, partial(text, (1.0, 0.1)), says="needs 3 MoE layers; measured: 2"
            ),
            of_tokens(
                "some of the layers", Verdict.NOT_APPLICABLE, lambda: replace(USUAL(), checkpoint={"moe_layers": 9}),
                says="4 of 9 were measured",
            ),
            of_tokens(
                "no shared token", Verdict.NOT_APPLICABLE, lambda: replace(USUAL(), token=np.arange(TEXT.tokens)),
                says="8 sequence pairs are needed for an interval: 0 of 16 pairs of sequences share two",
            ),
            Case(
                "one context", Verdict.NOT_APPLICABLE, choices=partial(sentences, FALLING, contexts=1),
                variant=SENTENCE, says="8 sentences are needed for an interval: 0 of 12 sentences have two",
            ),
            *(
                Case(
                    f"a text that is not modelled, {variant['unit']}s", Verdict.NOT_APPLICABLE, variant=variant,
                    says="a premise is not met: nats a token", choices=partial(badly_modelled, read),
                )
                for variant, read in ((TOKEN, USUAL), (SENTENCE, partial(sentences, FALLING)))
            ),
        ),
        (
            Null(
                "tokens that lose as much at every layer",
                {"choices": partial(text, FLAT), "variant": TOKEN},
            ),
            Null(
                "sentences that lose as much at every layer",
                {"choices": partial(sentences, FLAT), "variant": SENTENCE},
            ),
            Null(
                "true at its threshold plus a margin",
                {"choices": lambda seed: text(ABOVE, seed), "variant": TOKEN},
                limits={Verdict.REFUTED: 0.5, Verdict.PARTLY: 0.5},
            ),
            true_by_far({"choices": lambda seed: text((0.9, 0.5, 0.3, 0.1), seed), "variant": TOKEN}),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def everything(found: Finding) -> list[tuple[str, str]]:
    return [(measured.name, measured.estimate.unit) for _, measured in found.by_role()]


def test_a_finding_says_what_was_compared() -> None:
    found = finding_of(context_dependence, choices=sentences(FALLING), variant=SENTENCE)
    assert {unit for _, unit in everything(found)} == {"sentence", "order"}
    assert found.headline[0].estimate.n == SENTENCES
    assert found.headline[0].estimate.value == 1.0  # the first layer keeps every token's experts
    assert found.figure is not None
    assert found.figure.reference[0].y == [0.125, 0.125]
