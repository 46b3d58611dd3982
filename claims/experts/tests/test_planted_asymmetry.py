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
from claims.tests.support.contract import Case, Contract, Null, contract_tests, true_by_far
from claims.tests.support.planted_tables import (
    Kind,
    planted_layer,
    planted_means,
    planted_subspaces,
    planted_trace,
    trace_of,
    with_token_cosines,
)
from claims.tests.support.text_fits import BADLY, IN_PART, text_with_gain
from claims.tests.support.verdicts import declared, finding_of
from fixtures.evidence.jacobians import FunctionTrace
from fixtures.evidence.subspaces import SubspaceTrace
from metrics.arrays import Float64Array
from metrics.subspaces.grassmann import chance_overlap

ASYMMETRY = test_asy_asymmetry.test_asymmetry
OUTPUTS = declared(ASYMMETRY).variants[0]
INPUTS = {**OUTPUTS, "subspaces": "input"}
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
    alignment: float,
    overlap: float,
    *,
    seed: int = 0,
    drawn: float = 0.0,
    ceiling: float = 0.9,
    random: float = RANDOM,
    redrawn: float = FLOOR,
) -> Evidence:
    """One layer with these cosines at single tokens, beside subspaces of this overlap; noise by block.

    ``drawn`` is the alignment of reinitialised experts, ``redrawn`` the overlap of what they return.
    """
    rng = np.random.default_rng(seed)
    first, other = (planted_means("gaussian", 4, 8, rng) for _ in range(2))
    layer = with_token_cosines(
        planted_layer(first, other, rng),
        alignment=by_block(alignment, rng),
        drawn=by_block(drawn, rng),
        ceiling=by_block(ceiling, rng),
    )
    return beside(trace_of([layer]), overlap, seed, random, drawn=redrawn)


def on_scale(alignment: float, overlap: float, drawn: float, seed: int = 0) -> Evidence:
    """One layer with this alignment and overlap on scales from chance to ceiling, and overlap of drawn experts."""
    own, other = (FLOOR + each * (RANDOM - FLOOR) for each in (overlap, drawn))
    return at_tokens(0.9 * alignment, own, seed=seed, redrawn=other)


def with_noisy_null() -> Evidence:
    """Reinitialised experts whose overlap varies from block to block."""
    functions, subspaces = at_tokens(0.0, 0.45)
    used = subspaces.layers[0].readings[1]
    noisy = by_block(0.40, np.random.default_rng(7), 0.4)
    own, random = (by_block(value, np.random.default_rng(8)) for value in (0.45, RANDOM))
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


def gaussian_world(seed: int) -> Evidence:
    return beside(planted_trace("gaussian", seed, experts=4, width=16, layers=1), 0.7, seed, drawn=0.7)


def random_world(seed: int) -> Evidence:
    """Experts as drawn, whose outputs lie in random subspaces, and those of reinitialised experts in others."""
    functions = planted_trace("gaussian", seed, experts=4, width=16, layers=1)
    rng, luck = np.random.default_rng([seed, 2]), chance_overlap(16, 64)[1] / math.sqrt(6)
    own, drawn = (by_block(16 / 64 + luck * rng.standard_normal(), rng, luck / 10) for _ in range(2))
    return functions, planted_subspaces(functions, own, by_block(RANDOM, rng), drawn=drawn)


def lucky_world(seed: int) -> Evidence:
    """Corrected overlap exceeds alignment by 0.1, were the reinitialised experts drawn without end."""
    width, rng = 16, np.random.default_rng(seed)
    means, drawn = planted_means("weak shared", 4, width, rng), planted_means("gaussian", 4, width, rng)
    functions = trace_of([planted_layer(means, drawn, rng, noise=0.02)])
    chance = np.sqrt(2 / np.pi) / width
    layer = read_alignments(functions, "own", absolute=True)[0][0]
    alignment = (layer.trained[0] - chance) / (layer.ceiling[0] - chance)
    return beside(functions, FLOOR + (alignment + 0.1) * (RANDOM - FLOOR), seed)


