"""Planted experts: what near zero means, what copies give, and what reinitialised experts give as well."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any, get_args

import numpy as np
import pytest

from claims.core.finding import Finding, Measured
from claims.core.verdict import Verdict
from claims.experts import test_asy_decorrelation
from claims.experts.output_agreement import order_agreement, sign_agreement
from claims.tests.support import planted_functions
from claims.tests.support.contract import Case, Contract, Null, contract_tests, true_by_far
from claims.tests.support.planted_tables import (
    Kind,
    planted_layer,
    planted_means,
    planted_trace,
    trace_of,
    with_token_cosines,
)
from claims.tests.support.text_fits import BADLY, IN_PART, text_with_gain
from claims.tests.support.verdicts import declared, finding_of
from fixtures.evidence.jacobians import FunctionTrace
from metrics.arrays import Float64Array
from metrics.jacobians.block_alignment import deletions, mean_cosines, same_expert
from metrics.stats.estimate import Estimate

DECORRELATION = test_asy_decorrelation.test_functional_decorrelation
VARIANTS = declared(DECORRELATION).variants
SIGNED = {"tokens": "own", "sign": "signed"}
EACH = {"tokens": "each", "sign": "absolute"}
GATED = {"tokens": "own, with the gate", "sign": "absolute"}


def at_tokens(
    seed: int, *, alignment: float, drawn: float = 0.0, ceiling: float = 0.9, spread: float = 0.02, number: int = 0
) -> FunctionTrace:
    """One layer with these cosines at single tokens, and noise by block; outputs are correlated as Jacobians are."""
    rng = np.random.default_rng(seed)
    means = planted_means("weak shared", 4, 12, rng)
    layer = planted_layer(means, planted_means("gaussian", 4, 12, rng), rng, number=number)
    values = (value + spread * rng.standard_normal(16) for value in (alignment, drawn, ceiling))
    names = ("alignment", "drawn", "ceiling")
    return trace_of([with_token_cosines(layer, **dict(zip(names, values, strict=True)))])


def one_aligned_layer() -> FunctionTrace:
    """Three layers, of which the middle one holds copies."""
    rng = np.random.default_rng(4)
    drawn = planted_means("gaussian", 6, 32, rng)
    kinds: tuple[Kind, ...] = ("weak shared", "copies", "weak shared")
    return trace_of(
        [planted_layer(planted_means(k, 6, 32, rng), drawn, rng, number=2 + n) for n, k in enumerate(kinds)]
    )


def of_layers(*alignments: float, **at: float) -> FunctionTrace:
    """A layer for each of these alignments."""
    layers = (at_tokens(1, alignment=each, number=number, **at) for number, each in enumerate(alignments))
    return trace_of([each.layers[0] for each in layers])


def upside_down() -> FunctionTrace:
    """Outputs whose correlations are the opposite of what the alignments say."""
    layers = of_kind("orthogonal").layers
    own = [2 * np.einsum("bii->bi", layer.outputs)[:, :, None] * np.eye(16) for layer in layers]
    return trace_of([replace(each, outputs=kept - each.outputs) for each, kept in zip(layers, own, strict=True)])


def ungated() -> FunctionTrace:
    """Experts whose gates' gradients are not known."""
    return trace_of([replace(each, gated=None) for each in planted_trace("gaussian", 3, width=12).layers])


def unreadable() -> FunctionTrace:
    """A layer of experts that cannot be read."""
    layer = planted_trace("gaussian", 3, width=12, layers=1).layers[0]
    return trace_of([replace(layer, layer=7, note="experts of an unknown layout")])


@cache
def of_kind(kind: Kind) -> FunctionTrace:
    """Many pairs: as drawn within a hundredth; narrow where reinitialised experts are to be aligned by chance."""
    return planted_trace(kind, 3, experts=16, width=12 if kind == "orthogonal" else 48, noise=0.1)


@cache
def studied(kind: planted_functions.Kind) -> FunctionTrace:
    """Gated experts, studied token by token."""
    return planted_functions.planted_trace(kind, seed=5, experts=16, layers=3).functions


