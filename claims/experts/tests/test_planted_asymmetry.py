"""Planted functions and subspaces: which separate more, and what reinitialised experts would give."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from claims.core.claim import claim_of
from claims.core.finding import Finding, NotApplicable
from claims.core.judge import judge, thresholds_of
from claims.core.verdict import Verdict
from claims.experts.alignment_variants import read_alignments
from claims.experts.test_asy_asymmetry import test_asymmetry as asymmetry
from claims.tests.support.planted_tables import (
    Kind,
    planted_layer,
    planted_means,
    planted_subspaces,
    planted_trace,
    trace_of,
    with_token_cosines,
)
from fixtures.evidence.jacobians import FunctionTrace
from fixtures.evidence.subspaces import SubspaceTrace
from metrics.arrays import Float64Array
from metrics.subspaces.grassmann import chance_overlap

# The claim is imported under a name that pytest does not collect.

CLAIM = claim_of(asymmetry)
assert CLAIM is not None
LIMITS = thresholds_of(CLAIM, {})
PRIMARY = CLAIM.variants[0]
OUTPUTS = {"subspaces": "output", "alignment": "own"}
EACH = {"subspaces": "output", "alignment": "each"}
BLOCKS = 16
#: Worlds drawn for each kind of false support.
DRAWS = 200
#: Overlap of random partitions, and of random subspaces, in planted subspaces.
RANDOM, FLOOR = 0.85, 0.25

Evidence = tuple[FunctionTrace, SubspaceTrace]


def finding(evidence: Evidence, variant: Mapping[str, str] = OUTPUTS) -> Finding:
    return asymmetry(functions=evidence[0], subspaces=evidence[1], variant=variant, thresholds=LIMITS)


def verdict(evidence: Evidence, variant: Mapping[str, str] = OUTPUTS) -> Verdict:
    assert CLAIM is not None
    return judge(CLAIM, finding(evidence, variant), {})[0]


def by_block(value: float, rng: np.random.Generator, spread: float = 0.02) -> Float64Array:
    return np.asarray(value + spread * rng.standard_normal(BLOCKS))


def beside(
    functions: FunctionTrace, overlap: float, seed: int = 0, random: float = RANDOM, *, drawn: float = FLOOR
) -> Evidence:
    """Functions with subspaces of this overlap, on both sides, and outputs of reinitialised experts with another."""
    rng = np.random.default_rng([seed, 1])
    own, ceiling, redrawn = (by_block(value, rng) for value in (overlap, random, drawn))
    return functions, planted_subspaces(functions, own, ceiling, drawn=redrawn)


def at_tokens(
    alignment: float, overlap: float, *, seed: int = 0, drawn: float = 0.0, ceiling: float = 0.9, random: float = RANDOM
) -> Evidence:
    """One layer with these cosines at single tokens, beside subspaces of this overlap; noise by block."""
    rng = np.random.default_rng(seed)
    first, other = (planted_means("gaussian", 4, 8, rng) for _ in range(2))
    layer = with_token_cosines(
        planted_layer(first, other, rng),
        alignment=by_block(alignment, rng),
        drawn=by_block(drawn, rng),
        ceiling=by_block(ceiling, rng),
    )
    return beside(trace_of([layer]), overlap, seed, random)


@pytest.mark.parametrize("alignment", ["own", "each"])
@pytest.mark.parametrize(
    ("kind", "overlap", "drawn", "of_outputs", "of_inputs"),
    [
        ("weak shared", 0.6, FLOOR, Verdict.SUPPORTED, Verdict.VACUOUS),
        ("rotated", RANDOM, FLOOR, Verdict.SUPPORTED, Verdict.VACUOUS),
        # Reinitialised experts return what overlaps as well: by less, by as much, by more.
        ("weak shared", 0.6, 0.5, Verdict.VACUOUS, Verdict.VACUOUS),
        ("gaussian", 0.6, 0.6, Verdict.VACUOUS, Verdict.VACUOUS),
        ("gaussian", 0.5, 0.6, Verdict.VACUOUS, Verdict.VACUOUS),
        ("weak shared", FLOOR, FLOOR, Verdict.REFUTED, Verdict.REFUTED),
        ("copies", 0.6, FLOOR, Verdict.REFUTED, Verdict.REFUTED),
    ],
)
def test_functions_against_subspaces(
    kind: Kind, overlap: float, drawn: float, of_outputs: Verdict, of_inputs: Verdict, alignment: str
) -> None:
    evidence = beside(planted_trace(kind, 3, layers=1), overlap, drawn=drawn)
    found = [verdict(evidence, {"subspaces": side, "alignment": alignment}) for side in ("output", "input")]
    assert found == [of_outputs, of_inputs]


def test_of_inputs_the_null_is_the_overlap_itself() -> None:
    found = finding(beside(planted_trace("weak shared", 3, layers=1), 0.6), PRIMARY)
    overlap = next(each for each in found.criteria if each.name == "corrected overlap")
    assert found.null[0].estimate == overlap.estimate
    assert any(note.startswith("By construction") for note in found.notes)


def test_inputs_whose_overlap_is_not_shown_support_nothing() -> None:
    # A contrast above 0 only since reinitialised experts are more aligned than these.
    evidence = at_tokens(0.0, FLOOR + 0.001, drawn=0.3)
    assert verdict(evidence, {"subspaces": "input", "alignment": "each"}) == Verdict.INCONCLUSIVE


def test_a_contrast_that_is_not_shown_to_exceed_that_of_drawn_experts_supports_nothing() -> None:
    evidence = at_tokens(0.0, 0.32, drawn=0.0)
    rank, width = evidence[1].layers[0].readings[1].rank, evidence[1].layers[0].readings[1].width
    noisy = by_block(0.29, np.random.default_rng(7), 0.4)
    own, random = (by_block(value, np.random.default_rng(8)) for value in (0.32, RANDOM))
    subspaces = planted_subspaces(evidence[0], own, random, rank=rank, width=width, drawn=noisy)
    found = finding((evidence[0], subspaces), EACH)
    assert found.null[0].estimate.low < 0 < found.criteria[0].estimate.low
    assert found.criteria[1].decides
    assert verdict((evidence[0], subspaces), EACH) == Verdict.INCONCLUSIVE


def test_outputs_without_reinitialised_experts_do_not_apply() -> None:
    functions, subspaces = at_tokens(0.05, 0.6)
    unread = [
        replace(layer, readings=tuple(replace(each, redrawn_overlap=np.zeros(0)) for each in layer.readings))
        for layer in subspaces.layers
    ]
    without = replace(subspaces, layers=tuple(unread))
    with pytest.raises(NotApplicable, match="no subspaces are known of what reinitialised experts would return"):
        finding((functions, without), EACH)
    assert verdict((functions, without), {"subspaces": "input", "alignment": "each"}) == Verdict.VACUOUS


def test_both_scales_run_from_chance_to_ceiling() -> None:
    found = finding(at_tokens(0.27, 0.43, ceiling=0.9), EACH)
    values = {each.name: each.estimate.value for each in found.criteria}
    assert values["corrected alignment"] == pytest.approx(0.3, abs=0.03)
    assert values["corrected overlap"] == pytest.approx(0.3, abs=0.03)


def test_equal_separation_is_inconclusive() -> None:
    assert verdict(at_tokens(0.5, 0.55, drawn=0.1), EACH) == Verdict.INCONCLUSIVE


def test_what_chance_gives_is_taken_off_both() -> None:
    evidence = at_tokens(0.4, 0.5, drawn=0.3)  # raw overlap is above raw alignment, and so is what chance gives
    values = {each.name: each.estimate.value for each in finding(evidence, EACH).criteria}
    assert values["corrected alignment"] == pytest.approx(1 / 6, abs=0.03)
    assert verdict(at_tokens(0.75, 0.8, drawn=0.0, ceiling=0.75), EACH) == Verdict.REFUTED


def test_layers_without_subspaces_or_without_room_are_left_out_by_name() -> None:
    layer = planted_trace("weak shared", 3, layers=1).layers[0]
    functions, subspaces = beside(trace_of([layer, replace(layer, layer=1)]), 0.6)
    first, second = subspaces.layers
    narrow = tuple(replace(each, random_overlap=each.random_overlap * 0 + FLOOR + 0.05) for each in second.readings)
    for changed, said in (((), "no subspaces"), (narrow, "less than 0.1 between chance and ceiling")):
        half = replace(subspaces, layers=(first, replace(second, readings=changed)))
        found = finding((functions, half))
        assert any(note.startswith("Left out, layer 1:") and said in note for note in found.notes)
        assert found.layers[0].layers == (0,)


def test_no_layer_left_does_not_apply() -> None:
    with pytest.raises(NotApplicable, match=r"alignment has less than 0\.1 between chance and ceiling"):
        finding(at_tokens(0.05, 0.6, ceiling=0.08), EACH)
    with pytest.raises(NotApplicable, match=r"overlap has less than 0\.1 between chance and ceiling"):
        finding(at_tokens(0.05, 0.3, random=0.3), EACH)
    functions, subspaces = at_tokens(0.05, 0.6)
    without = replace(subspaces, layers=tuple(replace(each, readings=()) for each in subspaces.layers))
    with pytest.raises(NotApplicable, match="no subspaces of its experts' outputs"):
        finding((functions, without), EACH)
    with pytest.raises(NotApplicable, match="one expert"):
        finding(beside(planted_trace("gaussian", 3, experts=1, width=8), 0.6))


def test_rank_8_stands_in_where_there_is_no_rank_16() -> None:
    functions = planted_trace("weak shared", 3, layers=1)
    rng = np.random.default_rng(1)
    subspaces = planted_subspaces(functions, by_block(0.6, rng), by_block(RANDOM, rng), rank=8, width=32)
    found = finding((functions, subspaces))
    assert any("rank 8 " in note for note in found.notes)


def test_evidence_about_other_blocks_is_refused() -> None:
    functions, subspaces = at_tokens(0.05, 0.6)
    with pytest.raises(ValueError, match="other blocks of sequences"):
        finding((functions, replace(subspaces, blocks=subspaces.blocks[::-1])))


def test_figure_shows_pairs_beside_chance_and_ceiling() -> None:
    figure = finding(beside(planted_trace("weak shared", 3, experts=5, width=24), 0.6)).figure
    assert figure is not None
    assert [len(series.x) for series in figure.series] == [10, 10]
    assert [series.label.split(":")[0] for series in figure.reference] == ["chance", "ceiling"] * 2


def gaussian_world(seed: int) -> Evidence:
    return beside(planted_trace("gaussian", seed, experts=4, width=16, layers=1), 0.7, seed, drawn=0.7)


def random_world(seed: int) -> Evidence:
    """Experts as drawn, whose outputs lie in random subspaces, and those of reinitialised experts in others."""
    functions = planted_trace("gaussian", seed, experts=4, width=16, layers=1)
    rng, luck = np.random.default_rng([seed, 2]), chance_overlap(16, 64)[1] / math.sqrt(6)
    own, drawn = (by_block(16 / 64 + luck * rng.standard_normal(), rng, luck / 10) for _ in range(2))
    return functions, planted_subspaces(functions, own, by_block(RANDOM, rng), drawn=drawn)


def equal_world(seed: int) -> Evidence:
    return at_tokens(0.5, FLOOR + (RANDOM - FLOOR) / 2, seed=seed, drawn=0.1)


def lucky_world(seed: int) -> Evidence:
    """Corrected alignment and overlap are equal, were the reinitialised experts drawn without end."""
    width, rng = 16, np.random.default_rng(seed)
    means, drawn = planted_means("weak shared", 4, width, rng), planted_means("gaussian", 4, width, rng)
    functions = trace_of([planted_layer(means, drawn, rng, noise=0.02)])
    chance = np.sqrt(2 / np.pi) / width
    layer = read_alignments(functions, "own", absolute=True)[0][0]
    alignment = (layer.trained[0] - chance) / (layer.ceiling[0] - chance)
    return beside(functions, FLOOR + alignment * (RANDOM - FLOOR), seed)


@pytest.mark.parametrize(
    ("world", "variant"),
    [(gaussian_world, OUTPUTS), (random_world, OUTPUTS), (equal_world, EACH), (lucky_world, OUTPUTS)],
    ids=["reinitialised", "random subspaces", "equal", "luck of the draw"],
)
def test_false_support_stays_below_five_percent(world: Callable[[int], Evidence], variant: Mapping[str, str]) -> None:
    supported = sum(verdict(world(seed), variant) == Verdict.SUPPORTED for seed in range(DRAWS))
    assert supported <= 0.05 * DRAWS, f"{supported} of {DRAWS} null draws were called supported"


@pytest.mark.parametrize(("world", "variant"), [(equal_world, EACH), (lucky_world, OUTPUTS)])
def test_equal_separation_is_rarely_refuted(world: Callable[[int], Evidence], variant: Mapping[str, str]) -> None:
    refuted = sum(verdict(world(seed), variant) == Verdict.REFUTED for seed in range(DRAWS))
    assert refuted <= 0.05 * DRAWS, f"{refuted} of {DRAWS} draws without a difference were called refuted"


def test_random_subspaces_that_overlap_less_than_chance_by_luck_alone_do_not_refute() -> None:
    rank, width = 16, 32
    luck = chance_overlap(rank, width)[1] / math.sqrt(6)  # 6 pairs of the 4 experts
    rng = np.random.default_rng(3)
    functions = at_tokens(0.0, 0.6)[0]
    overlap = by_block(rank / width - luck, rng, luck / 100)
    low = planted_subspaces(functions, overlap, by_block(RANDOM, rng), rank=rank, width=width)
    assert verdict((functions, low), EACH) == Verdict.INCONCLUSIVE
