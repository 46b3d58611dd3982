"""The controlled MLP: measures that are given to its arms, and starts that the training must tell apart."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np
import pytest

from claims.core.finding import Finding
from claims.core.verdict import Verdict
from claims.tests.support.contract import Case, Contract, Null, contract_tests, true_by_far
from claims.tests.support.planted_mlp_arms import Level, flat, planted_arms
from claims.tests.support.verdicts import SAMPLING, declared, finding_of, outcome
from claims.trained_pairs import test_asy_topk_mlp, test_prb_mlp
from claims.trained_pairs.mlp_sharpening import MASKS
from claims.trained_pairs.mlp_spectra import last_compared
from claims.trained_pairs.smallest_effects import SHARPER
from fixtures.mlp.arms import MlpArms, compared_arms
from fixtures.tests.support.small_mlp_world import SMALL

FUNCTION = test_asy_topk_mlp.test_topk_sharpening_function
SUBSPACE = test_asy_topk_mlp.test_topk_sharpening_subspace
CONCENTRATION = test_asy_topk_mlp.test_topk_concentration
FLATTENS, SPREADS = test_prb_mlp.test_moe_flattens, test_prb_mlp.test_moe_spreads

#: The claims on top-k, and on which side of soft routing they say that it lies.
SIGNS = {FUNCTION: -1.0, SUBSPACE: 1.0, CONCENTRATION: -1.0}
each_claim = pytest.mark.parametrize("claim", SIGNS, ids=["function", "subspace", "concentration"])
#: Which splits are common to all arms.
COMMON = ("same", "clusters")
MOE = ("top-1", "top-2")


def variant(**wanted: str) -> dict[str, str]:
    """A variant of any of the claims; each reads its own keys."""
    usual = {"routing": "top-2", "matched": "total", "tokens": "own", "states": "inputs"}
    return {**usual, "jacobian": "token", "gate": "with"} | wanted


def off(
    by: float,
    *arms: str,
    before: float = 0.0,
    common: float | None = None,
    measures: tuple[str, ...] = (),
    dealt: float | None = None,
) -> Level:
    """These measures of those arms lie off by so much after training.

    Parameters
    ----------
    before : by how much before training
    common : by how much on common splits; as much by default
    measures : all where none is named
    dealt : by how much with random tokens in the groups; as much by default
    """

    def level(trained: bool, arm: str, split: str, measure: str) -> float:
        if arm not in arms or (measures and measure not in measures):
            return 1.0
        if split == "random" and dealt is not None:
            return 1.0 + dealt
        on_common = split in COMMON and common is not None
        return 1.0 + ((common if on_common else by) if trained else before)  # type: ignore[operator]

    return level


def disagreeing(one: Level, other: Level) -> MlpArms:
    """Trainings of one kind and of another, in turn."""
    first, second = (planted_arms(5, level) for level in (one, other))
    for stage, instead in ((first.trained, second.trained), (first.untrained, second.untrained)):
        for match, arms in stage.items():
            for name, arm in arms.items():
                for split, measures in arm.splits.items():
                    for measure, values in vars(measures).items():
                        values[::2] = vars(instead[match][name].splits[split])[measure][::2]
    return first


def case(name: str, expected: Verdict, level: Level, says: str = "", **wanted: str) -> Case:
    """A case of arms with these levels."""
    listed = ", ".join((name, *wanted.values()))
    arms = partial(planted_arms, 5, level, noise=QUIET)
    return Case(listed, expected, says=says, mlp_arms=arms, variant=variant(**wanted))


#: Of one measure of one arm in one training: too little to matter to any threshold.
QUIET = 0.001
LEARNED_NOTHING = (
    Case(
        "nothing learned", Verdict.NOT_APPLICABLE, says="leaves at held-out tokens = 1.2",
        mlp_arms=partial(planted_arms, 1, flat, error=0.6), variant=variant(),
    ),
    Case(
        "hardly anything learned", Verdict.NOT_APPLICABLE, says="leaves at held-out tokens = 0.95",
        mlp_arms=partial(planted_arms, 1, flat, error=0.475), variant=variant(),
    ),
)  # fmt: skip


def unmeasured(measure: str, of: int, level: Level) -> MlpArms:
    """Arms of which so many trainings of twelve could not be measured."""
    arms = planted_arms(1, level, noise=QUIET)
    for split in ("own", "layer"):
        getattr(arms.trained["total"]["top-2"].splits[split], measure)[:of] = np.nan
    return arms


def cases_of_trainings(measure: str, by: float, level: Callable[[float], Level]) -> tuple[Case, ...]:
    """Cases of any of the claims: how many trainings there are, agree, are measured, and learned anything.

    Parameters
    ----------
    measure : what the headline is of
    by : a difference that supports the claim
    level : levels of arms that are off by so much
    """

    def four(by: float) -> MlpArms:
        return planted_arms(5, level(by), seeds=4, noise=QUIET)

    return (
        Case(
            "seeds disagree", Verdict.INCONCLUSIVE, mlp_arms=partial(disagreeing, level(by), level(-by)),
            variant=variant(),
        ),
        Case(
            "four trainings", Verdict.INCONCLUSIVE, says="4 trainings an arm, where 5 are needed",
            mlp_arms=partial(four, by), variant=variant(),
        ),
        Case(
            "five trainings known", Verdict.SUPPORTED, mlp_arms=partial(unmeasured, measure, 7, level(by)),
            variant=variant(),
        ),
        Case(
            "no training known", Verdict.NOT_APPLICABLE, says="in any layer of any of 12 trainings",
            mlp_arms=partial(unmeasured, measure, 12, level(by)), variant=variant(),
        ),
        *LEARNED_NOTHING,
    )  # fmt: skip


def worlds(level: Level, noise: float) -> dict[str, Any]:
    """Evidence of worlds of chance: arms whose measures lie around these levels."""
    return {"mlp_arms": lambda seed: planted_arms(seed, level, noise=noise), "variant": variant()}


def topk_contract(claim: Callable[..., Finding], measure: str, smallest: float) -> Contract:
    """The contract of a claim on top-k; ``smallest`` is the difference that matters, of the claimed sign."""
    sign, noise = SIGNS[claim], abs(smallest)

    def level(by: float) -> Level:
        return off(by, "top-2")

    return Contract(
        claim,
        cases=(
            case("sharper", Verdict.SUPPORTED, level(sign)),
            case("twice what matters", Verdict.SUPPORTED, level(2.2 * smallest)),
            case("half of it before", Verdict.SUPPORTED, off(4 * smallest, "top-2", before=2 * smallest)),
            case("masks as well", Verdict.SUPPORTED, off(sign, "top-2", MASKS["top-2"])),
            case("on own tokens alone", Verdict.PARTLY, off(sign, "top-2", common=0.0), "on common tokens"),
            case(
                "as the soft arm, and the other way before", Verdict.PARTLY,
                off(0.0, "top-2", before=-sign), "falls short",
            ),
            case("less sharp", Verdict.REFUTED, off(-sign, "top-2")),
            case("half of what matters", Verdict.REFUTED, level(smallest / 2)),
            case("there before", Verdict.VACUOUS, off(sign, "top-2", before=sign)),
            case("top-1 is another arm", Verdict.REFUTED, level(sign), routing="top-1"),
            case("top-1 as well", Verdict.SUPPORTED, off(sign, *MOE), routing="top-1", matched="active"),
            *cases_of_trainings(measure, sign, level),
        ),
        nulls=(
            Null("at its threshold", worlds(level(smallest), noise)),
            Null("there before", worlds(off(sign, "top-2", before=sign), noise)),
            Null("just more than matters", worlds(level(1.5 * smallest), noise), limits={Verdict.REFUTED: 0.5}),
            true_by_far(worlds(level(5 * smallest), noise)),
        ),
    )  # fmt: skip


#: What a layer with its gates is asked, at tokens or on average, and its decay.
SPECTRA = {"token": ("token_leading", "token_decay"), "mean": ("leading", "decay")}


def twin(by: float, **how: Any) -> Level:
    """A mixture that is off by so much beside its dense twin, whichever number of experts a token uses."""
    return off(by, *MOE, **how)


def spreading(by: float, **how: Any) -> Level:
    """The same, whose groups are the twin's with random tokens in them."""
    return twin(by, **{"dealt": 0.0} | how)


