"""What a claim says of synthetic evidence: its verdict with the reason, asked for without pytest's fixtures."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from claims.core.claim import Claim, claim_of
from claims.core.finding import Finding, NotApplicable
from claims.core.judge import judge, thresholds_of
from claims.core.untrained_twin import beyond_twin
from claims.core.verdict import Verdict
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.stats.sampling import Sampling

#: A claim's test function.
ClaimTest = Callable[..., Finding]

SAMPLING = Sampling(seed=1, resamples=499)


@dataclass(frozen=True)
class Outcome:
    """A verdict, the sentence that explains it, and what was measured, where anything was."""

    verdict: Verdict
    reason: str
    finding: Finding | None = None


def declared(test: ClaimTest) -> Claim:
    """Return the claim that a test function carries."""
    found = claim_of(test)
    assert found is not None, f"{test} carries no claim"
    return found


def finding_of(test: ClaimTest, *, overrides: Mapping[str, float] | None = None, **evidence: Any) -> Finding:
    """Measure what the claim measures, where pytest's fixtures would give its primary variant and its thresholds."""
    claim = declared(test)
    usual = {"sampling": SAMPLING, "variant": claim.variants[0], "thresholds": thresholds_of(claim, overrides or {})}
    wanted = inspect.signature(test).parameters
    given = usual | evidence
    return test(**{name: value for name, value in given.items() if name in wanted or name not in usual})


def outcome(test: ClaimTest, *, overrides: Mapping[str, float] | None = None, **evidence: Any) -> Outcome:
    """Return what the claim says of the evidence; ``overrides`` moves thresholds, keys ``claim-id.name``."""
    try:
        finding = finding_of(test, overrides=overrides, **evidence)
    except NotApplicable as premise:
        return Outcome(Verdict.NOT_APPLICABLE, str(premise))
    judged = judge(declared(test), finding, overrides or {})
    return Outcome(judged.verdict, judged.reason, finding)


def beside_twin(test: ClaimTest, evidence: Mapping[str, Any], twin: Mapping[str, Any]) -> Outcome:
    """Return what the claim says of the evidence beside what it finds on that of an untrained twin."""
    same = {name: evidence[name] for name in ("variant", "sampling") if name in evidence}
    ours, theirs = (finding_of(test, **each) for each in (evidence, same | dict(twin)))
    claim = declared(test)
    finding = beyond_twin(claim, ours, theirs, {}, SAMPLING.seed)
    judged = judge(claim, finding, {})
    return Outcome(judged.verdict, judged.reason, finding)


def two_layers(world: World, seed: int, **doctored: Any) -> Trace:
    """Return isotropic states under two Gaussian routers."""
    rng = np.random.default_rng(seed)
    hidden = [world.normal(rng) for _ in range(2)]
    return planted_trace(world, hidden, [world.router(rng) for _ in range(2)], **doctored)
