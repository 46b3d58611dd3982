"""Planted states of two arms: effective ranks that differ by routing, by the split, by the states, or not at all."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from claims.core.claim import claim_of
from claims.core.finding import NotApplicable
from claims.core.verdict import Verdict
from claims.tests.support.planted_arm_states import Soft, Twin, routed_arms, twin_arms
from claims.tests.support.planted_arms import TOKENS, WIDTH, changed
from claims.tests.support.verdicts import SAMPLING, verdict
from claims.trained_pairs.expert_groups import SPLITS, Groups, mean_rank, mean_rank_of_deviations, unweighted
from claims.trained_pairs.test_prb_ranks_transformer import test_moe_spreads_transformer as spreads
from claims.trained_pairs.test_prb_ranks_transformer import test_topk_concentration_transformer as concentration
from metrics.stats.sampling import Sampling

# The claims are imported under names that pytest does not collect.

OWN = {"tokens": "own"}
BY_SPARSE, BY_SOFT = ({"tokens": tokens} for tokens in SPLITS)
GATES, EQUAL = {"weights": "gates"}, {"weights": "none"}


def test_the_forks_are_those_of_the_claims() -> None:
    variants = [declared.variants for declared in (claim_of(concentration), claim_of(spreads)) if declared is not None]
    assert variants == [(OWN, BY_SPARSE, BY_SOFT), (GATES, EQUAL)]


@pytest.mark.parametrize(
    ("kind", "variant", "expected"),
    [
        ("routed", OWN, Verdict.SUPPORTED),
        ("routed", BY_SPARSE, Verdict.SUPPORTED),
        ("wide", OWN, Verdict.REFUTED),
        ("wide", BY_SOFT, Verdict.REFUTED),
        # States in one subspace have a low rank in random groups as well.
        ("narrow", OWN, Verdict.VACUOUS),
        ("narrow", BY_SPARSE, Verdict.VACUOUS),
        # Conditioning on one's own routing alone: gone as soon as both arms are split alike.
        ("split", OWN, Verdict.SUPPORTED),
        # Cuts that know nothing of the clusters: a router drawn at random does as well.
        ("cut", OWN, Verdict.VACUOUS),
        ("split", BY_SPARSE, Verdict.REFUTED),
        ("split", BY_SOFT, Verdict.REFUTED),
    ],
)
def test_concentration(kind: Soft, variant: dict[str, str], expected: Verdict) -> None:
    assert verdict(concentration, routing_experiment=routed_arms(kind), variant=variant, sampling=SAMPLING) == expected


def test_both_readings_and_the_share_that_survives_are_reported() -> None:
    finding = concentration(routed_arms("routed"), OWN, SAMPLING)
    assert [(measured.name, measured.decides) for measured in finding.criteria] == [
        ("effective rank, 'top-k' minus 'soft'", True),
        ("effective rank, difference that drawn routers give, less 0.5 of the arms' difference", True),
        ("effective rank, 'top-k' minus 'soft', beyond that of drawn routers", False),
        ("the difference, mean over layers", False),
        ("effective rank, 'top-k' minus 'soft', with shares of standard deviations", False),
        ("effective rank, 'top-k' minus 'soft', of outputs, not judged", False),
        ("effective rank, 'top-k' minus 'soft', difference that random groups give", False),
        ("share of the difference on own tokens that is left on the top-k arm's split", False),
        ("share of the difference on own tokens that is left on the soft arm's split", False),
    ]
    assert finding.criteria[7].estimate.value == pytest.approx(1.0, abs=0.1)
    assert abs(finding.criteria[8].estimate.value) < 0.2
    assert finding.figure is not None
    assert [series.label for series in finding.figure.series] == [
        "top-k",
        "soft",
        "top-k, drawn routers",
        "soft, drawn routers",
    ]


def test_of_a_difference_on_the_other_side_no_null_gives_a_share() -> None:
    for finding in (
        concentration(routed_arms("wide"), OWN, SAMPLING),
        spreads(twin_arms("narrow experts"), GATES, SAMPLING),
    ):
        assert not finding.null
        assert not any("less 0.5 of" in measured.name for measured in finding.criteria)


def test_the_null_that_decides_is_drawn_unless_an_arm_would_hide_it() -> None:
    figure = spreads(twin_arms("centred"), GATES, SAMPLING).figure
    assert figure is not None
    assert [series.label for series in figure.series] == ["MoE", "dense", "MoE, random groups"]


def test_outputs_that_nobody_read_are_not_reported() -> None:
    known, unknown = (concentration(routed_arms("routed", outputs=read), OWN, SAMPLING) for read in (True, False))
    left_out = {measured.name for measured in known.criteria} - {measured.name for measured in unknown.criteria}
    assert left_out == {"effective rank, 'top-k' minus 'soft', of outputs, not judged"}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("centred", Verdict.SUPPORTED),
        ("narrow experts", Verdict.REFUTED),
        # The mixture's states fill the space whoever receives them.
        ("wide", Verdict.VACUOUS),
    ],
)
@pytest.mark.parametrize("variant", [GATES, EQUAL], ids=["gates", "equal"])
def test_spreads(kind: Twin, expected: Verdict, variant: dict[str, str]) -> None:
    assert verdict(spreads, twin_experiment=twin_arms(kind), variant=variant, sampling=SAMPLING) == expected


def test_known_effective_ranks() -> None:
    # Two groups of states along two axes, as many of each: rank 2; one axis counts three times: 4 / 3^(3/4).
    axes = np.repeat(np.eye(2), 2, axis=0) * np.array([1, -1, 1, -1])[:, None]
    groups = Groups(np.stack([axes, axes]), np.array([[1.0, 1, 1, 1], [3, 3, 1, 1]]))
    assert mean_rank(groups) == pytest.approx((2 + 4 / 3**0.75) / 2)
    assert mean_rank(unweighted(groups)) == pytest.approx(2)
    share = 3**0.5 / (1 + 3**0.5)
    by_deviation = share**-share * (1 - share) ** -(1 - share)
    assert mean_rank_of_deviations(groups) == pytest.approx((2 + by_deviation) / 2)
    assert np.isnan(mean_rank(Groups(np.zeros(0), np.zeros(0))))


def test_arms_that_cannot_be_paired_are_refused() -> None:
    planted = twin_arms("centred")
    with pytest.raises(NotApplicable, match="did not read the same text"):
        spreads(changed(planted, 0, 1, population={"digest": "1"}), GATES, SAMPLING)
    with pytest.raises(NotApplicable, match="sampled other tokens"):
        spreads(changed(planted, 0, 1, sample=np.arange(TOKENS) + 1), GATES, SAMPLING)
    with pytest.raises(NotApplicable, match="in layer 0 they have 4 and 4 experts"):
        spreads(routed_arms("routed"), GATES, SAMPLING)
    with pytest.raises(NotApplicable, match="in layer 0 they use 1 of 4 and 1 of 1"):
        concentration(twin_arms("centred"), OWN, SAMPLING)
    one = twin_arms("centred", seeds=1)
    few = one.trainings[0][0].experts.layers[:5]
    with pytest.raises(NotApplicable, match=r"6 pairs of a layer and a seed are needed .*'MoE' minus 'dense' is \d"):
        spreads(changed(one, 0, 0, layers=few), GATES, SAMPLING)


def test_arms_of_other_widths_or_other_numbers_of_experts_differ_in_more_than_one_thing() -> None:
    twin, routed = twin_arms("centred"), routed_arms("routed")
    wide = [
        replace(layer, sample=np.pad(layer.sample, ((0, 0), (0, 3)))) for layer in twin.trainings[1][1].experts.layers
    ]
    with pytest.raises(NotApplicable, match=f"different widths: in layer 0 {WIDTH} and {WIDTH + 3}"):
        spreads(changed(twin, 1, 1, layers=tuple(wide)), GATES, SAMPLING)
    more = [replace(layer, visits=np.append(layer.visits, 0)) for layer in routed.trainings[1][0].experts.layers]
    with pytest.raises(NotApplicable, match="not in how many there are: in layer 0 5 and 4"):
        concentration(changed(routed, 1, 0, layers=tuple(more)), OWN, SAMPLING)


def concentration_null(seed: int) -> Verdict:
    return verdict(
        concentration,
        routing_experiment=routed_arms("alike", seed=seed, seeds=1),
        variant=BY_SPARSE,
        sampling=Sampling(seed, 99),
    )


def spreads_null(seed: int) -> Verdict:
    return verdict(
        spreads, twin_experiment=twin_arms("alike", seed=seed, seeds=1), variant=GATES, sampling=Sampling(seed, 99)
    )


@pytest.mark.parametrize("null", [concentration_null, spreads_null])
def test_arms_alike_are_rarely_told_apart(null: Callable[[int], Verdict]) -> None:
    found = [null(seed) for seed in range(200)]
    assert found.count(Verdict.SUPPORTED) <= 10
    assert found.count(Verdict.REFUTED) <= 10
