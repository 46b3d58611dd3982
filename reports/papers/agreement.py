"""Turn a verdict into agreement with whoever asserts the claim, and count such outcomes."""

from collections import Counter
from collections.abc import Iterable

from claims.core.verdict import Verdict
from reports.papers.paper import Side

#: What a verdict says of the paper, in the order of the counts; what neither agrees nor disagrees keeps its own word.
WORD = {verdict: verdict.value for verdict in Verdict} | {
    Verdict.SUPPORTED: "agrees",
    Verdict.PARTLY: "partly agrees",
    Verdict.REFUTED: "disagrees",
}
#: The verdicts that take a side.
SIDED = (Verdict.SUPPORTED, Verdict.PARTLY, Verdict.REFUTED)
#: With whom, where it is not the paper as it stands.
WITH = {Side.PAPER: "", Side.REVISED: " as revised", Side.REVIEW: " with the review"}


def outcome(verdict: Verdict, side: Side) -> str:
    """Return what a verdict says of whoever asserts the claim; of one that nobody but us makes, the verdict itself.

    Examples
    --------
    >>> outcome(Verdict.REFUTED, Side.PAPER), outcome(Verdict.PARTLY, Side.REVIEW)
    ('disagrees', 'partly agrees with the review')
    >>> outcome(Verdict.SUPPORTED, Side.OURS), outcome(Verdict.VACUOUS, Side.REVIEW)
    ('supported (ours)', 'vacuous')
    """
    if verdict not in SIDED:
        return WORD[verdict]
    return f"{verdict} (ours)" if side == Side.OURS else WORD[verdict] + WITH[side]


def in_sum(found: Iterable[tuple[Verdict, Side]]) -> str:
    """Count outcomes, the paper's first; a count, not a judgement of its own.

    Examples
    --------
    >>> in_sum([(Verdict.SUPPORTED, Side.PAPER), (Verdict.REFUTED, Side.PAPER), (Verdict.SUPPORTED, Side.PAPER)])
    'agrees 2, disagrees 1'
    """
    counted = Counter(outcome(verdict, side) for verdict, side in found)
    ordered = dict.fromkeys(outcome(verdict, side) for side in Side for verdict in WORD)
    return ", ".join(f"{word} {counted[word]:,}" for word in ordered if counted[word])