def of_kind(kind: Kind, overlap: float, drawn: float) -> Evidence:
    """One layer of these experts, with subspaces of this overlap, and of reinitialised experts of another."""
    return beside(planted_trace(kind, 3, layers=1), overlap, drawn=drawn)


#: A kind of experts, overlap, that of reinitialised experts, and the verdicts of outputs and of inputs.
KINDS: tuple[tuple[Kind, float, float, Verdict, Verdict], ...] = (
    ("weak shared", 0.6, FLOOR, Verdict.SUPPORTED, Verdict.VACUOUS),
    ("rotated", RANDOM, FLOOR, Verdict.SUPPORTED, Verdict.VACUOUS),
    # Reinitialised experts return what overlaps as well: half of it, as much, more.
    ("weak shared", 0.65, 0.45, Verdict.SUPPORTED, Verdict.VACUOUS),
    ("gaussian", 0.6, 0.6, Verdict.VACUOUS, Verdict.VACUOUS),
    ("gaussian", 0.5, 0.6, Verdict.VACUOUS, Verdict.VACUOUS),
    ("weak shared", FLOOR, FLOOR, Verdict.REFUTED, Verdict.REFUTED),
    ("copies", 0.6, FLOOR, Verdict.REFUTED, Verdict.REFUTED),
)
#: Alignment, overlap, and overlap of reinitialised experts, on scales from chance to ceiling, at single tokens.
SCALES: tuple[tuple[str, Verdict, tuple[float, float, float]], ...] = (
    ("more than what matters", Verdict.SUPPORTED, (0.2, 0.4, 0.0)),
    ("less than what matters", Verdict.REFUTED, (0.4, 0.41, 0.0)),
    ("around what matters", Verdict.INCONCLUSIVE, (0.4, 0.5, 0.0)),
    ("equal", Verdict.REFUTED, (0.5, 0.5, 0.0)),
    ("beyond chance, and small", Verdict.PARTLY, (0.0, 0.04, -0.15)),
    ("hardly beyond chance", Verdict.VACUOUS, (0.0, 0.4, 0.395)),
    ("around what matters beyond chance", Verdict.INCONCLUSIVE, (0.0, 0.4, 0.35)),
)


def halves(build: Callable[..., Evidence]) -> dict[str, Any]:
    """The arguments of the claim's test, functions and subspaces built when they are asked for, together."""
    both = lru_cache(maxsize=1)(build)
    return {"functions": lambda *seed: both(*seed)[0], "subspaces": lambda *seed: both(*seed)[1], "trace": None}


def case(
    name: str,
    expected: Verdict,
    build: Callable[..., Evidence],
    variant: Mapping[str, str],
    says: str = "",
    **more: Any,
) -> Case:
    """A case of this evidence."""
    return Case(f"{name}: {', '.join(variant.values())}", expected, says=says, variant=variant, **halves(build) | more)


def null(name: str, build: Callable[[int], Evidence], variant: Mapping[str, str], *rare: Verdict) -> Null:
    """Worlds of this evidence, in which these verdicts must be rare."""
    return Null(name, {**halves(build), "variant": variant}, limits=dict.fromkeys(rare, 0.5))


def scale_world(alignment: float, overlap: float, drawn: float) -> Callable[[int], Evidence]:
    return lambda seed: on_scale(alignment, overlap, drawn, seed)


