"""Planted subspaces: distinct and overlapping, alike, orthogonal, cut by a random router, or with too few visits."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from claims.core.verdict import Verdict
from claims.experts import test_asy_subspaces
from claims.tests.support.contract import Case, Contract, Null, contract_tests, true_by_far
from claims.tests.support.planted_tables import planted_layer, planted_means, planted_subspaces, without_each
from claims.tests.support.planted_tables import trace_of as functions_of
from claims.tests.support.text_fits import BADLY, IN_PART, text_with_gain
from claims.tests.support.verdicts import finding_of
from fixtures.evidence.subspaces import SubspaceTrace
from fixtures.studies.blocks import blocks_of_trace
from fixtures.studies.subspaces import study_subspaces
from fixtures.tests.support.planted_subspaces import (
    Tokens,
    World,
    alike,
    copies,
    cut_at_random,
    expert_trace,
    partly_overlapping,
    rotated,
)

OVERLAP = test_asy_subspaces.test_subspace_overlap
RANK, WIDTH = 16, 64
WORLD, SMALL = World(), World(sequences=8, length=40, width=16, kept=48)
Plant = Callable[[World, np.random.Generator], Tokens]


def variant(rank: str = "16", side: str = "input", mean: str = "kept") -> dict[str, str]:
    return {"side": side, "rank": rank, "mean direction": mean}


def studied(world: World, *layers: Tokens) -> SubspaceTrace:
    trace = expert_trace(world, layers)
    return study_subspaces(trace, blocks_of_trace(trace), 0)


def planted(plant: Plant, seed: int, layers: int = 1, world: World = WORLD) -> SubspaceTrace:
    """Layers of one kind of visits."""
    rng = np.random.default_rng(seed)
    return studied(world, *(plant(world, rng) for _ in range(layers)))


def in_part(world: World, rng: np.random.Generator, shared: int = 8, own: int = 8) -> Tokens:
    """Experts with directions in common and of their own."""
    return partly_overlapping(world, rng, shared=shared, own=own)


def turned(world: World, rng: np.random.Generator) -> Tokens:
    """The same, each expert's turned by a rotation of its own."""
    return rotated(in_part(world, rng), rng)


def without_null() -> SubspaceTrace:
    """Too few tokens for a random router."""
    found = planted(in_part, 1)
    layer = found.layers[0]
    none = [replace(each, drawn_visits=0, drawn_note="too few tokens") for each in layer.readings]
    return replace(found, layers=(replace(layer, readings=tuple(none)),))


@dataclass(frozen=True)
class Gaps:
    """By how much d_G exceeds random partitions and random routers, and overlap exceeds r/d; spread over blocks."""

    distinct: float = 0.1
    overlapping: float = 0.3
    lead: float = 0.05
    spread: float = 0.004


def with_gaps(gaps: Gaps, seed: int) -> SubspaceTrace:
    """One layer with these differences, in every block but for noise; drawn routers differ by luck as well."""
    rng = np.random.default_rng(seed)
    means = planted_means("gaussian", 8, 4, rng)
    functions = functions_of([planted_layer(means, means, rng)])
    noise = [gaps.spread * rng.standard_normal(16) for _ in range(4)]
    found = planted_subspaces(functions, RANK / WIDTH + gaps.overlapping + noise[0], np.full(16, 0.9))
    layer = found.layers[0]
    luck = gaps.spread * rng.standard_normal(7)
    reading = replace(
        layer.readings[0],
        geodesic=without_each(0.5 + gaps.distinct + noise[1]),
        random_geodesic=without_each(0.5 + noise[2]),
        routed_geodesic=without_each(0.5 + gaps.lead + luck[0] + noise[3][:8]),
        drawn_geodesic=without_each(0.5 + noise[3][8:]),
        draws=0.5 + luck[1:],
        drawn_visits=64,
    )
    return replace(found, layers=(replace(layer, readings=(reading, *layer.readings[1:])),))


def case(
    name: str,
    expected: Verdict,
    subspaces: object,
    wanted: dict[str, str] | None = None,
    says: str = "",
    trace: object = None,
) -> Case:
    chosen = wanted or variant()
    listed = f"{name}: {', '.join(chosen.values())}"
    return Case(listed, expected, says=says, subspaces=subspaces, variant=chosen, trace=trace)


def null(
    name: str, worlds: Callable[[int], SubspaceTrace], wanted: dict[str, str], rare: Verdict = Verdict.SUPPORTED
) -> Null:
    return Null(name, {"subspaces": worlds, "variant": wanted, "trace": None}, limits={rare: 0.5})


