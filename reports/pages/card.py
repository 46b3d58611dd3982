"""A model card's rows: of one checkpoint at most twelve claims, each with what made its verdict, chance and verdict.

Which claims: all that are refuted first, then what is partly supported or vacuous as long as half of the rows are
free, then what holds, then what is open, then what could not be computed; of one verdict the farthest from its
threshold first, as `reports.pages.takeaway` orders them. Every number of a card is of the records.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from claims.core.record import Criterion, Record
from claims.core.verdict import Role, Verdict
from reports.data.board import Board, Cell
from reports.data.places import needs_more, standing
from reports.data.read import BadInput
from reports.data.sizes import sizes
from reports.data.theorems import checked
from reports.pages.criteria import telling
from reports.pages.repeat import whole_command_of
from reports.pages.takeaway import chosen, takeaway
from reports.text.markdown import plain
from reports.text.numbers import ABSENT, claimed, interval
from reports.text.vocabulary import GENERATED, listed, plural

#: Rows of a card, and how many of them do not hold as stated, unless more are refuted.
ROWS, FAILING = 12, 6
#: Verdicts that come last on a card, in this order.
_LAST = (Verdict.INCONCLUSIVE, Verdict.ERROR)


@dataclass(frozen=True)
class Card:
    """A checkpoint as its model card tells it.

    ``short`` says how many claims were asked and what came of them; ``rows`` are claim in words, the number that made
    its verdict with interval and threshold (of what could not be computed the reason), what chance or a control gives,
    and verdict; ``rest`` is how many verdicts have no row; ``facts`` are
    (name, text) of checkpoint and run; ``command`` measures again what the rows say.
    """

    name: str
    sizes: str
    short: str
    rows: list[list[str]]
    rest: int
    theorems: str
    facts: list[tuple[str, str]]
    command: str


def card(board: Board, name: str) -> Card:
    """Return the card of a checkpoint.

    Raises
    ------
    BadInput
        When the run has no such checkpoint, it is an untrained control, or no empirical claim was asked of it.
    """
    cells = [cell for _, cell in board.of_place(_known(board, name))]
    asked = asked_of(cells)
    if not asked:
        raise BadInput(f"no empirical claim was asked of {plain(name, 80)}: there is nothing to put on a card")
    told = _rows_of(asked)
    records = [cell.primary for cell in cells]
    return Card(
        name=plain(name, 80),
        sizes=sizes(board, name),
        short=takeaway(board, name).short,
        rows=[_row(cell) for cell in told],
        rest=len(asked) - len(told),
        theorems=checked(cells),
        facts=_facts(records),
        command=whole_command_of(asked[0].primary),
    )


def asked_of(cells: Sequence[Cell]) -> list[Cell]:
    """Return the empirical claims that were asked: theorems, and what gave no verdict, are left out."""
    return [
        cell
        for cell in cells
        if not cell.theorem and cell.verdict != Verdict.NOT_APPLICABLE and not needs_more(cell.primary)
    ]


def _rows_of(asked: Sequence[Cell]) -> list[Cell]:
    refuted = sum(cell.verdict == Verdict.REFUTED for cell in asked)
    told = chosen(asked, ROWS, min(ROWS, max(FAILING, refuted)))
    last = [cell for verdict in _LAST for cell in asked if cell.verdict == verdict]
    return told + last[: ROWS - len(told)]


def _known(board: Board, name: str) -> str:
    if name not in board.places:
        names = listed(
            [plain(place, 80) for place in board.places if place not in (*board.controls, GENERATED)], most=20
        )
        raise BadInput(f"the records hold no checkpoint {plain(name, 80)}; they hold {names}")
    if name in board.controls:
        raise BadInput(f"{plain(name, 80)} is an untrained control, which has no verdicts to put on a card")
    return name


def _row(cell: Cell) -> list[str]:
    record = cell.primary
    made = next((f"{_said(c)}, claimed {claimed(c)}" for c in telling(record)), plain(record.reason, 200) or ABSENT)
    told = next(iter(telling(record)), None)
    control = next((_said(c) for c in record.criteria if c.role is Role.CONTROL and _alike(c, told)), ABSENT)
    return [plain(record.title), made, control, f"{standing(record)}{' †' if cell.sensitive else ''}"]


def _alike(control: Criterion, told: Criterion | None) -> bool:
    """Tell whether a control is of the quantity that is told: it is held against the same threshold."""
    return told is not None and (control.threshold, control.direction) == (told.threshold, told.direction)


def _said(criterion: Criterion) -> str:
    return f"{plain(criterion.name)}: {interval(criterion)}"


def _facts(records: Sequence[Record]) -> list[tuple[str, str]]:
    """Return what was measured when and by which code; a fact that no record has is left out."""
    dates = sorted({str(r.provenance["date"])[:10] for r in records if r.provenance.get("date")})
    commits = list(dict.fromkeys(str(r.provenance["commit"]) for r in records if r.provenance.get("commit")))
    revisions = list(dict.fromkeys(str(r.checkpoint["revision"]) for r in records if r.checkpoint.get("revision")))
    found = (
        ("Revision", plain(listed(revisions), 120) if revisions else ""),
        ("Measured on", " to ".join(dict.fromkeys([dates[0], dates[-1]])) if dates else ""),
        ("Suite at commit", plain(listed(commits), 80) if commits else ""),
    )
    return [(name, text) for name, text in found if text]


def counts(asked: Sequence[Cell]) -> str:
    """Return what a badge says: how many of the empirical claims that were asked hold, ``17 of 29 supported``."""
    held = sum(cell.verdict == Verdict.SUPPORTED for cell in asked)
    return f"{held} of {plural(len(asked), 'claim')} supported"
