"""Assemble the record of one verdict. Pure."""

from collections.abc import Mapping
from typing import Any

from claims.core.claim import Claim, Variant
from claims.core.figure_data import as_drawn
from claims.core.finding import Curve, Finding
from claims.core.judge import Judged, Overrides, thresholds_of
from claims.core.record import SCHEMA, Certificate, LayerCurve, Record
from claims.core.verdict import Verdict
from metrics.stats.estimate import Estimate


def record_of(
    claim: Claim,
    variant: Variant,
    *,
    checkpoint: Mapping[str, Any],
    judged: Judged,
    finding: Finding | None = None,
    certificate: Certificate | None = None,
    overrides: Overrides | None = None,
    expected: str | None = None,
    seconds: float = 0.0,
    provenance: Mapping[str, Any] | None = None,
    evidence: str = "",
) -> Record:
    """Assemble the record of one verdict."""
    bounds = thresholds_of(claim, overrides or {})
    return Record(
        schema=SCHEMA,
        claim=claim.id,
        kind=claim.kind,
        group=claim.group,
        number=claim.number,
        title=claim.title,
        source=claim.source,
        figures=list(claim.figures),
        statement=claim.statement,
        equation=claim.equation,
        definition=claim.definition,
        checkpoint=dict(checkpoint),
        variant=dict(variant),
        primary=dict(variant) == dict(claim.variants[0]),
        verdict=judged.verdict,
        reason=judged.reason,
        criteria=judged.criteria,
        sensitivity=judged.sensitivity,
        null_says=claim.null_says,
        thresholds={n: {"value": bounds[n], "why": t.why} for n, t in claim.thresholds.items()},
        layers=[_curve(curve, bounds) for curve in finding.layers] if finding else [],
        paper=claim.paper,
        figure=as_drawn(finding.figure) if finding and finding.figure else None,
        more_figures=[as_drawn(figure) for figure in finding.more_figures] if finding else [],
        certificate=certificate,
        notes=[*_unverified(checkpoint), *(finding.notes if finding else ())],
        expected=expected,
        seconds=seconds,
        provenance=dict(provenance or {}),
        means=claim.means,
        check=claim.check,
        version=claim.version,
        evidence=evidence,
    )


def _unverified(checkpoint: Mapping[str, Any]) -> list[str]:
    """Say that routing captured elsewhere could not be confirmed by the checkpoint that it is said to be of."""
    reason = checkpoint.get("unverified")
    return [f"Unverified routing: {reason}."] if reason else []


def unmeasured(verdict: Verdict, reason: str) -> Judged:
    """Return a verdict without numbers."""
    return Judged(verdict, reason, [], [])


def _curve(curve: Curve, bounds: Mapping[str, float]) -> LayerCurve:
    ends = [(v.value, v.low, v.high) if isinstance(v, Estimate) else (v, v, v) for v in curve.values]
    value, low, high = ([None if e[i] is None else float(f"{e[i]:.4g}") for e in ends] for i in range(3))
    banded = any(isinstance(v, Estimate) for v in curve.values)
    threshold = bounds[curve.threshold] if isinstance(curve.threshold, str) else curve.threshold
    band = (low, high) if banded else ([], [])
    return LayerCurve(curve.name, list(curve.layers), value, *band, threshold)