#: Differences on either side of what matters.
GAPS: tuple[tuple[str, Verdict, Gaps], ...] = (
    ("clear", Verdict.SUPPORTED, Gaps()),
    ("random routers give half", Verdict.SUPPORTED, Gaps(distinct=0.1, lead=0.05)),
    ("more than what matters", Verdict.SUPPORTED, Gaps(0.025, 0.04, 0.015, 0.001)),
    ("barely distinct", Verdict.PARTLY, Gaps(0.015, 0.3, 0.05, 0.001)),
    ("barely overlapping", Verdict.PARTLY, Gaps(0.1, 0.005, 0.05, 0.001)),
    ("barely more than random routers", Verdict.VACUOUS, Gaps(0.1, 0.3, 0.005, 0.0005)),
    ("barely anything", Verdict.REFUTED, Gaps(0.015, 0.3, 0.005, 0.0005)),
    ("around what is distinct", Verdict.INCONCLUSIVE, Gaps(distinct=0.02)),
    ("around what random routers give", Verdict.INCONCLUSIVE, Gaps(lead=0.01)),
)
FEW = World(kept=48)
CONTRACTS = (
    Contract(
        OVERLAP,
        cases=(
            *(
                case("in part", Verdict.SUPPORTED, partial(planted, in_part, 1, 2), each)
                for each in (variant(), variant("90 %"), variant(mean="removed"))
            ),
            *(
                case("turned", Verdict.SUPPORTED, partial(planted, turned, 1, 2), each)
                for each in (variant(), variant("90 %"))
            ),
            *(case(name, expected, partial(with_gaps, gaps, 1)) for name, expected, gaps in GAPS),
            case(
                "orthogonal", Verdict.PARTLY, partial(planted, partial(in_part, shared=0, own=10), 2), variant("8"),
                "overlap of subspaces, experts minus chance = -0",
            ),
            case("the same visits", Verdict.REFUTED, partial(planted, copies, 3)),
            case("one distribution", Verdict.INCONCLUSIVE, partial(planted, alike, 4, 2)),
            case("without its null", Verdict.INCONCLUSIVE, without_null),
            case("a router like a random one, few visits", Verdict.INCONCLUSIVE, partial(planted, cut_at_random, 5, 2)),
            case("text that is not modelled", Verdict.NOT_APPLICABLE, partial(with_gaps, Gaps(), 1), None,
                 "token frequencies = 0.3", partial(text_with_gain, BADLY)),
            case("text that is modelled in part", Verdict.INCONCLUSIVE, partial(with_gaps, Gaps(), 1), None,
                 "token frequencies", partial(text_with_gain, IN_PART)),
            *(
                case(name, Verdict.NOT_APPLICABLE, partial(planted, plant, 7, world=world), each, says)
                for name, plant, world, each, says in (
                    (
                        "few visits",
                        cut_at_random,
                        FEW,
                        variant(),
                        "64 kept visits that rank 16 needs: at least 4 of 4 experts have fewer",
                    ),
                    ("dense", alike, World(experts=1), variant(), "single expert"),
                    ("outputs", alike, WORLD, variant(side="output"), "could not be read: outputs were not planted"),
                    ("narrow", alike, World(width=20), variant(), "above half of the states' width"),
                )
            ),
        ),
        nulls=(
            null("tokens go by lot", lambda seed: planted(alike, seed, world=SMALL), variant("8")),
            null(
                "a random router sends clusters", lambda seed: planted(cut_at_random, seed, world=SMALL), variant("8")
            ),
            null("at what is distinct", partial(with_gaps, Gaps(distinct=0.02)), variant()),
            null("at what random routers give", partial(with_gaps, Gaps(lead=0.01)), variant()),
            null(
                "true at its thresholds plus a margin", partial(with_gaps, Gaps(0.021, 0.03, 0.011)), variant(),
                Verdict.REFUTED,
            ),
            true_by_far({"subspaces": partial(with_gaps, Gaps()), "variant": variant(), "trace": None}),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_why_there_is_no_null_is_noted() -> None:
    notes = finding_of(OVERLAP, trace=None, subspaces=without_null(), variant=variant()).notes
    assert any("too few tokens" in note for note in notes)


def test_experts_that_are_left_out_are_counted() -> None:
    world = World()
    trace = expert_trace(world, [partly_overlapping(world, np.random.default_rng(8), shared=8, own=8)])
    layer = trace.layers[0]
    token = layer.kept_token.copy()
    token[0, 60:] = -1
    less = replace(trace, layers=(replace(layer, kept_token=token),))
    notes = finding_of(
        OVERLAP, trace=None, subspaces=study_subspaces(less, blocks_of_trace(less), 0), variant=variant()
    ).notes
    assert any(
        "Experts left out for too few kept visits, or directions that these span: 1 of 4 at layer 0." in note
        for note in notes
    )


def test_the_figure_shows_experts_between_their_references() -> None:
    world = World()
    figure = finding_of(
        OVERLAP,
        trace=None,
        subspaces=studied(world, partly_overlapping(world, np.random.default_rng(9), shared=8, own=8)),
        variant=variant(),
    ).figure
    assert figure is not None
    experts, random, floor = (np.mean(each.y) for each in figure.series)
    assert random < experts < floor
    assert [len(each.y) for each in figure.series] == [16, 16, 16]


def test_layers_that_were_not_looked_at_may_show_it_or_not() -> None:
    world = World()
    trace = studied(world, partly_overlapping(world, np.random.default_rng(9), shared=8, own=8))
    whole, some = (
        finding_of(OVERLAP, trace=None, subspaces=each, variant=variant()).reported[0].estimate
        for each in (trace, replace(trace, stands_for=4))
    )
    assert (whole.value, whole.low, whole.high) == (1.0, 1.0, 1.0)
    assert (some.value, some.low, some.high) == (1.0, 0.25, 1.0)


def test_a_layer_shows_it_beyond_the_luck_of_its_drawn_experts() -> None:
    world = World()
    trace = studied(world, partly_overlapping(world, np.random.default_rng(9), shared=8, own=8))
    (layer,) = trace.layers
    readings = tuple(replace(each, error=np.full(2, 9.0)) for each in layer.readings)
    drawn = replace(layer, kept=np.tile(layer.kept, 2), readings=readings)
    found = finding_of(OVERLAP, trace=None, subspaces=replace(trace, layers=(drawn,)), variant=variant())
    assert found.reported[0].estimate.value == 0.0
