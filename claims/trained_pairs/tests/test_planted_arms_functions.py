"""Planted Jacobians of two arms: aligned more in one than in the other, by routing, by the split, or by masks."""

from dataclasses import replace

import numpy as np
import pytest

from claims.core.claim import claim_of
from claims.core.finding import NotApplicable
from claims.core.verdict import Verdict
from claims.tests.support.planted_arms import (
    AT_MOST,
    EXPERTS,
    TOKENS,
    WIDTH,
    Alike,
    Pair,
    Routed,
    all_experts,
    changed,
    experiment,
    functions,
    layer_of,
    one_expert,
    without,
)
from claims.tests.support.verdicts import SAMPLING, verdict
from claims.trained_pairs.test_asy_topk_transformer import OWN, SHARED, SINGLE
from claims.trained_pairs.test_asy_topk_transformer import test_topk_sharpening_function_transformer as sharpening
from fixtures.evidence.experiments import FunctionExperiment
from fixtures.evidence.experts import LayerExperts
from metrics.stats.sampling import Sampling

# The claims are imported under names that pytest does not collect.

ARMS = ("top-k", "soft")
LOW, HIGH = Alike(0.1, 0.1, 0.1, 0.1), Alike(0.5, 0.5, 0.5, 0.5)
VARIANTS = [{"tokens": tokens} for tokens in (OWN, SHARED, SINGLE)]
STATES = np.random.default_rng(0).standard_normal((TOKENS, WIDTH))


def sparse_and_soft() -> tuple[LayerExperts, LayerExperts]:
    rng = np.random.default_rng(1)
    return (
        layer_of(rng, one_expert(STATES, np.arange(TOKENS) % EXPERTS), EXPERTS),
        layer_of(rng, all_experts(STATES, np.full((TOKENS, EXPERTS), 1 / EXPERTS)), EXPERTS),
    )


SPARSE, SOFT = sparse_and_soft()


def trained(sparse: Alike, soft: Alike, seed: int = 0, seeds: int = 2) -> FunctionExperiment:
    def build(rng: np.random.Generator) -> Pair:
        return (SPARSE, functions(rng, EXPERTS, sparse)), (SOFT, functions(rng, EXPERTS, soft))

    return experiment(ARMS, build, seed=seed, seeds=seeds)


def test_the_forks_are_those_of_the_claim() -> None:
    declared = claim_of(sharpening)
    assert declared is not None
    assert list(declared.variants) == VARIANTS


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant["tokens"])
@pytest.mark.parametrize(("arms", "expected"), [((LOW, HIGH), Verdict.SUPPORTED), ((HIGH, LOW), Verdict.REFUTED)])
def test_sharpening(variant: dict[str, str], arms: tuple[Alike, Alike], expected: Verdict) -> None:
    assert verdict(sharpening, routing_experiment=trained(*arms), variant=variant, sampling=SAMPLING) == expected


@pytest.mark.parametrize("tokens", [OWN, SHARED])
def test_what_random_masks_do_to_the_soft_arm_is_no_sharpening(tokens: str) -> None:
    # On few tokens, drawn for each expert, the soft arm falls from 0.9 to 0.4: more than top-k is below it.
    soft = Alike(own=0.4, weighted=0.7, shared=0.9)
    planted = trained(Alike(weighted=0.5, shared=0.6), soft)
    assert verdict(sharpening, routing_experiment=planted, variant={"tokens": tokens}, sampling=SAMPLING) == (
        Verdict.VACUOUS
    )
    # A fall of 0.1 explains a third of 0.3: less than half.
    slight = trained(Alike(weighted=0.5, shared=0.5), Alike(own=0.7, weighted=0.8, shared=0.8))
    assert verdict(sharpening, routing_experiment=slight, variant={"tokens": tokens}, sampling=SAMPLING) == (
        Verdict.SUPPORTED
    )


