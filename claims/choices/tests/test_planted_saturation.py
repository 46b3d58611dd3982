"""Planted revisions: tokens that keep their experts from one to the other, or choose anew."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from claims.choices.test_olmoe_saturation import test_router_saturation as router_saturation
from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests, refused, true_by_far
from claims.tests.support.planted_experiments import experiment
from claims.tests.support.planted_routing import drawn_sets
from claims.tests.support.text_fits import predicted
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.experiments import Experiment
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.arrays import Int64Array

WORLD = World(sequences=40, length=48, width=4, experts=8, top_k=2)
#: Shares of tokens that keep their experts, by layer: 0.78 of the experts are then the same, or 0.44.
MOST, SOME, NONE = (0.7, 0.7, 0.7), (0.25, 0.25, 0.25), (0.0, 0.0, 0.0)
CHANCE = WORLD.top_k / WORLD.experts
#: Loads by which tokens in another order share 0.69 of their experts.
SKEWED = np.array([0.46, 0.46] + [0.08 / 6] * 6)

#: Shares of tokens that keep their experts for a tenth of them beyond those loads, which is what is asked.
BEYOND_LOADS = (0.5,) * 3


def keeping(share: float) -> tuple[float, ...]:
    """Shares of tokens that keep their experts for such a share of experts that are the same, at two layers."""
    return ((share - CHANCE) / (1 - CHANCE),) * 2


def read(world: World, experts: Sequence[Int64Array]) -> Trace:
    """Return a trace of these choices, (N, k) a layer; states and routers are of no matter."""
    rng = np.random.default_rng(0)
    hidden = [world.normal(rng)] * len(experts)
    return planted_trace(world, hidden, [world.router(rng)] * len(experts), experts=experts, spectra=False)


def revisions(keeps: Sequence[float], seed: int = 3, *, load: Any = None, world: World = WORLD) -> Experiment:
    """Revisions between which tokens keep their experts with probability ``keeps[l]`` at layer l, or draw them anew."""
    rng = np.random.default_rng(seed)

    def drawn() -> list[Int64Array]:
        return [drawn_sets(rng, (world.tokens,), world.experts, world.top_k, load) for _ in keeps]

    earlier, fresh = drawn(), drawn()
    kept = [rng.random((world.tokens, 1)) < share for share in keeps]
    later = [np.where(*each) for each in zip(kept, earlier, fresh, strict=True)]
    return experiment(("earlier", "later"), 1, lambda _, arm: read(world, (earlier, later)[arm]))


def changed(later: Callable[[Trace], Trace], keeps: Sequence[float] = MOST) -> Experiment:
    """Revisions of which something is done to the later."""
    planted = revisions(keeps)
    ((one, other),) = planted.traces
    return replace(planted, traces=((one, later(other)),))


def turned(trace: Trace) -> Trace:
    """Name the experts of each token in the other order."""
    return replace(trace, layers=tuple(replace(layer, experts=layer.experts[:, ::-1]) for layer in trace.layers))


def renumbered(trace: Trace) -> Trace:
    """Give the layers other numbers."""
    layers = tuple(replace(one, router=replace(one.router, layer=one.router.layer + 1)) for one in trace.layers)
    return replace(trace, layers=layers)


def of_one_choice(trace: Trace) -> Trace:
    """Keep the first choice alone."""
    layers = (replace(one, experts=one.experts[:, :1], weights=one.weights[:, :1]) for one in trace.layers)
    return replace(trace, layers=tuple(layers))


def with_one_expert_more(trace: Trace) -> Trace:
    """Give every router one more expert, which no token uses."""
    layers = (
        replace(
            one,
            router=replace(one.router, weight=np.pad(one.router.weight, ((0, 1), (0, 0)))),
            logits=np.pad(one.logits, ((0, 0), (0, 1))),
        )
        for one in trace.layers
    )
    return replace(trace, layers=tuple(layers))


def the_same_weights() -> Experiment:
    """Revisions whose weights have one digest."""
    planted = revisions(MOST)
    (traces,) = planted.traces
    said = tuple(replace(trace, checkpoint=trace.checkpoint | {"revision": "sha256:1"}) for trace in traces)
    return replace(planted, traces=(said,))


def fitted(earlier: float, later: float) -> Experiment:
    """Revisions that predict their text by so many nats better than token frequencies do."""
    planted = revisions(MOST)
    ((one, other),) = planted.traces
    return replace(planted, traces=((predicted(one, earlier), predicted(other, later)),))


def case(name: str, expected: Verdict, planted: Callable[[], Experiment], **asked: Any) -> Case:
    return Case(name, expected, revisions_experiment=planted, **asked)


CONTRACTS = (
    Contract(
        router_saturation,
        (
            case("most tokens keep their experts", Verdict.SUPPORTED, partial(revisions, MOST)),
            case("and say so in another order", Verdict.SUPPORTED, partial(changed, turned)),
            case("all tokens keep them", Verdict.SUPPORTED, partial(revisions, (1.0, 1.0))),
            case("and loads that keep them too", Verdict.SUPPORTED, partial(revisions, MOST, load=SKEWED)),
            case("both model their text", Verdict.SUPPORTED, partial(fitted, 1.0, 2.0)),
            case(
                "some tokens keep their experts", Verdict.PARTLY, partial(revisions, SOME),
                says="falls short of what is stated: share of a token's experts that both revisions chose",
            ),
            case(
                "most keep them in one layer of three", Verdict.PARTLY, partial(revisions, (0.9, 0.0, 0.0)),
                says="falls short",
            ),
            case(
                "experts that all tokens prefer", Verdict.VACUOUS, partial(revisions, NONE, load=SKEWED),
                says="it holds, but so does its null: .*beyond the loads of both",
            ),
            case("experts chosen anew", Verdict.REFUTED, partial(revisions, NONE), says="mean over layers"),
            case("few tokens keep their experts", Verdict.REFUTED, partial(revisions, (0.05, 0.05))),
            case("a share at the threshold", Verdict.INCONCLUSIVE, partial(revisions, keeping(0.6))),
            case(
                "as much beyond the loads as is asked", Verdict.INCONCLUSIVE,
                partial(revisions, BEYOND_LOADS, load=SKEWED),
                says="^share of a token's experts that both revisions chose, beyond the loads",
            ),
            case(
                "one sequence", Verdict.INCONCLUSIVE,
                partial(revisions, MOST, world=replace(WORLD, sequences=1, length=2000)),
            ),
            *refused(
                "revisions_experiment",
                (
                    "another text", "same text in the same tokens",
                    partial(changed, lambda later: replace(later, token=later.token + 1)),
                ),
                (
                    "other layers", "has experts in layers 0, 1, 2, the later in 1, 2, 3",
                    partial(changed, renumbered),
                ),
                ("fewer choices", "chooses 2 of 8 experts, the later 1 of 8", partial(changed, of_one_choice)),
                ("more experts", "chooses 2 of 8 experts, the later 2 of 9", partial(changed, with_one_expert_more)),
                ("one checkpoint twice", r"the same weights \(sha256:1\)", the_same_weights),
                (
                    "all experts but one of twelve", "91.7% of a token's experts are the same by uniform chance",
                    partial(revisions, MOST, world=replace(WORLD, experts=12, top_k=11)),
                ),
                ("an earlier one that does not model its text", "where it is least = 0.2", partial(fitted, 0.2, 2)),
                ("a later one", "where it is least = 0.2", partial(fitted, 2, 0.2)),
            ),
        ),
        (
            Null(
                "experts that all tokens prefer",
                {"revisions_experiment": lambda seed: revisions(NONE, seed, load=SKEWED)},
                mostly=Verdict.VACUOUS,
            ),
            Null("a share at the threshold", {"revisions_experiment": partial(revisions, keeping(0.6))}),
            Null(
                "true at its threshold plus a margin",
                {"revisions_experiment": partial(revisions, keeping(0.61))},
                limits={Verdict.REFUTED: 0.5, Verdict.PARTLY: 0.5},
            ),
            true_by_far({"revisions_experiment": partial(revisions, keeping(0.65))}),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_the_numbers_are_those_that_were_planted() -> None:
    found = finding_of(router_saturation, revisions_experiment=revisions((0.2, 0.8), world=replace(WORLD, length=400)))
    (headline,), (excess,), (control,), (late,) = found.headline, found.excess, found.controls, found.reported
    assert headline.estimate.value == pytest.approx(0.5 * (1 - CHANCE) + CHANCE, abs=0.01)
    assert control.estimate.value == pytest.approx(CHANCE, abs=0.01)
    assert excess.estimate.value == pytest.approx(headline.estimate.value - control.estimate.value)
    assert late.estimate == headline.estimate
    assert (headline.estimate.unit, headline.estimate.n) == ("sequence", 40)
    measured, by_loads, uniform = found.layers
    assert measured.layers == (0, 1)
    assert uniform.values == (CHANCE, CHANCE)
    assert len(by_loads.values) == 2


def test_the_finding_says_which_revisions_they_are_and_that_it_does_not_know_what_lies_between() -> None:
    found = finding_of(router_saturation, revisions_experiment=revisions(MOST))
    assert found.notes[0] == "Earlier: earlier-0. Later: later-0."
    assert "trained on other data" in found.notes[2]
    said = revisions(MOST)
    ((one, other),) = said.traces
    later = replace(other, checkpoint=other.checkpoint | {"about": "post-trained"})
    found = finding_of(router_saturation, revisions_experiment=replace(said, traces=((one, later),)))
    assert found.notes[0] == "Earlier: earlier-0. Later: later-0 (post-trained)."


def test_the_order_of_the_revisions_makes_no_difference() -> None:
    planted = revisions((0.3, 0.6), load=SKEWED)
    ((one, other),) = planted.traces
    found, back = (
        finding_of(router_saturation, revisions_experiment=replace(planted, traces=(traces,)))
        for traces in ((one, other), (other, one))
    )
    assert found.headline == back.headline
    assert found.excess[0].estimate.value == pytest.approx(back.excess[0].estimate.value)
