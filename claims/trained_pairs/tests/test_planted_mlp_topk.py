"""Top-k against soft on the controlled MLP: measures that are given, and starts that the training must tell apart."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from claims.core.claim import claim_of
from claims.core.finding import Finding, NotApplicable
from claims.core.verdict import Verdict
from claims.tests.support.planted_mlp_arms import Level, flat, planted_arms
from claims.tests.support.verdicts import SAMPLING, verdict
from claims.trained_pairs.mlp_sharpening import COMMON, KEPT, MASKS, OWN
from claims.trained_pairs.test_asy_topk_mlp import ARMS
from claims.trained_pairs.test_asy_topk_mlp import test_topk_concentration as concentration
from claims.trained_pairs.test_asy_topk_mlp import test_topk_sharpening_function as function
from claims.trained_pairs.test_asy_topk_mlp import test_topk_sharpening_subspace as subspace
from fixtures.mlp.arms import MlpArms, compared_arms
from fixtures.tests.support.small_mlp_world import SMALL
from metrics.stats.sampling import Sampling

# The claims are imported under names that pytest does not collect.

Claim = Callable[..., Finding]
CLAIMS: tuple[tuple[Claim, float], ...] = ((function, -1.0), (subspace, 1.0), (concentration, -1.0))
each_claim = pytest.mark.parametrize(("claim", "sign"), CLAIMS, ids=["function", "subspace", "concentration"])


def judged(claim: Claim, arms: MlpArms, sampling: Sampling = SAMPLING, **variant: str) -> Verdict:
    reading = {"routing": "top-2", "matched": "total", "tokens": OWN, "states": "inputs"} | variant
    return verdict(claim, mlp_arms=arms, variant=reading, sampling=sampling)


def shifted(by: float, *names: str, trained: tuple[bool, ...] = (True,), splits: tuple[str, ...] = ()) -> Level:
    """Those arms' measures lie off by so much, on those splits or on all."""

    def level(is_trained: bool, arm: str, split: str, measure: str) -> float:
        off = arm in names and is_trained in trained and (not splits or split in splits)
        return 1.0 + by * off

    return level


@each_claim
@pytest.mark.parametrize("tokens", [OWN, COMMON])
def test_each_verdict_is_found(claim: Claim, sign: float, tokens: str) -> None:
    both = (True, False)
    cases = (
        (shifted(sign, "top-2"), Verdict.SUPPORTED),
        (shifted(-sign, "top-2"), Verdict.REFUTED),
        (shifted(sign, "top-2", MASKS["top-2"]), Verdict.VACUOUS),  # sparsity alone
        (shifted(sign, "top-2", trained=both), Verdict.VACUOUS),  # there before training
    )
    for level, expected in cases:
        assert judged(claim, planted_arms(5, level), tokens=tokens) == expected
    swinging = planted_arms(5, shifted(sign, "top-2"))
    for split in swinging.trained["total"]["top-2"].splits.values():
        for measure in ("alignment", "geodesic_inputs", "rank_inputs"):
            getattr(split, measure)[::2] -= 2 * sign
    assert judged(claim, swinging, tokens=tokens) == Verdict.INCONCLUSIVE


@each_claim
def test_the_masks_are_those_of_the_same_sparsity(claim: Claim, sign: float) -> None:
    arms = planted_arms(2, shifted(sign, "top-1", "top-2", MASKS["top-1"]))
    assert judged(claim, arms, routing="top-1") == Verdict.VACUOUS
    assert judged(claim, arms, routing="top-2") == Verdict.SUPPORTED


@each_claim
def test_what_hangs_on_own_tokens_is_told_from_what_does_not(claim: Claim, sign: float) -> None:
    arms = planted_arms(3, shifted(sign, "top-2", splits=("own",)))
    assert judged(claim, arms) == Verdict.SUPPORTED
    assert judged(claim, arms, tokens=COMMON) != Verdict.SUPPORTED
    for level, low, high in ((shifted(sign, "top-2", splits=("own",)), -0.1, 0.1), (shifted(sign, "top-2"), 0.9, 1.1)):
        kept = share(claim, planted_arms(3, level))
        assert low < kept.value < high
        assert kept.low < kept.value < kept.high


def share(claim: Claim, arms: MlpArms) -> Any:
    variant = {**ARMS[0], "tokens": OWN, "states": "inputs"}
    criteria = claim(mlp_arms=arms, variant=variant, sampling=SAMPLING).criteria
    return next((each.estimate for each in criteria if each.threshold == KEPT), None)


