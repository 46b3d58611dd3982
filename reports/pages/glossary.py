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

#: The field's words that claims use, each with what it stands for.
TERMS = (
    ("state", "the input of a router: what stands in the residual stream behind the norm before the experts."),
    ("router", "the matrix W that turns a state into one logit an expert."),
    (
        "row space, kernel",
        "the directions of a state that W reads, and those that it does not: a move in the kernel changes no logit.",
    ),
    ("null", "what chance, or a model without what the claim is about, gives of the same quantity."),
    (
        "shared direction (v_1)",
        "the leading singular vector of a sequence's states, not centred: what all its tokens share. Its energy "
        "is its share of the states' squared norm.",
    ),
    (
        "response to the mean state (rho)",
        "how much W responds to the mean of the states, against a random router of the same norm, which gives 1.",
    ),
    ("expert usage", "the share of a text's top-k selections that each expert of a layer gets."),
    (
        "top-p set",
        "the smallest set of most-used experts that holds more than p of the selections, 80 % where nothing is said.",
    ),
    ("Jaccard", "of two sets, what both hold over what either holds: 1 for the same set, 0 for none in common."),
    (
        "alignment",
        "of two experts, the cosine of their Jacobians, which say how each expert's output moves with its input.",
    ),
    (
        "Grassmann distance (d_G)",
        "how far apart two subspaces lie, from their principal angles: 0 for the same, 1 for perpendicular ones.",
    ),
    ("effective rank", "over how many directions energy is spread: exp of the entropy of its shares."),
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
        *TERMS,
        ("claimed", "the side of the threshold on which the interval must lie."),
        (
            "answer",
            "yes where the whole interval lies on the claimed side, no where it lies wholly on the other, else open. "
            "Open in place of no is what fewer than five trainings an arm show, a trend that too many orders of the "
            "layers would show too, and what lies beyond the untrained twin where it is open whether that gives the "
            "claim. In brackets where it decides nothing.",
        ),
        (ADJUSTED, _probabilities(board)),
        (
            RAW,
            "one-sided, of the one criterion, in a table that has no adjusted p: of theorems, of untrained controls, "
            "of variants beside the primary one, and of claims whose headline or excess has none.",
        ),
    ]


def _probabilities(board: Board) -> str:
    """Say what the adjusted p-values are over, and how small they can get."""
    records = [record for cell in board.cells.values() for record in cell.records]
    of_claims = [{c.p_adjusted for c in record.criteria if c.p_adjusted is not None} for record in records]
    adjusted = [max(ps) for ps in of_claims if ps]
    how = (
        "one-sided, for the claimed side: one p an empirical claim and trained checkpoint, the largest of its headline "
        "and its excess, which must both hold, none where one has none, in the first row of its table; adjusted by "
        "Holm's method over those"
    )
    if not adjusted:
        return f"{how}; no part of the verdict."
    return (
        f"{how}, {len(adjusted):,} here; no part of the verdict, which goes by intervals. The smallest is "
        f"{probability(min(adjusted))}: before the adjustment none is below 1 / (resamples + 1)."
    )
