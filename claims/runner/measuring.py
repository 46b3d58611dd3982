"""From a claim's function to its record: call it, judge it, certify it; whatever happens, a record comes out."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from claims.core.assemble import record_of, unmeasured
from claims.core.certificate import write_certificate
from claims.core.claim import Claim, Variant
from claims.core.finding import Finding, NotApplicable
from claims.core.judge import Judged, Overrides, judge, thresholds_of
from claims.core.record import Certificate, Record
from claims.core.untrained_twin import beyond_twin
from claims.core.verdict import Verdict
from claims.runner.evidence_digest import content_digest, digest_of
from claims.runner.twin import Answered, Ask
from claims.shared.premises import require_choice, routes_as_stored
from fixtures.session.evidence_folder import evidence_folder


@dataclass(frozen=True)
class Asked:
    """One claim, in one variant, asked of one checkpoint, and what its record says of the run.

    ``twin`` asks the same of the untrained twin, where the checkpoint has one.
    """

    claim: Claim
    variant: Variant
    checkpoint: Mapping[str, Any]
    expected: tuple[str, ...]
    overrides: Overrides
    report_dir: Path
    provenance: Mapping[str, Any]
    twin: Ask | None = None

    def record(self, judged: Judged, seconds: float, **more: Any) -> Record:
        """Return the record of a verdict."""
        verdict = judged.verdict
        return record_of(
            self.claim,
            self.variant,
            checkpoint=self.checkpoint,
            judged=judged,
            overrides=self.overrides,
            expected=verdict.value if verdict in self.expected else " or ".join(self.expected) or None,
            provenance=self.provenance,
            seconds=seconds,
            **more,
        )


def measure(asked: Asked, test: Callable[..., Finding], arguments: dict[str, Any]) -> Record:
    """Call a claim's function and judge its finding; a broken measurement becomes an error, not a verdict."""
    started, read = time.perf_counter(), digest_of(arguments)
    if "thresholds" in arguments:
        arguments["thresholds"] = thresholds_of(asked.claim, asked.overrides)
    try:
        found = _measured(asked, test, arguments, read)
    except NotApplicable as why:
        judged = unmeasured(Verdict.NOT_APPLICABLE, str(why))
        found = Measurement(asked, judged, read, Finding((), figure=why.figure))
    except (ValueError, ArithmeticError, MemoryError, RuntimeError, AssertionError, LookupError, OSError) as error:
        found = Measurement(asked, unmeasured(Verdict.ERROR, _sentence(error)), read)
    more = {"evidence": found.read, "finding": found.finding, "certificate": found.certificate}
    return found.asked.record(found.judged, time.perf_counter() - started, **more)


@dataclass(frozen=True)
class Measurement:
    """What a claim's function, and the judge, made of the evidence.

    ``asked`` says of the run what is known by then, ``read`` is the digest of all evidence that was read.
    """

    asked: Asked
    judged: Judged
    read: str
    finding: Finding | None = None
    certificate: Certificate | None = None


def _measured(asked: Asked, test: Callable[..., Finding], arguments: dict[str, Any], read: str) -> Measurement:
    """Measure and judge; hold what speaks for the claim against the untrained twin; certify a counterexample."""
    require_choice(asked.checkpoint, asked.claim.asks)
    finding = _with_loading(asked, test(**arguments))
    judged = judge(asked.claim, finding, asked.overrides)
    if asked.twin is not None and judged.verdict in (Verdict.SUPPORTED, Verdict.PARTLY):
        twin = asked.twin(test, arguments)
        read = content_digest({"checkpoint": read, "untrained twin": twin.evidence})
        asked = replace(asked, provenance={**asked.provenance, "untrained": twin.name})
        finding, judged = _beyond_twin(asked, finding, judged, twin)
    return Measurement(asked, judged, read, finding, _certify(asked, finding))


def _with_loading(asked: Asked, finding: Finding) -> Finding:
    """Add the premise of every empirical claim about a checkpoint: that its routers are those that it stores."""
    if asked.claim.kind != "finding":
        return finding
    return replace(finding, premises=(*finding.premises, *routes_as_stored(asked.checkpoint)))


def _beyond_twin(asked: Asked, finding: Finding, judged: Judged, twin: Answered) -> tuple[Finding, Judged]:
    """Hold a finding that speaks for the claim against what the untrained twin gives; open where that is not known."""
    if twin.finding is not None:
        seed = asked.provenance.get("seed", 0)
        beyond = _noted(beyond_twin(asked.claim, finding, twin.finding, asked.overrides, seed), twin)
        return beyond, judge(asked.claim, beyond, asked.overrides)
    why = f"the untrained twin {twin.name} could not be asked: {twin.why.rstrip('.')}"
    if twin.unread:
        return finding, Judged(Verdict.INCONCLUSIVE, why, judged.criteria, [])
    return replace(finding, notes=(*finding.notes, f"{why[0].upper()}{why[1:]}.")), judged


def _noted(finding: Finding, twin: Answered) -> Finding:
    said = f"Held against the untrained twin {twin.name}" + (f", revision {twin.revision}." if twin.revision else ".")
    return replace(finding, notes=(*finding.notes, said))


def without_finding(asked: Asked, error: BaseException | None, seconds: float) -> Record:
    """Return the record of an identity, or of a claim whose evidence could not be had."""
    return asked.record(_outcome_of(asked.claim, error), seconds)


def _outcome_of(claim: Claim, error: BaseException | None) -> Judged:
    if error is None:
        return unmeasured(Verdict.SUPPORTED, "")
    if claim.kind == "identity" and isinstance(error, AssertionError):
        return unmeasured(Verdict.REFUTED, _shrunk(error))
    if isinstance(error, NotApplicable):
        return unmeasured(Verdict.NOT_APPLICABLE, str(error))
    return unmeasured(Verdict.ERROR, _sentence(error))


def _certify(asked: Asked, finding: Finding) -> Certificate | None:
    if finding.counterexample is None:
        return None
    name = evidence_folder(asked.report_dir, str(asked.checkpoint["name"])).name
    stem = "-".join([asked.claim.id, *("".join(value.split()) for value in asked.variant.values()), name])
    return write_certificate(asked.report_dir, stem, finding.counterexample)


def _shrunk(error: AssertionError) -> str:
    """What failed, and the shrunk example that Hypothesis attached."""
    first = str(error).splitlines()[0] if str(error) else ""
    return "; ".join(part.strip() for part in [first, *getattr(error, "__notes__", [])] if part)


def _sentence(error: BaseException) -> str:
    text = " ".join(str(error).split()) or "no message"
    return text if isinstance(error, ValueError) else f"{type(error).__name__}: {text}"
