"""Planted ids: tokens that keep the experts of their id, in some layers more often than in others."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from claims.choices.test_olmoe_token_routing import test_token_routing as token_routing
from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests, refused, true_by_far
from claims.tests.support.planted_routing import counts_alone, drawn_sets, planted_routing
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.token_routing import TokenRouting
from metrics.arrays import IntArray

SEQUENCES, LENGTH, IDS, EXPERTS, TOP_K = 32, 40, 60, 16, 2
#: Shares of tokens that keep the experts of their id, by layer.
VALLEY = (0.95, 0.85, 0.7, 0.6, 0.5, 0.6, 0.7, 0.85, 0.95)
HILL, FLAT, FALLING, NEVER = tuple(1.45 - keep for keep in VALLEY), (0.7,) * 9, tuple(sorted(VALLEY))[::-1], (0.0,) * 9
#: Leads of 0.1, which is the threshold, and 0.05: two occurrences both keep their id's experts keep^2 of the time, and
#: any two tokens share 0.086 of theirs, a little more where they have one id, as one pair in sixty has.
AT, BELOW = (0.333,) * 9, (0.24,) * 9
#: Leads from 0.07 in the middle to 0.22 at both ends, 0.14 in the mean; and 0.03 less, 0.11 in the mean.
SHALLOW, SHALLOWER = (tuple(mean + (keep - 0.744) / 2 for keep in VALLEY) for mean in (0.395, 0.345))


def world(
    keeps: tuple[float, ...],
    seed: int = 3,
    *,
    alike: float = 0.0,
    sequences: int = SEQUENCES,
    token: IntArray | None = None,
) -> TokenRouting:
    """Tokens that use the experts of their id with probability ``keeps[l]`` at layer l, else two at random.

    ``alike`` is the share of the ids that have the same experts.
    """
    rng = np.random.default_rng(seed)
    shape = (sequences, LENGTH)
    ids = rng.integers(0, IDS, shape) if token is None else token
    layers = []
    for keep in keeps:
        own = drawn_sets(rng, (int(ids.max()) + 1,), EXPERTS, TOP_K)
        own[: round(alike * len(own))] = np.arange(TOP_K)
        stays = rng.random(shape) < keep
        layers.append(np.where(stays[..., None], own[ids], drawn_sets(rng, shape, EXPERTS, TOP_K)))
    return planted_routing(np.stack(layers, axis=2), EXPERTS, token=ids)


def without_ids(routing: TokenRouting) -> TokenRouting:
    """The same routing where no ids are known."""
    layers = tuple(replace(layer, identity=None, by_identity=None) for layer in routing.layers)
    return replace(routing, layers=layers)


def case(name: str, expected: Verdict, routing: Callable[[], TokenRouting], **asked: Any) -> Case:
    """A case of a planted world."""
    return Case(name, expected, token_routing=routing, **asked)


CONTRACTS = (
    Contract(
        token_routing,
        (
            case("ids that decide less in the middle", Verdict.SUPPORTED, partial(world, VALLEY), says="^$"),
            case(
                "ids that decide as much everywhere", Verdict.SUPPORTED, partial(world, FLAT),
                says=r"open is a part of the sentence: Spearman\(distance from the middle",
            ),
            case(
                "ids that decide more in the middle", Verdict.PARTLY, partial(world, HILL),
                says=r"part of the sentence is refuted: Spearman\(distance from the middle",
            ),
            case(
                "ids that decide less and less", Verdict.PARTLY, partial(world, FALLING),
                says=r"part of the sentence is refuted: Spearman\(distance from the middle",
            ),
            case(
                "five layers, whose middle may be luck", Verdict.SUPPORTED, partial(world, VALLEY[::2]),
                says="open is a part of the sentence: permutation p over layer orders",
            ),
            case("two layers, which have no middle", Verdict.SUPPORTED, partial(world, VALLEY[:2]), says="^$"),
            case("ids of which half have the same experts", Verdict.SUPPORTED, partial(world, FLAT, alike=0.5)),
            case("ids that decide little", Verdict.REFUTED, partial(world, BELOW)),
            case("ids that decide nothing", Verdict.REFUTED, partial(world, NEVER)),
            case("one set of experts for all ids", Verdict.REFUTED, partial(world, FLAT, alike=1.0)),
            case(
                "an untrained twin whose ids decide as much", Verdict.VACUOUS, partial(world, VALLEY),
                twin={"token_routing": partial(world, VALLEY, 4)},
            ),
            case(
                "an untrained twin whose ids decide less", Verdict.SUPPORTED, partial(world, VALLEY),
                twin={"token_routing": partial(world, SHALLOW, 4)},
            ),
            case("a lead at the threshold", Verdict.INCONCLUSIVE, partial(world, AT)),
            *refused(
                "token_routing",
                ("no ids", "no token ids", lambda: without_ids(world(FLAT))),
                ("counts alone", "whole corpora were counted: only the visits", lambda: counts_alone(world(FLAT))),
                ("one sequence", "one sequence was read", partial(world, FLAT, sequences=1)),
                (
                    "ids of one sequence each", "no id of any of 32 sequences occurs in another",
                    partial(world, FLAT, token=np.arange(SEQUENCES * LENGTH).reshape(SEQUENCES, LENGTH)),
                ),
            ),
        ),
        (
            Null("ids that decide nothing", {"token_routing": partial(world, NEVER)}, mostly=Verdict.REFUTED),
            Null("a lead at the threshold", {"token_routing": partial(world, AT)}),
            Null(
                "true at its threshold plus a margin",
                {"token_routing": partial(world, SHALLOWER)},
                limits={Verdict.REFUTED: 0.5, Verdict.PARTLY: 0.5},
            ),
            true_by_far({"token_routing": partial(world, SHALLOW)}),
        ),
    ),
)  # fmt: skip


test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_the_numbers_are_those_that_were_planted() -> None:
    found = finding_of(token_routing, token_routing=world((0.5,) * 3, sequences=200))
    same, explained = found.reported
    # Two occurrences keep the experts of their id a quarter of the time, and else share as many as any two tokens.
    assert explained.estimate.value == pytest.approx(0.25, abs=0.02)
    lead = same.estimate.value - found.controls[0].estimate.value
    assert found.headline[0].estimate.value == pytest.approx(lead)
    assert found.headline[0].estimate.value == pytest.approx(0.25 * (1 - found.controls[0].estimate.value), abs=0.02)
    assert "sequences have an id that another sequence has" in found.notes[0]


def test_some_of_the_layers_have_no_middle() -> None:
    found = finding_of(token_routing, token_routing=replace(world(VALLEY), checkpoint={"moe_layers": 24}))
    assert found.parts == ()
    assert "9 of 24 were measured" in found.notes[1]