CONTRACTS = (
    topk_contract(FUNCTION, "alignment", -0.01),
    topk_contract(SUBSPACE, "geodesic_inputs", 0.02),
    topk_contract(CONCENTRATION, "rank_inputs", -0.5),
    Contract(
        FLATTENS,
        cases=(
            *(
                each
                for matched in ("total", "active")
                for jacobian, measures in SPECTRA.items()
                for gate in ("with", "without")
                for each in (
                    case(says, expected, level, matched=matched, jacobian=jacobian, gate=gate)
                    for says, expected, level in (
                        ("as claimed", Verdict.SUPPORTED, twin(-0.5, measures=measures)),
                        ("the other way", Verdict.REFUTED, twin(0.5, measures=measures)),
                        ("there before", Verdict.VACUOUS, twin(-0.5, measures=measures, before=-0.5)),
                        ("no faster", Verdict.PARTLY, twin(-0.5, measures=measures[:1])),
                        ("faster alone", Verdict.REFUTED, twin(-0.5, measures=measures[1:])),
                    )
                )
            ),
            case("half of it before", Verdict.SUPPORTED, twin(-0.5, before=-0.25)),
            case("half of what matters", Verdict.REFUTED, twin(-0.05)),
            case("as the twin, and larger before", Verdict.PARTLY, twin(0.0, before=0.5), "falls short"),
            *cases_of_trainings("token_leading", -0.5, twin),
        ),
        nulls=(
            Null("at its threshold", worlds(twin(np.exp(-0.1) - 1), 0.1)),
            Null("there before", worlds(twin(-0.5, before=-0.5), 0.05)),
            Null("just more than matters", worlds(twin(np.exp(-0.15) - 1), 0.05), limits={Verdict.REFUTED: 0.5}),
            true_by_far(worlds(twin(-0.5), 0.05)),
        ),
    ),
    Contract(
        SPREADS,
        cases=(
            *(
                each
                for matched in ("total", "active")
                for states in ("inputs", "outputs")
                for tokens in ("own", "common")
                for each in (
                    case(says, expected, level, matched=matched, states=states, tokens=tokens)
                    for says, expected, level in (
                        ("as claimed", Verdict.SUPPORTED, spreading(1.0)),
                        ("the other way", Verdict.REFUTED, spreading(-1.0)),
                        ("there before", Verdict.VACUOUS, spreading(1.0, before=1.0)),
                        ("random groups too", Verdict.VACUOUS, spreading(1.0, dealt=1.0)),
                    )
                )
            ),
            case("half of it before, and of random groups", Verdict.SUPPORTED, spreading(2.0, before=1.0, dealt=1.0)),
            case("half of what matters", Verdict.REFUTED, spreading(0.25)),
            case(
                "as the twin, and lower before and in random groups", Verdict.PARTLY,
                spreading(0.0, before=-1.0, dealt=-1.0), "falls short",
            ),
            *cases_of_trainings("rank_inputs", 1.0, spreading),
        ),
        nulls=(
            Null("at its threshold", worlds(spreading(0.5), 0.5)),
            Null("random groups too", worlds(spreading(1.0, dealt=1.0), 0.5)),
            Null("just more than matters", worlds(spreading(0.75), 0.5), limits={Verdict.REFUTED: 0.5}),
            true_by_far(worlds(spreading(2.5), 0.5)),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


def judged(claim: Callable[..., Finding], arms: MlpArms, **wanted: str) -> Verdict:
    return outcome(claim, mlp_arms=arms, variant=variant(**wanted)).verdict


@each_claim
def test_how_much_is_sparsity_itself_is_told_and_decides_nothing(claim: Callable[..., Finding]) -> None:
    sign = SIGNS[claim]
    arms = planted_arms(3, off(sign, "top-2", MASKS["top-2"]), noise=QUIET)
    masks, choosing = finding_of(claim, mlp_arms=arms, variant=variant()).reported[:2]
    assert masks.estimate.value == pytest.approx(sign, abs=0.01)
    assert choosing.estimate.value == pytest.approx(0.0, abs=0.01)
    assert "by sparsity alone" in masks.name


def test_half_of_a_difference_of_functions_has_to_be_left_on_common_tokens() -> None:
    for left, holds in ((-0.6, Verdict.SUPPORTED), (-0.4, Verdict.PARTLY)):
        arms = planted_arms(3, off(-1.0, "top-2", common=left), noise=QUIET)
        found = finding_of(FUNCTION, mlp_arms=arms, variant=variant())
        assert found.parts[0].estimate.value == pytest.approx(-left, abs=0.01)
        assert judged(FUNCTION, arms) == holds


@pytest.mark.parametrize("claim", [FUNCTION, SUBSPACE, CONCENTRATION, FLATTENS, SPREADS])
def test_trainings_are_the_units_of_all_that_is_measured(claim: Callable[..., Finding]) -> None:
    found = finding_of(claim, mlp_arms=planted_arms(3, flat), variant=variant())
    assert {(m.estimate.n, m.estimate.unit) for _, m in found.by_role()} == {(12, "training")}


def test_variants_do_not_see_one_another() -> None:
    outputs = planted_arms(6, off(-1.0, "top-2", measures=("rank_outputs",)))
    assert judged(CONCENTRATION, outputs, states="outputs") == Verdict.SUPPORTED
    assert judged(CONCENTRATION, outputs) == Verdict.REFUTED

    def layer(trained: bool, arm: str, split: str, measure: str) -> float:
        return 0.5 if trained and arm in MOE and split == "layer" else 1.0

    assert judged(FLATTENS, planted_arms(3, layer)) == Verdict.SUPPORTED
    assert judged(FLATTENS, planted_arms(3, layer), gate="without") == Verdict.REFUTED
    for claim, count in ((FUNCTION, 4), (SUBSPACE, 4), (CONCENTRATION, 8), (FLATTENS, 8), (SPREADS, 8)):
        assert len({tuple(each.items()) for each in declared(claim).variants}) == count


def test_near_uniform_gates_are_named_as_the_cause() -> None:
    for gate, named in ((0.15, True), (0.4, False)):
        finding = finding_of(SUBSPACE, mlp_arms=planted_arms(1, flat, gate=gate), variant=variant())
        assert any("near uniform" in note for note in finding.notes) == named


def test_decay_is_compared_up_to_the_smaller_rank_and_the_rest_is_said() -> None:
    arms = planted_arms(1, flat)
    ends = [
        last_compared(arms.trained[m][name], arms.trained[m]["dense"], gate)
        for gate in ("without", "with")
        for m in ("total", "active")
        for name in MOE
    ]
    assert ends == [16, 16, 32, 16, 16, 32, 32, 32]
    notes = finding_of(FLATTENS, mlp_arms=arms, variant=variant(matched="active", gate="without")).notes
    assert any("top-2 and dense: the experts of a token have rank 16 at most, the twin 32" in note for note in notes)
    assert any("top-1 and dense: either may have rank 32" in note for note in notes)
    assert any("k = 2..32;" in note for note in finding_of(FLATTENS, mlp_arms=arms, variant=variant()).notes)


@cache
def small(**changed: Any) -> MlpArms:
    """Arms of a small world, trained here."""
    return compared_arms(replace(SMALL, seeds=8, tokens=512, jacobians=64, spectra=16, **changed), SAMPLING)


@pytest.mark.parametrize("routing", MOE)
def test_experts_that_start_equal_are_told_apart_by_training_on_common_tokens_alone(routing: str) -> None:
    # On its own tokens a copy looks unlike its original before any training: the tokens differ, not the function.
    found = finding_of(FUNCTION, mlp_arms=small(start="equal"), variant=variant(routing=routing))
    assert found.controls[0].estimate.high < -0.01
    assert found.reported[2].name == f"alignment, common tokens, {routing} minus soft"
    assert found.reported[2].estimate.high < -0.01


def test_before_any_step_nothing_is_learned() -> None:
    for claim in SIGNS:
        found = outcome(claim, mlp_arms=small(steps=0), variant=variant())
        assert found.verdict == Verdict.NOT_APPLICABLE
        assert "leaves at held-out tokens" in found.reason


def test_thresholds_have_the_sign_of_what_is_claimed() -> None:
    for claim, sign in SIGNS.items():
        assert declared(claim).thresholds[SHARPER].value * sign > 0
