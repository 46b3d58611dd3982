"""An example of a claim, and what becomes of it: measured values, findings, their verdicts and records."""

from dataclasses import replace

import numpy as np

from claims.core.assemble import record_of
from claims.core.claim import Claim, Threshold
from claims.core.finding import Finding, Measured
from claims.core.judge import Judged, judge
from claims.core.record import Record
from metrics.stats.sampling import Sampling

CLAIM = Claim(
    id="example",
    group="A",
    title="Example",
    source="here",
    figures=(),
    statement="x is large",
    equation="x > 1",
    definition="ours",
    null_says="noise",
    paper="-",
    thresholds={"bound": Threshold(1.0, "because")},
)
SAMPLING = Sampling(seed=3, resamples=499)


def units(mean: float, n: int = 20) -> np.ndarray:
    return mean + np.linspace(-1, 1, n).round(6)


def measured(mean: float, **changes: object) -> Measured:
    return replace(Measured("x", SAMPLING.mean(units(mean)), ">", "bound"), **changes)  # type: ignore[arg-type]


def finding(mean: float, excess: float = 3.0, **more: object) -> Finding:
    beyond = Measured("x minus that of noise", SAMPLING.mean(units(excess)), ">", "bound")
    return Finding(headline=(measured(mean),), excess=(beyond,), **more)  # type: ignore[arg-type]


def judged(found: Finding, **overrides: float) -> Judged:
    return judge(CLAIM, found, {f"example.{name}": value for name, value in overrides.items()})


def record(mean: float = 3.0, **changes: object) -> Record:
    found = finding(mean)
    made = record_of(CLAIM, {}, checkpoint={"name": "m"}, judged=judged(found), finding=found)
    return replace(made, **changes)  # type: ignore[arg-type]