def short(sequences: int) -> FunctionTrace:
    """A text of so few sequences."""
    return planted_functions.planted_trace("gaussian", layers=1, sequences=sequences, length=100).functions


def gaussian_null(seed: int) -> FunctionTrace:
    """Experts as drawn."""
    return planted_trace("gaussian", seed, experts=4, width=16, blocks=8)


#: What mathematics demands of each kind of experts.
DEMANDED: dict[Kind, Verdict] = {
    "gaussian": Verdict.VACUOUS,
    "copies": Verdict.REFUTED,
    "scaled": Verdict.REFUTED,
    "rotated": Verdict.VACUOUS,
    "one direction": Verdict.REFUTED,
    "weak shared": Verdict.VACUOUS,
}
STUDIED = [kind for kind in get_args(planted_functions.Kind) if kind in ("gaussian", "copies")]
AT_TOKENS: tuple[tuple[str, Verdict, dict[str, Any]], ...] = (
    ("less alike", Verdict.SUPPORTED, {"alignment": 0.02, "drawn": 0.08, "spread": 0.005}),
    ("less alike by what matters", Verdict.SUPPORTED, {"alignment": 0.02, "drawn": 0.035, "spread": 0.002}),
    ("half of what chance gives", Verdict.SUPPORTED, {"alignment": 0.04, "drawn": 0.08, "spread": 0.005}),
    ("near zero, barely", Verdict.SUPPORTED, {"alignment": 0.095, "drawn": 0.2, "spread": 0.002}),
    ("not near zero, barely", Verdict.PARTLY, {"alignment": 0.105, "drawn": 0.2, "spread": 0.002}),
    ("around near zero", Verdict.INCONCLUSIVE, {"alignment": 0.1, "drawn": 0.2}),
    ("less alike by too little", Verdict.VACUOUS, {"alignment": 0.02, "drawn": 0.025, "spread": 0.002}),
    ("around what matters", Verdict.INCONCLUSIVE, {"alignment": 0.02, "drawn": 0.03, "spread": 0.005}),
    ("as drawn", Verdict.VACUOUS, {"alignment": 0.02, "drawn": 0.02, "spread": 0.005}),
    ("more alike", Verdict.VACUOUS, {"alignment": 0.06, "drawn": 0.02, "spread": 0.005}),
    ("exact cosines", Verdict.REFUTED, {"alignment": 0.14, "drawn": 0.14, "spread": 0.005}),
    ("nobody closer to itself, but aligned", Verdict.REFUTED, {"alignment": 0.6, "ceiling": 0.6}),
)
REFUSED = (
    ("one expert", "one expert", partial(planted_trace, "gaussian", 3, experts=1, width=12), VARIANTS[0]),
    ("three blocks", "for an interval: 3;", partial(planted_trace, "gaussian", 3, width=12, blocks=3), VARIANTS[0]),
    ("no gradient of the gate", "gradient of its gate", ungated, GATED),
    ("unreadable", "layer 7: experts of an unknown layout", unreadable, VARIANTS[0]),
    (
        "no expert closer to itself",
        r"itself on other tokens is 0\.09\d+ and that of reinitialised experts 0\.00",
        partial(at_tokens, 1, alignment=0.06, ceiling=0.09, spread=0.01),
        EACH,
    ),
    *((f"{n} sequences", f"too few blocks .*: {n};", partial(short, n), each) for n in (1, 2) for each in VARIANTS),
)
LESS_ALIKE = partial(at_tokens, 1, alignment=0.02, drawn=0.08, spread=0.005)
TRUE_BY_A_MARGIN = partial(at_tokens, alignment=0.098, drawn=0.11)
NULLS = (
    ("gaussian", gaussian_null, VARIANTS[0]),
    ("gaussian, shared and signed", gaussian_null, {"tokens": "shared", "sign": "signed"}),
    ("gaussian, tokens", gaussian_null, EACH),
    ("at near zero", partial(at_tokens, alignment=0.1, drawn=0.2), EACH),
    ("a hundredth below chance", partial(at_tokens, alignment=0.05, drawn=0.06, spread=0.01), EACH),
)


