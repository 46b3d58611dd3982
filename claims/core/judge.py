"""Judge a finding: apply thresholds, judge the null, put the reason in words, assemble the record. Pure."""

from collections.abc import Mapping
from typing import Any

from claims.core.claim import Claim, Variant
from claims.core.finding import Curve, Finding, Measured
from claims.core.record import SCHEMA, Certificate, Criterion, LayerCurve, Record
from claims.core.verdict import Verdict, decide, holds
from metrics.stats.bootstrap import p_value, units_to_decide
from metrics.stats.estimate import Estimate

Overrides = Mapping[str, float]


def thresholds_of(claim: Claim, overrides: Overrides) -> dict[str, float]:
    """Return the claim's thresholds with ``overrides`` (keys ``claim-id.name``) applied."""
    return {name: overrides.get(f"{claim.id}.{name}", threshold.value) for name, threshold in claim.thresholds.items()}


def judge(
    claim: Claim, finding: Finding, overrides: Overrides
) -> tuple[Verdict, str, list[Criterion], list[Criterion]]:
    """Judge a finding.

    Returns
    -------
    The verdict, the sentence that explains it, the judged criteria and the judged null.

    Raises
    ------
    ValueError
        When the finding has no deciding criterion, or an estimate over no units.
    """
    bounds = thresholds_of(claim, overrides)
    for measured in (*finding.criteria, *finding.null):
        if measured.estimate.n < 1:
            raise ValueError(f"{measured.name}: nothing was measured (0 {measured.estimate.unit}s)")
    criteria = [_criterion(measured, bounds) for measured in finding.criteria]
    null = [_criterion(measured, bounds) for measured in finding.null]
    deciding, nulls = ([c.holds for c in judged if c.decides] for judged in (criteria, null))
    verdict = decide(deciding, nulls, control=finding.control)
    return verdict, _reason(verdict, finding, criteria, null), criteria, null


def record_of(
    claim: Claim,
    variant: Variant,
    *,
    checkpoint: Mapping[str, Any],
    verdict: Verdict,
    reason: str,
    finding: Finding | None = None,
    criteria: list[Criterion] | None = None,
    null: list[Criterion] | None = None,
    certificate: Certificate | None = None,
    overrides: Overrides | None = None,
    expected: str | None = None,
    seconds: float = 0.0,
    provenance: Mapping[str, Any] | None = None,
) -> Record:
    """Assemble the record of one verdict."""
    bounds = thresholds_of(claim, overrides or {})
    return Record(
        schema=SCHEMA,
        claim=claim.id,
        group=claim.group,
        number=claim.number,
        title=claim.title,
        source=claim.source,
        figures=list(claim.figures),
        statement=claim.statement,
        equation=claim.equation,
        definition=claim.definition,
        checkpoint=dict(checkpoint),
        fork=dict(variant),
        primary=dict(variant) == dict(claim.variants[0]),
        verdict=verdict,
        reason=reason,
        criteria=criteria or [],
        null=null or [],
        null_says=claim.null_says,
        thresholds={n: {"value": bounds[n], "why": t.why} for n, t in claim.thresholds.items()},
        layers=[_curve(curve, bounds) for curve in finding.layers] if finding else [],
        paper=claim.paper,
        figure=finding.figure if finding else None,
        certificate=certificate,
        notes=list(finding.notes) if finding else [],
        expected=expected,
        seconds=seconds,
        provenance=dict(provenance or {}),
    )


def say(criterion: Criterion) -> str:
    """Return ``name = value [low, high], claimed > threshold (n sequences)``."""
    interval = "" if criterion.low == criterion.high else f" [{criterion.low:.4g}, {criterion.high:.4g}]"
    plural = "" if criterion.n == 1 else "s"
    return (
        f"{criterion.name} = {criterion.value:.4g}{interval}, claimed {criterion.direction} "
        f"{criterion.threshold:.4g} ({criterion.n} {criterion.unit}{plural})"
    )


def _criterion(measured: Measured, bounds: Mapping[str, float]) -> Criterion:
    estimate = measured.estimate
    bound = bounds[measured.threshold] if isinstance(measured.threshold, str) else measured.threshold
    return Criterion(
        name=measured.name,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        threshold=bound,
        direction=measured.direction,
        n=estimate.n,
        unit=estimate.unit,
        method=estimate.method,
        p=p_value(estimate, bound, measured.direction),
        holds=holds(estimate.low, estimate.high, bound, measured.direction),
        decides=measured.decides,
    )


def _curve(curve: Curve, bounds: Mapping[str, float]) -> LayerCurve:
    ends = [(v.value, v.low, v.high) if isinstance(v, Estimate) else (v, v, v) for v in curve.values]
    value, low, high = ([None if e[i] is None else float(f"{e[i]:.4g}") for e in ends] for i in range(3))
    banded = any(isinstance(v, Estimate) for v in curve.values)
    threshold = bounds[curve.threshold] if isinstance(curve.threshold, str) else curve.threshold
    band = (low, high) if banded else ([], [])
    return LayerCurve(curve.name, list(curve.layers), value, *band, threshold)


def _reason(verdict: Verdict, finding: Finding, criteria: list[Criterion], null: list[Criterion]) -> str:
    pairs = [(m, c) for m, c in zip(finding.criteria, criteria, strict=True) if c.decides]
    nulls = [(m, c) for m, c in zip(finding.null, null, strict=True) if c.decides]
    match verdict:
        case Verdict.REFUTED:
            return "; ".join(say(c) + _worst_layer(m, finding) for m, c in pairs if c.holds is False)
        case Verdict.INCONCLUSIVE:
            left = _undecided(nulls) or "it could not be measured"
            return _undecided(pairs) or f"the criteria hold, but the positive control is undecided: {left}"
        case Verdict.VACUOUS:
            return "the criteria hold, and they hold for the null as well: " + "; ".join(say(c) for _, c in nulls)
        case _:
            return ""


def _undecided(pairs: list[tuple[Measured, Criterion]]) -> str:
    """Say which straddle their thresholds, and what would decide them."""
    return "; ".join(say(c) + _more(m.estimate, c) for m, c in pairs if c.holds is None)


def _worst_layer(measured: Measured, finding: Finding) -> str:
    """Name the layer farthest on the wrong side, where the claim drew a curve against the same threshold."""
    for curve in finding.layers:
        if curve.threshold == measured.threshold:
            values = [v.value if isinstance(v, Estimate) else v for v in curve.values]
            known = [(v, layer) for v, layer in zip(values, curve.layers, strict=True) if v is not None]
            worst = (min if measured.direction.startswith(">") else max)(known, default=None)
            return "" if worst is None else f"; farthest off is layer {worst[1]} with {curve.name} {worst[0]:.4g}"
    return ""


def _more(estimate: Estimate, criterion: Criterion) -> str:
    """Say how many more units would decide, where the interval comes from resampling them and would shrink."""
    if not estimate.draws:
        return ""
    more = None if criterion.threshold is None else units_to_decide(estimate, criterion.threshold)
    return "" if more is None else f"; about {more:,} more {estimate.unit}s would decide it"
