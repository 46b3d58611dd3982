"""Planted neighbours: tokens that keep the experts of the token before them, or have those that all tokens prefer."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from claims.choices.test_mixtral_tab05_consecutive import test_consecutive_experts as consecutive_experts
from claims.core.verdict import Verdict
from claims.tests.support.contract import Contract, Null, contract_tests, refused, true_by_far
from claims.tests.support.planted_routing import (
    case_of,
    counts_alone,
    drawn_sets,
    in_each,
    kept_from_before,
    planted_routing,
)
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.token_routing import TokenRouting

SEQUENCES, LENGTH, EXPERTS, TOP_K = 40, 64, 8, 2
FIRST, ANY = {"experts": "first choice"}, {"experts": "any of k"}
#: Shares of tokens that keep the experts of the token before, by layer.
DEEP, EVERYWHERE, NOWHERE = (0.0, 0.1, 0.2, 0.2), (0.2,) * 4, (0.0,) * 4
#: Repeats 0.02 above chance in deep layers, which is the threshold.
AT = (0.0, 0.025, 0.025, 0.025)
#: Repeats a little more than 0.03 above chance in deep layers: of first choices (1 - 1/8), of any (1 - 13/28).
ABOVE = {"first choice": (0.0, 0.03, 0.035, 0.035), "any of k": (0.0, 0.05, 0.06, 0.06)}
#: Loads by which first choices repeat 0.29 of the time, 0.17 above uniform chance.
SKEWED = np.array([0.5, 0.15, 0.1, 0.05, 0.05, 0.05, 0.05, 0.05])


def world(
    keeps: tuple[float, ...],
    seed: int = 3,
    *,
    load: Any = None,
    top_k: int = TOP_K,
    sequences: int = SEQUENCES,
    length: int = LENGTH,
    **read: Any,
) -> TokenRouting:
    """Tokens that keep the experts of the token before with probability ``keeps[l]`` at layer l, else draw them."""
    rng = np.random.default_rng(seed)
    shape = (sequences, length)
    layers = [
        kept_from_before(drawn_sets(rng, shape, EXPERTS, top_k, load), rng.random(shape) < keep) for keep in keeps
    ]
    return planted_routing(np.stack(layers, axis=2), EXPERTS, **read)


def avoiding(seed: int = 3) -> TokenRouting:
    """Tokens that never have the first choice of the token before, at any layer."""
    rng = np.random.default_rng(seed)
    steps = rng.integers(1, EXPERTS, (SEQUENCES, LENGTH, 4))
    first = steps.cumsum(axis=1) % EXPERTS
    return planted_routing(np.stack([first, (first + 1) % EXPERTS], axis=3), EXPERTS)


#: Cases in the first variant unless they say otherwise, and in both.
case, both = partial(case_of, FIRST), partial(in_each, (FIRST, ANY))

CONTRACTS = (
    Contract(
        consecutive_experts,
        (
            *both("experts kept in deep layers", Verdict.SUPPORTED, partial(world, DEEP)),
            *both("and loads that repeat them too", Verdict.SUPPORTED, partial(world, DEEP, load=SKEWED)),
            *both(
                "experts kept in the first layer as well", Verdict.PARTLY, partial(world, EVERYWHERE),
                says="part of the sentence is refuted: repeats beyond another order of the tokens, first layer",
            ),
            *both(
                "experts that all tokens prefer", Verdict.VACUOUS, partial(world, NOWHERE, load=SKEWED, length=256),
                says="repeats beyond another order of the tokens, deepest half",
            ),
            *both("experts drawn for each token", Verdict.REFUTED, partial(world, NOWHERE, length=256)),
            *both("experts avoided", Verdict.REFUTED, avoiding),
            *both("experts kept in the first layer alone", Verdict.REFUTED, partial(world, (0.3, 0, 0, 0), length=256)),
            case("a share at the threshold", Verdict.INCONCLUSIVE, partial(world, AT)),
            case("one sequence", Verdict.INCONCLUSIVE, partial(world, DEEP, sequences=1, length=2000)),
            case("two sequences", Verdict.INCONCLUSIVE, partial(world, DEEP, sequences=2)),
            case(
                "experts in no order, any of k", Verdict.SUPPORTED, partial(world, DEEP, best_first=False), variant=ANY
            ),
            *refused(
                "token_routing",
                ("counts alone", "whole corpora were counted: only the visits", lambda: counts_alone(world(DEEP))),
                ("two layers", "needs 3 MoE layers; measured: 2", partial(world, DEEP[:2])),
                ("some layers", "4 of 9 were", lambda: replace(world(DEEP), checkpoint={"moe_layers": 9})),
                ("sequences of one token", "none of 40 sequences has two tokens", partial(world, DEEP, length=1)),
                ("experts in no order", "which of a token's experts", partial(world, DEEP, best_first=False)),
                variant=FIRST,
            ),
            case(
                "five experts of eight", Verdict.NOT_APPLICABLE, partial(world, DEEP, top_k=5), variant=ANY,
                says="100.0% of neighbours share an expert by uniform chance",
            ),
        ),
        (
            *(
                Null(
                    f"experts that all tokens prefer, {variant['experts']}",
                    {"token_routing": lambda seed: world(NOWHERE, seed, load=SKEWED, length=160), "variant": variant},
                    mostly=Verdict.VACUOUS,
                )
                for variant in (FIRST, ANY)
            ),
            Null("experts drawn for each token", {"token_routing": partial(world, NOWHERE), "variant": FIRST}),
            *(
                Null(
                    f"true at its threshold plus a margin, {variant['experts']}",
                    {"token_routing": partial(world, ABOVE[variant["experts"]]), "variant": variant},
                    limits={Verdict.REFUTED: 0.5, Verdict.PARTLY: 0.5},
                )
                for variant in (FIRST, ANY)
            ),
            *(
                true_by_far({"token_routing": partial(world, DEEP), "variant": variant}, which=variant["experts"])
                for variant in (FIRST, ANY)
            ),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_the_numbers_are_those_that_were_planted() -> None:
    found = finding_of(consecutive_experts, token_routing=world(DEEP, length=400))
    (headline,), (excess,), (control,) = found.headline, found.excess, found.controls
    assert headline.estimate.value == pytest.approx(0.2 * (1 - 1 / EXPERTS), abs=0.01)
    assert excess.estimate.value == pytest.approx(headline.estimate.value - control.estimate.value)
    assert found.layers[0].layers == (1, 2, 3, 4)
    assert found.layers[2].values == (1 / EXPERTS,) * 4
    assert "In layers 3 to 4" in found.notes[0]


def test_a_sequence_of_one_token_is_left_out_and_said() -> None:
    whole = world(DEEP)
    layers = tuple(
        replace(layer, neighbours=replace(layer.neighbours, first=np.where(np.arange(SEQUENCES) < 3, np.nan, 0.5)))
        for layer in whole.layers
        if layer.neighbours is not None
    )
    found = finding_of(consecutive_experts, token_routing=replace(whole, layers=layers))
    assert found.headline[0].estimate.n == SEQUENCES - 3
    assert "3 of 40 sequences have fewer than two tokens" in found.notes[1]
