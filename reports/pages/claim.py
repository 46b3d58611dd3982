"""One claim as its own page and the HTML page show it: what is said, how it is judged, what each place gave."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from claims.core.record import Record
from claims.core.verdict import Verdict
from reports.data.board import Board, Cell, variant_name
from reports.data.places import Kind, arms, kind_of, place_name, repeats
from reports.figures.claim_figures import Picture
from reports.pages.criteria import COLUMNS, because, criteria_rows, methods, threshold_rows, variant_rows
from reports.pages.matrix import footnotes, mark
from reports.pages.summary import tally
from reports.text.figure_labels import cited
from reports.text.slugs import slug
from reports.text.templates import fill
from reports.text.vocabulary import listed, plural

#: File of records that the commands on a page name; it lies beside the report.
RECORDS = "records.jsonl"


@dataclass(frozen=True)
class PlaceView:
    """One claim on one place; ``record`` decides, and ``id`` is the anchor on the HTML page.

    ``unbroken`` says whether a claim is supported without a number, since no case against it was found; ``criteria``
    are rows of `reports.pages.criteria.COLUMNS`; ``variants`` rows of variant, verdict and the number that made it;
    ``certified`` is (record, variant, command that rechecks it) of each counterexample.
    """

    id: str
    place: str
    name: str
    cell: Cell
    record: Record
    compared: str
    unbroken: bool
    criteria: list[list[str]]
    variants: list[list[str]]
    certified: list[tuple[Record, str, str]]
    methods: str


@dataclass(frozen=True)
class ClaimView:
    """One claim; ``record`` is any of its records, ``id`` the anchor on the HTML page.

    ``facts`` are (name, text) of where it comes from, how it is read and what it is held against; ``thresholds`` rows
    of name, value and why; ``glance`` rows of place, verdict and the number that made it.
    """

    id: str
    record: Record
    tally: str
    equation: str
    facts: list[tuple[str, str]]
    thresholds: list[tuple[str, str, str]]
    glance: list[list[str]]
    footnotes: str
    places: list[PlaceView]


def claim_view(board: Board, record: Record) -> ClaimView:
    """Return a claim of a run; ``record`` is any of its records."""
    places = board.of_claim(record.claim)
    cells = [cell for _, cell in places]
    return ClaimView(
        id=f"claim-{slug(record.claim)}",
        record=record,
        tally=tally(cells),
        equation=_equation(record),
        facts=_facts(record),
        thresholds=threshold_rows([r for cell in cells for r in cell.records]),
        glance=[[place_name(name), mark(cell), because(cell.primary)] for name, cell in places],
        footnotes=footnotes(cells),
        places=[_on(name, cell) for name, cell in places],
    )


def claim_page(board: Board, record: Record, drawn: Sequence[Picture], report: str) -> str:
    """Return the page of one claim, one folder below the report.

    Parameters
    ----------
    board : the run
    record : any record of the claim
    drawn : the claim's pictures
    report : file name of the report
    """
    view = claim_view(board, record)
    return fill("claim.md.j2", claim=view, pictures=drawn, report=report, columns=COLUMNS, records=RECORDS)


def _on(place: str, cell: Cell) -> PlaceView:
    record = cell.primary
    silent = not record.criteria and record.verdict == Verdict.SUPPORTED
    return PlaceView(
        id=f"claim-{slug(record.claim)}--{slug(place)}",  # a slug has no two hyphens in a row: none is another's
        place=place,
        name=place_name(place),
        cell=cell,
        record=record,
        compared=_compared(record),
        unbroken=silent and kind_of(record) == Kind.GENERATED,
        criteria=criteria_rows(record),
        variants=variant_rows(cell),
        certified=[(r, variant_name(r) if r.key[2] else "", _recheck(r, place)) for r in cell.records if r.certificate],
        methods=methods(record),
    )


def _facts(record: Record) -> list[tuple[str, str]]:
    figures = f" (figures: {cited(record.figures)})" if record.figures else ""
    found = (
        ("Source", record.source + figures),
        ("Definition", record.definition),
        ("The paper reports", record.paper),
        ("Null", record.null_says),
    )
    return [(name, text) for name, text in found if text.strip()]


def _equation(record: Record) -> str:
    """Return an equation, a line for each of its parts."""
    lines = record.equation.replace(";  ", ";\n").splitlines()
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _compared(record: Record) -> str:
    """Say what an experiment compares, and with which checkpoints; "" for what is no experiment."""
    found, seeds = arms(record), [" against ".join(names) for names in repeats(record)]
    said = f"Compared: {listed(found, most=30)}; {plural(len(seeds), 'seed')}: {'; '.join(seeds)}."
    return said if found else ""


def _recheck(record: Record, place: str) -> str:
    chosen = f"--claim {shlex.quote(record.claim)} --checkpoint {shlex.quote(place)}"
    return f"python -m claims.recheck {RECORDS} {chosen}"