def test_at_single_tokens_the_null_is_of_reinitialised_experts() -> None:
    null = sharpening(trained(LOW, HIGH), {"tokens": SINGLE}, SAMPLING).null
    assert [(measured.name, measured.decides) for measured in null] == [("alignment of reinitialised experts", True)]
    assert abs(null[0].estimate.value) < 0.05


def test_the_share_that_survives_on_common_tokens_is_told() -> None:
    # On own tokens the arms differ by 0.4, on shared ones by 0.1, at single ones not at all.
    planted = trained(Alike(0.1, 0.1, 0.4, 0.5), HIGH)
    finding = sharpening(planted, {"tokens": OWN}, SAMPLING)
    left = {measured.name: measured for measured in finding.criteria if measured.name.startswith("share")}
    shared, single = (
        left[f"share of the difference on own tokens that is left {on}"].estimate
        for on in ("on shared tokens", "at single shared tokens")
    )
    assert shared.value == pytest.approx(0.25, abs=0.06)
    assert single.low < 0 < single.high
    assert not any(measured.decides for measured in left.values())


@pytest.mark.parametrize(
    ("tokens", "null"),
    [
        (OWN, ["soft, unweighted, random masks", "soft, unweighted, no masks"]),
        (SHARED, ["soft, under random masks"]),
        (SINGLE, []),
    ],
)
def test_the_null_is_drawn_beside_what_it_is_compared_with(tokens: str, null: list[str]) -> None:
    figure = sharpening(trained(LOW, HIGH), {"tokens": tokens}, SAMPLING).figure
    assert figure is not None
    assert [series.label for series in figure.series] == ["top-k", "soft", *null]


def test_of_arms_in_the_other_order_masks_give_no_share() -> None:
    finding = sharpening(trained(HIGH, LOW), {"tokens": OWN}, SAMPLING)
    assert [measured.name for measured in finding.null] == ["alignment of reinitialised experts"]
    assert not finding.null[0].decides


def test_without_a_difference_no_share_is_told() -> None:
    finding = sharpening(trained(HIGH, HIGH), {"tokens": OWN}, SAMPLING)
    assert not any(measured.name.startswith("share") for measured in finding.criteria)
    assert any("no clear difference of which a share could be left" in note for note in finding.notes)


def test_the_share_from_six_pairs_is_noted_without_an_interval() -> None:
    planted = trained(Alike(0.1, 0.1, 0.4, 0.5, noise=0.0), replace(HIGH, noise=0.0), seeds=1)
    finding = sharpening(planted, {"tokens": OWN}, SAMPLING)
    assert not any(measured.name.startswith("share") for measured in finding.criteria)
    assert any("left on shared tokens is 0.25, from too few pairs" in note for note in finding.notes)


def test_a_null_that_may_or_may_not_explain_half_decides_nothing() -> None:
    # Random masks take off 0.2 of 0.4, give or take: neither vacuous nor supported.
    soft, sparse = Alike(0.5, 0.7, 0.7, 0.7), Alike(0.3, 0.3, 0.3, 0.3)
    finding = sharpening(trained(sparse, soft), {"tokens": OWN}, SAMPLING)
    criterion, null = finding.criteria[1], finding.null[0]
    assert criterion.estimate == null.estimate
    assert (criterion.direction, null.direction, criterion.decides) == (">", "<", True)
    assert null.estimate.low < 0 < null.estimate.high
    planted = trained(sparse, soft)
    assert verdict(sharpening, routing_experiment=planted, variant={"tokens": OWN}, sampling=SAMPLING) == (
        Verdict.INCONCLUSIVE
    )


