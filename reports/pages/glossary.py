"""What the words of a report mean, with what this run makes of them."""

from claims.core.verdict import Verdict
from reports.data.board import Board
from reports.pages.criteria import ADJUSTED, RAW
from reports.text.numbers import probability
from reports.text.vocabulary import (
    CONTROL,
    CONTROL_MEANING,
    MEANING,
    ROLE,
    ROLE_MEANING,
    THEOREMS,
    THEOREMS_MEANING,
    shown,
)


def glossary(board: Board) -> list[tuple[str, str]]:
    """Return (word, meaning) of the verdicts, then of what the tables of numbers say."""
    return [
        *((shown(verdict), f"{MEANING[verdict]}.") for verdict in Verdict),
        (CONTROL, f"{CONTROL_MEANING}."),
        (THEOREMS.lower(), f"{THEOREMS_MEANING[0].lower()}{THEOREMS_MEANING[1:]}."),
        *((ROLE[role], f"{ROLE_MEANING[role]}.") for role in ROLE),
        (
            "value [95 % interval]",
            "over sequences, questions or trainings, never over tokens. Of fewer than 8 units "
            "the interval is their range, of fewer than 20 Student's t; a number without an interval is a count, or "
            "the end of another interval. Where methods differ, a letter behind the count tells which, below the "
            "table.",
        ),
        ("claimed", "the side of the threshold on which the interval must lie."),
        (
            "answer",
            "yes where the whole interval lies on the claimed side, no where it lies wholly on the other, else open, "
            "as all is of fewer than five trainings an arm; in brackets where it decides nothing.",
        ),
        (ADJUSTED, _probabilities(board)),
        (
            RAW,
            "one-sided, of the one criterion, in a table that has no adjusted p: of theorems, of untrained controls "
            "and of variants beside the primary one.",
        ),
    ]


def _probabilities(board: Board) -> str:
    """Say what the adjusted p-values are over, and how small they can get."""
    records = [record for cell in board.cells.values() for record in cell.records]
    of_claims = [{c.p_adjusted for c in record.criteria if c.p_adjusted is not None} for record in records]
    adjusted = [max(ps) for ps in of_claims if ps]
    how = (
        "one-sided, for the claimed side: one p an empirical claim and trained checkpoint, the largest of its headline "
        "and its excess, which must both hold, adjusted by Holm's method over those"
    )
    if not adjusted:
        return f"{how}; no part of the verdict."
    return (
        f"{how}, {len(adjusted):,} here; no part of the verdict, which goes by intervals. The smallest is "
        f"{probability(min(adjusted))}: before the adjustment none is below 1 / (resamples + 1)."
    )
