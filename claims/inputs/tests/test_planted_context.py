"""Planted contexts: tokens that keep their experts near the input and lose them with depth."""

from dataclasses import replace

import numpy as np
import pytest

from claims.core.finding import NotApplicable
from claims.core.verdict import Verdict
from claims.inputs.test_geo_fig04_context import test_context_dependence as context_dependence
from claims.tests.support.verdicts import SAMPLING, verdict
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.arrays import IntArray
from metrics.stats.sampling import Sampling

# The claims are imported under names that pytest does not collect.

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


def judged(keeps: tuple[float, ...], variant: dict[str, str], seed: int = 3, sampling: Sampling = SAMPLING) -> Verdict:
    read = (sentences if variant == SENTENCE else text)(keeps, seed)
    return verdict(context_dependence, read=read, variant=variant, sampling=sampling)


@pytest.mark.parametrize("variant", [TOKEN, SENTENCE], ids=lambda variant: variant["unit"])
@pytest.mark.parametrize(("keeps", "expected"), [(FALLING, Verdict.SUPPORTED), (RISING, Verdict.REFUTED)])
def test_context_dependence(variant: dict[str, str], keeps: tuple[float, ...], expected: Verdict) -> None:
    assert judged(keeps, variant) == expected


@pytest.mark.parametrize("variant", [TOKEN, SENTENCE], ids=lambda variant: variant["unit"])
def test_context_dependence_refuted_when_contexts_differ_from_the_first_layer_on(variant: dict[str, str]) -> None:
    assert judged((0.4, 0.3, 0.2, 0.1), variant) == Verdict.REFUTED


def test_context_dependence_vacuous_when_all_tokens_use_the_same_experts() -> None:
    trace = text(FALLING, alike=True)
    assert verdict(context_dependence, read=trace, variant=TOKEN, sampling=SAMPLING) == Verdict.VACUOUS


def test_experts_that_never_change_show_no_trend() -> None:
    assert judged((1.0,) * 4, TOKEN) == Verdict.REFUTED


@pytest.mark.parametrize(
    ("trace", "variant", "reason"),
    [
        (text((1.0, 0.1)), TOKEN, "needs 3 MoE layers; measured: 2"),
        (replace(text(FALLING), checkpoint={"moe_layers": 9}), TOKEN, "4 of 9 were measured"),
        (
            replace(text(FALLING), token=np.arange(TEXT.tokens)),
            TOKEN,
            "8 sequence pairs are needed for an interval: 0 of 16 pairs of sequences share two",
        ),
        (
            sentences(FALLING, contexts=1),
            SENTENCE,
            "8 sentences are needed for an interval: 0 of 12 sentences have two",
        ),
    ],
    ids=["two layers", "some layers", "no shared token", "one context"],
)
def test_context_dependence_is_not_applicable(trace: Trace, variant: dict[str, str], reason: str) -> None:
    with pytest.raises(NotApplicable, match=reason):
        context_dependence(read=trace, variant=variant, sampling=SAMPLING)


def test_a_finding_says_what_was_compared() -> None:
    trace = sentences(FALLING)
    found = context_dependence(read=trace, variant=SENTENCE, sampling=SAMPLING)
    assert {measured.estimate.unit for measured in (*found.criteria, *found.null)} == {"sentence", "order"}
    assert found.criteria[0].estimate.n == SENTENCES
    assert found.criteria[0].estimate.value == 1.0  # the first layer keeps every token's experts
    assert found.figure is not None
    assert found.figure.reference[0].y == [0.125, 0.125]


@pytest.mark.parametrize("variant", [TOKEN, SENTENCE], ids=lambda variant: variant["unit"])
def test_false_support_stays_below_five_percent(variant: dict[str, str]) -> None:
    """Tokens that lose as much at every layer: overlap is high, and depth does not matter."""
    supported = sum(judged(FLAT, variant, seed, Sampling(seed, 199)) == Verdict.SUPPORTED for seed in range(200))
    assert supported <= 0.05 * 200, f"{supported} of 200 null draws were called supported"