def case(
    name: str,
    expected: Verdict,
    functions: object,
    variant: Mapping[str, str] = VARIANTS[0],
    says: str = "",
    trace: object = None,
) -> Case:
    """A case of these functions."""
    listed = f"{name}: {', '.join(variant.values())}"
    return Case(listed, expected, says=says, functions=functions, variant=variant, trace=trace)


CONTRACTS = (
    Contract(
        DECORRELATION,
        cases=(
            *(case(kind, DEMANDED[kind], partial(of_kind, kind), each) for kind in DEMANDED for each in VARIANTS),
            *(
                case(f"studied {kind}", DEMANDED[kind], partial(studied, kind), each)
                for kind in STUDIED
                for each in VARIANTS
            ),
            *(
                case("orthogonal", Verdict.SUPPORTED, partial(of_kind, "orthogonal"), each)
                for each in VARIANTS
                if each["sign"] == "absolute"
            ),
            *(case(name, expected, partial(at_tokens, 1, **at), EACH) for name, expected, at in AT_TOKENS),
            case("opposite", Verdict.REFUTED, partial(planted_trace, "last opposite", 3, experts=4, width=24)),
            case("one aligned layer", Verdict.REFUTED, one_aligned_layer, says="farthest off is layer 3"),
            case(
                "one layer is not near zero", Verdict.PARTLY,
                partial(of_layers, 0.0, 0.15, drawn=0.2, spread=0.005), EACH, "of the layer where it is largest = 0.1",
            ),
            case(
                "some layers of many", Verdict.SUPPORTED,
                lambda: replace(of_layers(0.0, 0.0, 0.0, drawn=0.2), stands_for=4), EACH,
                "open is a part of the sentence: mean alignment of the layer where it is largest",
            ),
            case("outputs that disagree", Verdict.PARTLY, upside_down, says="outputs agree in sign"),
            case(
                "one pair says nothing of the luck of a draw", Verdict.INCONCLUSIVE,
                partial(planted_trace, "weak shared", 3, experts=2, width=32, layers=1),
            ),
            case("text that is not modelled", Verdict.NOT_APPLICABLE, LESS_ALIKE, EACH, "token frequencies = 0.3",
                 partial(text_with_gain, BADLY)),
            case("text that is modelled in part", Verdict.INCONCLUSIVE, LESS_ALIKE, EACH, "token frequencies",
                 partial(text_with_gain, IN_PART)),
            *(case(name, Verdict.NOT_APPLICABLE, trace, each, says) for name, says, trace, each in REFUSED),
        ),
        nulls=(
            *(Null(name, {"functions": functions, "variant": each, "trace": None}) for name, functions, each in NULLS),
            Null(
                "true at its thresholds plus a margin",
                {"functions": TRUE_BY_A_MARGIN, "variant": EACH, "trace": None},
                limits={Verdict.REFUTED: 0.5},
            ),
            true_by_far({"functions": partial(at_tokens, alignment=0.02, drawn=0.08), "variant": EACH, "trace": None}),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def finding(functions: FunctionTrace, variant: Mapping[str, str] = VARIANTS[0]) -> Finding:
    return finding_of(DECORRELATION, functions=functions, variant=variant, trace=None)


def measured(found: Finding, name: str) -> Measured:
    return next(each for _, each in found.by_role() if name in each.name)


def test_copies_of_opposite_sign_cancel_in_sign() -> None:
    found = finding(planted_trace("last opposite", 3, experts=4, width=24), SIGNED)
    assert found.headline[0].estimate.value < 0.1


def test_the_mean_over_layers_is_of_the_sizes_that_the_curve_shows() -> None:
    found = finding(of_layers(0.02, 0.15, drawn=0.2, spread=0.005), EACH)
    curve = next(each for each in found.layers if each.name == "mean alignment")
    shown = [each.value for each in curve.values if isinstance(each, Estimate)]
    assert found.headline[0].estimate.value == pytest.approx(np.mean(shown))
    assert measured(found, "where it is largest").estimate.value == pytest.approx(max(shown))
    assert shown == pytest.approx([0.02, 0.15], abs=0.005)


def test_the_excess_is_what_reinitialised_experts_have_more_and_the_share_runs_to_the_ceiling() -> None:
    found = finding(at_tokens(1, alignment=0.3, drawn=0.1, ceiling=0.9, spread=1e-4), EACH)
    assert found.excess[0].estimate.value == pytest.approx(-0.2, abs=1e-3)
    assert found.controls[0].estimate.value == pytest.approx(0.1, abs=1e-3)
    assert measured(found, "share").estimate.value == pytest.approx(0.25, abs=1e-3)


def test_no_cosine_exceeds_one() -> None:
    found = finding(at_tokens(1, alignment=0.05, ceiling=0.99, spread=0.1), EACH)
    ceiling = next(each for each in found.layers if each.name.startswith("same expert")).values[0]
    assert isinstance(ceiling, Estimate)
    assert ceiling.high == 1.0
    assert ceiling.method.endswith("cut at 1")


def test_by_how_much_training_moves_the_alignment_is_said() -> None:
    for alignment, drawn, way in ((0.08, 0.02, "raises"), (0.02, 0.08, "lowers")):
        notes = finding(at_tokens(1, alignment=alignment, drawn=drawn, spread=1e-4), EACH).notes
        assert any("by 0.06 on average" in note and f"training {way} the alignment" in note for note in notes)


def test_where_no_experts_could_be_less_aligned_by_what_matters_this_is_said() -> None:
    for drawn, said in ((0.005, True), (0.02, False)):
        notes = finding(at_tokens(1, alignment=0.02, drawn=drawn, spread=0.001), EACH).notes
        assert any("none could be less aligned by 0.01" in note for note in notes) == said


def test_layers_where_the_measure_is_blind_are_left_out_by_name() -> None:
    blind, seen = (
        at_tokens(1, alignment=0.06, ceiling=c, spread=0.01, number=n).layers[0] for n, c in ((0, 0.05), (1, 0.9))
    )
    found = finding(trace_of([blind, seen]), EACH)
    assert any(note.startswith("Left out, layer 0:") and "cannot tell experts" in note for note in found.notes)
    assert found.layers[0].layers == (1,)


def test_agreement_of_outputs_in_order_is_undefined_for_copies() -> None:
    found = finding(planted_trace("copies", 3, width=16, noise=0.0))
    assert any("order (Spearman) is undefined" in note for note in found.notes)
    assert measured(found, "agree in sign").estimate.low == pytest.approx(1.0)


def test_unreadable_layers_are_named_and_none_left_does_not_apply() -> None:
    layer = planted_trace("gaussian", 3, width=12, layers=1).layers[0]
    gone = replace(layer, layer=7, note="experts of an unknown layout")
    found = finding(trace_of([layer, gone]))
    assert "Left out, layer 7: experts of an unknown layout." in found.notes


def test_experts_without_visits_make_no_pair() -> None:
    trace = planted_trace("copies", 3, width=16)
    own = trace.layers[0].own.copy()
    own[2], own[:, :, 2] = 0.0, 0.0
    idle = replace(trace.layers[0], own=own, visits=trace.layers[0].visits * (np.arange(8) != 2)[:, None])
    found = finding(trace_of([idle]))
    assert found.headline[0].estimate.value > 0.9
    assert found.figure is not None
    assert np.isnan(found.figure.series[2].y).all()


def test_alignment_without_a_block_is_that_of_the_other_blocks() -> None:
    rng = np.random.default_rng(6)
    jacobians = rng.standard_normal((3, 5, 7))
    table = np.tensordot(jacobians, jacobians, axes=(2, 2))
    found = mean_cosines(table, deletions(5))
    for row, weights in enumerate(deletions(5)):
        sums = np.einsum("b,ibk->ik", weights, jacobians)
        units = sums / np.linalg.norm(sums, axis=1, keepdims=True)
        assert found[row] == pytest.approx((units @ units.T)[np.triu_indices(3, 1)])


def test_ceiling_is_the_alignment_with_as_many_other_tokens() -> None:
    rng = np.random.default_rng(7)
    mean = rng.standard_normal((2, 1, 400))
    first, other = (mean + 4 * rng.standard_normal((2, 16, 400)) for _ in range(2))
    table = np.tensordot(first, first, axes=(2, 2))
    expected = [_cosine(first[i].mean(axis=0), other[i].mean(axis=0)) for i in range(2)]
    found = same_expert(table, np.ones((2, 16), dtype=np.int64), np.ones((1, 16)))[0]
    assert found == pytest.approx(expected, abs=0.1)
    assert found == pytest.approx([0.5, 0.5], abs=0.1)


def _cosine(a: Float64Array, b: Float64Array) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_agreements_see_sign_and_order() -> None:
    a = np.array([[-0.3, 0.1, 0.2], [0.1, 0.2, 0.3]])
    assert order_agreement(a, a[:, ::-1]).tolist() == [-1.0, -1.0]
    assert sign_agreement(a, a).tolist() == [1.0, 1.0]
    assert sign_agreement(a, -a).tolist() == [-1.0, -1.0]
    assert np.isnan(sign_agreement(a, np.zeros_like(a))).all()


def test_notes_say_how_the_cosines_of_each_layer_were_computed_and_which_experts_have_none() -> None:
    first, second = (at_tokens(number, alignment=0.02, number=number).layers[0] for number in (1, 2))
    table = second.own.copy()
    table[0], table[:, :, 0] = 0.0, 0.0
    probed = replace(second, own=table, at_token=replace(second.at_token, method="32 random probes"))
    trace = trace_of([first, probed])
    notes = " ".join(finding(trace, EACH).notes)
    assert "layer 1: 16; planted." in notes
    assert "layer 2: 16; 32 random probes." in notes
    assert "Experts left out, without an alignment with any other: 1 at layer 2." in finding(trace).notes


def test_a_sample_of_layers_and_experts_widens_the_interval_and_is_told() -> None:
    trace = one_aligned_layer()
    whole = finding_of(DECORRELATION, functions=trace, trace=None)
    some = replace(
        trace, stands_for=9, layers=tuple(replace(layer, count=4 * len(layer.experts)) for layer in trace.layers)
    )
    sampled = finding_of(DECORRELATION, functions=some, trace=None)
    one, other = (found.headline[0].estimate for found in (whole, sampled))
    assert other.value == one.value
    assert other.high - other.low > 2 * (one.high - one.low)
    (said,) = (note for note in sampled.notes if note.startswith("A sample"))
    assert "3 of 9 layers" in said
    assert "6 of 24 experts" in said
    assert not any(note.startswith("A sample") for note in whole.notes)
    assert "those of single layers do not" in said


def test_what_is_said_of_outputs_and_of_the_largest_allows_for_what_was_not_looked_at() -> None:
    trace, rng = planted_trace("gaussian", 3, experts=8, width=32), np.random.default_rng(1)
    mixed = [each.outputs @ (np.eye(8) + 0.1 * rng.standard_normal((8, 8))) for each in trace.layers]
    trace = trace_of(
        [replace(each, outputs=one + one.swapaxes(1, 2)) for each, one in zip(trace.layers, mixed, strict=True)]
    )
    known = finding(trace)
    some_experts = finding(
        replace(trace, layers=tuple(replace(each, count=4 * len(each.experts)) for each in trace.layers))
    )
    some_layers = finding(replace(trace, stands_for=9))
    for name in ("agree in order", "agree in sign"):
        one, *others = (measured(found, name).estimate for found in (known, some_experts, some_layers))
        for other in others:
            assert other.value == one.value
            assert other.low < one.low < one.high < other.high
    for name in ("mean alignment of the layer where it is largest", "output correlation"):
        one, drawn, open_above = (measured(found, name).estimate for found in (known, some_experts, some_layers))
        assert drawn.low < one.low < one.high < drawn.high < np.inf
        assert (open_above.value, open_above.low, open_above.high) == (one.value, one.low, np.inf)
