"""Say of a verdict whose assertion it is about, and count such outcomes."""

from collections import Counter
from collections.abc import Iterable

from claims.core.verdict import Verdict
from reports.papers.paper import Side

#: The verdicts that take a side.
SIDED = (Verdict.SUPPORTED, Verdict.PARTLY, Verdict.REFUTED)
#: Whose assertion it is, where it is not the paper's as it stands.
WHOSE = {Side.PAPER: "", Side.REVISED: " as revised", Side.REVIEW: " as the review says", Side.OURS: " (ours)"}


def outcome(verdict: Verdict, side: Side) -> str:
    """Return a verdict with whoever asserts the claim, where it is not the paper; of what takes no side, it alone.

    Examples
    --------
    >>> outcome(Verdict.REFUTED, Side.PAPER), outcome(Verdict.PARTLY, Side.REVIEW)
    ('refuted', 'partly as the review says')
    >>> outcome(Verdict.SUPPORTED, Side.OURS), outcome(Verdict.VACUOUS, Side.REVIEW)
    ('supported (ours)', 'vacuous')
    """
    return f"{verdict}{WHOSE[side]}" if verdict in SIDED else verdict.value


def in_sum(found: Iterable[tuple[Verdict, Side]]) -> str:
    """Count outcomes, the paper's first; a count, not a judgement of its own.

    Examples
    --------
    >>> in_sum([(Verdict.SUPPORTED, Side.PAPER), (Verdict.REFUTED, Side.PAPER), (Verdict.SUPPORTED, Side.PAPER)])
    'supported on 2 of 3, refuted on 1 of 3'
    """
    counted = Counter(outcome(verdict, side) for verdict, side in found)
    ordered = dict.fromkeys(outcome(verdict, side) for side in Side for verdict in Verdict)
    total = sum(counted.values())
    return ", ".join(f"{word} on {counted[word]:,} of {total:,}" for word in ordered if counted[word])
