"""Planted Jacobians of two arms: alike or not, flat or not, by training, by their start, on own tokens alone."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests, refused, true_by_far
from claims.tests.support.planted_arms import (
    EXPERTS,
    SEQUENCES,
    TOKENS,
    WIDTH,
    Alike,
    Build,
    Pair,
    Routed,
    Spectrum,
    all_experts,
    changed,
    experiment,
    functions,
    layer_of,
    mixed,
    never_untrained,
    not_modelled,
    one_expert,
    some,
    swapped,
    without,
)
from claims.tests.support.verdicts import finding_of
from claims.trained_pairs import test_asy_topk_transformer, test_prb_transformer
from claims.trained_pairs.arm_functions import decay, leading_value, values_of_rank
from fixtures.evidence.experiments import FunctionExperiment

SHARPENING = test_asy_topk_transformer.test_topk_sharpening_function_transformer
FLATTENS = test_prb_transformer.test_moe_flattens_transformer

RNG = np.random.default_rng(1)
STATES = np.random.default_rng(0).standard_normal((TOKENS, WIDTH))
SPARSE = layer_of(RNG, one_expert(STATES, np.arange(TOKENS) % EXPERTS), EXPERTS)
SOFT = layer_of(RNG, all_experts(STATES, np.full((TOKENS, EXPERTS), 1 / EXPERTS)), EXPERTS)
TWO = layer_of(RNG, Routed(STATES, np.tile(np.arange(2), (TOKENS, 1)), np.ones((TOKENS, 2))), EXPERTS)
DENSE = layer_of(RNG, one_expert(STATES, np.zeros(TOKENS, np.int64)), 1)

QUIET = 0.002
VARIANTS = [{"gate": gate, "jacobian": jacobian} for gate in ("with", "without") for jacobian in ("token", "mean")]
FOUR = "4 trainings an arm, where 5 are needed"
LEAST = "in the arm where it is least = 0.2"


def level(of: float, noise: float = QUIET) -> Alike:
    """Experts that are as much alike at own and at common tokens."""
    return Alike(of, of, of, of, noise)


NOTHING, LOW, HIGH = level(0.0), level(0.1), level(0.5)
LARGE, SMALL = Spectrum(1.0, 0.9, noise=QUIET), Spectrum(0.5, 0.7, noise=QUIET)


def trained(
    sparse: Alike, soft: Alike, seed: int = 0, before: tuple[Alike, Alike] = (NOTHING, NOTHING)
) -> FunctionExperiment:
    """A top-k and a soft arm whose experts are so much alike, and were before training."""

    def build(first: Alike, second: Alike) -> Build:
        def pair(rng: np.random.Generator) -> Pair:
            return (SPARSE, functions(rng, EXPERTS, first)), (SOFT, functions(rng, EXPERTS, second))

        return pair

    return experiment(("top-k", "soft"), build(sparse, soft), build(*before), seed=seed)


def noisy(seed: int, *alike: float, before: tuple[float, float] = (0.0, 0.0)) -> FunctionExperiment:
    """The same with chance in every layer of every training, before and after."""
    sparse, soft, *start = (level(of, 0.02) for of in (*alike, *before))
    return trained(sparse, soft, seed, before=(start[0], start[1]))


def twins(
    layer: Spectrum, dense: Spectrum, seed: int = 0, *, before: tuple[Spectrum, Spectrum] = (LARGE, LARGE)
) -> FunctionExperiment:
    """A mixture and its dense twin whose Jacobians have these spectra, of one expert and of its layer alike."""

    def build(first: Spectrum, second: Spectrum) -> Build:
        def pair(rng: np.random.Generator) -> Pair:
            return (SPARSE, functions(rng, EXPERTS, spectrum=first)), (DENSE, functions(rng, 1, spectrum=second))

        return pair

    return experiment(("MoE", "dense"), build(layer, dense), build(*before), seed=seed)


def noisy_twins(seed: int, leading: float, before: float = 1.0) -> FunctionExperiment:
    """The same, the mixture's leading value so many times the twin's, with chance in every layer of every training."""
    dense = Spectrum(1.0, 0.9, noise=0.1)
    moe, start = (Spectrum(size, 0.7, noise=0.1) for size in (leading, before))
    return twins(moe, dense, seed, before=(start, dense))


def not_soft() -> FunctionExperiment:
    """The second arm uses two of four experts."""

    def build(rng: np.random.Generator) -> Pair:
        return (SPARSE, functions(rng, EXPERTS, LOW)), (TWO, functions(rng, EXPERTS, HIGH))

    return experiment(("top-k", "soft"), build, build)


def ungated() -> FunctionExperiment:
    """Twins of which one's gates have no known gradient."""
    (first, *others) = FLAT.trainings
    moe, dense = first
    layers = tuple(replace(layer, layer_leading=None, layer_token_leading=None) for layer in moe.functions.layers)
    return replace(FLAT, trainings=((replace(moe, functions=replace(moe.functions, layers=layers)), dense), *others))


