"""Planted experts: what near zero means, what copies give, and what the claim must never call supported."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from claims.core.claim import claim_of
from claims.core.finding import Finding, Measured, NotApplicable
from claims.core.judge import judge, thresholds_of
from claims.core.verdict import Verdict
from claims.experts.output_agreement import order_agreement, sign_agreement
from claims.experts.test_asy_decorrelation import test_functional_decorrelation as functional_decorrelation
from claims.tests.support import planted_functions
from claims.tests.support.planted_tables import (
    Kind,
    planted_layer,
    planted_means,
    planted_trace,
    trace_of,
    with_token_cosines,
)
from fixtures.evidence.jacobians import FunctionTrace
from metrics.arrays import Float64Array
from metrics.jacobians.block_alignment import deletions, mean_cosines, same_expert
from metrics.stats.estimate import Estimate

# The claim is imported under a name that pytest does not collect.

CLAIM = claim_of(functional_decorrelation)
assert CLAIM is not None
LIMITS = thresholds_of(CLAIM, {})
PRIMARY = CLAIM.variants[0]
SIGNED = {"tokens": "own", "sign": "signed"}
EACH = {"tokens": "each", "sign": "absolute"}
GATED = {"tokens": "own, with the gate", "sign": "absolute"}
#: Worlds drawn for each kind of false support.
DRAWS = 200


def finding(trace: FunctionTrace, variant: Mapping[str, str] = PRIMARY) -> Finding:
    return functional_decorrelation(functions=trace, variant=variant, thresholds=LIMITS)


def verdict(trace: FunctionTrace, variant: Mapping[str, str] = PRIMARY) -> Verdict:
    assert CLAIM is not None
    return judge(CLAIM, finding(trace, variant), {})[0]


def measured(found: Finding, name: str) -> Measured:
    return next(each for each in found.criteria if name in each.name)


@pytest.mark.parametrize("variant", CLAIM.variants, ids=lambda variant: f"{variant['tokens']}-{variant['sign']}")
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("gaussian", Verdict.VACUOUS),
        ("copies", Verdict.REFUTED),
        ("scaled", Verdict.REFUTED),
        ("rotated", Verdict.VACUOUS),
        ("one direction", Verdict.REFUTED),
        ("weak shared", Verdict.SUPPORTED),
    ],
)
def test_each_kind_of_experts_gets_the_verdict_that_mathematics_demands(
    kind: Kind, expected: Verdict, variant: Mapping[str, str], traces: Callable[[Kind], FunctionTrace]
) -> None:
    assert verdict(traces(kind), variant) == expected


@pytest.fixture(scope="module")
def traces() -> Callable[[Kind], FunctionTrace]:
    """Return planted traces, each built once."""
    known: dict[Kind, FunctionTrace] = {}

    def trace(kind: Kind) -> FunctionTrace:
        if kind not in known:
            known[kind] = planted_trace(kind, 3, experts=16)  # as drawn within a hundredth: many pairs
        return known[kind]

    return trace


@pytest.mark.parametrize(("kind", "expected"), [("gaussian", Verdict.VACUOUS), ("copies", Verdict.REFUTED)])
def test_gated_experts_that_were_studied_token_by_token_get_the_same_verdicts(
    kind: planted_functions.Kind, expected: Verdict
) -> None:
    trace = planted_functions.planted_trace(kind, seed=5, experts=16, layers=3).functions
    assert {verdict(trace, variant) for variant in CLAIM.variants} == {expected}  # type: ignore[union-attr]


def test_copies_of_opposite_sign_are_refuted_in_size_though_they_cancel_in_sign() -> None:
    trace = planted_trace("last opposite", 3, experts=4, width=24)
    assert verdict(trace) == Verdict.REFUTED
    assert measured(finding(trace, SIGNED), "largest layer").estimate.value < 0.1


def test_a_single_aligned_layer_refutes_and_is_named() -> None:
    rng = np.random.default_rng(4)
    drawn = planted_means("gaussian", 6, 32, rng)
    kinds: tuple[Kind, ...] = ("weak shared", "copies", "weak shared")
    layers = [planted_layer(planted_means(k, 6, 32, rng), drawn, rng, number=2 + n) for n, k in enumerate(kinds)]
    assert CLAIM is not None
    answer, reason, _, _ = judge(CLAIM, finding(trace_of(layers)), {})
    assert answer == Verdict.REFUTED
    assert "farthest off is layer 3" in reason


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


def test_a_measure_that_cannot_tell_an_expert_from_itself_says_nothing() -> None:
    with pytest.raises(NotApplicable, match=r"itself on other tokens is 0\.0\d+ and that with other experts 0\.0"):
        finding(at_tokens(1, alignment=0.06, ceiling=0.09, spread=0.01), EACH)


def test_experts_as_drawn_are_vacuous_whether_or_not_the_measure_can_tell_them() -> None:
    assert verdict(at_tokens(1, alignment=0.02, drawn=0.02, ceiling=0.03, spread=0.005), EACH) == Verdict.VACUOUS


def test_experts_that_may_or_may_not_differ_from_drawn_ones_by_the_margin_are_undecided() -> None:
    trace = at_tokens(1, alignment=0.03, drawn=0.02, spread=0.005)
    size = measured(finding(trace, EACH), "reinitialised experts").estimate
    assert size.low < LIMITS["as_drawn"] < size.high
    assert verdict(trace, EACH) == Verdict.INCONCLUSIVE
    near, far = (at_tokens(1, alignment=each, drawn=0.02, spread=0.002) for each in (0.022, 0.06))
    assert (verdict(near, EACH), verdict(far, EACH)) == (Verdict.VACUOUS, Verdict.SUPPORTED)


def test_no_cosine_exceeds_one() -> None:
    found = finding(at_tokens(1, alignment=0.05, ceiling=0.99, spread=0.1), EACH)
    ceiling = next(each for each in found.layers if each.name.startswith("same expert")).values[0]
    assert isinstance(ceiling, Estimate)
    assert ceiling.high == 1.0
    assert ceiling.method.endswith("cut at 1")
    assert measured(found, "least layer").estimate.high <= 1.0


def test_aligned_experts_are_refuted_though_none_is_closer_to_itself() -> None:
    assert verdict(at_tokens(1, alignment=0.6, ceiling=0.6), EACH) == Verdict.REFUTED


def test_the_way_in_which_experts_differ_from_reinitialised_ones_is_said() -> None:
    for alignment, drawn, way in ((0.08, 0.02, "more alike"), (0.02, 0.08, "less alike")):
        found = finding(at_tokens(1, alignment=alignment, drawn=drawn, spread=0.005), EACH)
        assert any(way in note for note in found.notes)


def test_layers_where_the_measure_is_blind_are_left_out_by_name() -> None:
    blind, seen = (
        at_tokens(1, alignment=0.06, ceiling=c, spread=0.01, number=n).layers[0] for n, c in ((0, 0.1), (1, 0.9))
    )
    found = finding(trace_of([blind, seen]), EACH)
    assert any("left out: layer 0" in note for note in found.notes)
    assert measured(found, "least layer").estimate.value > 0.8


def test_outputs_that_disagree_in_sign_and_order_refute() -> None:
    trace = planted_trace("weak shared", 3, width=32)
    upside_down = [
        replace(layer, outputs=2 * np.einsum("bii->bi", layer.outputs)[:, :, None] * np.eye(8) - layer.outputs)
        for layer in trace.layers
    ]
    assert verdict(trace_of(upside_down)) == Verdict.REFUTED


def test_outputs_of_independent_experts_decide_nothing() -> None:
    found = finding(planted_trace("gaussian", 3, width=32))
    agreement = [each for each in found.criteria if "agree" in each.name]
    assert len(agreement) == 2
    assert not any(each.decides for each in agreement)


def test_agreement_of_outputs_in_order_is_undefined_for_copies_and_decides_by_sign() -> None:
    found = finding(planted_trace("copies", 3, width=16, noise=0.0))
    assert any("order (Spearman) is undefined" in note for note in found.notes)
    assert measured(found, "agree in sign").estimate.low == pytest.approx(1.0)


def test_unreadable_layers_are_named_and_none_left_does_not_apply() -> None:
    layer = planted_trace("gaussian", 3, width=12, layers=1).layers[0]
    gone = replace(layer, layer=7, note="experts of an unknown layout")
    found = finding(trace_of([layer, gone]))
    assert "Left out, layer 7: experts of an unknown layout." in found.notes
    with pytest.raises(NotApplicable, match="layer 7: experts of an unknown layout"):
        finding(trace_of([gone]))


def test_one_expert_or_no_gate_or_too_few_blocks_do_not_apply() -> None:
    with pytest.raises(NotApplicable, match="one expert"):
        finding(planted_trace("gaussian", 3, experts=1, width=12))
    with pytest.raises(NotApplicable, match="too few blocks of sequences for an interval: 3;"):
        finding(planted_trace("gaussian", 3, width=12, blocks=3))
    ungated = [replace(layer, gated=None) for layer in planted_trace("gaussian", 3, width=12).layers]
    with pytest.raises(NotApplicable, match="gradient of its gate"):
        finding(trace_of(ungated), GATED)


def test_two_experts_are_never_supported_as_one_pair_says_nothing_of_the_luck_of_a_draw() -> None:
    assert verdict(planted_trace("weak shared", 3, experts=2, width=32, layers=1)) == Verdict.INCONCLUSIVE


def test_experts_without_visits_make_no_pair() -> None:
    trace = planted_trace("copies", 3, width=16)
    own = trace.layers[0].own.copy()
    own[2], own[:, :, 2] = 0.0, 0.0
    idle = replace(trace.layers[0], own=own, visits=trace.layers[0].visits * (np.arange(8) != 2)[:, None])
    found = finding(trace_of([idle]))
    assert measured(found, "largest layer").estimate.value > 0.9
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


def gaussian_world(seed: int) -> FunctionTrace:
    return planted_trace("gaussian", seed, experts=4, width=16, blocks=8)


@pytest.mark.parametrize(
    ("world", "variant"),
    [
        (gaussian_world, PRIMARY),
        (gaussian_world, {"tokens": "shared", "sign": "signed"}),
        (gaussian_world, EACH),
        (lambda seed: at_tokens(seed, alignment=0.1), EACH),
        (lambda seed: at_tokens(seed, alignment=0.06, drawn=0.05, spread=0.01), EACH),
        (lambda seed: at_tokens(seed, alignment=0.05, ceiling=0.15), EACH),
    ],
    ids=["gaussian", "gaussian, shared and signed", "gaussian, tokens", "at the limit", "a hundredth off", "no room"],
)
def test_false_support_stays_below_five_percent(
    world: Callable[[int], FunctionTrace], variant: Mapping[str, str]
) -> None:
    supported = sum(_supported(world(seed), variant) for seed in range(DRAWS))
    assert supported <= 0.05 * DRAWS, f"{supported} of {DRAWS} null draws were called supported"


def _supported(trace: FunctionTrace, variant: Mapping[str, str]) -> bool:
    try:
        return verdict(trace, variant) == Verdict.SUPPORTED
    except NotApplicable:
        return False


def test_the_noise_of_probes_does_not_refute_where_absolute_values_are_averaged() -> None:
    layer = at_tokens(1, alignment=0.14, drawn=0.14).layers[0]
    exact = trace_of([layer])
    noisy = trace_of(
        [
            replace(
                layer,
                at_token=replace(layer.at_token, noise=0.16),
                redrawn_at_token=replace(layer.redrawn_at_token, noise=0.16),
            )
        ]
    )
    assert verdict(exact, EACH) == Verdict.REFUTED
    assert verdict(noisy, EACH) == Verdict.INCONCLUSIVE
    assert verdict(noisy, {**EACH, "sign": "signed"}) == Verdict.REFUTED


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


@pytest.mark.parametrize("sequences", [1, 2])
def test_a_text_of_one_or_two_sequences_is_told_to_be_too_short(sequences: int) -> None:
    trace = planted_functions.planted_trace("gaussian", layers=1, sequences=sequences, length=100).functions
    for variant in CLAIM.variants:  # type: ignore[union-attr]
        with pytest.raises(NotApplicable, match=f"too few blocks of sequences for an interval: {sequences};"):
            finding(trace, variant)
