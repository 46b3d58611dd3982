"""The controlled MLP: measures that are given to its arms, and starts that the training must tell apart."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from itertools import product
from typing import Any

import numpy as np
import pytest

from claims.core.finding import Finding
from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests
from claims.tests.support.planted_mlp_arms import Level, flat, planted_arms
from claims.tests.support.verdicts import SAMPLING, declared, finding_of, outcome
from claims.trained_pairs import test_asy_topk_mlp, test_prb_mlp
from claims.trained_pairs.mlp_sharpening import COMMON, KEPT, MASKS, OWN
from claims.trained_pairs.test_prb_mlp import last_compared
from fixtures.mlp.arms import MlpArms, compared_arms
from fixtures.tests.support.small_mlp_world import SMALL

FUNCTION = test_asy_topk_mlp.test_topk_sharpening_function
SUBSPACE = test_asy_topk_mlp.test_topk_sharpening_subspace
CONCENTRATION = test_asy_topk_mlp.test_topk_concentration
FLATTENS, SPREADS = test_prb_mlp.test_moe_flattens, test_prb_mlp.test_moe_spreads

#: The claims on top-k, and on which side of soft routing they say that it lies.
SIGNS = {FUNCTION: -1.0, SUBSPACE: 1.0, CONCENTRATION: -1.0}
each_claim = pytest.mark.parametrize("claim", SIGNS, ids=["function", "subspace", "concentration"])
JUDGED = ("alignment", "geodesic_inputs", "rank_inputs")
MOE = ("top-1", "top-2")
JACOBIANS = {"token": ("token_leading", "token_decay"), "mean": ("leading", "decay")}


def variant(**wanted: str) -> dict[str, str]:
    """A variant of any of the claims; each reads its own keys."""
    usual = {"routing": "top-2", "matched": "total", "tokens": OWN, "states": "inputs"}
    return {**usual, "jacobian": "token", "gate": "without"} | wanted


def off(
    by: float,
    *arms: str,
    trained: tuple[bool, ...] = (True,),
    splits: tuple[str, ...] = (),
    measures: tuple[str, ...] = (),
) -> Level:
    """These measures of those arms lie off by so much, on those splits; all of them where none is named."""

    def level(is_trained: bool, arm: str, split: str, measure: str) -> float:
        chosen = arm in arms and is_trained in trained
        return 1.0 + by * (chosen and (not splits or split in splits) and (not measures or measure in measures))

    return level


def swinging(sign: float) -> MlpArms:
    """Seeds that disagree."""
    arms = planted_arms(5, off(sign, "top-2"))
    for split, measure in product(arms.trained["total"]["top-2"].splits.values(), JUDGED):
        getattr(split, measure)[::2] -= 2 * sign
    return arms


def missing(sign: float, seeds: int) -> MlpArms:
    """Clearly sharper, with so many of twelve seeds in which nothing could be measured."""

    def clear(trained: bool, arm: str, split: str, measure: str) -> float:
        far = {"top-2": 1.0 if trained else -1.0, MASKS["top-2"]: -1.0}  # its nulls lie on the other side
        return sign * far.get(arm, 0.0)

    arms = planted_arms(1, clear)
    for measure in (*JUDGED, "absolute"):
        getattr(arms.trained["total"]["top-2"].splits["own"], measure)[:seeds] = np.nan
    return arms


def same_before(sign: float) -> MlpArms:
    """Arms that have the same states of common tokens before training."""
    arms = planted_arms(5, off(sign, "top-2"))
    for arm, measure in product(("top-2", "soft"), JUDGED):
        for split in arms.untrained["total"][arm].splits.values():
            getattr(split, measure)[:] = 1.0
    return arms


def case(name: str, expected: Verdict, level: Level, **wanted: str) -> Case:
    """A case of arms with these levels."""
    listed = ", ".join((name, *wanted.values()))
    return Case(listed, expected, mlp_arms=partial(planted_arms, 5, level), variant=variant(**wanted))


LEARNED_NOTHING = Case(
    "nothing learned",
    Verdict.NOT_APPLICABLE,
    says="learned nothing: .* is 0.6",
    mlp_arms=partial(planted_arms, 1, flat, error=0.6),
    variant=variant(),
)
BY_CHANCE = Null("arms alike", {"mlp_arms": lambda seed: planted_arms(seed, flat), "variant": variant()})


def topk_contract(claim: Callable[..., Finding], sign: float) -> Contract:
    """The contract of a claim on top-k."""
    both, sharper = (True, False), off(sign, "top-2")
    cases = [
        each
        for tokens in (OWN, COMMON)
        for each in (
            case("sharper", Verdict.SUPPORTED, sharper, tokens=tokens),
            case("less sharp", Verdict.REFUTED, off(-sign, "top-2"), tokens=tokens),
            case("masks do it", Verdict.VACUOUS, off(sign, "top-2", MASKS["top-2"]), tokens=tokens),
            case("there before training", Verdict.VACUOUS, off(sign, "top-2", trained=both), tokens=tokens),
            Case(
                f"seeds disagree, {tokens}",
                Verdict.INCONCLUSIVE,
                mlp_arms=partial(swinging, sign),
                variant=variant(tokens=tokens),
            ),
        )
    ]
    masks = off(sign, *MOE, MASKS["top-1"])
    return Contract(
        claim,
        cases=(
            *cases,
            case("masks of the same sparsity", Verdict.VACUOUS, masks, routing="top-1"),
            case("masks of another sparsity", Verdict.SUPPORTED, masks, routing="top-2"),
            case("on own tokens alone", Verdict.SUPPORTED, off(sign, "top-2", splits=("own",))),
            Case("six seeds", Verdict.SUPPORTED, mlp_arms=partial(missing, sign, 6), variant=variant()),
            Case(
                "five seeds",
                Verdict.NOT_APPLICABLE,
                says="6 seeds are needed for an interval",
                mlp_arms=partial(missing, sign, 7),
                variant=variant(),
            ),
            Case(
                "a null that is 0 by construction",
                Verdict.SUPPORTED,
                mlp_arms=partial(same_before, sign),
                variant=variant(tokens=COMMON),
            ),
            LEARNED_NOTHING,
        ),
        nulls=(BY_CHANCE,),
    )


def twin_cases(measures: tuple[str, ...], by: float, split: str, **wanted: str) -> tuple[Case, ...]:
    """An MoE that is, is not, and was before training, on the claimed side of its dense twin."""
    both = (True, False)
    return (
        case("as claimed", Verdict.SUPPORTED, off(by, *MOE, splits=(split,), measures=measures), **wanted),
        case("the other way", Verdict.REFUTED, off(-by, *MOE, splits=(split,), measures=measures), **wanted),
        case("before, too", Verdict.VACUOUS, off(by, *MOE, splits=(split,), measures=measures, trained=both), **wanted),
    )


def half(by: float) -> Case:
    """Seeds of which every other one lies on the other side."""

    def arms() -> MlpArms:
        found = planted_arms(5, off(by, *MOE))
        own = found.trained["total"]["top-2"].splits["own"]
        for measure in ("token_leading", "rank_inputs"):
            getattr(own, measure)[::2] -= 2 * by
        return found

    return Case("seeds disagree", Verdict.INCONCLUSIVE, mlp_arms=arms, variant=variant())


MATCHES = ("total", "active")
CONTRACTS = (
    *(topk_contract(claim, sign) for claim, sign in SIGNS.items()),
    Contract(
        FLATTENS,
        cases=(
            *(
                each
                for matched, jacobian, (gate, split) in product(
                    MATCHES, JACOBIANS, (("without", "own"), ("with", "gated"))
                )
                for each in twin_cases(JACOBIANS[jacobian], -0.5, split, matched=matched, jacobian=jacobian, gate=gate)
            ),
            half(-0.5),
            LEARNED_NOTHING,
        ),
        nulls=(BY_CHANCE,),
    ),
    Contract(
        SPREADS,
        cases=(
            *(
                each
                for matched, states, (tokens, split) in product(
                    MATCHES, ("inputs", "outputs"), ((OWN, "own"), (COMMON, "clusters"))
                )
                for each in twin_cases((f"rank_{states}",), 0.5, split, matched=matched, states=states, tokens=tokens)
            ),
            half(0.5),
            LEARNED_NOTHING,
        ),
        nulls=(BY_CHANCE,),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def judged(claim: Callable[..., Finding], arms: MlpArms, **wanted: str) -> Verdict:
    return outcome(claim, mlp_arms=arms, variant=variant(**wanted)).verdict


@each_claim
def test_the_share_that_common_tokens_keep_is_told(claim: Callable[..., Finding]) -> None:
    sign = SIGNS[claim]
    own_alone = planted_arms(3, off(sign, "top-2", splits=("own",)))
    assert judged(claim, own_alone, tokens=COMMON) != Verdict.SUPPORTED
    for arms, low, high in ((own_alone, -0.1, 0.1), (planted_arms(3, off(sign, "top-2")), 0.9, 1.1)):
        (kept,) = shares(claim, arms)
        assert low < kept.estimate.value < high
        assert kept.estimate.low < kept.estimate.value < kept.estimate.high
    assert not shares(claim, planted_arms(4, flat))  # of no difference there is no share


def shares(claim: Callable[..., Finding], arms: MlpArms) -> list[Any]:
    criteria = finding_of(claim, mlp_arms=arms, variant=variant()).criteria
    return [each for each in criteria if each.threshold == KEPT]


@each_claim
def test_a_null_that_is_nothing_by_construction_is_left_out(claim: Callable[..., Finding]) -> None:
    found = finding_of(claim, mlp_arms=same_before(SIGNS[claim]), variant=variant(tokens=COMMON))
    assert [measured.name.split(", ")[1] for measured in found.null] == ["random masks minus soft"]
    assert not any("before training" in measured.name for measured in found.criteria)
    assert any("0 by construction" in note for note in found.notes)


def test_variants_do_not_see_one_another() -> None:
    own = partial(off, splits=("own",), measures=("rank_inputs", "token_leading", "token_decay"))
    arms = planted_arms(3, own(0.5, *MOE))
    for claim, expected, others in (
        (SPREADS, Verdict.SUPPORTED, ({"states": "outputs"}, {"tokens": COMMON})),
        (FLATTENS, Verdict.REFUTED, ({"jacobian": "mean"}, {"gate": "with"})),
    ):
        assert judged(claim, arms) == expected
        for other in others:
            assert judged(claim, arms, **other) != expected
    outputs = planted_arms(6, off(-0.5, "top-2", measures=("rank_outputs",)))
    assert judged(CONCENTRATION, outputs, states="outputs") == Verdict.SUPPORTED
    assert judged(CONCENTRATION, outputs) != Verdict.SUPPORTED
    for one in JACOBIANS["token"]:  # both must hold
        alone = planted_arms(7, off(-0.5, *MOE, splits=("own",), measures=(one,)))
        assert judged(FLATTENS, alone) in (Verdict.INCONCLUSIVE, Verdict.REFUTED)
    for claim, count in ((FUNCTION, 8), (SUBSPACE, 8), (CONCENTRATION, 16), (FLATTENS, 8), (SPREADS, 8)):
        assert len({tuple(each.items()) for each in declared(claim).variants}) == count


def test_near_uniform_gates_are_named_as_the_cause() -> None:
    for gate, named in ((0.15, True), (0.4, False)):
        finding = finding_of(SUBSPACE, mlp_arms=planted_arms(1, flat, gate=gate), variant=variant())
        assert any("near uniform" in note for note in finding.notes) == named


def test_decay_is_compared_up_to_the_smaller_rank_and_the_rest_is_said() -> None:
    arms = planted_arms(1, flat)
    ends = [last_compared(arms.trained[m][name], arms.trained[m]["dense"]) for m in ("total", "active") for name in MOE]
    assert ends == [16, 16, 32, 16]
    notes = finding_of(FLATTENS, mlp_arms=arms, variant=variant(matched="active")).notes
    assert any("top-2 and dense: an expert has rank 16 at most, the twin 32" in note for note in notes)
    assert any("top-1 and dense: either may have rank 32" in note for note in notes)


@cache
def small(**changed: Any) -> MlpArms:
    """Arms of a small world, trained here."""
    return compared_arms(replace(SMALL, seeds=8, tokens=512, jacobians=64, spectra=16, **changed), SAMPLING)


@pytest.mark.parametrize("routing", MOE)
def test_experts_that_start_equal_are_told_apart_on_common_tokens_alone(routing: str) -> None:
    # On its own tokens a copy looks unlike its original before any training: the tokens differ, not the function.
    arms = small(start="equal")
    assert judged(FUNCTION, arms, routing=routing, tokens=OWN) == Verdict.VACUOUS
    assert judged(FUNCTION, arms, routing=routing, tokens=COMMON) == Verdict.SUPPORTED


def test_before_any_step_nothing_is_learned() -> None:
    for claim in SIGNS:
        found = outcome(claim, mlp_arms=small(steps=0), variant=variant())
        assert found.verdict == Verdict.NOT_APPLICABLE
        assert "learned nothing" in found.reason
