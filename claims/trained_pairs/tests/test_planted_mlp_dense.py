"""MoE against its dense twin on the controlled MLP: measures that are given."""

from collections.abc import Callable

import pytest

from claims.core.finding import Finding, NotApplicable
from claims.core.verdict import Verdict
from claims.tests.support.planted_mlp_arms import Level, flat, planted_arms
from claims.tests.support.verdicts import SAMPLING, verdict
from claims.trained_pairs.mlp_spectra import last_compared
from claims.trained_pairs.test_prb_mlp import test_moe_flattens as flattens
from claims.trained_pairs.test_prb_mlp import test_moe_spreads as spreads
from fixtures.mlp.arms import MlpArms
from metrics.stats.sampling import Sampling

# The claims are imported under names that pytest does not collect.

JACOBIANS = {"token": ("token_leading", "token_decay"), "mean": ("leading", "decay")}
#: What noise alone may give: an interval that holds 0, or with bad luck one that lies on the other side.
UNDECIDED = (Verdict.INCONCLUSIVE, Verdict.REFUTED)
each_matching = pytest.mark.parametrize("matched", ["total", "active"])


def judged(claim: Callable[..., Finding], arms: MlpArms, sampling: Sampling = SAMPLING, **variant: str) -> Verdict:
    reading = {
        "matched": "total",
        "jacobian": "token",
        "gate": "without",
        "tokens": "own",
        "states": "inputs",
    } | variant
    return verdict(claim, mlp_arms=arms, variant=reading, sampling=sampling)


def moe(measures: tuple[str, ...], by: float, *, splits: tuple[str, ...], untrained: bool = False) -> Level:
    """The MoE's measures lie off by so much, and before training too if so asked."""

    def level(trained: bool, arm: str, split: str, measure: str) -> float:
        off = arm in ("top-1", "top-2") and measure in measures and split in splits and (trained or untrained)
        return 1.0 + by * off

    return level


@each_matching
@pytest.mark.parametrize("jacobian", JACOBIANS)
@pytest.mark.parametrize(("gate", "split"), [("without", "own"), ("with", "gated")])
def test_moe_flattens(matched: str, jacobian: str, gate: str, split: str) -> None:
    leading, decay = JACOBIANS[jacobian]
    cases = (
        (moe((leading, decay), -0.5, splits=(split,)), Verdict.SUPPORTED),
        (moe((leading, decay), 0.5, splits=(split,)), Verdict.REFUTED),
        (moe((leading, decay), -0.5, splits=(split,), untrained=True), Verdict.VACUOUS),
    )
    for level, expected in cases:
        found = judged(flattens, planted_arms(7, level), matched=matched, jacobian=jacobian, gate=gate)
        assert found == expected
    for one in (leading, decay):
        found = judged(flattens, planted_arms(7, moe((one,), -0.5, splits=(split,))), matched=matched, gate=gate)
        assert found in UNDECIDED


@each_matching
@pytest.mark.parametrize("states", ["inputs", "outputs"])
@pytest.mark.parametrize(("tokens", "split"), [("own", "own"), ("common", "clusters")])
def test_moe_spreads(matched: str, states: str, tokens: str, split: str) -> None:
    measures = (f"rank_{states}",)
    cases = (
        (moe(measures, 0.5, splits=(split,)), Verdict.SUPPORTED),
        (moe(measures, -0.5, splits=(split,)), Verdict.REFUTED),
        (moe(measures, 0.5, splits=(split,), untrained=True), Verdict.VACUOUS),
    )
    for level, expected in cases:
        found = judged(spreads, planted_arms(7, level), matched=matched, states=states, tokens=tokens)
        assert found == expected


def test_readings_do_not_see_one_another() -> None:
    arms = planted_arms(3, moe(("rank_inputs", "token_leading", "token_decay"), 0.5, splits=("own",)))
    assert judged(spreads, arms) == Verdict.SUPPORTED
    assert judged(spreads, arms, states="outputs") != Verdict.SUPPORTED
    assert judged(spreads, arms, tokens="common") != Verdict.SUPPORTED
    assert judged(flattens, arms) == Verdict.REFUTED
    assert judged(flattens, arms, jacobian="mean") != Verdict.REFUTED
    assert judged(flattens, arms, gate="with") != Verdict.REFUTED


def test_decay_is_compared_up_to_the_smaller_rank_and_the_rest_is_said() -> None:
    arms = planted_arms(1, flat)
    ends = {
        (match, name): last_compared(arms.trained[match][name], arms.trained[match]["dense"])
        for match in ("total", "active")
        for name in ("top-1", "top-2")
    }
    assert ends == {("total", "top-1"): 16, ("total", "top-2"): 16, ("active", "top-1"): 32, ("active", "top-2"): 16}
    variant = {"matched": "active", "jacobian": "token", "gate": "without"}
    notes = flattens(mlp_arms=arms, variant=variant, sampling=SAMPLING).notes
    assert any("top-2 and dense: an expert has rank 16 at most, the twin 32" in note for note in notes)
    assert any("top-1 and dense: either may have rank 32" in note for note in notes)


@pytest.mark.parametrize("claim", [flattens, spreads])
def test_arms_that_learned_nothing_are_not_compared(claim: Callable[..., Finding]) -> None:
    with pytest.raises(NotApplicable, match="learned nothing"):
        judged(claim, planted_arms(1, flat, error=0.6))


@pytest.mark.parametrize("claim", [flattens, spreads])
def test_an_moe_is_rarely_taken_for_unlike_its_like(claim: Callable[..., Finding]) -> None:
    draws = [judged(claim, planted_arms(seed, flat), Sampling(seed, 199)) for seed in range(200)]
    assert draws.count(Verdict.SUPPORTED) <= 10
