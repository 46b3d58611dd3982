"""Planted ties: tokens that use a fixed group of experts, the more often the stronger the ties."""

from functools import cache, partial
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

from claims.choices.test_olmoe_coactivation import test_co_activation as co_activation
from claims.core.verdict import Verdict
from claims.tests.support.contract import Contract, Null, contract_tests, refused
from claims.tests.support.planted_routing import case_of, counts_alone, drawn_sets, in_each, planted_routing
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.token_routing import TokenRouting
from metrics.stats.sampling import Sampling

SEQUENCES, LENGTH, EXPERTS, TOP_K = 40, 64, 16, 4
PRODUCT, DRAWS = {"expected": "the product of loads"}, {"expected": "draws at the same loads"}
FREE, WEAK, STRONG = (0.0,) * 3, (0.2,) * 3, (0.6,) * 3
SKEWED = 1 / np.arange(1, EXPERTS + 1)


def world(
    ties: tuple[float, ...],
    seed: int = 3,
    *,
    experts: int = EXPERTS,
    top_k: int = TOP_K,
    load: Any = None,
    sequences: int = SEQUENCES,
    length: int = LENGTH,
) -> TokenRouting:
    """Tokens that use one of the fixed groups of k experts with probability ``ties[l]`` at layer l, else any k."""
    rng = np.random.default_rng(seed)
    shape = (sequences, length)
    layers = []
    for tied in ties:
        group = rng.integers(0, experts // top_k, shape)[..., None] * top_k + np.arange(top_k)
        free = drawn_sets(rng, shape, experts, top_k, load)
        layers.append(np.where(rng.random(shape)[..., None] < tied, group, free))
    return planted_routing(np.stack(layers, axis=2), experts)


@cache
def tied(lift: float, expected: str) -> float:
    """Return the share of tokens that use a group for such a percentile of lift, on average over many worlds."""

    def beyond(share: float) -> float:
        found = [
            finding_of(
                co_activation, token_routing=world((share,), seed), variant={"expected": expected}, sampling=Sampling(0)
            )
            for seed in range(1000, 1010)
        ]
        return float(np.mean([one.headline[0].estimate.value for one in found])) - lift

    return float(brentq(beyond, 0.0, 1.0, xtol=1e-2))


def at(seed: int, lift: float, expected: str) -> TokenRouting:
    """A world of such a percentile of lift at both layers, but for chance."""
    return world((tied(lift, expected),) * 2, seed)


#: Cases in the first variant unless they say otherwise, and in both.
case, both = partial(case_of, PRODUCT), partial(in_each, (PRODUCT, DRAWS))

CONTRACTS = (
    Contract(
        co_activation,
        (
            *both("experts without ties", Verdict.SUPPORTED, partial(world, FREE)),
            *both("loads that differ", Verdict.SUPPORTED, partial(world, FREE, load=SKEWED)),
            *both("weak ties", Verdict.SUPPORTED, partial(world, WEAK)),
            *both(
                "groups in one layer", Verdict.PARTLY, partial(world, (0.0, 0.0, 0.7)),
                says="part of the sentence is refuted: .*, layer 3, where it is largest",
            ),
            *both("groups", Verdict.REFUTED, partial(world, STRONG)),
            case("pairs twice as often as draws", Verdict.SUPPORTED, partial(world, (0.3,) * 3, experts=8, top_k=2)),
            case(
                "pairs twice as often as draws, over draws", Verdict.REFUTED,
                partial(world, (0.3,) * 3, experts=8, top_k=2), variant=DRAWS,
            ),
            case(
                "an untrained twin without ties", Verdict.VACUOUS, partial(world, WEAK),
                says="the untrained twin's 95th percentile of lift .*, minus this one's = -",
                twin={"token_routing": partial(world, FREE, 4)},
            ),
            case(
                "an untrained twin of strong ties", Verdict.SUPPORTED, partial(world, FREE),
                twin={"token_routing": partial(world, STRONG, 4)},
            ),
            case("a lift at the threshold", Verdict.INCONCLUSIVE, partial(world, (0.37,) * 3)),
            case("one sequence", Verdict.INCONCLUSIVE, partial(world, FREE, sequences=1, length=2000)),
            *refused(
                "token_routing",
                ("counts alone", "whole corpora were counted: only the visits", lambda: counts_alone(world(FREE))),
                ("one expert a token", "one expert a token", partial(world, FREE, top_k=1)),
                (
                    "pairs of sixty-four experts, which are too many for ties to show",
                    "premise is not met: .*, were experts chosen in fixed groups",
                    partial(world, FREE, experts=64, top_k=2),
                ),
                (
                    "ten experts of sixteen, which are together anyway",
                    "premise is not met: .*, were experts chosen in fixed groups",
                    partial(world, FREE, top_k=10),
                ),
                (
                    "tokens too few to count", "of draws at the same loads",
                    partial(world, FREE, experts=64, length=2),
                ),
                variant=PRODUCT,
            ),
        ),
        (
            *(
                Null(
                    f"a lift at the threshold, over {one['expected']}",
                    {"token_routing": partial(at, lift=2.0, expected=one["expected"]), "variant": one},
                )
                for one in (PRODUCT, DRAWS)
            ),
            Null(
                "experts without ties", {"token_routing": partial(world, FREE), "variant": PRODUCT},
                limits={Verdict.REFUTED: 0.5, Verdict.PARTLY: 0.5}, mostly=Verdict.SUPPORTED,
            ),
            Null(
                "true at its threshold less a margin",
                {"token_routing": partial(at, lift=1.95, expected=PRODUCT["expected"]), "variant": PRODUCT},
                limits={Verdict.REFUTED: 0.5, Verdict.PARTLY: 0.95},
            ),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_the_numbers_are_those_that_were_planted() -> None:
    found = finding_of(co_activation, token_routing=world((0.6,), length=500), variant=PRODUCT)
    drawn = (TOP_K - 1) / TOP_K * EXPERTS / (EXPERTS - 1)
    fixed = EXPERTS / TOP_K
    headline, groups, draws = found.headline[0], *found.premises
    assert headline.estimate.value == pytest.approx(0.6 * fixed + 0.4 * drawn, abs=0.1)
    assert headline.estimate.n == 20
    assert groups.estimate.value == pytest.approx(fixed, rel=0.03)
    assert draws.estimate.value == pytest.approx(drawn, abs=0.05)
    assert "20.0% of the pairs are chosen together at least twice" in found.notes[0]


def test_the_figure_shows_the_layer_with_the_strongest_ties_without_a_diagonal() -> None:
    found = finding_of(co_activation, token_routing=world((0.0, 0.7, 0.0)), variant=PRODUCT)
    assert found.figure is not None
    assert found.figure.title == "log2 of lift, layer 2"
    table = np.array([series.y for series in found.figure.series])
    assert np.isnan(np.diagonal(table)).all()
    assert (table[0, 1:TOP_K] > 1).all()
    assert (table[0, TOP_K:] < 0).all()
