"""Planted functions and subspaces: which separate more, and what reinitialised experts would give."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
import pytest

from claims.core.finding import Finding
from claims.core.verdict import Verdict
from claims.experts import test_asy_asymmetry
from claims.experts.alignment_variants import read_alignments
from claims.tests.support.contract import Case, Contract, Null, contract_tests
from claims.tests.support.planted_tables import (
    Kind,
    planted_layer,
    planted_means,
    planted_subspaces,
    planted_trace,
    trace_of,
    with_token_cosines,
)
from claims.tests.support.verdicts import declared, finding_of
from fixtures.evidence.jacobians import FunctionTrace
from fixtures.evidence.subspaces import SubspaceTrace
from metrics.arrays import Float64Array
from metrics.subspaces.grassmann import chance_overlap

ASYMMETRY = test_asy_asymmetry.test_asymmetry
PRIMARY = declared(ASYMMETRY).variants[0]
OUTPUTS = {"subspaces": "output", "alignment": "own"}
EACH, EACH_INPUT = ({"subspaces": side, "alignment": "each"} for side in ("output", "input"))
BLOCKS = 16
#: Overlap of random partitions, and of random subspaces, in planted subspaces.
RANDOM, FLOOR = 0.85, 0.25

Evidence = tuple[FunctionTrace, SubspaceTrace]


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


def with_noisy_null() -> Evidence:
    """Reinitialised experts whose overlap varies from block to block."""
    functions, subspaces = at_tokens(0.0, 0.32)
    used = subspaces.layers[0].readings[1]
    noisy = by_block(0.29, np.random.default_rng(7), 0.4)
    own, random = (by_block(value, np.random.default_rng(8)) for value in (0.32, RANDOM))
    return functions, planted_subspaces(functions, own, random, rank=used.rank, width=used.width, drawn=noisy)


def without_null() -> Evidence:
    """Outputs of reinitialised experts that nobody read."""
    functions, subspaces = at_tokens(0.05, 0.6)
    unread = [
        replace(layer, readings=tuple(replace(each, redrawn_overlap=np.zeros(0)) for each in layer.readings))
        for layer in subspaces.layers
    ]
    return functions, replace(subspaces, layers=tuple(unread))


def without_subspaces() -> Evidence:
    """Subspaces that nobody could read."""
    functions, subspaces = at_tokens(0.05, 0.6)
    return functions, replace(subspaces, layers=tuple(replace(each, readings=()) for each in subspaces.layers))


def low_by_luck() -> Evidence:
    """Random subspaces of four experts, six pairs, that overlap less than chance by luck alone."""
    rank, width, rng = 16, 32, np.random.default_rng(3)
    luck = chance_overlap(rank, width)[1] / math.sqrt(6)
    functions = at_tokens(0.0, 0.6)[0]
    overlap = by_block(rank / width - luck, rng, luck / 100)
    return functions, planted_subspaces(functions, overlap, by_block(RANDOM, rng), rank=rank, width=width)


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


def of_kind(kind: Kind, overlap: float, drawn: float) -> Evidence:
    """One layer of these experts, with subspaces of this overlap, and of reinitialised experts of another."""
    return beside(planted_trace(kind, 3, layers=1), overlap, drawn=drawn)


#: A kind of experts, overlap, that of reinitialised experts, and the verdicts of outputs and of inputs.
KINDS: tuple[tuple[Kind, float, float, Verdict, Verdict], ...] = (
    ("weak shared", 0.6, FLOOR, Verdict.SUPPORTED, Verdict.VACUOUS),
    ("rotated", RANDOM, FLOOR, Verdict.SUPPORTED, Verdict.VACUOUS),
    # Reinitialised experts return what overlaps as well: by less, by as much, by more.
    ("weak shared", 0.6, 0.5, Verdict.VACUOUS, Verdict.VACUOUS),
    ("gaussian", 0.6, 0.6, Verdict.VACUOUS, Verdict.VACUOUS),
    ("gaussian", 0.5, 0.6, Verdict.VACUOUS, Verdict.VACUOUS),
    ("weak shared", FLOOR, FLOOR, Verdict.REFUTED, Verdict.REFUTED),
    ("copies", 0.6, FLOOR, Verdict.REFUTED, Verdict.REFUTED),
)


def halves(build: Callable[..., Evidence]) -> dict[str, Any]:
    """The two arguments of the claim's test, built when they are asked for, together."""
    both = lru_cache(maxsize=1)(build)
    return {"functions": lambda *seed: both(*seed)[0], "subspaces": lambda *seed: both(*seed)[1]}


