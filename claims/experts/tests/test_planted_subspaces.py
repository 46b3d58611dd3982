"""Planted subspaces: distinct and overlapping, alike, orthogonal, cut by a random router, or with too few visits."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from claims.core.finding import NotApplicable
from claims.core.verdict import Verdict
from claims.experts.test_asy_subspaces import test_subspace_overlap as subspace_overlap
from claims.tests.support.verdicts import verdict
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

# The claims are imported under names that pytest does not collect.

#: Worlds drawn where nothing is to be found.
DRAWS = 200


def studied(world: World, *layers: Tokens) -> SubspaceTrace:
    trace = expert_trace(world, layers)
    return study_subspaces(trace, blocks_of_trace(trace), 0)


def variant(rank: str = "16", side: str = "input", mean: str = "kept") -> dict[str, str]:
    return {"side": side, "rank": rank, "mean direction": mean}


def said(world: World, *layers: Tokens, rank: str = "16", mean: str = "kept") -> Verdict:
    return verdict(subspace_overlap, subspaces=studied(world, *layers), variant=variant(rank, mean=mean))


@pytest.mark.parametrize(("rank", "mean"), [("16", "kept"), ("90 %", "kept"), ("16", "removed")])
def test_experts_with_directions_in_common_and_of_their_own_are_supported(rank: str, mean: str) -> None:
    world, rng = World(), np.random.default_rng(1)
    tokens = [partly_overlapping(world, rng, shared=8, own=8) for _ in range(2)]
    assert said(world, *tokens, rank=rank, mean=mean) == Verdict.SUPPORTED
    if mean == "kept":
        assert said(world, *(rotated(each, rng) for each in tokens), rank=rank) == Verdict.SUPPORTED


def test_orthogonal_subspaces_do_not_overlap() -> None:
    world, rng = World(), np.random.default_rng(2)
    assert said(world, partly_overlapping(world, rng, shared=0, own=10), rank="8") == Verdict.REFUTED


def test_experts_with_the_same_visits_are_not_distinct() -> None:
    world = World()
    assert said(world, copies(world, np.random.default_rng(3))) == Verdict.REFUTED


def test_experts_with_visits_of_one_distribution_are_not_shown_to_be_distinct() -> None:
    world, rng = World(), np.random.default_rng(4)
    assert said(world, alike(world, rng), alike(world, rng)) == Verdict.INCONCLUSIVE


def test_a_router_like_a_random_one_is_vacuous() -> None:
    world, rng = World(), np.random.default_rng(5)
    assert said(world, cut_at_random(world, rng), cut_at_random(world, rng)) == Verdict.VACUOUS


def test_without_its_null_the_claim_is_undecided() -> None:
    world = World()
    found = studied(world, partly_overlapping(world, np.random.default_rng(1), shared=8, own=8))
    layer = found.layers[0]
    none = [replace(each, drawn_visits=0, drawn_note="too few tokens") for each in layer.readings]
    without = replace(found, layers=(replace(layer, readings=tuple(none)),))
    assert verdict(subspace_overlap, subspaces=found, variant=variant()) == Verdict.SUPPORTED
    assert verdict(subspace_overlap, subspaces=without, variant=variant()) == Verdict.INCONCLUSIVE
    notes = subspace_overlap(subspaces=without, variant=variant()).notes
    assert any("too few tokens" in note for note in notes)


def test_too_few_visits_are_not_applicable() -> None:
    world = World(kept=48)
    found = studied(world, cut_at_random(world, np.random.default_rng(6)))
    with pytest.raises(NotApplicable, match="64 kept visits that rank 16 needs: at least 4 of 4 experts have fewer"):
        subspace_overlap(subspaces=found, variant=variant())


@pytest.mark.parametrize(
    ("world", "wanted", "says"),
    [
        (World(experts=1), variant(), "single expert"),
        (World(), variant(side="output"), "outputs could not be read: outputs were not planted"),
        (World(width=20), variant(), "above half of the states' width"),
    ],
    ids=["dense", "outputs", "narrow"],
)
def test_what_is_missing_is_said(world: World, wanted: dict[str, str], says: str) -> None:
    found = studied(world, alike(world, np.random.default_rng(7)))
    with pytest.raises(NotApplicable, match=says):
        subspace_overlap(subspaces=found, variant=wanted)


def test_experts_that_are_left_out_are_counted() -> None:
    world = World()
    trace = expert_trace(world, [partly_overlapping(world, np.random.default_rng(8), shared=8, own=8)])
    layer = trace.layers[0]
    token = layer.kept_token.copy()
    token[0, 60:] = -1
    less = replace(trace, layers=(replace(layer, kept_token=token),))
    notes = subspace_overlap(subspaces=study_subspaces(less, blocks_of_trace(less), 0), variant=variant()).notes
    assert any(
        "Experts left out for too few kept visits, or directions that these span: 1 of 4 at layer 0." in note
        for note in notes
    )


def test_the_figure_shows_experts_between_their_references() -> None:
    world = World()
    figure = subspace_overlap(
        subspaces=studied(world, partly_overlapping(world, np.random.default_rng(9), shared=8, own=8)),
        variant=variant(),
    ).figure
    assert figure is not None
    experts, random, floor = (np.mean(each.y) for each in figure.series)
    assert random < experts < floor
    assert [len(each.y) for each in figure.series] == [16, 16, 16]


def alike_null(seed: int) -> Verdict:
    """Experts to which tokens go by lot: not distinct."""
    return said(SMALL, alike(SMALL, np.random.default_rng(seed)), rank="8")


def random_router_null(seed: int) -> Verdict:
    """Experts to which a random linear router sends clusters: distinct, but no more than under another one."""
    return said(SMALL, cut_at_random(SMALL, np.random.default_rng(seed)), rank="8")


SMALL = World(sequences=8, length=40, width=16, kept=48)


@pytest.mark.parametrize("null", [alike_null, random_router_null], ids=lambda null: null.__name__.removesuffix("_null"))
def test_false_support_stays_below_five_percent(null: Callable[[int], Verdict]) -> None:
    supported = sum(null(seed) == Verdict.SUPPORTED for seed in range(DRAWS))
    assert supported <= 0.05 * DRAWS, f"{supported} of {DRAWS} null draws were called supported"
