"""What the planted tests share: a claim's verdict on synthetic evidence, and a plain two-layer trace."""

from collections.abc import Callable
from typing import Any

import numpy as np

from claims.core.claim import claim_of
from claims.core.finding import Finding
from claims.core.judge import judge
from claims.core.record import Criterion
from claims.core.verdict import Verdict
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.stats.sampling import Sampling

SAMPLING = Sampling(seed=1, resamples=499)


def verdict(test: Callable[..., Finding], **arguments: Any) -> Verdict:
    """Return what the claim carried by ``test`` says of the evidence."""
    return judged(test, test(**arguments))[0]


def judged(test: Callable[..., Finding], finding: Finding) -> tuple[Verdict, str, list[Criterion], list[Criterion]]:
    """Return the verdict on a finding of ``test``, the reason, the criteria and the null."""
    declared = claim_of(test)
    assert declared is not None
    return judge(declared, finding, {})


def two_layers(world: World, seed: int, **doctored: Any) -> Trace:
    """Return isotropic states under two Gaussian routers."""
    rng = np.random.default_rng(seed)
    hidden = [world.normal(rng) for _ in range(2)]
    return planted_trace(world, hidden, [world.router(rng) for _ in range(2)], **doctored)
