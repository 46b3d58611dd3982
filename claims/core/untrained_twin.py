"""Hold a finding against its untrained twin's: what an untrained model gives too, no training made. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from claims.core.claim import Claim
from claims.core.finding import Finding, Measured
from claims.core.judge import Overrides, criterion_of, thresholds_of
from claims.core.verdict import TWIN, Answer, Role, all_of
from metrics.stats.difference import difference

#: The threshold of a claim without a null of its own that says how much more than the twin's value matters.
BEYOND = "beyond"


def beyond_twin(claim: Claim, finding: Finding, twin: Finding, overrides: Overrides, seed: int) -> Finding:
    """Return the finding with the twin's headline beside it and, where the twin gives the claim too, one more excess.

    That is the first excess minus the twin's, to exceed the same smallest effect; of a claim without an excess it is
    the first headline, to exceed the threshold ``beyond``. The twin gives the claim where its own premises, headline
    and excess hold; where one of these is open and none fails, the new excess may hold or be open, but not fail.

    Parameters
    ----------
    finding : of a trained checkpoint
    twin : of the same architecture at initialisation, by the same function
    seed : of the draws behind the p-value of the difference

    Raises
    ------
    ValueError
        When the claim has neither an excess nor a threshold ``beyond``.
    """
    bounds = thresholds_of(claim, overrides)
    beside = tuple(replace(one, name=f"{one.name}, {TWIN}") for one in twin.headline)
    given = _given(twin, bounds)
    more = () if given is False else (replace(_more(claim, finding, twin, seed), fails_open=given is None),)
    return replace(finding, excess=finding.excess + more, controls=finding.controls + beside)


def _given(twin: Finding, bounds: Mapping[str, float]) -> Answer:
    wanted = (Role.PREMISE, Role.HEADLINE, Role.EXCESS)
    return all_of(criterion_of(one, bounds, role).holds for role, one in twin.by_role() if role in wanted)


def _more(claim: Claim, finding: Finding, twin: Finding, seed: int) -> Measured:
    """How much more of what is claimed there is than in the twin."""
    own = bool(finding.excess and twin.excess)
    ours, theirs = (found.excess[0] if own else found.headline[0] for found in (finding, twin))
    if not own and BEYOND not in claim.thresholds:
        raise ValueError(f"{claim.id} does not say how much more than its untrained twin's value matters")
    low, high = ours.within
    options: dict[str, Any] = {"threshold": ours.threshold if own else BEYOND, "within": (low - high, high - low)}
    if ours.direction.startswith("<"):
        less = difference(theirs.estimate, ours.estimate, seed=seed)
        return Measured(f"the {TWIN}'s {ours.name}, minus this one's", less, ">=", **options)
    more = difference(ours.estimate, theirs.estimate, seed=seed)
    return Measured(f"{ours.name}, minus the {TWIN}'s", more, ">=", **options)
