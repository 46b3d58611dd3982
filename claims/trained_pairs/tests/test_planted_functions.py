"""Planted Jacobians of two arms: alike or not, flat or not, by routing, by masks, by width, by their gates."""

from dataclasses import replace

import numpy as np
import pytest

from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests, refused
from claims.tests.support.planted_arms import (
    EXPERTS,
    SEQUENCES,
    TOKENS,
    WIDTH,
    Alike,
    Pair,
    Routed,
    Spectrum,
    all_experts,
    changed,
    experiment,
    functions,
    layer_of,
    mixed,
    one_expert,
    swapped,
    without,
)
from claims.tests.support.verdicts import SAMPLING, finding_of
from claims.trained_pairs import test_asy_topk_transformer, test_prb_transformer
from claims.trained_pairs.arm_functions import decay, leading_value, values_of_rank
from claims.trained_pairs.test_asy_topk_transformer import OWN, SHARED, SINGLE
from fixtures.evidence.experiments import FunctionExperiment

SHARPENING = test_asy_topk_transformer.test_topk_sharpening_function_transformer
FLATTENS = test_prb_transformer.test_moe_flattens_transformer

RNG = np.random.default_rng(1)
STATES = np.random.default_rng(0).standard_normal((TOKENS, WIDTH))
SPARSE = layer_of(RNG, one_expert(STATES, np.arange(TOKENS) % EXPERTS), EXPERTS)
SOFT = layer_of(RNG, all_experts(STATES, np.full((TOKENS, EXPERTS), 1 / EXPERTS)), EXPERTS)
TWO = layer_of(RNG, Routed(STATES, np.tile(np.arange(2), (TOKENS, 1)), np.ones((TOKENS, 2))), EXPERTS)
DENSE = layer_of(RNG, one_expert(STATES, np.zeros(TOKENS, np.int64)), 1)

LOW, HIGH = Alike(0.1, 0.1, 0.1, 0.1), Alike(0.5, 0.5, 0.5, 0.5)
LARGE, SMALL = Spectrum(1.0, 0.9), Spectrum(0.5, 0.7)
MEAN, SINGLE_TOKENS = ({"jacobian": j, "gate": "without"} for j in ("mean over own tokens", "at single own tokens"))
GATED = [{**each, "gate": "times its mean"} for each in (MEAN, SINGLE_TOKENS)]
SPLITS = [{"tokens": tokens} for tokens in (OWN, SHARED, SINGLE)]


def trained(sparse: Alike, soft: Alike, seed: int = 0, seeds: int = 2) -> FunctionExperiment:
    """A top-k and a soft arm whose experts are so much alike."""

    def build(rng: np.random.Generator) -> Pair:
        return (SPARSE, functions(rng, EXPERTS, sparse)), (SOFT, functions(rng, EXPERTS, soft))

    return experiment(("top-k", "soft"), build, seed=seed, seeds=seeds)


def twins(experts: Spectrum, dense: Spectrum, seed: int = 0, count: int = EXPERTS) -> FunctionExperiment:
    """A mixture and its dense twin whose Jacobians have these spectra."""

    def build(rng: np.random.Generator) -> Pair:
        return (SPARSE, functions(rng, count, spectrum=experts)), (DENSE, functions(rng, 1, spectrum=dense))

    return experiment(("MoE", "dense"), build, seed=seed)


def alike(seed: int) -> FunctionExperiment:
    """Arms that differ by chance alone."""
    return trained(replace(HIGH, noise=0.1), replace(HIGH, noise=0.1), seed)


def not_soft() -> FunctionExperiment:
    """The second arm uses two of four experts."""

    def build(rng: np.random.Generator) -> Pair:
        return (SPARSE, functions(rng, EXPERTS, LOW)), (TWO, functions(rng, EXPERTS, HIGH))

    return experiment(("top-k", "soft"), build)


def disagreeing() -> FunctionExperiment:
    """Two seeds of which one says the opposite of the other."""
    return mixed(trained(LOW, HIGH), trained(HIGH, replace(LOW, weighted=0.45)))


