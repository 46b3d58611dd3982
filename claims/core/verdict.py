"""The six verdicts, and the rule that turns judged criteria into one of them. Pure."""

from collections.abc import Sequence
from enum import StrEnum


class Verdict(StrEnum):
    """What a claim's evidence amounts to."""

    SUPPORTED = "supported"
    VACUOUS = "vacuous"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not applicable"
    ERROR = "error"


def holds(low: float, high: float, threshold: float, direction: str) -> bool | None:
    """Tell on which side of a threshold an interval lies.

    Parameters
    ----------
    low, high : ends of the interval; NaN on either end means that nothing is known
    threshold : the bound
    direction : ``>``, ``>=``, ``<`` or ``<=``: the claimed side

    Returns
    -------
    True when the whole interval lies on the claimed side, False when the whole interval lies on the
    other side, None when it straddles the threshold (or is not finite).

    Raises
    ------
    ValueError
        When ``direction`` is none of the four.
    """
    match direction:
        case ">":
            yes, no = low > threshold, high <= threshold
        case ">=":
            yes, no = low >= threshold, high < threshold
        case "<":
            yes, no = high < threshold, low >= threshold
        case "<=":
            yes, no = high <= threshold, low > threshold
        case _:
            raise ValueError(f"direction must be one of > >= < <=, not {direction!r}")
    return True if yes else False if no else None


def decide(criteria: Sequence[bool | None], null: Sequence[bool | None], *, control: bool = False) -> Verdict:
    """Combine judged criteria and the judged null into a verdict.

    Parameters
    ----------
    criteria : for each criterion of the claim, the answer of `holds`
    null : the same for the claim's null; empty when the claim has none
    control : the null is a positive control, which must fail; where there is none of it, it did not

    Returns
    -------
    refuted when any criterion fails, inconclusive when any straddles, vacuous when all hold and all of
    the null's hold too, supported otherwise; but inconclusive where a positive control fails nowhere.

    Raises
    ------
    ValueError
        When there is no criterion: a claim without one would pass vacuously.
    """
    if not criteria:
        raise ValueError("a claim without a criterion has no verdict")
    if any(answer is False for answer in criteria):
        return Verdict.REFUTED
    if any(answer is None for answer in criteria):
        return Verdict.INCONCLUSIVE
    if null and all(answer is True for answer in null):
        return Verdict.VACUOUS
    if control and not any(answer is False for answer in null):
        return Verdict.INCONCLUSIVE
    return Verdict.SUPPORTED
