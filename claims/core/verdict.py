"""The seven verdicts, the roles of criteria, and the rule that turns answers into a verdict. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Literal

#: Of an interval held against a threshold: yes, no, or (None) open.
Answer = bool | None


class Verdict(StrEnum):
    """What a claim's evidence amounts to."""

    SUPPORTED = "supported"
    PARTLY = "partly"
    VACUOUS = "vacuous"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not applicable"
    ERROR = "error"


class Role(StrEnum):
    """What a criterion is to its claim.

    The headline is the sentence's own quantity; the excess is the same over the null, paired; a part is what the
    sentence says besides; a premise tells whether it can be asked at all; a control, such as the null's own value,
    and what is reported stand beside and decide nothing.
    """

    HEADLINE = "headline"
    EXCESS = "excess"
    PART = "part"
    PREMISE = "premise"
    CONTROL = "control"
    REPORTED = "reported"


#: Unit of a claim about training, and the fewest of them that can support or refute one.
TRAINING: Literal["training"] = "training"
TRAININGS = 5
#: How the names of controls end that say what the untrained twin of a checkpoint gives.
TWIN = "untrained twin"
#: Roles that can change a verdict.
DECIDING = (Role.HEADLINE, Role.EXCESS, Role.PART, Role.PREMISE)


def holds(low: float, high: float, threshold: float, direction: str) -> Answer:
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


def few_trainings(unit: str, n: int) -> bool:
    """Tell whether the units are trainings, and too few to support or refute what is said of training."""
    return unit == TRAINING and n < TRAININGS


def all_of(answers: Iterable[Answer]) -> Answer:
    """Tell whether all hold: no where one fails, open where one is open and none fails."""
    found = set(answers)
    return False if False in found else None if None in found else True


def decide(answers: Mapping[Role, Sequence[Answer]], *, certified: bool = False) -> Verdict:
    """Combine the answers of a claim's criteria into a verdict.

    Parameters
    ----------
    answers : for each role, the answers of `holds`; without an excess the claim has no null by nature
    certified : a counterexample that a third party can recheck refutes the claim, whatever was measured

    Returns
    -------
    not applicable where a premise fails; refuted where the headline and the excess fail, or by a certificate;
    partly where the excess holds but the headline or a part fails; vacuous where the headline holds and the excess
    fails; inconclusive where a premise, the headline or the excess is open; supported otherwise.

    Raises
    ------
    ValueError
        When there is no headline: a claim without one would pass vacuously.
    """
    if not answers.get(Role.HEADLINE):
        raise ValueError("a claim without a headline has no verdict")
    premise, headline = (all_of(answers.get(role, ())) for role in (Role.PREMISE, Role.HEADLINE))
    if premise is False:
        return Verdict.NOT_APPLICABLE
    if certified:
        return Verdict.REFUTED
    beyond = answers.get(Role.EXCESS, ())
    excess = all_of(beyond)
    if premise is None or headline is None or excess is None:
        return Verdict.INCONCLUSIVE
    if not headline:
        return Verdict.PARTLY if beyond and excess else Verdict.REFUTED
    if not excess:
        return Verdict.VACUOUS
    return Verdict.PARTLY if False in answers.get(Role.PART, ()) else Verdict.SUPPORTED