def case(
    name: str, expected: Verdict, build: Callable[..., Evidence], variant: Mapping[str, str], says: str = ""
) -> Case:
    """A case of this evidence."""
    return Case(f"{name}: {', '.join(variant.values())}", expected, says=says, variant=variant, **halves(build))


RARE = {Verdict.SUPPORTED: 0.5, Verdict.REFUTED: 0.5}
CONTRACTS = (
    Contract(
        ASYMMETRY,
        cases=(
            *(
                case(f"{kind}, {overlap} and {drawn}", expected, partial(of_kind, kind, overlap, drawn), variant)
                for kind, overlap, drawn, *both in KINDS
                for side, expected in zip(("output", "input"), both, strict=True)
                for variant in ({"subspaces": side, "alignment": alignment} for alignment in ("own", "each"))
            ),
            # A contrast above 0 only since reinitialised experts are more aligned than these.
            case("no overlap", Verdict.INCONCLUSIVE, partial(at_tokens, 0.0, FLOOR + 0.001, drawn=0.3), EACH_INPUT),
            case("no more than the null's", Verdict.INCONCLUSIVE, with_noisy_null, EACH),
            case("equal", Verdict.INCONCLUSIVE, partial(at_tokens, 0.5, 0.55, drawn=0.1), EACH),
            case("low by luck", Verdict.INCONCLUSIVE, low_by_luck, EACH),
            case("less than chance gives", Verdict.REFUTED, partial(at_tokens, 0.75, 0.8, ceiling=0.75), EACH),
            case("inputs need no null", Verdict.VACUOUS, without_null, EACH_INPUT),
            *(
                case(name, Verdict.NOT_APPLICABLE, build, EACH, says)
                for name, build, says in (
                    ("no null", without_null, "no subspaces are known of what reinitialised experts would return"),
                    ("no subspaces", without_subspaces, "no subspaces of its experts' outputs"),
                    (
                        "no room",
                        partial(at_tokens, 0.05, 0.6, ceiling=0.08),
                        r"alignment has less than 0\.1",
                    ),
                    ("no spread", partial(at_tokens, 0.05, 0.3, random=0.3), r"overlap has less than 0\.1 between"),
                    ("one expert", lambda: beside(planted_trace("gaussian", 3, experts=1, width=8), 0.6), "one expert"),
                )
            ),
        ),
        nulls=(
            Null("as drawn", {**halves(gaussian_world), "variant": OUTPUTS}),
            Null("random subspaces", {**halves(random_world), "variant": OUTPUTS}),
            Null("equal", {**halves(equal_world), "variant": EACH}, limits=RARE),
            Null("luck of the draw", {**halves(lucky_world), "variant": OUTPUTS}, limits=RARE),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def finding(evidence: Evidence, variant: Mapping[str, str] = OUTPUTS) -> Finding:
    return finding_of(ASYMMETRY, functions=evidence[0], subspaces=evidence[1], variant=variant)


def test_where_the_null_is_noisy_the_contrast_must_exceed_it() -> None:
    found = finding(with_noisy_null(), EACH)
    assert found.null[0].estimate.low < 0 < found.criteria[0].estimate.low
    assert found.criteria[1].decides


def test_of_inputs_the_null_is_the_overlap_itself() -> None:
    found = finding(beside(planted_trace("weak shared", 3, layers=1), 0.6), PRIMARY)
    overlap = next(each for each in found.criteria if each.name == "corrected overlap")
    assert found.null[0].estimate == overlap.estimate
    assert any(note.startswith("By construction") for note in found.notes)


def test_both_scales_run_from_chance_to_ceiling() -> None:
    found = finding(at_tokens(0.27, 0.43, ceiling=0.9), EACH)
    values = {each.name: each.estimate.value for each in found.criteria}
    assert values["corrected alignment"] == pytest.approx(0.3, abs=0.03)
    assert values["corrected overlap"] == pytest.approx(0.3, abs=0.03)


def test_what_chance_gives_is_taken_off_both() -> None:
    evidence = at_tokens(0.4, 0.5, drawn=0.3)  # raw overlap is above raw alignment, and so is what chance gives
    values = {each.name: each.estimate.value for each in finding(evidence, EACH).criteria}
    assert values["corrected alignment"] == pytest.approx(1 / 6, abs=0.03)


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
