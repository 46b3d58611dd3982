"""Hold a finding against its untrained twin's: what an untrained model gives too, no training made. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from claims.core.claim import Claim
from claims.core.finding import Finding, Measured
from claims.core.judge import Overrides, criterion_of, thresholds_of
from claims.core.verdict import TWIN, Answer, Role, all_of
from metrics.stats.difference import difference, distance

#: The threshold of a claim without a null of its own that says how much more than the twin's value matters.
BEYOND = "beyond"


def beyond_twin(claim: Claim, finding: Finding, twin: Finding, overrides: Overrides, seed: int) -> Finding:
    """Return the finding with the twin's headline beside it and, where the twin gives the claim too, more excesses.

    These are each excess minus the twin's, to exceed the same smallest effect; of a claim without an excess it is the
    first headline, to exceed the threshold ``beyond``. The twin gives the claim where its own premises, headline and
    excess hold; of a finding whose own headline falls short, where its premises and excess do. Where one of these is
    open and none fails, a new excess may hold or be open, but not fail.

    Parameters
    ----------
    finding : of a trained checkpoint
    twin : of the same architecture at initialisation, by the same function
    seed : of the draws behind the p-value of a difference

    Raises
    ------
    ValueError
        When the claim has neither an excess nor a threshold ``beyond``.
    """
    bounds = thresholds_of(claim, overrides)
    beside = tuple(replace(one, name=f"{one.name}, {TWIN}") for one in twin.headline)
    short = _answer(finding, bounds, Role.HEADLINE) is False
    given = _answer(twin, bounds, Role.PREMISE, Role.EXCESS, *([] if short else [Role.HEADLINE]))
    more = () if given is False else _more(claim, finding, twin, seed)
    opens = tuple(replace(one, fails_open=given is None) for one in more)
    return replace(finding, excess=finding.excess + opens, controls=finding.controls + beside)


def _answer(finding: Finding, bounds: Mapping[str, float], *wanted: Role) -> Answer:
    return all_of(criterion_of(one, bounds, role).holds for role, one in finding.by_role() if role in wanted)


def _more(claim: Claim, finding: Finding, twin: Finding, seed: int) -> tuple[Measured, ...]:
    """How much more of what is claimed there is than in the twin."""
    if finding.excess and len(finding.excess) == len(twin.excess):
        pairs = zip(finding.excess, twin.excess, strict=True)
        return tuple(_difference(ours, theirs, ours.threshold, seed) for ours, theirs in pairs)
    if BEYOND not in claim.thresholds:
        raise ValueError(f"{claim.id} does not say how much more than its untrained twin's value matters")
    ours, theirs = (_one_sided(found) for found in (finding, twin))
    return (_difference(ours, theirs, BEYOND, seed),)


def _one_sided(finding: Finding) -> Measured:
    """The first headline; where it is held between two bounds around zero, its distance from zero."""
    first, *others = finding.headline
    if not any(one.name == first.name and one.direction[0] != first.direction[0] for one in others):
        return first
    name = f"distance from 0 of {first.name}"
    return replace(first, name=name, direction="<=", estimate=distance(first.estimate), within=(0.0, first.within[1]))


def _difference(ours: Measured, theirs: Measured, threshold: str | float, seed: int) -> Measured:
    low, high = ours.within
    within = (low - high, high - low)
    if ours.direction.startswith("<"):
        less = difference(theirs.estimate, ours.estimate, seed=seed)
        return Measured(f"the {TWIN}'s {ours.name}, minus this one's", less, ">=", threshold, within)
    more = difference(ours.estimate, theirs.estimate, seed=seed)
    return Measured(f"{ours.name}, minus the {TWIN}'s", more, ">=", threshold, within)