def test_pairs_are_the_units_and_seeds_that_disagree_decide_nothing() -> None:
    one, other = trained(LOW, HIGH), trained(HIGH, replace(LOW, weighted=0.45))
    mixed = replace(one, trainings=(one.trainings[0], other.trainings[1]))
    estimate = sharpening(mixed, {"tokens": OWN}, SAMPLING).criteria[0].estimate
    assert (estimate.n, estimate.unit) == (12, "(layer, seed) pair")
    assert estimate.method.endswith("widened to the range of 2 trainings")
    assert verdict(sharpening, routing_experiment=mixed, variant={"tokens": OWN}, sampling=SAMPLING) == (
        Verdict.INCONCLUSIVE
    )
    notes = sharpening(one, {"tokens": OWN}, SAMPLING).notes
    assert "Layers of one training are not independent" in notes[0]
    assert notes[1] == "The catalogue asks for 5 seeds of a controlled training; these are 2."
    assert notes[-1] == "Parameters in total: 1,000 and 1,000."


def test_arms_that_read_other_text_are_refused() -> None:
    planted, variant = trained(LOW, HIGH), {"tokens": OWN}
    with pytest.raises(NotApplicable, match="did not read the same text"):
        sharpening(changed(planted, 1, 1, population={"name": "planted", "digest": "1"}), variant, SAMPLING)
    with pytest.raises(NotApplicable, match="sampled other tokens"):
        sharpening(changed(planted, 0, 1, sample=np.arange(TOKENS) + 1), variant, SAMPLING)


def test_layers_that_cannot_be_read_are_left_out_while_enough_are_left() -> None:
    planted, variant = trained(LOW, HIGH), {"tokens": OWN}
    finding = sharpening(without(planted, 1, 2), variant, SAMPLING)
    assert finding.criteria[0].estimate.n == 8
    assert finding.layers[0].layers == (2, 3, 4, 5)
    assert any("Layers left out" in note and "0 (its experts cannot be read)" in note for note in finding.notes)
    with pytest.raises(
        NotApplicable, match=r"6 pairs of a layer and a seed are needed .*'top-k' minus 'soft' is -0\.\d"
    ):
        sharpening(without(planted, 1, 4), variant, SAMPLING)
    with pytest.raises(
        NotApplicable, match="no layer can be compared in all 4 checkpoints: its experts cannot be read"
    ):
        sharpening(without(planted, 0, 6), variant, SAMPLING)


def test_an_arm_that_is_not_soft_is_refused() -> None:
    both = np.tile(np.arange(2), (TOKENS, 1))
    two = layer_of(np.random.default_rng(2), Routed(STATES, both, np.ones((TOKENS, 2))), EXPERTS)

    def build(rng: np.random.Generator) -> Pair:
        return (SPARSE, functions(rng, EXPERTS, LOW)), (two, functions(rng, EXPERTS, HIGH))

    with pytest.raises(NotApplicable, match="in layer 0 they use 1 of 4 and 2 of 4"):
        sharpening(experiment(ARMS, build), {"tokens": OWN}, SAMPLING)


@pytest.mark.parametrize("tokens", [OWN, SINGLE])
def test_arms_alike_are_rarely_told_apart(tokens: str) -> None:
    alike = replace(HIGH, noise=0.1)
    found = [
        verdict(
            sharpening,
            routing_experiment=trained(alike, alike, seed=seed),
            variant={"tokens": tokens},
            sampling=Sampling(seed, 99),
        )
        for seed in range(200)
    ]
    assert found.count(Verdict.SUPPORTED) <= AT_MOST
    assert found.count(Verdict.REFUTED) <= AT_MOST


def test_masks_that_do_as_much_as_routing_are_rarely_called_support() -> None:
    soft = Alike(own=0.4, weighted=0.7, shared=0.7, noise=0.05)
    sparse = Alike(weighted=0.4, shared=0.4, noise=0.05)
    found = [
        verdict(
            sharpening,
            routing_experiment=trained(sparse, soft, seed=seed),
            variant={"tokens": OWN},
            sampling=Sampling(seed, 99),
        )
        for seed in range(200)
    ]
    assert found.count(Verdict.SUPPORTED) <= 10