def gates_apart(layer: float, expert: float) -> FunctionExperiment:
    """A mixture whose layer responds so many times as much as the twin, and one expert without its gate so many."""

    def build(first: float, second: float) -> Build:
        def pair(rng: np.random.Generator) -> Pair:
            own, whole = (replace(SMALL, leading=size) for size in (second, first))
            moe = functions(rng, EXPERTS, spectrum=own, layer=whole)
            return (SPARSE, moe), (DENSE, functions(rng, 1, spectrum=LARGE))

        return pair

    return experiment(("MoE", "dense"), build(layer, expert), build(1.0, 1.0))


PLAIN, FLAT = trained(LOW, HIGH), twins(SMALL, LARGE)
UNREAD = "in no layer of all 20 checkpoints can the arms be compared: its experts cannot be read"

CONTRACTS = (
    Contract(
        SHARPENING,
        cases=(
            Case("less alike", Verdict.SUPPORTED, routing_experiment=PLAIN),
            Case("by twice what matters", Verdict.SUPPORTED, routing_experiment=trained(level(0.48), HIGH)),
            Case(
                "half of it before", Verdict.SUPPORTED,
                routing_experiment=trained(LOW, HIGH, before=(level(0.3), HIGH)),
            ),
            Case(
                "on own tokens alone", Verdict.PARTLY, says="share of it left on common tokens",
                routing_experiment=trained(Alike(weighted=0.1, shared=0.5), HIGH),
            ),
            Case(
                "of which three fifths on common tokens", Verdict.SUPPORTED,
                routing_experiment=trained(Alike(weighted=0.47, shared=0.482), HIGH),
            ),
            Case(
                "as alike, and more alike before", Verdict.PARTLY, says="falls short",
                routing_experiment=trained(HIGH, HIGH, before=(level(0.9), HIGH)),
            ),
            Case("more alike", Verdict.REFUTED, routing_experiment=trained(HIGH, LOW)),
            Case(
                "by half of what matters", Verdict.REFUTED,
                routing_experiment=trained(level(0.495), HIGH),
            ),
            Case("there before", Verdict.VACUOUS, routing_experiment=trained(LOW, HIGH, before=(LOW, HIGH))),
            Case(
                "seeds disagree", Verdict.INCONCLUSIVE, says="less that before training",
                routing_experiment=mixed(PLAIN, trained(HIGH, LOW)),
            ),
            Case("four trainings", Verdict.INCONCLUSIVE, says=FOUR, routing_experiment=some(PLAIN, 4)),
            Case(
                "initialisations unknown", Verdict.INCONCLUSIVE, says="less that before training = nan",
                routing_experiment=never_untrained(PLAIN),
            ),
            *refused(
                "routing_experiment",
                (
                    "other text", "did not read the same text",
                    changed(PLAIN, 1, 1, population={"name": "planted", "digest": "1"}),
                ),
                ("other tokens", "sampled other tokens", changed(PLAIN, 0, 1, sample=np.arange(TOKENS) + 1)),
                ("no layer", UNREAD, without(PLAIN, 0, 3)),
                ("not soft", "in layer 0 they use 1 of 4 and 2 of 4", not_soft),
                ("a text not modelled", LEAST, not_modelled(PLAIN)),
            ),
        ),
        nulls=(
            Null(
                "at its threshold, of which training made all",
                {"routing_experiment": lambda seed: noisy(seed, 0.49, 0.5)},
            ),
            Null(
                "before training, too",
                {"routing_experiment": lambda seed: noisy(seed, 0.1, 0.5, before=(0.1, 0.5))},
            ),
            Null(
                "just more than matters",
                {"routing_experiment": lambda seed: noisy(seed, 0.48, 0.5)},
                limits={Verdict.REFUTED: 0.5},
            ),
            true_by_far({"routing_experiment": lambda seed: noisy(seed, 0.1, 0.5)}),
        ),
    ),
    Contract(
        FLATTENS,
        cases=(
            *(
                Case(f"{says}, {', '.join(variant.values())}", expected, twin_experiment=arms, variant=variant)
                for variant in VARIANTS
                for says, arms, expected in (
                    ("smaller and faster", FLAT, Verdict.SUPPORTED),
                    ("larger and slower", twins(LARGE, SMALL), Verdict.REFUTED),
                    ("smaller and slower", twins(replace(SMALL, decay=0.95), LARGE), Verdict.PARTLY),
                    ("by half of what matters", twins(replace(SMALL, leading=0.95), LARGE), Verdict.REFUTED),
                    ("half of it before", twins(SMALL, LARGE, before=(Spectrum(0.7), LARGE)), Verdict.SUPPORTED),
                    ("there before", twins(SMALL, LARGE, before=(SMALL, LARGE)), Verdict.VACUOUS),
                )
            ),
            Case(
                "as large as the twin, and larger before", Verdict.PARTLY, says="falls short",
                twin_experiment=twins(LARGE, LARGE, before=(replace(LARGE, leading=2.0), LARGE)),
            ),
            *(
                Case(f"gates make it, {each['gate']}", expected, twin_experiment=gates_apart(0.5, 2.0), variant=each)
                for each, expected in ((VARIANTS[0], Verdict.SUPPORTED), (VARIANTS[2], Verdict.REFUTED))
            ),
            Case("seeds disagree", Verdict.INCONCLUSIVE, twin_experiment=mixed(FLAT, twins(LARGE, SMALL))),
            Case("four trainings", Verdict.INCONCLUSIVE, says=FOUR, twin_experiment=some(FLAT, 4)),
            Case(
                "initialisations unknown", Verdict.INCONCLUSIVE, says="less that before training = nan",
                twin_experiment=never_untrained(FLAT),
            ),
            Case("gates without a gradient", Verdict.SUPPORTED, twin_experiment=ungated, variant=VARIANTS[2]),
            *refused(
                "twin_experiment",
                ("other text", "did not read the same text", changed(FLAT, 1, 1, lengths=np.full(SEQUENCES, 39))),
                ("no layer", UNREAD, without(FLAT, 1, 3)),
                ("gates without a gradient", "no gradient of its gates is known", ungated),
                ("no twin", "in layer 0 they have 1 and 4 experts", swapped(FLAT)),
                ("a text not modelled", LEAST, not_modelled(FLAT)),
            ),
        ),
        nulls=(
            Null("at its threshold", {"twin_experiment": partial(noisy_twins, leading=np.exp(-0.1))}),
            Null("before training, too", {"twin_experiment": partial(noisy_twins, leading=0.5, before=0.5)}),
            Null(
                "just more than matters", {"twin_experiment": partial(noisy_twins, leading=np.exp(-0.15))},
                limits={Verdict.REFUTED: 0.5},
            ),
            true_by_far({"twin_experiment": partial(noisy_twins, leading=0.5)}),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_what_survives_on_common_tokens_is_told() -> None:
    # On own tokens the arms differ by 0.4, on common ones by 0.1, at single ones not at all.
    finding = finding_of(SHARPENING, routing_experiment=trained(Alike(0.1, 0.1, 0.4, 0.5), HIGH))
    common, single, *_ = finding.reported
    assert common.estimate.value == pytest.approx(-0.1, abs=0.02)
    assert single.estimate.value == pytest.approx(0.0, abs=0.02)
    assert finding.parts[0].estimate.value == pytest.approx(0.25, abs=0.06)


def test_random_masks_on_the_soft_arm_are_told_and_decide_nothing() -> None:
    # On few tokens, drawn for each expert, the soft arm falls from 0.9 to 0.4.
    masked = trained(Alike(weighted=0.5, shared=0.6), Alike(own=0.4, weighted=0.7, shared=0.9))
    told = finding_of(SHARPENING, routing_experiment=masked).reported[-1]
    assert "random masks" in told.name
    assert told.estimate.value == pytest.approx(-0.5, abs=0.03)


@pytest.mark.parametrize(("planted", "count"), [(PLAIN, 6), (never_untrained(PLAIN), 4)])
def test_the_arms_before_training_are_drawn_where_they_are_known(planted: FunctionExperiment, count: int) -> None:
    figure = finding_of(SHARPENING, routing_experiment=planted).figure
    assert figure is not None
    assert len({series.label for series in figure.series}) == count


def test_trainings_are_the_units_and_what_limits_them_is_noted() -> None:
    finding = finding_of(SHARPENING, routing_experiment=mixed(PLAIN, trained(HIGH, LOW)))
    assert {(m.estimate.n, m.estimate.unit) for _, m in finding.by_role()} == {(5, "training")}
    assert finding.notes[-1] == "Parameters in total: 1,000 and 1,000."
    fewer = finding_of(SHARPENING, routing_experiment=without(PLAIN, 1, 2))
    assert fewer.layers[0].layers == (2,)
    assert fewer.headline[0].estimate.n == 5
    assert any("0 (its experts cannot be read)" in note for note in fewer.notes)


@pytest.mark.parametrize("variant", VARIANTS)
def test_zeros_beyond_a_narrow_experts_rank_are_no_decay(variant: dict[str, str]) -> None:
    # Experts of rank 3 decay as the twin of rank 8 does, as far as they go: the five zeros that follow do not count.
    planted = twins(Spectrum(0.5, 0.9, rank=3, noise=0.0), Spectrum(1.0, 0.9, rank=8, noise=0.0))
    finding = finding_of(FLATTENS, twin_experiment=never_untrained(planted), variant=variant)
    assert finding.parts[0].estimate.value == pytest.approx(0.0, abs=1e-6)
    assert finding.figure is not None
    assert [len(series.x) for series in finding.figure.series] == [3] * 2
    assert finding.figure.series[1].y == pytest.approx([1.0, 0.9, 0.81], rel=1e-3)  # s_1, and how it falls
    assert finding.figure.series[0].y[0] == pytest.approx(0.5, rel=1e-3)
    assert any("over the first 3 singular values" in note for note in finding.notes)


def test_experts_without_visits_are_left_out() -> None:
    rows = np.array([[2.0, 1.0, 0.0], [4.0, 1.0, 0.0], [np.nan] * 3, [0.0] * 3], dtype=np.float32)
    assert leading_value(rows) == pytest.approx(2.0)
    assert leading_value(rows[:3]) == pytest.approx(3.0)
    assert decay(rows, 2).tolist() == pytest.approx([1.0, 0.375])
    assert values_of_rank(rows) == 2
    assert values_of_rank(rows[2:]) == 0
    assert np.isnan(decay(rows[2:], 2)).all()
    assert np.isnan(leading_value(rows[2:3]))


def test_a_layer_with_dead_experts_costs_a_layer_and_no_more() -> None:
    (moe, dense), *others = FLAT.trainings
    first, *rest = moe.functions.layers
    assert first.layer_token_leading is not None
    blank = replace(first, layer_token_leading=np.zeros_like(first.layer_token_leading))
    dead = replace(moe, functions=replace(moe.functions, layers=(blank, *rest)))
    finding = finding_of(FLATTENS, twin_experiment=replace(FLAT, trainings=((dead, dense), *others)))
    assert [measured.estimate.n for measured in (*finding.headline, *finding.parts)] == [5, 5]
    assert any(note.endswith("nothing to measure: 1 of 15 layers of a training.") for note in finding.notes)


def test_the_headline_is_the_difference_of_what_is_drawn_by_layer() -> None:
    for variant in VARIANTS:
        finding = finding_of(FLATTENS, twin_experiment=FLAT, variant=variant)
        moe, dense = (np.array(curve.values, dtype=np.float64).mean() for curve in finding.layers)
        assert finding.headline[0].estimate.value == pytest.approx(moe - dense)
        assert finding.headline[0].estimate.value == pytest.approx(np.log(0.5), abs=0.05)
