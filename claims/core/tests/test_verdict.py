"""The rules that turn intervals into verdicts."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims.core.verdict import Verdict, decide, holds

NUMBER = st.floats(-1e6, 1e6)


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
def test_holds(low: float, high: float, threshold: float, direction: str, expected: bool | None) -> None:
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
    ("criteria", "null", "expected"),
    [
        ([True, True], [False], Verdict.SUPPORTED),
        ([True], [None], Verdict.SUPPORTED),
        ([True], [True], Verdict.VACUOUS),
        ([True, False, None], [True], Verdict.REFUTED),
        ([True, None], [True], Verdict.INCONCLUSIVE),
        ([True], [], Verdict.SUPPORTED),
    ],
)
def test_decide(criteria: list[bool | None], null: list[bool | None], expected: Verdict) -> None:
    assert decide(criteria, null) == expected


@pytest.mark.parametrize(
    ("criteria", "control", "expected"),
    [
        ([True, True], [False, True], Verdict.SUPPORTED),
        ([True, True], [False, None], Verdict.SUPPORTED),
        ([True, True], [None, True], Verdict.INCONCLUSIVE),
        ([True, True], [True, True], Verdict.VACUOUS),
        ([True, True], [], Verdict.INCONCLUSIVE),
        ([True, None], [False], Verdict.INCONCLUSIVE),
        ([False], [False], Verdict.REFUTED),
    ],
)
def test_a_positive_control_must_fail(
    criteria: list[bool | None], control: list[bool | None], expected: Verdict
) -> None:
    assert decide(criteria, control, control=True) == expected


def test_no_criterion_is_no_verdict() -> None:
    with pytest.raises(ValueError, match="without a criterion"):
        decide([], [])
