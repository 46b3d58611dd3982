"""The rules that turn intervals into answers, and answers into verdicts."""

import math
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims.core.record import Criterion
from claims.core.sensitivity import verdict_of
from claims.core.verdict import Answer, Role, Verdict, all_of, decide, holds

NUMBER = st.floats(-1e6, 1e6)
ANSWERS: tuple[Answer, ...] = (True, None, False)


@pytest.mark.parametrize(
    ("low", "high", "threshold", "direction", "expected"),
    [
        (0.3, 0.5, 0.2, ">", True),
        (0.1, 0.15, 0.2, ">", False),
        (0.1, 0.3, 0.2, ">", None),
        (0.2, 0.3, 0.2, ">=", True),
        (0.2, 0.3, 0.2, ">", None),
        (0.0, 0.0, 0.0, "<=", True),
        (0.0, 0.0, 0.0, "<", False),
        (1.0, 1.0, 0.0, "<=", False),
        (math.nan, math.nan, 0.0, ">", None),
    ],
)
def test_holds(low: float, high: float, threshold: float, direction: str, expected: Answer) -> None:
    assert holds(low, high, threshold, direction) is expected


def test_an_unknown_direction_is_an_error() -> None:
    with pytest.raises(ValueError, match="one of > >= < <="):
        holds(0, 1, 0, "==")


@given(NUMBER, NUMBER, NUMBER, st.sampled_from([(">", "<="), (">=", "<")]))
def test_a_claim_and_its_negation_never_both_hold(a: float, b: float, t: float, pair: tuple[str, str]) -> None:
    low, high = min(a, b), max(a, b)
    answers = [holds(low, high, t, direction) for direction in pair]
    assert answers.count(True) <= 1
    assert (answers[0] is True) == (answers[1] is False)


@pytest.mark.parametrize(
    ("headline", "excess", "part", "expected"),
    [
        (True, True, True, Verdict.SUPPORTED),
        (True, True, None, Verdict.SUPPORTED),
        (True, True, False, Verdict.PARTLY),
        (False, True, True, Verdict.PARTLY),
        (True, False, True, Verdict.VACUOUS),
        (True, False, False, Verdict.VACUOUS),
        (False, False, True, Verdict.REFUTED),
        (True, None, True, Verdict.INCONCLUSIVE),
        (False, None, True, Verdict.INCONCLUSIVE),
        (None, True, True, Verdict.INCONCLUSIVE),
        (None, False, False, Verdict.INCONCLUSIVE),
    ],
)
def test_the_table_of_verdicts(headline: Answer, excess: Answer, part: Answer, expected: Verdict) -> None:
    assert decide({Role.HEADLINE: [headline], Role.EXCESS: [excess], Role.PART: [part]}) == expected


@pytest.mark.parametrize(
    ("headline", "part", "expected"),
    [
        (True, True, Verdict.SUPPORTED),
        (True, False, Verdict.PARTLY),
        (False, True, Verdict.REFUTED),
        (None, True, Verdict.INCONCLUSIVE),
    ],
)
def test_without_a_null_by_nature_the_headline_decides(headline: Answer, part: Answer, expected: Verdict) -> None:
    assert decide({Role.HEADLINE: [headline], Role.PART: [part]}) == expected


def test_a_premise_comes_first_and_a_certificate_second() -> None:
    for headline, excess in product(ANSWERS, ANSWERS):
        answers = {Role.HEADLINE: [headline], Role.EXCESS: [excess]}
        assert decide(answers | {Role.PREMISE: [True, False]}, certified=True) == Verdict.NOT_APPLICABLE
        assert decide(answers | {Role.PREMISE: [None]}) == Verdict.INCONCLUSIVE
        assert decide(answers | {Role.PREMISE: [True]}, certified=True) == Verdict.REFUTED


def test_what_stands_beside_decides_nothing() -> None:
    beside: dict[Role, list[Answer]] = {Role.CONTROL: [False], Role.REPORTED: [False, None]}
    assert decide(beside | {Role.HEADLINE: [True], Role.EXCESS: [True]}) == Verdict.SUPPORTED


def test_a_claim_of_several_headlines_holds_where_all_do() -> None:
    assert all_of([]) is True
    assert all_of([True, None]) is None
    assert all_of([None, False, True]) is False
    assert decide({Role.HEADLINE: [True, False], Role.EXCESS: [True]}) == Verdict.PARTLY


def test_no_headline_is_no_verdict() -> None:
    with pytest.raises(ValueError, match="without a headline"):
        decide({Role.PART: [True]})


@pytest.mark.parametrize(
    ("low", "high", "bound", "direction", "verdict"),
    [
        (0.01, 0.03, 0.05, ">=", Verdict.PARTLY),
        (-0.01, 0.03, 0.05, ">=", Verdict.PARTLY),
        (-0.03, -0.01, 0.05, ">=", Verdict.REFUTED),
        (0.01, 0.03, -0.05, "<=", Verdict.REFUTED),
        (-0.03, -0.01, -0.05, "<=", Verdict.PARTLY),
        (-0.03, -0.01, -0.05, ">=", Verdict.SUPPORTED),
        (0.06, 0.08, 0.05, "<", Verdict.PARTLY),
    ],
)
def test_the_reverse_of_what_is_claimed_does_not_fall_short_of_it(
    low: float, high: float, bound: float, direction: str, verdict: Verdict
) -> None:
    answer = holds(low, high, bound, direction)
    headline = Criterion("x", low, low, high, bound, direction, 30, "sequence", "", holds=answer, role=Role.HEADLINE)
    beyond, other = (replace(headline, holds=True, role=role) for role in (Role.EXCESS, Role.HEADLINE))
    short = Verdict.PARTLY if answer is False else Verdict.SUPPORTED
    assert verdict_of([headline, replace(other, holds=False), beyond]) is (
        verdict if answer is False else Verdict.PARTLY
    )
    assert verdict_of([headline, other, beyond]) is short  # half of what is stated holds
    assert verdict_of([headline, beyond]) is short  # beyond its own null, though that is farther on the other side