@each_claim
def test_of_no_difference_no_share_is_kept(claim: Claim, sign: float) -> None:
    assert share(claim, planted_arms(4, flat)) is None


def test_inputs_and_outputs_are_two_readings() -> None:
    def level(trained: bool, arm: str, split: str, measure: str) -> float:
        return 0.5 if trained and arm == "top-2" and measure == "rank_outputs" else 1.0

    arms = planted_arms(6, level)
    assert judged(concentration, arms, states="outputs") == Verdict.SUPPORTED
    assert judged(concentration, arms, states="inputs") != Verdict.SUPPORTED


@each_claim
def test_arms_that_learned_nothing_are_not_compared(claim: Claim, sign: float) -> None:
    with pytest.raises(NotApplicable, match=r"the arm 'top-2' learned nothing: its mean squared error .* is 0.5"):
        judged(claim, planted_arms(1, flat, error=0.5))


@each_claim
def test_too_few_seeds_with_a_measure_are_not_compared(claim: Claim, sign: float) -> None:
    def clear(trained: bool, arm: str, split: str, measure: str) -> float:
        far = {"top-2": 1.0 if trained else -1.0, MASKS["top-2"]: -1.0}  # its nulls lie on the other side
        return sign * far.get(arm, 0.0)

    def missing(seeds: int) -> MlpArms:
        arms = planted_arms(1, clear)
        own = arms.trained["total"]["top-2"].splits["own"]
        for measure in ("alignment", "absolute", "geodesic_inputs", "rank_inputs"):
            getattr(own, measure)[:seeds] = np.nan
        return arms

    assert judged(claim, missing(6)) == Verdict.SUPPORTED
    with pytest.raises(NotApplicable, match="5 of 12 seeds can be compared, and 6 are needed"):
        judged(claim, missing(7))


@each_claim
def test_a_null_that_is_nothing_by_construction_is_left_out(claim: Claim, sign: float) -> None:
    arms = planted_arms(5, shifted(sign, "top-2"))
    for arm in ("top-2", "soft"):
        for split in arms.untrained["total"][arm].splits.values():
            for measure in ("alignment", "geodesic_inputs", "rank_inputs"):
                getattr(split, measure)[:] = 1.0
    variant = {"routing": "top-2", "matched": "total", "tokens": COMMON, "states": "inputs"}
    found = claim(mlp_arms=arms, variant=variant, sampling=SAMPLING)
    assert [measured.name.split(", ")[1] for measured in found.null] == ["random masks minus soft"]
    assert not any("before training" in measured.name for measured in found.criteria)
    assert any("0 by construction" in note for note in found.notes)
    assert judged(claim, arms, tokens=COMMON) == Verdict.SUPPORTED


def test_near_uniform_gates_are_named_as_the_cause() -> None:
    variant = {**ARMS[0], "tokens": OWN}
    for gate, named in ((0.15, True), (0.4, False)):
        finding = subspace(mlp_arms=planted_arms(1, flat, gate=gate), variant=variant, sampling=SAMPLING)
        assert any("near uniform" in note for note in finding.notes) == named


def test_readings_are_all_different() -> None:
    for claim, count in ((function, 8), (subspace, 8), (concentration, 16)):
        declared = claim_of(claim)
        assert declared is not None
        assert len({tuple(variant.items()) for variant in declared.variants}) == count


@each_claim
def test_one_arm_is_rarely_taken_for_sharper_than_its_like(claim: Claim, sign: float) -> None:
    draws = [judged(claim, planted_arms(seed, flat), Sampling(seed, 199)) for seed in range(200)]
    assert draws.count(Verdict.SUPPORTED) <= 10


EIGHT_SEEDS = replace(SMALL, seeds=8, tokens=512, jacobians=64, spectra=16)


@cache
def small(**changed: Any) -> MlpArms:
    return compared_arms(replace(EIGHT_SEEDS, **changed), SAMPLING)


@pytest.mark.parametrize("routing", ["top-1", "top-2"])
def test_experts_that_start_equal_are_told_apart_on_common_tokens_alone(routing: str) -> None:
    # On its own tokens a copy looks unlike its original before any training: the tokens differ, not the function.
    arms = small(start="equal")
    assert judged(function, arms, routing=routing, tokens=OWN) == Verdict.VACUOUS
    assert judged(function, arms, routing=routing, tokens=COMMON) == Verdict.SUPPORTED


def test_before_any_step_nothing_is_learned() -> None:
    for claim in (function, subspace, concentration):
        with pytest.raises(NotApplicable, match="learned nothing"):
            judged(claim, small(steps=0))