def quiet() -> FunctionExperiment:
    """Experts that respond twice as much as the twin, under gates of a quarter."""
    planted = twins(Spectrum(2.0, 0.7, redrawn=4.0), LARGE)
    for seed in range(2):
        layers = [replace(layer, weight=layer.visits / 4) for layer in planted.trainings[seed][0].experts.layers]
        planted = changed(planted, seed, 0, layers=tuple(layers))
    return planted


# On few tokens, drawn for each expert, the soft arm falls from 0.9 to 0.4: more than top-k is below it.
MASKED = trained(Alike(weighted=0.5, shared=0.6), Alike(own=0.4, weighted=0.7, shared=0.9))
# A fall of 0.1 explains a third of 0.3, and one of 0.2 half of 0.4, give or take.
SLIGHTLY = trained(Alike(weighted=0.5, shared=0.5), Alike(own=0.7, weighted=0.8, shared=0.8))
HALF = trained(Alike(0.3, 0.3, 0.3, 0.3), Alike(0.5, 0.7, 0.7, 0.7))
PLAIN, FLAT = trained(LOW, HIGH), twins(SMALL, LARGE)
UNREAD = "in no layer of all 4 checkpoints can the arms be compared: its experts cannot be read"

CONTRACTS = (
    Contract(
        SHARPENING,
        cases=(
            *(
                Case(f"{says} alike, {split['tokens']}", expected, routing_experiment=arms, variant=split)
                for split in SPLITS
                for says, arms, expected in (
                    ("less", PLAIN, Verdict.SUPPORTED),
                    ("more", trained(HIGH, LOW), Verdict.REFUTED),
                )
            ),
            *(
                Case(f"masks do {says}, {split['tokens']}", expected, routing_experiment=arms, variant=split)
                for split in SPLITS[:2]
                for says, arms, expected in (
                    ("it all", MASKED, Verdict.VACUOUS),
                    ("a third", SLIGHTLY, Verdict.SUPPORTED),
                )
            ),
            Case("masks do half", Verdict.INCONCLUSIVE, routing_experiment=HALF),
            Case("seeds disagree", Verdict.INCONCLUSIVE, routing_experiment=disagreeing),
            *refused(
                "routing_experiment",
                (
                    "other text", "did not read the same text",
                    changed(PLAIN, 1, 1, population={"name": "planted", "digest": "1"}),
                ),
                ("other tokens", "sampled other tokens", changed(PLAIN, 0, 1, sample=np.arange(TOKENS) + 1)),
                (
                    "few layers", r"6 pairs of a layer and a seed are needed .*'top-k' minus 'soft' is -0\.\d",
                    without(PLAIN, 1, 4),
                ),
                ("no layer", UNREAD, without(PLAIN, 0, 6)),
                ("not soft", "in layer 0 they use 1 of 4 and 2 of 4", not_soft),
            ),
        ),
        nulls=(
            *(
                Null(
                    f"arms alike, {split['tokens']}", {"routing_experiment": alike, "variant": split}, resamples=99,
                    limits={Verdict.SUPPORTED: 0.999, Verdict.REFUTED: 0.999},
                )
                for split in (SPLITS[0], SPLITS[2])
            ),
            Null(
                "masks do as much as routing",
                {
                    "routing_experiment": lambda seed: trained(
                        Alike(weighted=0.4, shared=0.4, noise=0.05), Alike(0.4, 0.7, 0.7, noise=0.05), seed
                    )
                },
                resamples=99,
            ),
        ),
    ),
    Contract(
        FLATTENS,
        cases=(
            *(
                Case(f"{says}, {', '.join(variant.values())}", expected, twin_experiment=arms, variant=variant)
                for variant in (MEAN, SINGLE_TOKENS, *GATED)
                for says, arms, expected in (
                    ("smaller and faster", FLAT, Verdict.SUPPORTED),
                    ("larger and slower", twins(LARGE, SMALL), Verdict.REFUTED),
                    ("smaller and slower", twins(replace(SMALL, decay=0.95), LARGE), Verdict.REFUTED),
                    # Reinitialised experts respond half as much as the twin's: width alone does that.
                    ("by width", twins(replace(SMALL, redrawn=0.5), LARGE), Verdict.VACUOUS),
                    ("hardly by width", twins(replace(SMALL, redrawn=0.9), LARGE), Verdict.SUPPORTED),
                )
            ),
            *(
                Case(f"{says} gates", expected, twin_experiment=quiet, variant=variant)
                for says, variant, expected in (
                    ("without", MEAN, Verdict.REFUTED),
                    ("without, single", SINGLE_TOKENS, Verdict.REFUTED),
                    ("under", GATED[0], Verdict.SUPPORTED),
                    ("under, single", GATED[1], Verdict.SUPPORTED),
                )
            ),
            Case(
                "a choice beyond the experts, which has no gate", Verdict.SUPPORTED,
                twin_experiment=twins(SMALL, LARGE, count=EXPERTS - 1), variant=GATED[0],
            ),
            Case("seeds disagree", Verdict.INCONCLUSIVE, twin_experiment=mixed(FLAT, twins(LARGE, SMALL))),
            *refused(
                "twin_experiment",
                ("other text", "did not read the same text", changed(FLAT, 1, 1, lengths=np.full(SEQUENCES, 39))),
                ("no layer", UNREAD, without(FLAT, 1, 6)),
                ("few layers", r"6 pairs .*ln s_1, 'MoE' minus 'dense' is -0\.\d", without(FLAT, 0, 4)),
                ("no twin", "in layer 0 they have 1 and 4 experts", swapped(FLAT)),
            ),
        ),
        nulls=(
            *(
                Null(
                    f"decay alike, leading values {leading:g} times the twin's",
                    {
                        "twin_experiment": lambda seed, leading=leading: twins(
                            Spectrum(leading, 0.8, noise=0.3), Spectrum(1.0, 0.8, noise=0.3), seed
                        )
                    },
                    resamples=99,
                    limits={Verdict.SUPPORTED: 0.999},
                )
                for leading in (1.0, 0.2)
            ),
            Null(
                "width does it all",
                {
                    "twin_experiment": lambda seed: twins(
                        Spectrum(0.5, 0.7, redrawn=0.5, noise=0.1), Spectrum(noise=0.1), seed
                    )
                },
                resamples=99,
            ),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def test_at_single_tokens_the_null_is_of_reinitialised_experts() -> None:
    null = finding_of(SHARPENING, routing_experiment=PLAIN, variant=SPLITS[2]).null
    assert [(measured.name, measured.decides) for measured in null] == [("alignment of reinitialised experts", True)]
    assert abs(null[0].estimate.value) < 0.05
    (alone,) = finding_of(SHARPENING, routing_experiment=trained(HIGH, LOW)).null
    assert not alone.decides  # of arms in the other order masks give no share


def test_the_share_that_survives_on_common_tokens_is_told() -> None:
    # On own tokens the arms differ by 0.4, on shared ones by 0.1, at single ones not at all.
    finding = finding_of(SHARPENING, routing_experiment=trained(Alike(0.1, 0.1, 0.4, 0.5), HIGH))
    shared, single = (measured for measured in finding.criteria if measured.name.startswith("share"))
    assert shared.estimate.value == pytest.approx(0.25, abs=0.06)
    assert single.estimate.low < 0 < single.estimate.high
    assert not shared.decides
    few = trained(Alike(0.1, 0.1, 0.4, 0.5, noise=0.0), replace(HIGH, noise=0.0), seeds=1)
    for planted, why in ((few, "is 0.25, from too few pairs"), (trained(HIGH, HIGH), "no clear difference of which")):
        finding = finding_of(SHARPENING, routing_experiment=planted)
        assert not any(measured.name.startswith("share") for measured in finding.criteria)
        assert any(why in note for note in finding.notes)


@pytest.mark.parametrize(("variant", "count"), [(SPLITS[0], 4), (SPLITS[1], 3), (SPLITS[2], 2)])
def test_the_null_is_drawn_beside_what_it_is_compared_with(variant: dict[str, str], count: int) -> None:
    figure = finding_of(SHARPENING, routing_experiment=PLAIN, variant=variant).figure
    assert figure is not None
    assert len({series.label for series in figure.series}) == count


def test_a_null_that_may_or_may_not_explain_half_mirrors_the_criterion() -> None:
    finding = finding_of(SHARPENING, routing_experiment=HALF)
    criterion, null = finding.criteria[1], finding.null[0]
    assert criterion.estimate == null.estimate
    assert (criterion.direction, null.direction, criterion.decides) == (">", "<", True)


def test_pairs_are_the_units_and_what_limits_them_is_noted() -> None:
    estimate = finding_of(SHARPENING, routing_experiment=disagreeing()).criteria[0].estimate
    assert (estimate.n, estimate.unit) == (12, "(layer, seed) pair")
    assert estimate.method.endswith("widened to the range of 2 trainings")
    notes = finding_of(SHARPENING, routing_experiment=PLAIN).notes
    assert "not independent" in notes[0]
    assert "asks for 5 seeds" in notes[1]
    assert notes[-1] == "Parameters in total: 1,000 and 1,000."
    fewer = finding_of(SHARPENING, routing_experiment=without(PLAIN, 1, 2))
    assert fewer.layers[0].layers == (2, 3, 4, 5)
    assert any("0 (its experts cannot be read)" in note for note in fewer.notes)


@pytest.mark.parametrize("variant", [MEAN, SINGLE_TOKENS, *GATED])
def test_zeros_beyond_a_narrow_experts_rank_are_no_decay(variant: dict[str, str]) -> None:
    # Experts of rank 3 decay as the twin of rank 8 does, as far as they go: the five zeros that follow do not count.
    planted = twins(Spectrum(0.5, 0.9, rank=3, noise=0.0), Spectrum(1.0, 0.9, rank=8, noise=0.0))
    finding = FLATTENS(planted, variant, SAMPLING)
    assert finding.criteria[1].estimate.value == pytest.approx(0.0, abs=1e-6)
    assert finding.figure is not None
    assert [len(series.x) for series in finding.figure.series] == [3] * 4
    assert finding.figure.series[1].y == pytest.approx([1.0, 0.9, 0.81], rel=1e-3)  # s_1, and how it falls
    assert finding.figure.series[0].y[0] == pytest.approx(0.5, rel=1e-3)


def test_gates_multiply_the_leading_value() -> None:
    for plain, gated in zip((MEAN, SINGLE_TOKENS), GATED, strict=True):
        values = [FLATTENS(quiet(), variant, SAMPLING).criteria[0].estimate.value for variant in (plain, gated)]
        assert values[0] == pytest.approx(np.log(2), abs=0.1)
        assert values[1] - values[0] == pytest.approx(np.log(0.25), abs=1e-6)


def test_experts_without_visits_are_left_out() -> None:
    rows = np.array([[2.0, 1.0, 0.0], [4.0, 1.0, 0.0], [np.nan] * 3, [0.0] * 3], dtype=np.float32)
    assert leading_value(rows) == pytest.approx(2.0)
    assert leading_value(rows[:3]) == pytest.approx(3.0)
    assert leading_value(rows[:3], np.array([0.5, 0.25, np.nan])) == pytest.approx(1.0)
    assert decay(rows, 2).tolist() == pytest.approx([1.0, 0.375])
    assert values_of_rank(rows) == 2
    assert values_of_rank(rows[2:]) == 0
    assert np.isnan(decay(rows[2:], 2)).all()
    assert np.isnan(leading_value(rows[2:3]))


def test_a_layer_with_dead_experts_costs_a_pair_and_no_more() -> None:
    (moe, dense), other = FLAT.trainings
    first, *others = moe.functions.layers
    blank = replace(first, leading=np.zeros_like(first.leading))
    dead = replace(moe, functions=replace(moe.functions, layers=(blank, *others)))
    finding = finding_of(FLATTENS, twin_experiment=replace(FLAT, trainings=((dead, dense), other)))
    assert [measured.estimate.n for measured in finding.criteria[:2]] == [11, 11]
    assert any(note.endswith("nothing to measure: 1 of 12 pairs.") for note in finding.notes)
