"""Turn a verdict into agreement with whoever asserts the claim, and count such outcomes."""

from collections import Counter
from collections.abc import Iterable

from claims.core.verdict import Verdict
from reports.papers.paper import Side

#: In the order of the counts: for, against, and what decides nothing.
WORD = {
    Verdict.SUPPORTED: "agree",
    Verdict.REFUTED: "disagree",
    Verdict.VACUOUS: "says nothing",
    Verdict.INCONCLUSIVE: "open",
    Verdict.NOT_APPLICABLE: "not applicable",
    Verdict.ERROR: "not computed",
}
#: With whom, where it is not the paper as it stands.
WITH = {Side.PAPER: "", Side.REVISED: " as revised", Side.REVIEW: " with the review"}


def outcome(verdict: Verdict, side: Side) -> str:
    """Return what a verdict says of whoever asserts the claim; of one that nobody but us makes, the verdict itself.

    Examples
    --------
    >>> outcome(Verdict.REFUTED, Side.PAPER), outcome(Verdict.SUPPORTED, Side.REVIEW)
    ('disagree', 'agree with the review')
    >>> outcome(Verdict.SUPPORTED, Side.OURS), outcome(Verdict.VACUOUS, Side.REVIEW)
    ('supported (ours)', 'says nothing')
    """
    if verdict not in (Verdict.SUPPORTED, Verdict.REFUTED):
        return WORD[verdict]
    return f"{verdict} (ours)" if side == Side.OURS else WORD[verdict] + WITH[side]


def in_sum(found: Iterable[tuple[Verdict, Side]]) -> str:
    """Count outcomes, the paper's first; a count, not a judgement of its own.

    Examples
    --------
    >>> in_sum([(Verdict.SUPPORTED, Side.PAPER), (Verdict.REFUTED, Side.PAPER), (Verdict.SUPPORTED, Side.PAPER)])
    'agree 2, disagree 1'
    """
    counted = Counter(outcome(verdict, side) for verdict, side in found)
    ordered = dict.fromkeys(outcome(verdict, side) for side in Side for verdict in WORD)
    return ", ".join(f"{word} {counted[word]:,}" for word in ordered if counted[word])