CLEAR = partial(on_scale, 0.0, 0.6, 0.0)
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
            *(case(name, expected, partial(on_scale, *values), EACH) for name, expected, values in SCALES),
            # A contrast above 0 only since reinitialised experts are more aligned than these.
            *(
                case("no overlap", Verdict.PARTLY, partial(at_tokens, 0.0, FLOOR, drawn=0.3), each, "corrected overlap")
                for each in (EACH, EACH_INPUT)
            ),
            case("a noisy null", Verdict.INCONCLUSIVE, with_noisy_null, EACH, "minus that of reinitialised experts"),
            case("less than chance gives", Verdict.REFUTED, partial(at_tokens, 0.75, 0.8, ceiling=0.75), EACH),
            case("inputs need no null", Verdict.VACUOUS, without_null, EACH_INPUT),
            case("text that is not modelled", Verdict.NOT_APPLICABLE, CLEAR, EACH, "token frequencies = 0.3",
                 trace=partial(text_with_gain, BADLY)),
            case("text that is modelled in part", Verdict.INCONCLUSIVE, CLEAR, EACH, "token frequencies",
                 trace=partial(text_with_gain, IN_PART)),
            *(
                case(name, Verdict.NOT_APPLICABLE, build, EACH, says)
                for name, build, says in (
                    ("no null", without_null, "no subspaces are known of what reinitialised experts would return"),
                    ("no subspaces", without_subspaces, "no subspaces of its experts' outputs"),
                    ("no room", partial(at_tokens, 0.05, 0.6, ceiling=0.08), r"less than 0\.1 apart"),
                    ("no spread", partial(at_tokens, 0.05, 0.3, random=0.3), r"overlap has less than 0\.1 between"),
                    ("one expert", lambda: beside(planted_trace("gaussian", 3, experts=1, width=8), 0.6), "one expert"),
                )
            ),
        ),
        nulls=(
            null("as drawn", gaussian_world, OUTPUTS, Verdict.SUPPORTED),
            null("random subspaces", random_world, OUTPUTS, Verdict.SUPPORTED),
            null("at the least contrast", scale_world(0.4, 0.5, 0.0), EACH, Verdict.SUPPORTED),
            null("at the least excess", scale_world(0.0, 0.4, 0.35), EACH, Verdict.SUPPORTED),
            null("luck of the draw", lucky_world, OUTPUTS, Verdict.SUPPORTED, Verdict.REFUTED),
            null("true at its thresholds plus a margin", scale_world(0.0, 0.11, 0.05), EACH, Verdict.REFUTED),
            true_by_far({**halves(scale_world(0.0, 0.6, 0.0)), "variant": EACH}),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def finding(evidence: Evidence, variant: Mapping[str, str] = OUTPUTS) -> Finding:
    return finding_of(ASYMMETRY, functions=evidence[0], subspaces=evidence[1], variant=variant, trace=None)


def value(found: Finding, name: str) -> float:
    return next(each.estimate.value for _, each in found.by_role() if each.name == name)


def test_of_inputs_nothing_but_lower_alignment_exceeds_the_null() -> None:
    found = finding(beside(planted_trace("weak shared", 3, layers=1), 0.6), INPUTS)
    assert found.excess[0].estimate.value == pytest.approx(-value(found, "corrected alignment"))
    assert found.controls[0].estimate.value == pytest.approx(value(found, "corrected overlap"))
    assert any(note.startswith("By construction") for note in found.notes)


def test_both_scales_run_from_chance_to_ceiling() -> None:
    found = finding(at_tokens(0.27, 0.43, ceiling=0.9), EACH)
    assert value(found, "corrected alignment") == pytest.approx(0.3, abs=0.03)
    assert value(found, "corrected overlap") == pytest.approx(0.3, abs=0.03)


def test_what_chance_gives_is_taken_off_both() -> None:
    found = finding(at_tokens(0.4, 0.5, drawn=0.3), EACH)  # raw overlap is above raw alignment, as is what chance gives
    assert value(found, "corrected alignment") == pytest.approx(1 / 6, abs=0.03)


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
    assert [panel.title for panel in figure.panels] == ["first: layer 0, 10 pairs", "last: layer 1, 10 pairs"]
    for panel in figure.panels:
        assert sum(panel.series[0].weight) == 10
        assert [series.label.split(":")[0] for series in panel.reference] == ["chance", "chance", "ceiling", "ceiling"]
