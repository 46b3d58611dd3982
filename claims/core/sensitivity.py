"""Say at which thresholds a verdict would change: every criterion's interval ends are where its answer flips. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from claims.core.record import Criterion
from claims.core.verdict import DECIDING, Answer, Role, Verdict, decide, few_trainings


def verdict_of(criteria: Iterable[Criterion], *, certified: bool = False) -> Verdict:
    """Return the verdict that answered criteria amount to.

    Of several headlines, none of which holds, one that lies on the other side of zero does not fall short of what is
    stated: it is the reverse, whatever of another lies beyond the null.
    """
    found = list(criteria)
    answers: dict[Role, list[Answer]] = {}
    for criterion in found:
        answers.setdefault(criterion.role, []).append(criterion.holds)
    headlines = [criterion for criterion in found if criterion.role is Role.HEADLINE]
    none_holds = len(headlines) > 1 and True not in answers[Role.HEADLINE]
    if none_holds and Role.EXCESS in answers and any(c.holds is False and _beyond_zero(c) for c in headlines):
        answers[Role.EXCESS] = [False]
    return decide(answers, certified=certified)


def _beyond_zero(criterion: Criterion) -> bool:
    """Tell whether the whole interval lies on the other side of zero than the threshold and what is claimed."""
    near, sign = (criterion.high, 1.0) if criterion.direction.startswith(">") else (criterion.low, -1.0)
    return near is not None and criterion.threshold is not None and sign * criterion.threshold > 0 > sign * near


def sensitivity(criteria: Sequence[Criterion], fails_open: Sequence[bool], *, certified: bool = False) -> list[str]:
    """Return a sentence for every criterion whose threshold could change the verdict, the others left as they are.

    Parameters
    ----------
    criteria : answered, in the order of ``fails_open``
    fails_open : whether a criterion's no counts as open
    certified : the claim is refuted by a counterexample, so that no threshold but a premise's matters

    Examples
    --------
    >>> one = Criterion("share", 0.5, 0.4, 0.6, 0.2, ">=", 30, "sequence", "mean", holds=True, role=Role.HEADLINE)
    >>> sensitivity([one], [False])
    ['share: supported at thresholds up to 0.4, inconclusive up to 0.6, refuted above (claimed >= 0.2)']
    """
    sentences = []
    for place, (criterion, opens) in enumerate(zip(criteria, fails_open, strict=True)):
        if criterion.role not in DECIDING or not _movable(criterion):
            continue
        answers: list[Answer] = [True, None, None if opens else False]
        spans = _spans(criterion, [_with(criteria, place, answer, certified=certified) for answer in answers])
        if len(spans) > 1:
            sentences.append(_sentence(criterion, spans))
    return sentences


def _movable(criterion: Criterion) -> bool:
    """Tell whether the answer follows from where the interval lies: not so for too few trainings, or without one."""
    ends = (criterion.low, criterion.high, criterion.threshold)
    known = all(end is not None and math.isfinite(end) for end in ends)
    return known and not few_trainings(criterion.unit, criterion.n)


def _with(criteria: Sequence[Criterion], place: int, answer: Answer, *, certified: bool) -> Verdict:
    changed = (replace(one, holds=answer) if i == place else one for i, one in enumerate(criteria))
    return verdict_of(changed, certified=certified)


def _spans(criterion: Criterion, found: Sequence[Verdict]) -> list[tuple[Verdict, str]]:
    """Return the verdicts of yes, open and no, each with where its thresholds end; equal neighbours are one."""
    rising = criterion.direction.startswith(">")
    near, far = (criterion.low, criterion.high) if rising else (criterion.high, criterion.low)
    to, beyond = ("up to", "above") if rising else ("down to", "below")
    spans: list[tuple[Verdict, str]] = []
    for verdict, where in zip(found, (f"{to} {near:.4g}", f"{to} {far:.4g}", beyond), strict=True):
        if near == far and where is not beyond and spans:
            continue  # an exact number leaves nothing open
        if spans and spans[-1][0] == verdict:
            spans.pop()
        spans.append((verdict, where))
    return spans


def _sentence(criterion: Criterion, spans: Sequence[tuple[Verdict, str]]) -> str:
    (first, where), *others = spans
    words = [f"{first} at thresholds {where}", *(f"{verdict} {reach}" for verdict, reach in others)]
    return f"{criterion.name}: {', '.join(words)} (claimed {criterion.direction} {criterion.threshold:.4g})"
