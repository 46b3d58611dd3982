"""Judge a finding: apply thresholds, answer each criterion, put the reason in words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from claims.core.claim import Claim
from claims.core.finding import Finding, Measured
from claims.core.record import Criterion
from claims.core.sensitivity import sensitivity, verdict_of
from claims.core.verdict import TRAININGS, Answer, Role, Verdict, few_trainings, holds
from claims.core.wording import more_units, say, worst_layer
from metrics.stats.bootstrap import p_value

Overrides = Mapping[str, float]
#: Unit of a share of orders of the layers, which is a p by itself.
ORDER = "order"
#: Share of a threshold below which a value is the rounding of a difference that is zero, other on each machine.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Judged:
    """A verdict, the sentence that explains it, the criteria behind it, and at which thresholds it would change."""

    verdict: Verdict
    reason: str
    criteria: list[Criterion]
    sensitivity: list[str]


def thresholds_of(claim: Claim, overrides: Overrides) -> dict[str, float]:
    """Return the claim's thresholds with ``overrides`` (keys ``claim-id.name``) applied."""
    return {name: overrides.get(f"{claim.id}.{name}", threshold.value) for name, threshold in claim.thresholds.items()}


def judge(claim: Claim, finding: Finding, overrides: Overrides) -> Judged:
    """Judge a finding.

    Raises
    ------
    ValueError
        When the finding has no headline, or an estimate over no units.
    """
    bounds = thresholds_of(claim, overrides)
    measured = list(finding.by_role())
    criteria = [criterion_of(one, bounds, role) for role, one in measured]
    verdict = verdict_of(criteria, certified=finding.certified)
    reason = _reason(verdict, finding, [one for _, one in measured], criteria)
    flips = sensitivity(criteria, [one.fails_open for _, one in measured], certified=finding.certified)
    return Judged(verdict, reason, criteria, flips)


def criterion_of(measured: Measured, bounds: Mapping[str, float], role: Role) -> Criterion:
    """Hold a measured quantity against its threshold; less than a billionth of it is zero.

    The answer is open, whatever the interval says, where the units are fewer than five trainings.

    Raises
    ------
    ValueError
        When nothing was measured.
    """
    estimate = measured.estimate
    if estimate.n < 1:
        raise ValueError(f"{measured.name}: nothing was measured (0 {estimate.unit}s)")
    bound = bounds[measured.threshold] if isinstance(measured.threshold, str) else measured.threshold
    low, high = (min(max(end, measured.within[0]), measured.within[1]) for end in (estimate.low, estimate.high))
    answer = holds(low, high, bound, measured.direction)
    if few_trainings(estimate.unit, estimate.n) or (answer is False and measured.fails_open):
        answer = None
    return Criterion(
        name=measured.name,
        value=_seen(estimate.value, bound),
        low=_seen(low, bound),
        high=_seen(high, bound),
        threshold=bound,
        direction=measured.direction,
        n=estimate.n,
        unit=estimate.unit,
        method=estimate.method,
        p=estimate.value if estimate.unit == ORDER else p_value(estimate, bound, measured.direction),
        holds=answer,
        role=role,
    )


def _seen(value: float, bound: float) -> float:
    return 0.0 if abs(value) < ROUNDING * abs(bound) else value


def _reason(verdict: Verdict, finding: Finding, measured: list[Measured], criteria: list[Criterion]) -> str:
    match verdict:
        case Verdict.NOT_APPLICABLE:
            return "a premise is not met: " + _said(criteria, False, Role.PREMISE)
        case Verdict.REFUTED if finding.certified:
            says = finding.counterexample.says if finding.counterexample else "a counterexample"
            return f"there is a counterexample that anyone can recheck: {says}"
        case Verdict.REFUTED:
            failed = zip(measured, criteria, strict=True)
            return "; ".join(
                say(c) + (worst_layer(m, finding.layers) if c.role is Role.HEADLINE else "")
                for m, c in failed
                if c.holds is False and c.role in (Role.HEADLINE, Role.EXCESS)
            )
        case Verdict.PARTLY:
            short = _said(criteria, False, Role.HEADLINE)
            return (
                f"it is there beyond its null, but falls short of what is stated: {short}"
                if short
                else f"it is there beyond its null, but a part of the sentence is refuted: "
                f"{_said(criteria, False, Role.PART)}"
            )
        case Verdict.VACUOUS:
            return "it holds, but so does its null: " + _said(criteria, False, Role.EXCESS)
        case Verdict.INCONCLUSIVE:
            return _open(measured, criteria)
        case _:
            undecided = _said(criteria, None, Role.PART)
            return f"open is a part of the sentence: {undecided}" if undecided else ""


def _said(criteria: Sequence[Criterion], answer: Answer, role: Role) -> str:
    return "; ".join(say(c) for c in criteria if c.holds is answer and c.role is role)


def _open(measured: list[Measured], criteria: list[Criterion]) -> str:
    """Say what is open of what would have to be decided, and what would decide it."""
    wanted = (Role.PREMISE, Role.HEADLINE, Role.EXCESS)
    pairs = [(m, c) for m, c in zip(measured, criteria, strict=True) if c.holds is None and c.role in wanted]
    trainings = {c.n for _, c in pairs if few_trainings(c.unit, c.n)}
    told = "; ".join(say(c) + ("" if m.fails_open else more_units(m.estimate, c)) for m, c in pairs)
    if not trainings:
        return told
    count = min(trainings)
    return f"{count} training{'' if count == 1 else 's'} an arm, where {TRAININGS} are needed to decide: {told}"
