"""What an untrained twin gives too supports nothing; what it does not give changes nothing."""

import math
from dataclasses import replace

import pytest

from claims.core.claim import Claim, Threshold
from claims.core.finding import Finding, Measured
from claims.core.judge import judge
from claims.core.untrained_twin import beyond_twin
from claims.core.verdict import Verdict
from metrics.stats.estimate import Estimate

CLAIM = Claim(
    "x", "A", "t", "s", (), "s", "e", "d", "n", "p",
    thresholds={"share": Threshold(0.5, "half"), "more": Threshold(0.1, "a tenth"), "beyond": Threshold(0.2, "w")},
)  # fmt: skip
BARE = replace(CLAIM, thresholds={"share": Threshold(0.5, "half")})


def measured(value: float, direction: str, threshold: str, width: float = 0.02) -> Measured:
    estimate = Estimate(value, value - width, value + width, 20, "sequence", "mean")
    return Measured(f"the {threshold}", estimate, direction, threshold, within=(0.0, 1.0))


def finding(share: float, more: float | None = None, *, width: float = 0.02, direction: str = ">=") -> Finding:
    excess = () if more is None else (measured(more, ">=", "more", width),)
    return Finding((measured(share, direction, "share", width),), excess)


def verdict(ours: Finding, twin: Finding, claim: Claim = CLAIM) -> Verdict:
    return judge(claim, beyond_twin(claim, ours, twin, {}, 0), {}).verdict


@pytest.mark.parametrize(
    ("ours", "twin", "expected"),
    [
        (finding(0.9, 0.4), finding(0.2, 0.4), Verdict.SUPPORTED),  # the twin's headline fails
        (finding(0.9, 0.4), finding(0.9, 0.02), Verdict.SUPPORTED),  # it is its null that gives it, as its excess says
        (finding(0.9, 0.4), finding(0.9, 0.2), Verdict.SUPPORTED),  # more than it by 0.2
        (finding(0.9, 0.4), finding(0.6, 0.4), Verdict.VACUOUS),  # a higher headline, but no more beyond its null
        (finding(0.9, 0.4), finding(0.9, 0.35), Verdict.VACUOUS),  # more by 0.05, of which 0.1 matters
        (finding(0.9, 0.4), finding(0.9, 0.3, width=0.05), Verdict.INCONCLUSIVE),  # more by 0.1, give or take
        (finding(0.9, 0.4), finding(0.5, 0.35), Verdict.INCONCLUSIVE),  # whether it gives it is open
        (finding(0.9, 0.4), finding(0.5, 0.2), Verdict.SUPPORTED),  # open, but more than it in any case
        (finding(0.9), finding(0.6), Verdict.SUPPORTED),  # more by 0.3, of which 0.2 matters
        (finding(0.9), finding(0.8), Verdict.VACUOUS),
        (finding(0.9), finding(0.2), Verdict.SUPPORTED),
        (finding(0.1, direction="<"), finding(0.4, direction="<"), Verdict.SUPPORTED),  # less by 0.3
        (finding(0.1, direction="<"), finding(0.2, direction="<"), Verdict.VACUOUS),
        (finding(0.2, 0.4), finding(0.9, 0.4), Verdict.REFUTED),  # less than the twin, and less than is claimed
        (finding(0.2, 0.4), finding(0.3, 0.4), Verdict.REFUTED),  # both short, and the twin is as far beyond its null
        (finding(0.2, 0.4), finding(0.3, 0.2), Verdict.PARTLY),
        (finding(0.2, 0.4), finding(0.3, 0.02), Verdict.PARTLY),
    ],
)  # fmt: skip
def test_what_the_twin_gives_too_is_vacuous(ours: Finding, twin: Finding, expected: Verdict) -> None:
    assert verdict(ours, twin) is expected


def test_every_excess_is_held_against_the_twins() -> None:
    def two(first: float, second: float) -> Finding:
        return replace(finding(0.9), excess=(measured(first, ">=", "more"), measured(second, ">=", "more")))

    assert verdict(two(0.4, 0.9), two(0.2, 0.2)) is Verdict.SUPPORTED
    assert verdict(two(0.4, 0.9), two(0.4, 0.2)) is verdict(two(0.4, 0.9), two(0.2, 0.9)) is Verdict.VACUOUS


def test_between_two_bounds_around_zero_the_distance_from_it_counts() -> None:
    def about(value: float) -> Finding:
        both = (measured(value, "<", "share", 0.02), replace(measured(value, ">", "share", 0.02), threshold=-0.5))
        return Finding(tuple(replace(one, within=(-1.0, 1.0)) for one in both))

    assert verdict(about(0.0), about(-0.4)) is verdict(about(0.1), about(0.4)) is Verdict.SUPPORTED
    assert verdict(about(-0.3), about(0.2)) is verdict(about(0.3), about(0.3)) is Verdict.VACUOUS


def test_a_twin_of_which_the_claim_cannot_be_asked_gives_nothing() -> None:
    missed = replace(finding(0.9, 0.4), premises=(measured(0.1, ">=", "share"),))
    assert verdict(finding(0.9, 0.4), missed) is Verdict.SUPPORTED


def test_the_twins_value_stands_beside_in_any_case() -> None:
    for share in (0.2, 0.9):
        (control,) = beyond_twin(CLAIM, finding(0.9, 0.4), finding(share, 0.4), {}, 0).controls
        assert (control.name, control.estimate.value) == ("the share, untrained twin", share)


def test_the_difference_is_named_and_bounded_by_what_it_can_be() -> None:
    more, less = (
        beyond_twin(CLAIM, finding(0.4, direction=d), finding(0.4, direction=d), {}, 0).excess for d in ("<", "<=")
    )
    assert more[0].name == less[0].name == "the untrained twin's the share, minus this one's"
    assert more[0].within == (-1.0, 1.0)
    (_, beyond) = beyond_twin(CLAIM, finding(0.9, 0.4), finding(0.9, 0.4), {}, 0).excess
    assert beyond.name == "the more, minus the untrained twin's"
    assert beyond.estimate.high == pytest.approx(math.hypot(0.02, 0.02))


def test_a_claim_that_does_not_say_how_much_more_matters_is_told() -> None:
    with pytest.raises(ValueError, match="x does not say how much more"):
        beyond_twin(BARE, finding(0.9), finding(0.9), {}, 0)
    assert verdict(finding(0.9), finding(0.2), BARE) is Verdict.SUPPORTED
