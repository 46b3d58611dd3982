"""What the words of a report mean, with what this run makes of them."""

from claims.core.verdict import Verdict
from reports.data.board import Board
from reports.text.numbers import probability
from reports.text.vocabulary import MEANING, shown


def glossary(board: Board) -> list[tuple[str, str]]:
    """Return (word, meaning) of the verdicts, then of what the tables of numbers say."""
    return [
        *((shown(verdict), f"{MEANING[verdict]}.") for verdict in Verdict),
        (
            "value [95 % interval]",
            "over sequences, questions, seeds or pairs of a layer and a seed, never over tokens. Of fewer than 8 units "
            "the interval is their range, of fewer than 20 Student's t; a number without an interval is a count, or "
            "the end of another interval. Where methods differ, a letter behind the count tells which, below the "
            "table.",
        ),
        ("claimed", "the side of the threshold on which the interval must lie."),
        (
            "null: …",
            "the same judgement where nothing of what the claim is about is at work; when its deciding rows hold, the "
            "claim's holding says nothing.",
        ),
        ("p (Holm)", _probabilities(board)),
        ("not deciding", "reported beside the deciding criteria, and no part of the verdict."),
    ]


def _probabilities(board: Board) -> str:
    """Say what the adjusted p-values are over, and how small they can get."""
    records = [record for cell in board.cells.values() for record in cell.records]
    of_claims = [{c.p_adjusted for c in record.criteria if c.p_adjusted is not None} for record in records]
    adjusted = [max(ps) for ps in of_claims if ps]
    how = (
        "one-sided, for the claimed side: one p a claim and checkpoint, the largest of its deciding criteria, which "
        "must all hold, adjusted over those"
    )
    if not adjusted:
        return f"{how}; no part of the verdict."
    return (
        f"{how}, {len(adjusted):,} here; no part of the verdict, which goes by intervals. The smallest is "
        f"{probability(min(adjusted))}: before the adjustment none is below 1 / (resamples + 1)."
    )
